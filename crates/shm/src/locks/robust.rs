//! A lock in one word.
//!
//! ```text
//!             acquire: compare_exchange(0, me)
//!      ┌───────────────────────────────────────────────►┐
//!    free = 0                                          held = who | WAITED?  ──┐ who is dead:
//!      └◄───────────────────────────────────────────────┘              ▲       │ compare_exchange(word, me | WAITED)
//!             release: swap(0), wakes one if WAITED was there          └───────┘ the new holder is told
//! ```
//!
//! Invariants:
//! - *The word is the whole truth.* It names its holder, and one store makes and ends each hold. So there is no instruction at
//!   which a holder's death leaves anything in between.
//! - *Who sleeps has raised WAITED*, or seen it raised, and the kernel looks at the word again before it lets anybody
//!   sleep. Who gets the lock after having waited leaves it raised, for others may sleep still.
//! - *Nobody sleeps for ever.* A wake-up that is lost, because who should have sent it or was sent it died, is made up for
//!   at the end of a nap.

use std::time::Instant;

use super::nap::Naps;
use crate::futex;
use crate::hook::{Site, at};
use crate::sync::{Identity, Ordering, Word64};

const FREE: u64 = 0;
const WAITED: u64 = 1;

/// How often the word is looked at before one sleeps.
#[cfg(not(loom))]
const SPINS: u32 = 100;
#[cfg(loom)]
const SPINS: u32 = 1;

/// How a lock was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Acquired {
    /// Its last holder had released it.
    Clean,
    /// Its last holder died with it. What it protects may be half changed.
    OwnerDied,
}

/// A lock that names its holder, and is taken over from one who is dead. All zeros, it is free.
#[repr(transparent)]
#[derive(Debug)]
pub struct RobustWord(Word64);

impl RobustWord {
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self(Word64::new(FREE))
    }

    /// A word of shared memory as a lock.
    #[cfg(not(loom))]
    pub(crate) fn over(word: &Word64) -> &Self {
        // SAFETY: a lock is a word and nothing else, and any value of that is one of the lock.
        unsafe { &*std::ptr::from_ref(word).cast() }
    }

    #[cfg(loom)]
    pub(crate) fn word(&self) -> &Word64 {
        &self.0
    }

    /// Takes the lock for `me`; a deadline that is past asks once. None: not until the deadline.
    pub fn acquire(&self, me: Identity, deadline: Option<Instant>) -> Option<Acquired> {
        let acquired = self.acquire_until(me, || deadline)?;
        at(Site::Lock, self);
        Some(acquired)
    }

    /// As [`acquire`](Self::acquire), where the deadline costs more to make than the lock to take.
    pub(crate) fn acquire_until(&self, me: Identity, deadline: impl FnOnce() -> Option<Instant>) -> Option<Acquired> {
        match self.exchange(FREE, me.to_bits()) {
            Ok(()) => Some(Acquired::Clean),
            Err(_) => self.acquire_held(me, deadline()),
        }
    }

    /// Frees the lock, whoever holds it. Who held it.
    pub fn release(&self) -> Option<Identity> {
        let was = self.0.swap(FREE, Ordering::Release);
        if was & WAITED != 0 {
            futex::wake_64(&self.0);
        }
        Identity::from_bits(was)
    }

    /// Who holds it: it may be dead.
    #[must_use]
    pub fn holder(&self) -> Option<Identity> {
        Identity::from_bits(self.0.load(Ordering::Relaxed))
    }

    #[cold]
    fn acquire_held(&self, me: Identity, deadline: Option<Instant>) -> Option<Acquired> {
        let mut naps = Naps::until(deadline);
        let mut word = self.spin();
        loop {
            if word == FREE {
                match self.exchange(FREE, me.to_bits() | WAITED) {
                    Ok(()) => return Some(Acquired::Clean),
                    Err(now) => word = now,
                }
            } else if naps.over() {
                return self.take_over(word, me);
            } else if word & WAITED == 0 {
                word = self.exchange(word, word | WAITED).map_or_else(|now| now, |()| word | WAITED);
            } else {
                let woken = futex::wait_64(&self.0, word, naps.next());
                if !woken && let Some(acquired) = self.take_over(word, me) {
                    return Some(acquired);
                }
                word = self.0.load(Ordering::Relaxed);
            }
        }
    }

    /// Takes the lock from a dead holder. That a process which died held it is known from this very word, and nobody else
    /// can have its identity: if the word is still the same, it is that one's still.
    fn take_over(&self, word: u64, me: Identity) -> Option<Acquired> {
        if Identity::from_bits(word).is_some_and(Identity::is_alive) {
            return None;
        }
        self.exchange(word, me.to_bits() | WAITED).ok().map(|()| Acquired::OwnerDied)
    }

    /// Looks for a while whether the lock comes free. Where somebody sleeps already, it will not come free soon.
    fn spin(&self) -> u64 {
        let mut word = self.0.load(Ordering::Relaxed);
        for _ in 1..SPINS {
            if word == FREE || word & WAITED != 0 {
                break;
            }
            std::hint::spin_loop();
            word = self.0.load(Ordering::Relaxed);
        }
        word
    }

    fn exchange(&self, current: u64, new: u64) -> Result<(), u64> {
        self.0.compare_exchange(current, new, Ordering::Acquire, Ordering::Relaxed).map(drop)
    }
}
