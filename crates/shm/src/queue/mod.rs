//! A queue of items that any number of processes put into and get from. README.md in this directory has the protocol, what
//! holds and why.
//!
//! ```text
//!  putters ── one at a time ──►  tail ── records ── head  ── one at a time ──► getters
//!                                                    └─ in hand ─ floor ─ done        (a queue that keeps its items)
//! ```
//!
//! An item is bytes. What they mean is the business of who puts and gets.

use std::io;
#[cfg(not(loom))]
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use crate::sync::Identity;

mod layout;

mod place;
pub use place::Place;

mod memory;
use memory::Memory;

mod wait;
use wait::Spin;

mod side;

mod put;

mod window;

mod get;
pub use get::Detach;

mod hands;
pub use hands::NothingInHand;

/// What a queue may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many items may wait; 0 for as many as there is room for.
    pub items: u32,
    /// How many bytes there is room for: a power of two, or the next one.
    pub bytes: u64,
    /// Whether items stay until they are [done](SharedQueue::done), and those of who dies wait again.
    pub keeps: bool,
}

/// Why an item was not put, or none was got.
#[derive(Debug)]
pub enum Refused {
    /// There was no room, or no item, in the time that was given.
    InTime,
    /// The queue was closed; for who gets: and is empty.
    Closed,
    /// There is nobody on the other side any more; for who gets: and the queue is empty.
    Alone,
    /// The item is larger than the queue.
    TooLarge,
    /// What goes with the item did not go.
    Attachment(io::Error),
    /// Somebody has scribbled in the memory.
    Garbage,
}

/// What is to be put.
pub struct Item<'a> {
    /// The item.
    pub bytes: &'a [u8],
    /// Sends what goes with the item on its way, told the item's number. `WouldBlock` counts as no room.
    pub attach: Option<&'a dyn Fn(u32) -> io::Result<()>>,
}

/// How one waits for the other side.
pub struct Waiting<'a> {
    /// None: for ever; none at all: not.
    pub timeout: Option<Duration>,
    /// Whether there is nobody on the other side any more.
    pub alone: &'a dyn Fn() -> bool,
}

/// A queue in shared memory.
#[derive(Debug)]
pub struct SharedQueue {
    memory: Memory,
    spin: Spin,
}

#[cfg(not(loom))]
impl SharedQueue {
    /// An empty queue, and the descriptor with which another process [opens](Self::open) it. Memory is taken as it is
    /// needed.
    ///
    /// # Errors
    /// Those of [`Segment::create`](crate::segment::Segment::create).
    pub fn create(name: &str, bounds: Bounds) -> io::Result<(Self, OwnedFd)> {
        let (memory, fd) = Memory::create(name, bounds)?;
        Ok((Self { memory, spin: Spin::default() }, fd))
    }

    /// The queue behind a descriptor that came from another process.
    ///
    /// # Errors
    /// `InvalidData` when it is none, and those of [`Bytes::open`](crate::state::Bytes::open).
    pub fn open(fd: impl AsFd) -> io::Result<Self> {
        Ok(Self { memory: Memory::open(fd)?, spin: Spin::default() })
    }
}

#[cfg(loom)]
impl SharedQueue {
    /// An empty queue.
    #[must_use]
    pub fn of(bounds: Bounds) -> Self {
        Self { memory: Memory::of(bounds), spin: Spin::default() }
    }

    /// All naps on it end.
    pub fn naps_end(&self) {
        self.memory.naps_end();
    }
}

impl SharedQueue {
    /// Whether items stay until they are done.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.memory.keeps
    }
}

/// Who calls, as the owner of a lock and of what is in hand.
fn me() -> Identity {
    Identity::of_this_process()
}
