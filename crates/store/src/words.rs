//! The words of a store, in Rust and in the file.

use std::str::FromStr;
use std::time::Duration;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub i64);
    )*};
}

ids! {
    /// A job's number in its store.
    JobId,
    /// The number of one invocation of a job.
    RunId,
    /// A task's number in its store: it stays the same when it is run again.
    TaskId,
    /// The number of one try at a task.
    AttemptId,
    /// The number of a queue of the service.
    QueueId
}

/// What became of a task so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was begun. Where no run of its job is going on, that one was killed.
    Running,
    /// It ended with status 0.
    Succeeded,
    /// It ended otherwise, and is not tried again in its run.
    Failed,
    /// It had begun, and the run ended it: it is no fault of the task. Of the service: it was cancelled.
    Stopped,
    /// It is to be run (again): its run was over before its turn came, or something that it builds upon has changed. Of the
    /// service: its turn has not come.
    Waiting,
    /// Of the service: it has failed, and is tried again later.
    Delayed,
}

impl State {
    /// As the file says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Waiting => "waiting",
            Self::Delayed => "delayed",
        }
    }

    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Succeeded, Self::Failed, Self::Stopped, Self::Waiting, Self::Delayed];

    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let all = || Self::ALL.map(Self::word).join(", ");
        Self::of(word).ok_or_else(|| format!("{word:?} is none of {}", all()))
    }
}

/// Why a run was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// There were no more inputs, and all that ran has succeeded.
    Complete,
    /// There were no more inputs, and something that ran has failed.
    Failed,
    /// By `--halt`.
    Halted,
    /// By a signal.
    Interrupted,
    /// By SIGQUIT.
    Quit,
    /// Nobody read what it printed.
    OutputClosed,
    /// By an error of its own: inputs that could not be read, a full disk.
    Error,
}

impl RunEnd {
    const ALL: [Self; 7] =
        [Self::Complete, Self::Failed, Self::Halted, Self::Interrupted, Self::Quit, Self::OutputClosed, Self::Error];

    /// As the file says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Halted => "halted",
            Self::Interrupted => "interrupted",
            Self::Quit => "quit",
            Self::OutputClosed => "output closed",
            Self::Error => "error",
        }
    }

    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.word() == word)
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// The kernel, or a limit of its own, killed it for its memory.
    OutOfMemory,
    /// It ran for longer than it might.
    TimeLimit,
    /// It used more processor time than it might.
    CpuLimit,
    /// The worker that ran it died: how.
    Crashed(String),
    /// It said itself that it failed: why.
    Error(String),
    /// It could not be started: why.
    NotStarted(String),
    /// The run ended it.
    Stopped,
}

impl End {
    /// How, in one word or a few, without the code or the message.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.words().0
    }

    /// As the file says it: how, the code, the message.
    pub(crate) fn words(&self) -> (&'static str, Option<i32>, Option<&str>) {
        match self {
            Self::Exit(code) => ("exit", Some(*code), None),
            Self::Signal(number) => ("signal", Some(*number), None),
            Self::OutOfMemory => ("out of memory", None, None),
            Self::TimeLimit => ("time limit", None, None),
            Self::CpuLimit => ("cpu limit", None, None),
            Self::Crashed(how) => ("crashed", None, Some(how)),
            Self::Error(why) => ("error", None, Some(why)),
            Self::NotStarted(why) => ("not started", None, Some(why)),
            Self::Stopped => ("stopped", None, None),
        }
    }

    pub(crate) fn of(how: &str, code: Option<i32>, message: Option<String>) -> Option<Self> {
        Some(match how {
            "exit" => Self::Exit(code?),
            "signal" => Self::Signal(code?),
            "out of memory" => Self::OutOfMemory,
            "time limit" => Self::TimeLimit,
            "cpu limit" => Self::CpuLimit,
            "crashed" => Self::Crashed(message.unwrap_or_default()),
            "error" => Self::Error(message.unwrap_or_default()),
            "not started" => Self::NotStarted(message.unwrap_or_default()),
            "stopped" => Self::Stopped,
            _ => return None,
        })
    }
}

/// What an attempt used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// From start to end.
    pub wall: Duration,
    /// Processor time in user mode, its children included.
    pub user: Duration,
    /// Processor time in the kernel, likewise.
    pub system: Duration,
    /// The largest resident set of a single process of it, in bytes.
    pub max_rss: u64,
    /// The most that all its processes had together, in bytes, where that was watched; else 0.
    pub peak: u64,
}

/// Where something was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout = 1,
    /// Standard error.
    Stderr = 2,
}

impl Stream {
    pub(crate) fn of(number: i64) -> Option<Self> {
        [Self::Stdout, Self::Stderr].into_iter().find(|stream| *stream as i64 == number)
    }
}
