//! Waiting for a change of what a lock protects.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::acquire::{Acquire, acquire_methods, sealed::Sealed};
use super::backing::deadline;
use super::waiters::Waiters;
use super::{Acquired, Lock, RLock, SyncError};
use crate::passing::Passed;

/// How a wait at a condition ended. The lock is held again in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Waited {
    /// Whether it was notified, or the predicate was true; false: its time was over.
    pub notified: bool,
    /// How it got the lock back.
    pub acquired: Acquired,
}

/// Waiting for a change of what a lock protects: Python's `multiprocessing.Condition`.
///
/// `acquire`, `release` and `lock` are those of its lock: an [`RLock`] of its own, or one that it was given, so that several
/// conditions share it. A notification goes to one who waits already, the first one first. One that is sent to a process
/// which dies before it has it goes to the next.
///
/// ```
/// use ganger::sync::Condition;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let condition = Condition::new()?;
/// let waiting = condition.clone();
/// let held = condition.lock().unwrap();
/// let notifier = std::thread::spawn(move || {
///     let _held = waiting.lock().unwrap();
///     waiting.notify(1).unwrap();
/// });
/// assert!(condition.wait()?.notified);
/// drop(held);
/// notifier.join().unwrap();
/// # Ok(()) }
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct Condition {
    lock: Either,
    waiters: Waiters,
}

/// The lock of a condition.
#[derive(Clone, Serialize, Deserialize)]
enum Either {
    Plain(Lock),
    Recursive(RLock),
}

impl Condition {
    /// A condition with an [`RLock`] of its own.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(ganger::sync::Condition::new()?.try_acquire().is_some());
    /// # Ok(()) }
    /// ```
    pub fn new() -> io::Result<Self> {
        Self::with_rlock(RLock::new()?)
    }

    /// A condition with this lock.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left.
    ///
    /// ```
    /// use ganger::sync::{Condition, Lock};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let lock = Lock::new()?;
    /// let (not_empty, not_full) = (Condition::with_lock(lock.clone())?, Condition::with_lock(lock)?);
    /// assert!(not_empty.try_acquire().is_some() && not_full.try_acquire().is_none());
    /// # Ok(()) }
    /// ```
    pub fn with_lock(lock: Lock) -> io::Result<Self> {
        Ok(Self { lock: Either::Plain(lock), waiters: Waiters::create()? })
    }

    /// A condition with this recursive lock.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left.
    ///
    /// ```
    /// use ganger::sync::{Condition, RLock};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let lock = RLock::new()?;
    /// assert!(Condition::with_rlock(lock.clone())?.try_acquire().is_some() && lock.locked());
    /// # Ok(()) }
    /// ```
    pub fn with_rlock(lock: RLock) -> io::Result<Self> {
        Ok(Self { lock: Either::Recursive(lock), waiters: Waiters::create()? })
    }

    /// The condition behind two descriptors that came from another process: the one of its lock, of either type, and its
    /// own.
    ///
    /// # Errors
    /// `InvalidData` when they are none.
    ///
    /// ```
    /// use ganger::sync::Condition;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let condition = Condition::new()?;
    /// let [lock, own] = condition.fds();
    /// let same = Condition::open(lock.try_clone_to_owned()?, own.try_clone_to_owned()?)?;
    /// assert!(condition.try_acquire().is_some() && same.try_acquire().is_some(), "a recursive lock");
    /// # Ok(()) }
    /// ```
    pub fn open(lock: OwnedFd, own: OwnedFd) -> io::Result<Self> {
        let plain = lock.try_clone().and_then(Lock::open);
        let lock = plain.map(Either::Plain).or_else(|_| RLock::open(lock).map(Either::Recursive))?;
        Ok(Self { lock, waiters: Passed::from(own).try_into()? })
    }

    /// The descriptors of its lock and of itself, from which others [open](Self::open) this condition.
    ///
    /// ```
    /// # use std::os::fd::AsRawFd;
    /// # fn main() -> std::io::Result<()> {
    /// let condition = ganger::sync::Condition::new()?;
    /// let [lock, own] = condition.fds();
    /// assert_ne!(lock.as_raw_fd(), own.as_raw_fd());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn fds(&self) -> [BorrowedFd<'_>; 2] {
        let lock = match &self.lock {
            Either::Plain(lock) => lock.as_fd(),
            Either::Recursive(lock) => lock.as_fd(),
        };
        [lock, self.waiters.backing().fd()]
    }

    acquire_methods!("Condition", "Condition::new()");

    pub(super) fn behind(&self) -> &dyn std::fmt::Debug {
        match &self.lock {
            Either::Plain(lock) => lock,
            Either::Recursive(lock) => lock,
        }
    }

    /// Releases its lock.
    ///
    /// # Errors
    /// Those of [`Lock::release`] or [`RLock::release`].
    ///
    /// ```
    /// use ganger::sync::{Condition, SyncError};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(Condition::new()?.release(), Err(SyncError::NotHeld));
    /// # Ok(()) }
    /// ```
    pub fn release(&self) -> Result<(), SyncError> {
        match &self.lock {
            Either::Plain(lock) => lock.release(),
            Either::Recursive(lock) => lock.release(),
        }
    }

    /// Releases the lock, wholly, waits to be notified, and acquires it as it was.
    ///
    /// # Errors
    /// [`NotOwner`](SyncError::NotOwner) when the caller does not hold the lock, [`Crowded`](SyncError::Crowded) when 1024 wait
    /// already.
    ///
    /// ```
    /// use ganger::sync::{Condition, SyncError};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(Condition::new()?.wait(), Err(SyncError::NotOwner));
    /// # Ok(()) }
    /// ```
    pub fn wait(&self) -> Result<Waited, SyncError> {
        self.wait_until(None)
    }

    /// As [`wait`](Self::wait), for at most `timeout`; to get the lock back may take longer.
    ///
    /// # Errors
    /// Those of `wait`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let condition = ganger::sync::Condition::new()?;
    /// let _held = condition.lock().unwrap();
    /// assert!(!condition.wait_timeout(Duration::from_millis(1))?.notified);
    /// # Ok(()) }
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> Result<Waited, SyncError> {
        self.wait_until(deadline(timeout))
    }

    /// Waits until `predicate` is true, which is asked with the lock held, now and after each notification.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let condition = ganger::sync::Condition::new()?;
    /// let _held = condition.lock().unwrap();
    /// assert!(condition.wait_for(|| true)?.notified);
    /// # Ok(()) }
    /// ```
    pub fn wait_for(&self, predicate: impl FnMut() -> bool) -> Result<Waited, SyncError> {
        self.wait_for_until(None, predicate)
    }

    /// As [`wait_for`](Self::wait_for), for at most `timeout`. Whether the predicate was true is told as `notified`.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let condition = ganger::sync::Condition::new()?;
    /// let _held = condition.lock().unwrap();
    /// assert!(!condition.wait_for_timeout(Duration::from_millis(1), || false)?.notified);
    /// # Ok(()) }
    /// ```
    pub fn wait_for_timeout(&self, timeout: Duration, predicate: impl FnMut() -> bool) -> Result<Waited, SyncError> {
        self.wait_for_until(deadline(timeout), predicate)
    }

    /// Wakes up to `count` of those who wait. They come back once the lock is released.
    ///
    /// # Errors
    /// [`NotOwner`](SyncError::NotOwner) when the caller does not hold the lock.
    ///
    /// ```
    /// use ganger::sync::{Condition, SyncError};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(Condition::new()?.notify(1), Err(SyncError::NotOwner));
    /// # Ok(()) }
    /// ```
    pub fn notify(&self, count: usize) -> Result<(), SyncError> {
        self.must_be_mine()?;
        self.waiters.notify(count);
        Ok(())
    }

    /// Wakes all who wait.
    ///
    /// # Errors
    /// Those of [`notify`](Self::notify).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let condition = ganger::sync::Condition::new()?;
    /// let _held = condition.lock().unwrap();
    /// condition.notify_all()?;
    /// # Ok(()) }
    /// ```
    pub fn notify_all(&self) -> Result<(), SyncError> {
        self.notify(usize::MAX)
    }

    /// The place is taken before the lock is released: who gets the lock then and notifies finds it.
    fn wait_until(&self, deadline: Option<Instant>) -> Result<Waited, SyncError> {
        self.must_be_mine()?;
        let place = self.waiters.enter()?;
        match &self.lock {
            Either::Plain(lock) => {
                lock.release()?;
                let notified = self.waiters.wait(place, deadline);
                Ok(Waited { notified, acquired: lock.acquire() })
            }
            Either::Recursive(lock) => {
                let depth = lock.release_all();
                let notified = self.waiters.wait(place, deadline);
                Ok(Waited { notified, acquired: lock.acquire_all(depth) })
            }
        }
    }

    fn wait_for_until(
        &self,
        deadline: Option<Instant>,
        mut predicate: impl FnMut() -> bool,
    ) -> Result<Waited, SyncError> {
        self.must_be_mine()?;
        let mut acquired = Acquired::Clean;
        loop {
            let over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let notified = predicate();
            if notified || over {
                return Ok(Waited { notified, acquired });
            }
            if self.wait_until(deadline)?.acquired == Acquired::OwnerDied {
                acquired = Acquired::OwnerDied;
            }
        }
    }

    fn must_be_mine(&self) -> Result<(), SyncError> {
        let mine = match &self.lock {
            Either::Plain(lock) => lock.is_mine(),
            Either::Recursive(lock) => lock.is_mine(),
        };
        mine.then_some(()).ok_or(SyncError::NotOwner)
    }
}

impl Acquire for Condition {
    fn acquire_until(&self, deadline: Option<Instant>) -> Option<Acquired> {
        match &self.lock {
            Either::Plain(lock) => lock.acquire_until(deadline),
            Either::Recursive(lock) => lock.acquire_until(deadline),
        }
    }

    fn release(&self) -> Result<(), SyncError> {
        self.release()
    }
}

impl Sealed for Condition {
    fn release_guarded(&self) {
        match &self.lock {
            Either::Plain(lock) => lock.release_guarded(),
            Either::Recursive(lock) => lock.release_guarded(),
        }
    }
}
