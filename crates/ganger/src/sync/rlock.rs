//! A lock of a thread, which may take it again.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use ganger_sys::Identity;
use serde::{Deserialize, Serialize};

use super::acquire::{Acquire, acquire_methods, sealed::Sealed};
use super::backing::{Backing, Kind};
use super::{Acquired, SyncError};
use crate::passing::Passed;

/// The word that says how often the holder has acquired it. It is the holder's alone, and who takes the lock sets it first;
/// so nobody sees what a dead holder left there.
const DEPTH: usize = 0;

/// A lock that its holder, a thread, can acquire again, and releases as often: Python's `multiprocessing.RLock`.
///
/// A thread that ends with it has died, as a process has.
///
/// ```
/// use ganger::sync::{RLock, SyncError};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lock = RLock::new()?;
/// let outer = lock.lock().unwrap();
/// let inner = lock.lock().unwrap();
/// drop(inner);
/// assert!(lock.locked());
/// std::thread::scope(|s| s.spawn(|| assert_eq!(lock.release(), Err(SyncError::NotOwner))).join().unwrap());
/// drop(outer);
/// assert!(!lock.locked());
/// # Ok(()) }
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Passed")]
pub struct RLock {
    backing: Backing,
}

impl RLock {
    /// A lock that nobody holds.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(!ganger::sync::RLock::new()?.locked());
    /// # Ok(()) }
    /// ```
    pub fn new() -> io::Result<Self> {
        Ok(Self::over(Backing::create(Kind::RLock, 1)?))
    }

    /// The lock behind a descriptor that came from another process.
    ///
    /// # Errors
    /// `InvalidData` when it is none.
    ///
    /// ```
    /// use std::os::fd::AsFd;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let lock = ganger::sync::RLock::new()?;
    /// let same = ganger::sync::RLock::open(lock.as_fd().try_clone_to_owned()?)?;
    /// assert!(lock.try_acquire().is_some() && same.locked());
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { backing: Backing::open(fd.into(), Kind::RLock)? })
    }

    /// The lock in memory that may hold something else behind its first word.
    pub(crate) fn over(backing: Backing) -> Self {
        Self { backing }
    }

    acquire_methods!("RLock", "RLock::new()");

    /// Releases it once.
    ///
    /// # Errors
    /// [`NotHeld`](SyncError::NotHeld) when nobody holds it, [`NotOwner`](SyncError::NotOwner) when another thread does.
    ///
    /// ```
    /// use ganger::sync::{RLock, SyncError};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(RLock::new()?.release(), Err(SyncError::NotHeld));
    /// # Ok(()) }
    /// ```
    pub fn release(&self) -> Result<(), SyncError> {
        match self.holder() {
            None => Err(SyncError::NotHeld),
            Some(holder) if holder != Identity::of_this_thread() => Err(SyncError::NotOwner),
            Some(_) => {
                self.release_once();
                Ok(())
            }
        }
    }

    /// Whether some thread holds it, or did so when it died.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(!ganger::sync::RLock::new()?.locked());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn locked(&self) -> bool {
        self.holder().is_some()
    }

    pub(super) fn holder(&self) -> Option<Identity> {
        self.backing.gate().holder()
    }

    /// How often its holder has acquired it.
    pub(super) fn depth(&self) -> u64 {
        self.backing.peek(DEPTH)
    }

    pub(super) fn is_mine(&self) -> bool {
        self.holder() == Some(Identity::of_this_thread())
    }

    fn release_once(&self) {
        match self.depth() {
            0 | 1 => drop(self.backing.gate().release()),
            depth => self.backing.poke(DEPTH, depth - 1),
        }
    }

    /// Releases it wholly. How often its holder, who calls, had acquired it.
    pub(super) fn release_all(&self) -> u64 {
        let depth = self.depth();
        self.backing.gate().release();
        depth
    }

    /// Acquires it as often as it was before [`release_all`](Self::release_all).
    pub(super) fn acquire_all(&self, depth: u64) -> Acquired {
        let acquired = self.acquire();
        self.backing.poke(DEPTH, depth);
        acquired
    }
}

impl Acquire for RLock {
    fn acquire_until(&self, deadline: Option<Instant>) -> Option<Acquired> {
        if self.is_mine() {
            self.backing.poke(DEPTH, self.depth() + 1);
            return Some(Acquired::Clean);
        }
        let acquired = self.backing.gate().acquire(Identity::of_this_thread(), deadline)?;
        self.backing.poke(DEPTH, 1);
        Some(acquired)
    }

    fn release(&self) -> Result<(), SyncError> {
        self.release()
    }
}

impl Sealed for RLock {
    fn release_guarded(&self) {
        if self.is_mine() {
            self.release_once();
        }
    }
}

impl TryFrom<Passed> for RLock {
    type Error = io::Error;

    fn try_from(fd: Passed) -> io::Result<Self> {
        Ok(Self { backing: Backing::open(fd, Kind::RLock)? })
    }
}

/// The descriptor from which others [open](RLock::open) it.
impl AsFd for RLock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.backing.fd()
    }
}
