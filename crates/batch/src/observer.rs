//! What a run tells while it runs. What is made of it (text, a bar, nothing) is for whoever runs it.

use std::fmt;
use std::time::Duration;

use ganger::Exit;

use crate::halt::Halt;
use crate::summary::Counts;

/// Follows a run.
pub trait Observer {
    /// Something that a person should know.
    fn notice(&mut self, notice: &Notice<'_>);

    /// A command has ended, or the number of inputs has become known.
    fn progress(&mut self, progress: &Progress);
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The commands that have ended.
    pub counts: Counts,
    /// How many inputs there are, once that is known.
    pub total: Option<u64>,
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
    /// What becomes of commands cannot be written down at the moment: none is started until it can.
    Trouble {
        /// What is wrong.
        why: &'a str,
        /// How many commands still run.
        running: usize,
    },
    /// It can be written down again.
    TroubleOver,
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
    /// The worker that ran it died, on every attempt; how.
    Crashed(Vec<Exit>),
    /// The program that it was fed to died or broke the protocol, on every attempt; the last time.
    Program(String),
    /// Its own error, as the program that it was fed to told it.
    Error(String),
    /// It could not be started; why.
    NotStarted(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Exit(exit) => exit.fmt(f),
            Cause::TimedOut(limit) => {
                let limit = Duration::from_millis(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
                write!(f, "stopped, since it ran for longer than {limit:?}")
            }
            Cause::Crashed(exits) => {
                let story: Vec<String> = exits.iter().map(ToString::to_string).collect();
                write!(f, "its worker died: {}", story.join("; "))
            }
            Cause::NotStarted(why) | Cause::Program(why) | Cause::Error(why) => f.write_str(why),
        }
    }
}
