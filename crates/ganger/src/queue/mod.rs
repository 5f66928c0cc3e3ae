//! Queues between processes, and between their threads: Python's `multiprocessing.Queue` and `JoinableQueue`.
//!
//! ```text
//!  Queue, JoinableQueue      can do everything; clones of it, and what it gives:
//!    ├─ Producer             only puts     while any process has one that puts, who gets may wait
//!    └─ Consumer             only gets     while any process has one that gets, who puts may wait
//!                             │
//!  Ends ── memory (ganger_shm::queue) ── a pair of sockets: descriptors of items, a word for who polls (packets)
//! ```
//!
//! What is different from Python's:
//!
//! - There is no thread behind a queue: [`put`](crate::Queue::put) has put when it returns, or tells what is wrong. So a
//!   process can end at any time, and what it has put is there.
//! - Whoever is killed, at whichever instruction, holds nobody up. An item is put whole or not at all. What a process has
//!   got is its own, and ends with it; an item of a [`JoinableQueue`] that it has not done waits again.
//! - The order is that in which items were put, also between producers.
//! - It has an end: [`close`](crate::Queue::close), or the last handle that puts. Who gets is told.
//! - Without a bound it holds as many items as fit into 256 MiB, not as many as fit into the machine.
//! - `qsize`, `empty` and `full` are true when they are asked.

mod error;
pub use error::QueueError;

mod packets;

mod ends;

mod methods;

mod plain;
pub use plain::Queue;

mod sides;
pub use sides::{Consumer, Producer};

mod hands;

mod joinable;
pub use joinable::{JoinableConsumer, JoinableQueue};

use ganger_shm::queue::Bounds;

/// How many bytes a queue holds unless it is told, with 16 bytes more for each item.
const ROOM: u64 = 256 << 20;

fn bounds(items: usize, bytes: u64, keeps: bool) -> Bounds {
    Bounds { items: u32::try_from(items).unwrap_or(0), bytes, keeps }
}
