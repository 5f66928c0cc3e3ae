//! What is written and read, a row each.

use std::time::SystemTime;

use crate::key::Key;
use crate::words::{AttemptId, End, JobId, RunEnd, RunId, State, Stream, TaskId, Usage};

/// Many tasks of one command: `ganger run`'s, from its first invocation to its last resume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What it is called: no other job of the store is.
    pub name: String,
    /// As it was typed.
    pub command: String,
    /// When it was first run.
    pub created: SystemTime,
}

/// One invocation of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// Whose it is.
    pub job: JobId,
    /// When.
    pub began: SystemTime,
    /// None: it goes on, or was killed.
    pub ended: Option<SystemTime>,
    /// Why it was over, if it has ended.
    pub how: Option<RunEnd>,
    /// The process that ran it.
    pub pid: u32,
    /// On which machine.
    pub host: String,
    /// What its commands were made of.
    pub setting: Setting,
}

/// What, with an input, makes a command of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// The command's words, before an input is in them.
    pub words: Vec<Vec<u8>>,
    /// How the words are read, in words of the program that writes them.
    pub grammar: String,
    /// The names of the variables that make two tasks different ones.
    pub variables: Vec<Vec<u8>>,
    /// Where it runs.
    pub directory: Vec<u8>,
    /// `NAME=value` each.
    pub environment: Vec<Vec<u8>>,
}

/// A task that is not in the store yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// From [`Recorder::fresh_task`](crate::Recorder::fresh_task).
    pub id: TaskId,
    /// Of its input, from 1.
    pub number: u64,
    /// What it is known by in a resume.
    pub key: Key,
    /// Its input.
    pub input: Vec<u8>,
}

/// A task as it is in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its number in the store.
    pub id: TaskId,
    /// The number of its input when it was first seen, from 1.
    pub number: u64,
    /// What it is known by in a resume.
    pub key: Key,
    /// Its input.
    pub input: Vec<u8>,
    /// What became of it so far.
    pub state: State,
}

/// One try at a task, when it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From [`Recorder::fresh_attempt`](crate::Recorder::fresh_attempt).
    pub id: AttemptId,
    /// At what.
    pub task: TaskId,
    /// From 1, in its run.
    pub number: u32,
    /// The job slot in which it ran, from 1; 0 if it never ran.
    pub slot: u32,
    /// When it was handed to a worker.
    pub began: SystemTime,
    /// When that was known to be over.
    pub ended: SystemTime,
    /// What it used.
    pub used: Usage,
    /// How much it printed in all, in bytes, whether that was kept or not.
    pub printed: u64,
    /// How it ended.
    pub end: End,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// What follows is of this run, until another is named.
    Turn {
        /// The run.
        run: RunId,
        /// Whose it is.
        job: JobId,
    },
    /// A task that the store does not know is begun.
    Begun(NewTask),
    /// One that it knows is.
    Again(TaskId),
    /// An attempt printed something.
    Printed {
        /// Which.
        attempt: AttemptId,
        /// Where.
        stream: Stream,
        /// What.
        bytes: Vec<u8>,
    },
    /// A task that has begun is stopped before there was an attempt at it.
    Waits(TaskId),
    /// An attempt is over, and this is what that makes of its task.
    Ended {
        /// The attempt.
        attempt: Attempt,
        /// The task's state from now on.
        state: State,
    },
    /// What has succeeded in a job is to be done again, since what it was done with changes: it counts as stopped.
    Outdated(JobId),
    /// Nothing was begun in a run: it is forgotten, and so is its job if that was made for it.
    Unbegun {
        /// The run.
        run: RunId,
        /// The job, if it was made for it.
        job: Option<JobId>,
    },
}

impl Record {
    /// About how much memory it takes while it waits.
    pub(crate) fn weight(&self) -> usize {
        const BASE: usize = 200;
        BASE + match self {
            Self::Begun(task) => task.input.len(),
            Self::Printed { bytes, .. } => bytes.len(),
            Self::Again(_) | Self::Waits(_) | Self::Ended { .. } => 0,
            Self::Turn { .. } | Self::Outdated(_) | Self::Unbegun { .. } => 0,
        }
    }
}
