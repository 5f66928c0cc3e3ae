//! What every object here is made of: a ledger, and the descriptor from which others open it.

use std::io;
use std::ops::Deref;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ganger_shm::locks::Ledger;
use ganger_sys::Identity;

/// What an object is, as its memory says: so that nobody takes a lock for a barrier.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
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

/// A ledger in shared memory.
#[derive(Clone, Debug)]
pub(super) struct Backing {
    ledger: Ledger,
    fd: Arc<OwnedFd>,
}

impl Backing {
    pub(super) fn create(kind: Kind, words: usize) -> io::Result<Self> {
        let (ledger, fd) = Ledger::create("ganger-sync", kind.mark(), words)?;
        Ok(Self { ledger, fd: Arc::new(fd) })
    }

    pub(super) fn open(fd: OwnedFd, kind: Kind) -> io::Result<Self> {
        Ok(Self { ledger: Ledger::open(&fd, kind.mark())?, fd: Arc::new(fd) })
    }

    pub(super) fn fd(&self) -> &Arc<OwnedFd> {
        &self.fd
    }
}

impl Deref for Backing {
    type Target = Ledger;

    fn deref(&self) -> &Ledger {
        &self.ledger
    }
}

/// When a wait of so long ends. None: never, as far as the clock reaches.
pub(super) fn deadline(timeout: Duration) -> Option<Instant> {
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
