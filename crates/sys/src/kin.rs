//! Which children of this process somebody looks after, so that orphans can be told from them.
//!
//! ```text
//!            Expected ──┐ while it may be there and nobody knows its pid
//!  forked ──────────────┴──► Child: registered ──► reaped: forgotten, before another can have its pid
//!
//!  child of this process, neither registered nor expected  =  orphan
//! ```
//!
//! One register for the whole process: a pool that sweeps must know the children of every other.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

static KIN: Mutex<Kin> = Mutex::new(Kin { known: BTreeSet::new(), expected: 0 });

/// The register.
pub(crate) struct Kin {
    /// By pid; none of them is reaped while this is locked.
    known: BTreeSet<u32>,
    expected: usize,
}

impl Kin {
    pub(crate) fn add(&mut self, pid: u32) {
        self.known.insert(pid);
    }

    pub(crate) fn forget(&mut self, pid: u32) {
        self.known.remove(&pid);
    }

    pub(crate) fn knows(&self, pid: u32) -> bool {
        self.known.contains(&pid)
    }

    /// Whether some child may be there that is not known: then nobody can be called an orphan.
    pub(crate) fn expects_somebody(&self) -> bool {
        self.expected > 0
    }
}

/// What it says holds until it is unlocked: no child becomes known, and none that is known is reaped.
pub(crate) fn kin() -> MutexGuard<'static, Kin> {
    KIN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child that is about to be forked for us, by another process or thread: as long as this is kept,
/// [`sweep_orphans`](crate::sweep::sweep_orphans) takes nobody for an orphan. Keep it until there is a
/// [`Child`](crate::Child), or will never be.
#[derive(Debug)]
#[must_use = "nobody is expected any more once it is dropped"]
pub struct Expected(());

impl Expected {
    /// One more is expected.
    #[expect(clippy::new_without_default, reason = "it has an effect")]
    pub fn new() -> Self {
        kin().expected += 1;
        Self(())
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        kin().expected -= 1;
    }
}
