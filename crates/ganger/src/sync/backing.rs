//! What every object here is made of: a ledger, and the descriptor from which others open it.

use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use ganger_shm::locks::Ledger;
use ganger_sys::Identity;
use serde::Serialize;

use crate::passing::Passed;

/// What an object is, as its memory says: so that nobody takes a lock for a barrier.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Lock = 1,
    RLock,
    Semaphore,
    BoundedSemaphore,
    Event,
    Condition,
    Barrier,
}

impl Kind {
    /// No memory that is something else begins with it by chance.
    fn mark(self) -> u64 {
        u64::from_be_bytes(*b"ganger\0\0") | self as u64
    }
}

/// A ledger in shared memory. It is encoded as its descriptor.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Backing {
    #[serde(skip)]
    ledger: Ledger,
    fd: Passed,
}

impl Backing {
    pub(crate) fn create(kind: Kind, words: usize) -> io::Result<Self> {
        let (ledger, fd) = Ledger::create("ganger-sync", kind.mark(), words)?;
        Ok(Self { ledger, fd: Passed::from(fd) })
    }

    pub(crate) fn open(fd: Passed, kind: Kind) -> io::Result<Self> {
        Ok(Self { ledger: Ledger::open(&fd, kind.mark())?, fd })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Deref for Backing {
    type Target = Ledger;

    fn deref(&self) -> &Ledger {
        &self.ledger
    }
}

/// When a wait of so long ends. None: never, as far as the clock reaches.
pub(crate) fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

/// A process that has written its name into a word, if that is dead.
pub(super) fn dead(bits: u64) -> bool {
    Identity::from_bits(bits).is_some_and(|who| who != Identity::of_this_process() && !who.is_alive())
}

/// This process, as its name in a word.
pub(super) fn me() -> u64 {
    Identity::of_this_process().to_bits()
}
