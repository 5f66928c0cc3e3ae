//! A queue, and how long it is.

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::Runs;
use crate::driver::Depth;

/// A queue.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Queue)]
pub(in crate::api) struct QueueView {
    pub(in crate::api) name: String,
    /// How many of its tasks run at a time.
    slots: usize,
    runs: RunsView,
    /// Tasks that wait for a slot,
    waiting: u64,
    /// for a moment: to be tried again, or for the first time,
    delayed: u64,
    /// for other jobs,
    blocked: u64,
    /// or for their job to be resumed.
    held: u64,
    running: usize,
    /// Nothing of it begins until it is resumed.
    paused: bool,
}

/// What its tasks are: commands, lines for a program that is kept, or calls of functions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Runs)]
enum RunsView {
    Commands,
    Lines,
    Functions,
}

impl From<&Runs> for RunsView {
    fn from(runs: &Runs) -> Self {
        match runs {
            Runs::Commands => Self::Commands,
            Runs::Worker(_) => Self::Lines,
            Runs::Functions(_) => Self::Functions,
        }
    }
}

impl From<Depth> for QueueView {
    fn from(Depth { name, slots, runs, waiting, delayed, blocked, held, running, paused }: Depth) -> Self {
        Self { name, slots, runs: (&runs).into(), waiting, delayed, blocked, held, running, paused }
    }
}
