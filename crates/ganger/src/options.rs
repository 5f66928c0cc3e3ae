//! How one task is to be treated, where it is not as its pool treats all.

use std::sync::Arc;
use std::time::Duration;

use ganger_proto::policy::{Backoff, TaskPolicy};

/// Options of a task. Cheap to clone and to use again.
///
/// ```
/// use std::time::Duration;
/// use ganger::TaskOptions;
///
/// let careful = TaskOptions::new().timeout(Duration::from_secs(30)).crash_attempts(1).name("careful");
/// ```
#[derive(Clone, Debug, Default)]
pub struct TaskOptions {
    pub(crate) policy: Arc<TaskPolicy>,
    pub(crate) name: Option<Arc<str>>,
}

impl TaskOptions {
    /// As a task is treated that nothing is said about: three attempts if its worker dies, one if it fails, no limit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, change: impl FnOnce(&mut TaskPolicy)) -> Self {
        change(Arc::make_mut(&mut self.policy));
        self
    }

    /// After this time of running its worker is killed, and the attempt has failed.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        self.with(|policy| policy.timeout = Some(limit))
    }

    /// After this time of running it is asked to stop: [`Current::should_stop`](crate::Current::should_stop) becomes
    /// true; a command gets SIGTERM.
    #[must_use]
    pub fn soft_timeout(self, limit: Duration) -> Self {
        self.with(|policy| policy.soft_timeout = Some(limit))
    }

    /// How often it may be tried when its worker dies under it. At least 1.
    #[must_use]
    pub fn crash_attempts(self, times: u32) -> Self {
        self.with(|policy| policy.crash_attempts = times.max(1))
    }

    /// How often it may be tried when it fails, panics, or runs out of time. At least 1.
    #[must_use]
    pub fn failure_attempts(self, times: u32) -> Self {
        self.with(|policy| policy.failure_attempts = times.max(1))
    }

    /// The pause before another attempt.
    #[must_use]
    pub fn backoff(self, backoff: Backoff) -> Self {
        self.with(|policy| policy.backoff = backoff)
    }

    /// Higher is sooner; the default is 0.
    #[must_use]
    pub fn priority(self, priority: i32) -> Self {
        self.with(|policy| policy.priority = priority)
    }

    /// What it is called in errors, instead of its function's name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(Arc::from(name));
        self
    }
}
