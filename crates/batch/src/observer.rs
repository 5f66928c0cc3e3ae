//! What a run tells while it runs. What is made of it (text, a bar, nothing) is for whoever runs it.

use std::fmt;
use std::time::Duration;

use ganger::Exit;

use crate::amounts::show_size;
use crate::halt::Halt;
use crate::snapshot::Snapshot;
use crate::summary::Counts;
use crate::throttle::Waiting;

/// Follows a run.
pub trait Observer {
    /// Something that a person should know.
    fn notice(&mut self, notice: &Notice<'_>);

    /// It is told often, and is for those who only note it: a command has ended, somebody has paused the run or changed its
    /// slots, or the number of inputs has become known.
    fn progress(&mut self, progress: &Progress);

    /// A task that a worker program has says how far it is. `number`: that of its input, from 1.
    fn task_progress(&mut self, number: u64, progress: &ganger::Progress) {
        let _ = (number, progress);
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The commands that have ended.
    pub counts: Counts,
    /// How many inputs there are, once that is known.
    pub total: Option<u64>,
    /// How often a command was tried again.
    pub retried: u64,
    /// How many commands run.
    pub running: usize,
    /// How many may run at a time.
    pub slots: usize,
    /// Whether no more are started at the moment, by hand.
    pub paused: bool,
    /// What it waits for before it starts more, if the machine has too much to do.
    pub waiting: Option<Waiting>,
}

/// Something that a person should know.
#[derive(Debug)]
pub enum Notice<'a> {
    /// A command is about to start; told only where that was asked for.
    Started {
        /// As one would type it into a shell.
        command: &'a [u8],
    },
    /// A command failed, and is not tried again.
    Failed {
        /// Its job. None: there is only one.
        job: Option<&'a str>,
        /// The number of its input, from 1.
        number: u64,
        /// Its input.
        input: &'a [u8],
        /// How it failed the last time.
        cause: &'a Cause,
        /// How often it was tried.
        attempts: u32,
    },
    /// A job could not begin.
    JobFailed {
        /// What it is called.
        name: &'a str,
        /// Why.
        why: &'a str,
    },
    /// A job is not run.
    JobSkipped {
        /// What it is called.
        name: &'a str,
        /// The job that it waited for, which has failed or was skipped.
        because: &'a str,
    },
    /// The limit of a [`Halt`] was reached.
    Halted {
        /// Which.
        halt: Halt,
        /// How many commands still run.
        running: usize,
    },
    /// A signal came, and has been acted on.
    Interrupted {
        /// 1: what runs may finish; 2: it was asked to end; 3: it was killed; 4: it was killed at once, by SIGQUIT.
        step: u32,
        /// How many commands still run.
        running: usize,
    },
    /// Nothing runs, and nothing is started before the machine has room for it. Told once.
    Waiting(Waiting),
    /// What becomes of commands cannot be written down at the moment: none is started until it can.
    Trouble {
        /// What is wrong.
        why: &'a str,
        /// How many commands still run.
        running: usize,
    },
    /// It can be written down again.
    TroubleOver,
    /// Somebody asked by SIGUSR1 what runs.
    Running(&'a Snapshot),
    /// Somebody asked by SIGUSR2 how far it all is.
    Progress(&'a Progress),
    /// The run goes on with fewer commands at a time than it was to have.
    Understaffed {
        /// How many.
        workers: u32,
        /// How many it was to have.
        wanted: u32,
        /// What there is too little of, and the remedy.
        why: &'a str,
    },
}

/// How a command failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// It ended with another status than 0, or by a signal.
    Exit(Exit),
    /// It ran for longer than this.
    TimedOut(Duration),
    /// Its tree of processes used more memory than it may.
    OutOfMemory {
        /// What it was allowed, in bytes.
        limit: u64,
        /// The most that it was seen to have.
        peak: u64,
        /// With how much it was tried before.
        before: Vec<u64>,
    },
    /// Its tree of processes used more processor time than this.
    CpuTime(Duration),
    /// The worker that ran it died, on every attempt; how.
    Crashed(Vec<Exit>),
    /// The program that it was fed to died or broke the protocol, on every attempt; the last time.
    Program(String),
    /// Its own error, as the program that it was fed to told it.
    Error(String),
    /// It could not be started; why.
    NotStarted(String),
    /// Somebody ended it who held the run.
    Killed,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Exit(exit) => exit.fmt(f),
            Cause::TimedOut(limit) => write!(f, "stopped, since it ran for longer than {:?}", in_milliseconds(*limit)),
            Cause::OutOfMemory { limit, peak, before } => {
                write!(f, "out of memory: it had {}, and may have {}", show_size(*peak), show_size(*limit))?;
                let before: Vec<String> = before.iter().map(|limit| show_size(*limit)).collect();
                if before.is_empty() { Ok(()) } else { write!(f, " (tried before with {})", before.join(", ")) }
            }
            Cause::CpuTime(limit) => write!(f, "it used its processor time up: {:?}", in_milliseconds(*limit)),
            Cause::Crashed(exits) => {
                let story: Vec<String> = exits.iter().map(ToString::to_string).collect();
                write!(f, "its worker died: {}", story.join("; "))
            }
            Cause::Killed => f.write_str("killed by hand"),
            Cause::NotStarted(why) | Cause::Program(why) | Cause::Error(why) => f.write_str(why),
        }
    }
}

/// Nobody wants to read nanoseconds.
fn in_milliseconds(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

impl Cause {
    /// The same, with the limits of memory that were too little before.
    pub(crate) fn after(self, before: &[u64]) -> Self {
        match self {
            Cause::OutOfMemory { limit, peak, .. } => Cause::OutOfMemory { limit, peak, before: before.to_vec() },
            Cause::Exit(_)
            | Cause::TimedOut(_)
            | Cause::CpuTime(_)
            | Cause::Crashed(_)
            | Cause::Program(_)
            | Cause::Error(_)
            | Cause::NotStarted(_)
            | Cause::Killed => self,
        }
    }
}
