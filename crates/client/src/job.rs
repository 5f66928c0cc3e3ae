//! A job of commands, as it is handed in, and as a service tells of it. What this version does not know is passed over.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

/// A job to be handed in. What is left at its default is for the service to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NewJob {
    /// What it is called; else by its program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// In which queue it waits; else in `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// What is higher begins first.
    pub priority: i32,
    /// What each task's words begin with: a program, as a rule.
    pub command: Vec<String>,
    /// The words that each task adds: all have some, or none has.
    pub tasks: Vec<Vec<String>>,
    /// How long an attempt may take.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_seconds")]
    pub timeout: Option<Duration>,
    /// How often a task may be tried that fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Nothing of it begins before so much time has passed.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_seconds")]
    pub delay: Option<Duration>,
    /// Jobs that must have succeeded before it begins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<u64>,
    /// A word by which its client knows it. While a job has it that is not over, that one is the answer, and nothing is made:
    /// so a job whose receipt was lost can be handed in again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where its tasks run; else where the service does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// Variables beside the service's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

fn in_seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

/// A job that was accepted: from now on the service has it, whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Receipt {
    /// The job's.
    pub id: u64,
    /// How many it has.
    pub tasks: u64,
    /// It was there before, and has the key: nothing was made.
    #[serde(default)]
    pub existing: bool,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// What it is called.
    pub name: String,
    /// The queue's name.
    pub queue: String,
    /// How far it is.
    pub state: State,
    /// When it was accepted, in seconds since 1970,
    pub created: f64,
    /// when the first of it began,
    pub started: Option<f64>,
    /// and when it was over.
    pub ended: Option<f64>,
    /// Why it was cancelled, if no client did.
    pub reason: Option<String>,
    /// How far its tasks are.
    pub tasks: Tally,
}

/// How many tasks of a job there are, and how many are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "they are the states' names")]
pub struct Tally {
    pub total: u64,
    pub waiting: u64,
    pub running: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub stopped: u64,
    /// Wait for their next try.
    #[serde(default)]
    pub delayed: u64,
}

/// How far a job, or a task, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// It waits for its turn,
    Waiting,
    /// for a moment,
    Delayed,
    /// to be resumed,
    Held,
    /// or for other jobs.
    Blocked,
    /// All that has come of it is over, and more may come.
    Open,
    /// It has begun.
    Running,
    /// It was cancelled, and what runs of it is ended.
    Stopping,
    /// It is over: all of it succeeded,
    Succeeded,
    /// some of it failed,
    Failed,
    /// or it was cancelled.
    Stopped,
    /// One that this version does not know.
    #[serde(other)]
    Other,
}

impl State {
    /// Whether nothing comes any more, unless it is retried.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stopped)
    }
}

/// A task, with the attempts at it that are over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Task {
    /// Its number in its job, from 1 on.
    pub number: u64,
    /// How far it is.
    pub state: State,
    /// The last one last.
    pub attempts: Vec<Attempt>,
}

/// One try at a task.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Attempt {
    /// From 1 on.
    pub number: u64,
    /// How it ended, in a word: `exit`, `signal`, `crashed`, `error`, …
    pub end: String,
    /// The exit code, or the signal's number.
    pub code: Option<i32>,
    /// Why, where it is told.
    pub message: Option<String>,
    /// How long it took, in seconds.
    pub wall: f64,
}
