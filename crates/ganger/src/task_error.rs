//! Why a task has no result.

use std::fmt;
use std::time::Duration;

use ganger_proto::outcome::{Exit, Failure, FailureKind, NotStarted, Panic};

/// Why a task has no result: what happened, to which task, in which attempt, in which worker.
///
/// ```
/// use ganger::Pool;
///
/// #[ganger::task]
/// fn fail(why: String) { panic!("{why}") }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let error = Pool::new(1)?.submit(fail, "no luck".to_owned())?.result().unwrap_err();
/// assert_eq!(error.panic().map(|panic| panic.message.as_str()), Some("no luck"));
/// assert_eq!(error.attempts(), 1);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct TaskError {
    inner: Box<TaskErrorInner>,
}

#[derive(Clone)]
struct TaskErrorInner {
    why: Why,
    context: Context,
}

/// Which task, which attempt, which worker, when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    pub(crate) task: String,
    pub(crate) attempts: u32,
    pub(crate) worker: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) enum Why {
    Failed(Failure),
    Panicked(Panic),
    Crashed(Vec<Exit>),
    TimedOut(Duration),
    Cancelled,
    NotStarted(NotStarted),
    Undecodable(String),
}

impl TaskError {
    pub(crate) fn new(why: Why, context: Context) -> Self {
        Self { inner: Box::new(TaskErrorInner { why, context }) }
    }

    /// The panic: message, place and backtrace.
    #[must_use]
    pub fn panic(&self) -> Option<&Panic> {
        if let Why::Panicked(panic) = &self.inner.why { Some(panic) } else { None }
    }

    /// How its worker died, on each attempt.
    #[must_use]
    pub fn crashes(&self) -> Option<&[Exit]> {
        if let Why::Crashed(exits) = &self.inner.why { Some(exits) } else { None }
    }

    /// The failure that the worker reported: arguments or result that do not fit, a missing function.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        if let Why::Failed(failure) = &self.inner.why { Some(failure) } else { None }
    }

    /// Whether the task ran for longer than its time limit.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        matches!(self.inner.why, Why::TimedOut(_))
    }

    /// Whether the task was called off, before or while it ran: by [`Future::cancel`](crate::Future::cancel), or with all
    /// others when the pool was interrupted, terminated or killed, or failed while it ran.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.inner.why, Why::Cancelled)
    }

    /// Whether the task never ran though nobody called it off: its pool failed while it waited, as a rule.
    #[must_use]
    pub fn is_not_started(&self) -> bool {
        matches!(self.inner.why, Why::NotStarted(_))
    }

    /// How often the task was tried.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.inner.context.attempts
    }

    /// The process id of the worker that had it last, if it had one.
    #[must_use]
    pub fn worker_pid(&self) -> Option<u32> {
        self.inner.context.worker
    }

    /// The task's name: the one it was given, or its function's.
    #[must_use]
    pub fn task_name(&self) -> &str {
        &self.inner.context.task
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Context { task, attempts, worker } = &self.inner.context;
        write!(f, "{task} {}", self.inner.why)?;
        match (worker, attempts) {
            (Some(pid), 2..) => write!(f, " (attempt {attempts}, worker {pid})"),
            (Some(pid), _) => write!(f, " (worker {pid})"),
            (None, _) => Ok(()),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Failed(Failure { kind: FailureKind::Task, message, .. }) => write!(f, "failed: {message}"),
            Why::Failed(failure) => write!(f, "could not be done: {}", failure.message),
            Why::Panicked(panic) => {
                let place = panic.location.as_deref().unwrap_or("an unknown place");
                write!(f, "panicked at {place}: {}", panic.message)
            }
            Why::Crashed(exits) => {
                let story: Vec<String> = exits.iter().map(ToString::to_string).collect();
                write!(f, "killed its worker on every attempt: {}", story.join("; "))
            }
            Why::TimedOut(limit) => write!(f, "ran for longer than its limit of {limit:?}"),
            Why::Cancelled => write!(f, "was cancelled"),
            Why::NotStarted(NotStarted::Terminated) => write!(f, "never ran: the pool was stopped first"),
            Why::NotStarted(NotStarted::PoolFailed(failure)) => write!(f, "never ran: the pool failed: {failure}"),
            Why::Undecodable(why) => write!(f, "gave a result that cannot be read here: {why}"),
        }
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        match self.panic().and_then(|p| p.backtrace.as_deref()) {
            Some(backtrace) => write!(f, "\nin the worker:\n{backtrace}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TaskError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_tells_its_story() {
        let exits = vec![Exit::Signal { number: 11, core: false }, Exit::Code(0)];
        let context = Context { task: "app::work".into(), attempts: 2, worker: Some(42) };
        let text = TaskError::new(Why::Crashed(exits), context).to_string();
        assert_eq!(
            text,
            "app::work killed its worker on every attempt: signal 11 (SIGSEGV); exit code 0 (attempt 2, worker 42)"
        );
    }
}
