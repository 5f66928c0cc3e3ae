//! A lock of a process.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use ganger_sys::Identity;
use serde::{Deserialize, Serialize};

use super::acquire::{Acquire, acquire_methods, sealed::Sealed};
use super::backing::{Backing, Kind};
use super::{Acquired, SyncError};
use crate::passing::Passed;

/// A lock that one holds, of all threads of all processes that have it: Python's `multiprocessing.Lock`.
///
/// It is the process that holds it: any of its threads, and any other process, may release it. Not recursive: a thread that
/// acquires it twice waits for itself.
///
/// ```
/// use ganger::sync::Lock;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lock = Lock::new()?;
/// let guard = lock.lock().unwrap();
/// assert!(lock.locked() && lock.try_acquire().is_none());
/// drop(guard);
/// assert!(lock.try_acquire().is_some());
/// # Ok(()) }
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Passed")]
pub struct Lock {
    backing: Backing,
}

impl Lock {
    /// A lock that nobody holds.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(!ganger::sync::Lock::new()?.locked());
    /// # Ok(()) }
    /// ```
    pub fn new() -> io::Result<Self> {
        Ok(Self { backing: Backing::create(Kind::Lock, 0)? })
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
    /// let lock = ganger::sync::Lock::new()?;
    /// let same = ganger::sync::Lock::open(lock.as_fd().try_clone_to_owned()?)?;
    /// assert!(lock.try_acquire().is_some() && same.locked());
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { backing: Backing::open(fd.into(), Kind::Lock)? })
    }

    acquire_methods!("Lock", "Lock::new()");

    /// Releases it, whoever holds it.
    ///
    /// # Errors
    /// [`NotHeld`](SyncError::NotHeld) when nobody does.
    ///
    /// ```
    /// use ganger::sync::{Lock, SyncError};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(Lock::new()?.release(), Err(SyncError::NotHeld));
    /// # Ok(()) }
    /// ```
    pub fn release(&self) -> Result<(), SyncError> {
        self.backing.gate().release().map(drop).ok_or(SyncError::NotHeld)
    }

    /// Whether somebody holds it, or did so when he died.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(!ganger::sync::Lock::new()?.locked());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn locked(&self) -> bool {
        self.holder().is_some()
    }

    pub(super) fn holder(&self) -> Option<Identity> {
        self.backing.gate().holder()
    }

    pub(super) fn is_mine(&self) -> bool {
        self.holder() == Some(Identity::of_this_process())
    }
}

impl Acquire for Lock {
    fn acquire_until(&self, deadline: Option<Instant>) -> Option<Acquired> {
        self.backing.gate().acquire(Identity::of_this_process(), deadline)
    }

    fn release(&self) -> Result<(), SyncError> {
        self.release()
    }
}

impl Sealed for Lock {
    fn release_guarded(&self) {
        if self.is_mine() {
            self.backing.gate().release();
        }
    }
}

impl TryFrom<Passed> for Lock {
    type Error = io::Error;

    fn try_from(fd: Passed) -> io::Result<Self> {
        Ok(Self { backing: Backing::open(fd, Kind::Lock)? })
    }
}

/// The descriptor from which others [open](Lock::open) it.
impl AsFd for Lock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.backing.fd()
    }
}
