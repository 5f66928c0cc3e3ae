//! A job as it is handed in.

use std::time::{Duration, SystemTime};

use crate::words::{JobId, QueueId};

/// How the tasks of a job are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long an attempt may take; none: as long as it takes.
    pub timeout: Option<Duration>,
    /// How often a task may be tried that fails: once by default.
    pub failures: u32,
    /// How often it may be tried when its worker, or the service, dies under it: three times by default.
    pub losses: u32,
    /// How long it waits between two attempts: not at all by default.
    pub backoff: Backoff,
}

impl Default for Policy {
    fn default() -> Self {
        Self { timeout: None, failures: 1, losses: 3, backoff: Backoff::default() }
    }
}

/// How long a task waits that has failed and is tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    /// After its first attempt. It doubles with each,
    pub first: Duration,
    /// up to this.
    pub most: Duration,
}

impl Backoff {
    /// How long it waits after so many attempts.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let backoff = ganger_store::Backoff { first: Duration::from_secs(3), most: Duration::from_secs(10) };
    /// assert_eq!([1, 2, 3, 99].map(|attempts| backoff.after(attempts).as_secs()), [3, 6, 10, 10]);
    /// ```
    #[must_use]
    pub fn after(self, attempts: u32) -> Duration {
        let times = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(times).min(self.most.max(self.first))
    }
}

/// A job that is to be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// What it is called.
    pub name: String,
    /// Where it waits.
    pub queue: QueueId,
    /// What is higher is claimed first.
    pub priority: i32,
    /// How its tasks are run.
    pub policy: Policy,
    /// What each task's words begin with.
    pub command: Vec<Vec<u8>>,
    /// The words that each task adds: each some, or none any. At least one task, unless it is open.
    pub tasks: Vec<Vec<Vec<u8>>>,
    /// Whether each task adds exactly one word, of any bytes. Else no word may have a NUL.
    pub raw: bool,
    /// Where they run; empty: where the service does.
    pub directory: Vec<u8>,
    /// `NAME=value` each, beside the service's own.
    pub environment: Vec<Vec<u8>>,
    /// Nothing of it begins before.
    pub due: Option<SystemTime>,
    /// Nothing of it begins until it is resumed.
    pub paused: bool,
    /// Tasks may be added, and it is not over before it was closed.
    pub open: bool,
    /// What must be over before it begins.
    pub needs: Needs,
    /// What no other job may have at the same time.
    pub unique: Option<Unique>,
    /// How long it is remembered when it is over; none: as long as its queue says.
    pub keep: Option<Duration>,
    /// Whatever clients want to know of it, as JSON.
    pub meta: Option<String>,
}

impl NewJob {
    /// One for this queue, without name, command or tasks.
    #[must_use]
    pub fn to(queue: QueueId) -> Self {
        Self {
            name: String::new(),
            queue,
            priority: 0,
            policy: Policy::default(),
            command: Vec::new(),
            tasks: Vec::new(),
            raw: false,
            directory: Vec::new(),
            environment: Vec::new(),
            due: None,
            paused: false,
            open: false,
            needs: Needs::default(),
            unique: None,
            keep: None,
            meta: None,
        }
    }
}

/// Jobs that must be over before another one begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Which: each must be there.
    pub jobs: Vec<JobId>,
    /// How they must have ended.
    pub how: How,
}

/// How a job that another one needs must have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum How {
    /// All its tasks have succeeded. If not, the other one is cancelled.
    #[default]
    Succeeded,
    /// In any way.
    Over,
}

impl How {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Over => "over",
        }
    }
}

/// A word of a client's by which it knows a job, so that the same is not handed in twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    /// The word.
    pub key: String,
    /// How long it is taken.
    pub until: Until,
}

/// How long a job's key is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// Until the job is over.
    #[default]
    Over,
    /// Until it is forgotten.
    Forgotten,
}

impl Until {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Forgotten => "forgotten",
        }
    }
}
