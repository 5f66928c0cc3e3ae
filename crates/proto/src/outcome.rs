//! ④ How a task ended. Every accepted task has exactly one outcome.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::spec::Bytes;

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// The function returned: its encoded result. For a command that ended with status 0: an encoded [`CommandEnd`].
    #[serde(with = "serde_bytes")]
    Returned(Vec<u8>),
    /// The task's own error.
    Failed(Failure),
    /// The task panicked.
    Panicked(Panic),
    /// Its worker died under it, on every attempt; how each of them ended, the last one last.
    Crashed(Vec<Exit>),
    /// It ran for longer than its time limit, which is given here, and its worker was killed for it.
    TimedOut(Duration),
    /// It was called off, whether it waited or ran: by a cancel of its own, or with all others when its pool was
    /// interrupted (then only if it waited), terminated or killed, or failed while it ran.
    Cancelled,
    /// It never ran, and nobody had called it off.
    NotStarted(NotStarted),
}

/// An error that a task reported, or that kept it from being called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of error.
    pub kind: FailureKind,
    /// The error's own text.
    pub message: String,
    /// The encoded error value, where its type can be encoded; the [`CommandEnd`] of a command.
    pub value: Option<Bytes>,
}

/// Where a [`Failure`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The function returned an error.
    Task,
    /// The arguments could not be decoded in the worker.
    Arguments,
    /// The result could not be encoded, or is above the limit.
    Result,
    /// The worker has no such function.
    Unregistered,
    /// The command ended with another status than 0, or by a signal.
    Command,
    /// The command could not be started.
    Spawn,
    /// The command was asked to end, at its soft time limit, and has ended: with whatever status, as it may not have done
    /// all its work.
    Stopped,
    /// The command used more than it may, and was killed for it: [`CommandEnd::exceeded`] says what.
    Exceeded,
}

/// A panic, caught in the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Panic {
    /// The panic's message.
    pub message: String,
    /// `file:line:column`.
    pub location: Option<String>,
    /// The backtrace, where one was captured.
    pub backtrace: Option<String>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Exit {
    /// It exited with this code. For a worker with a task in hand even 0 is a failure.
    Code(i32),
    /// It was ended by a signal.
    Signal {
        /// The signal's number.
        number: i32,
        /// Whether it left a core dump.
        core: bool,
    },
    /// The kernel killed it because memory had run out.
    OutOfMemory,
    /// It broke the protocol (garbage, a bad length, no answer) and was killed by the supervisor.
    Misbehaved,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit code {code}"),
            Exit::Signal { number: 31, .. } => {
                write!(f, "signal 31 (SIGSYS: it made a system call that is forbidden to it)")
            }
            Exit::Signal { number, core } => {
                let core = if *core { ", core dumped" } else { "" };
                write!(f, "signal {number} ({}{core})", signal_name(*number))
            }
            Exit::OutOfMemory => write!(f, "killed by the kernel: out of memory"),
            Exit::Misbehaved => write!(f, "killed by the supervisor: it broke the protocol"),
        }
    }
}

/// The name of a signal of Linux: `SIGKILL` for 9.
#[must_use]
pub fn signal_name(number: i32) -> &'static str {
    const NAMES: [&str; 32] = [
        "no signal",
        "SIGHUP",
        "SIGINT",
        "SIGQUIT",
        "SIGILL",
        "SIGTRAP",
        "SIGABRT",
        "SIGBUS",
        "SIGFPE",
        "SIGKILL",
        "SIGUSR1",
        "SIGSEGV",
        "SIGUSR2",
        "SIGPIPE",
        "SIGALRM",
        "SIGTERM",
        "SIGSTKFLT",
        "SIGCHLD",
        "SIGCONT",
        "SIGSTOP",
        "SIGTSTP",
        "SIGTTIN",
        "SIGTTOU",
        "SIGURG",
        "SIGXCPU",
        "SIGXFSZ",
        "SIGVTALRM",
        "SIGPROF",
        "SIGWINCH",
        "SIGIO",
        "SIGPWR",
        "SIGSYS",
    ];
    usize::try_from(number).ok().and_then(|n| NAMES.get(n)).copied().unwrap_or("real-time signal")
}

/// Why a task never ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotStarted {
    /// It came when the pool took no more tasks. A submit that sees this gives the arguments back instead, and there is no
    /// such task. One that waited when the pool was stopped is [`Cancelled`](Outcome::Cancelled).
    Terminated,
    /// It waited, or came, when the pool had failed: why. One that had crashed before is [`Crashed`](Outcome::Crashed).
    PoolFailed(PoolFailure),
}

/// Why a pool gave up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolFailure {
    /// Too many workers died in too short a time without one finished task.
    RestartIntensity {
        /// How many died.
        deaths: u32,
        /// In what time.
        window: Duration,
        /// How the last one ended.
        last: Exit,
    },
    /// The initializer failed so many times in a row; its last error.
    Initializer {
        /// How often.
        times: u32,
        /// The last error.
        error: String,
    },
    /// No worker could be started; the last error.
    Start {
        /// The last error, with the worker program's name and the remedy.
        error: String,
    },
}

impl fmt::Display for PoolFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolFailure::RestartIntensity { deaths, window, last } => write!(
                f,
                "{deaths} workers died within {window:?} without one finished task (the last one: {last}); \
                 look at what they printed to standard error"
            ),
            PoolFailure::Initializer { times, error } => {
                write!(f, "the initializer failed {times} times in a row: {error}")
            }
            PoolFailure::Start { error } => write!(f, "no worker could be started: {error}"),
        }
    }
}

/// What was wrong with a program that a worker hosts, in its host's words: the last of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// How the program ended, if it did so by itself.
    pub exit: Option<Exit>,
    /// What happened, with the program's name.
    pub why: String,
}

/// Why a worker could not be started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartError {
    /// Whether it may go better later.
    pub kind: StartErrorKind,
    /// What happened, with the program's name and the remedy.
    pub message: String,
}

/// Whether a start that failed may go better later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartErrorKind {
    /// As far as we know, it fails again.
    Permanent,
    /// There was too little of something that others have and give back: descriptors, processes, memory.
    Shortage,
}

impl StartError {
    /// One that will come again.
    #[must_use]
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { kind: StartErrorKind::Permanent, message: message.into() }
    }

    /// One for want of something.
    #[must_use]
    pub fn shortage(message: impl Into<String>) -> Self {
        Self { kind: StartErrorKind::Shortage, message: message.into() }
    }
}

/// How a command ended, with what it used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandEnd {
    /// Exit code or signal.
    pub exit: Exit,
    /// From start to end.
    pub wall: Duration,
    /// Processor time in user mode, of its whole tree of processes.
    pub user: Duration,
    /// Processor time in the kernel, likewise.
    pub system: Duration,
    /// The largest resident set of a single process of its tree, in bytes. It is never below that of its worker, since the
    /// kernel counts from before the program was executed.
    pub max_rss: u64,
    /// The most memory that its tree had at a time, in bytes, as far as it was seen; told of one with a limit of memory. In
    /// a control group, what it had in the cache of files counts as well.
    pub peak: Option<u64>,
    /// It used more than it may, and was killed for it.
    pub exceeded: Option<Exceeded>,
}

/// A limit of [`Terms`](crate::spec::Terms) that a command did not keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exceeded {
    /// It ran out of memory.
    Memory {
        /// What it was allowed, in bytes.
        limit: u64,
        /// The most that it was seen to have.
        peak: u64,
    },
    /// It used its processor time up.
    CpuTime {
        /// What it was allowed.
        limit: Duration,
    },
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exceeded::Memory { limit, peak } => write!(f, "out of memory: it had {peak} bytes, and may have {limit}"),
            Exceeded::CpuTime { limit } => write!(f, "it has used its processor time up: {limit:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_reads_like_a_sentence() {
        let shown = [
            Exit::Code(3),
            Exit::Signal { number: 9, core: false },
            Exit::Signal { number: 11, core: true },
            Exit::Signal { number: 40, core: false },
        ]
        .map(|exit| exit.to_string());
        assert_eq!(
            shown,
            ["exit code 3", "signal 9 (SIGKILL)", "signal 11 (SIGSEGV, core dumped)", "signal 40 (real-time signal)"]
        );
    }
}
