//! A queue, and how long it is.

use serde::Serialize;
use utoipa::ToSchema;

use crate::driver::Depth;

/// A queue.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Queue)]
pub(in crate::api) struct QueueView {
    pub(in crate::api) name: String,
    /// How many of its tasks run at a time.
    slots: usize,
    /// Tasks that have not begun, those of jobs that are held among them.
    waiting: u64,
    /// Tasks that are tried again later.
    delayed: u64,
    running: usize,
    /// Nothing of it begins until it is resumed.
    paused: bool,
}

impl From<Depth> for QueueView {
    fn from(Depth { name, slots, waiting, delayed, running, paused }: Depth) -> Self {
        Self { name, slots, waiting, delayed, running, paused }
    }
}
