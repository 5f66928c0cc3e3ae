//! What lies where in a segment.
//!
//! ```text
//!  0            state page: 4096 bytes                    page + capacity
//!  ├──────┬───────────┬───────────────┬─────────────────┼───────────────────┬────────────────────┤
//!  │ word │ to_worker │  from_worker  │ …               │ to_worker records │ from_worker records│
//!  └──────┴───────────┴───────────────┴─────────────────┴───────────────────┴────────────────────┘
//! ```

use crate::sync::{AtomicU64, Word};

/// The size of the state page, in bytes.
#[cfg(not(loom))]
pub(crate) const STATE_PAGE: usize = 4096;

/// "No task" in the state page's current task.
pub const NO_TASK: u64 = u64::MAX;

/// One value alone on its cache line, so that its writer disturbs no other.
#[repr(C, align(64))]
#[derive(Debug)]
pub(crate) struct Line<T>(pub(crate) T);

/// The four words by which two sides of a ring meet.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Meeting {
    /// How far the writer has published, in bytes since the beginning. Written by the writer alone.
    pub(crate) tail: Line<AtomicU64>,
    /// How far the reader is done. Written by the reader alone.
    pub(crate) head: Line<AtomicU64>,
    /// 1 while the reader sleeps, or wants a bell: who takes it back to 0 has to wake it.
    pub(crate) reader_waits: Line<Word>,
    /// 1 while the writer waits for room: who takes it back to 0 has to wake it.
    pub(crate) writer_waits: Line<Word>,
}

/// The state page.
#[cfg(not(loom))]
#[repr(C)]
#[derive(Debug)]
pub(crate) struct State {
    /// The task that the worker is in: written before it begins, [`NO_TASK`] after its outcome was published.
    pub(crate) current: Line<AtomicU64>,
    /// The item of that task that the worker is at, where the task has many.
    pub(crate) item: AtomicU64,
    /// The task that was asked to stop.
    pub(crate) asked: Line<AtomicU64>,
    /// For how many nanoseconds the worker may spin before it sleeps.
    pub(crate) spin: AtomicU64,
    /// The process group of the command that the worker runs; 0 if it runs none.
    pub(crate) group: AtomicU64,
    pub(crate) to_worker: Meeting,
    pub(crate) from_worker: Meeting,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<State>() <= STATE_PAGE);

#[cfg(loom)]
impl Meeting {
    pub(crate) fn new() -> Self {
        Self {
            tail: Line(AtomicU64::new(0)),
            head: Line(AtomicU64::new(0)),
            reader_waits: Line(Word::new()),
            writer_waits: Line(Word::new()),
        }
    }
}
