//! What can go wrong with a lock.

use std::fmt;

use thiserror::Error;

/// The lock is yours, and its last holder died with it: what it protects may be half changed.
///
/// The guard is inside, as in [`std::sync::PoisonError`]; to drop it is to release the lock.
///
/// ```
/// use ganger::sync::{Lock, OwnerDied};
///
/// # fn main() -> std::io::Result<()> {
/// let lock = Lock::new()?;
/// match lock.lock() {
///     Ok(_guard) => {}
///     Err(died @ OwnerDied { .. }) => drop(died.into_inner()), // mend what it protects first
/// }
/// # Ok(()) }
/// ```
#[derive(Error)]
#[error("the last holder of this lock died with it: what it protects may be half changed")]
pub struct OwnerDied<G>(G);

impl<G> OwnerDied<G> {
    pub(crate) fn new(guard: G) -> Self {
        Self(guard)
    }

    /// The guard, for who knows how to mend what the lock protects.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let lock = ganger::sync::Lock::new()?;
    /// let guard = lock.lock().unwrap_or_else(|died| died.into_inner());
    /// assert!(lock.locked());
    /// # drop(guard);
    /// # Ok(()) }
    /// ```
    pub fn into_inner(self) -> G {
        self.0
    }
}

impl<G> fmt::Debug for OwnerDied<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnerDied(..)")
    }
}

/// Why there is no guard, or not only a guard.
///
/// ```
/// use ganger::sync::{Lock, LockError};
///
/// # fn main() -> std::io::Result<()> {
/// let lock = Lock::new()?;
/// let _held = lock.try_lock().unwrap();
/// assert!(matches!(lock.try_lock(), Err(LockError::NotAcquired)));
/// # Ok(()) }
/// ```
#[derive(Error)]
pub enum LockError<G> {
    /// It was held by somebody else, all the time that was given.
    #[error("the lock is held by somebody else")]
    NotAcquired,
    /// It is yours, but see [`OwnerDied`].
    #[error(transparent)]
    OwnerDied(#[from] OwnerDied<G>),
}

impl<G> fmt::Debug for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAcquired => f.write_str("NotAcquired"),
            Self::OwnerDied(died) => died.fmt(f),
        }
    }
}

/// What must not be done now.
///
/// ```
/// use ganger::sync::{Semaphore, SyncError, BoundedSemaphore};
///
/// # fn main() -> std::io::Result<()> {
/// assert_eq!(BoundedSemaphore::new(1)?.release(), Err(SyncError::OverRelease));
/// assert_eq!(Semaphore::new(1)?.release(), Ok(()));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncError {
    /// A release of what nobody holds. Python's `ValueError`.
    #[error("released too often: nobody holds it")]
    NotHeld,
    /// A release, or a wait or a notification behind a lock, by one who does not hold it. Python's `AssertionError` and
    /// `RuntimeError`.
    #[error("not held by the caller: acquire it first")]
    NotOwner,
    /// A bounded semaphore would have more permits than it began with. Python's `ValueError`.
    #[error("released too often: the semaphore has all of its permits")]
    OverRelease,
    /// As many wait at this condition as it has places for.
    #[error("too many wait at this condition already")]
    Crowded,
}

/// The barrier is broken: somebody's time was over, it was aborted or reset, or an action failed. Python's
/// `BrokenBarrierError`.
///
/// ```
/// use ganger::sync::{Barrier, BrokenBarrier};
///
/// # fn main() -> std::io::Result<()> {
/// let barrier = Barrier::new(2)?;
/// barrier.abort();
/// assert_eq!(barrier.wait(), Err(BrokenBarrier));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the barrier is broken: somebody gave up, or it was aborted or reset")]
pub struct BrokenBarrier;
