//! What a service says of jobs and queues. A field that an older service does not tell is as if it were not set.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;

use super::AskError;
use crate::look::plain;

/// A job.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) command: String,
    pub(super) queue: String,
    #[serde(default)]
    pub(super) queue_paused: bool,
    pub(super) priority: i64,
    pub(super) state: String,
    /// Seconds since 1970, as all moments.
    pub(super) created: f64,
    pub(super) started: Option<f64>,
    pub(super) ended: Option<f64>,
    pub(super) due: Option<f64>,
    #[serde(default)]
    pub(super) paused: bool,
    #[serde(default)]
    pub(super) open: bool,
    /// The jobs that it waits for, or has waited for.
    #[serde(default)]
    pub(super) after: Vec<u64>,
    pub(super) key: Option<String>,
    pub(super) schedule: Option<String>,
    /// Why it was cancelled, if nobody did.
    pub(super) reason: Option<String>,
    pub(super) tasks: Tally,
}

/// How many tasks are in each state.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Tally {
    pub(super) total: u64,
    pub(super) waiting: u64,
    pub(super) running: u64,
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    pub(super) stopped: u64,
    /// Wait for their next try.
    #[serde(default)]
    pub(super) delayed: u64,
}

/// A queue.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) slots: u64,
    pub(super) waiting: u64,
    pub(super) running: u64,
    /// Wait for something else than a slot: for a moment,
    #[serde(default)]
    pub(super) delayed: u64,
    /// for other jobs,
    #[serde(default)]
    pub(super) blocked: u64,
    /// to be resumed.
    #[serde(default)]
    pub(super) held: u64,
    #[serde(default)]
    pub(super) paused: bool,
}

/// A task.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Task {
    pub(super) number: u64,
    /// Those that it adds to its job's.
    #[serde(default)]
    pub(super) words: Vec<String>,
    pub(super) state: String,
}

impl Task {
    /// Whether nothing of it comes any more.
    pub(super) fn is_over(&self) -> bool {
        is_over(&self.state)
    }
}

/// A task with the attempts at it that are over.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Story {
    #[serde(flatten)]
    pub(super) task: Task,
    attempts: Vec<Attempt>,
}

/// One try at a task.
#[derive(Clone, Debug, Deserialize)]
struct Attempt {
    number: u64,
}

impl Story {
    /// The number of the last attempt that is over; 0: there is none.
    pub(super) fn ended(&self) -> u64 {
        self.attempts.last().map_or(0, |attempt| attempt.number)
    }

    /// The number of the last attempt that has begun.
    pub(super) fn newest(&self) -> u64 {
        self.ended() + u64::from(self.task.state == "running")
    }
}

impl Job {
    pub(super) fn is_over(&self) -> bool {
        is_over(&self.state)
    }

    /// Its state, and why that is so if it may not be seen.
    pub(super) fn shown_state(&self) -> String {
        let why = if self.queue_paused && self.state == "waiting" { " (queue paused)" } else { "" };
        format!("{}{why}", safe(&self.state))
    }

    /// How long it has been at work, if it has begun: till now, where nobody says till when.
    pub(super) fn took(&self) -> Option<Duration> {
        let ended = self.ended.map_or_else(SystemTime::now, moment);
        let took = ended.duration_since(moment(self.started?)).unwrap_or_default();
        Some(took)
    }
}

impl Tally {
    /// On a line, without what is nought.
    pub(super) fn shown(&self) -> String {
        let all = [
            (self.succeeded, "succeeded"),
            (self.failed, "failed"),
            (self.stopped, "stopped"),
            (self.running, "running"),
            (self.delayed, "delayed"),
            (self.waiting, "waiting"),
        ];
        let some: Vec<_> = all.iter().filter(|(count, _)| *count > 0).map(|(n, word)| format!("{n} {word}")).collect();
        if some.is_empty() { "none".to_owned() } else { some.join(", ") }
    }

    /// How many are over.
    pub(super) fn over(&self) -> u64 {
        self.succeeded + self.failed + self.stopped
    }
}

fn is_over(state: &str) -> bool {
    ["succeeded", "failed", "stopped"].contains(&state)
}

/// What the service said, understood.
pub(super) fn read<T: serde::de::DeserializeOwned>(said: &Value) -> Result<T, AskError> {
    T::deserialize(said).map_err(AskError::Unclear)
}

/// A moment as the service tells it.
pub(super) fn moment(seconds: f64) -> SystemTime {
    let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Text that somebody else has chosen, as it may stand on a terminal.
pub(super) fn safe(text: &str) -> String {
    plain::line(text.as_bytes())
}
