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
    waiting: u64,
    running: usize,
}

impl From<Depth> for QueueView {
    fn from(Depth { name, slots, waiting, running }: Depth) -> Self {
        Self { name, slots, waiting, running }
    }
}
