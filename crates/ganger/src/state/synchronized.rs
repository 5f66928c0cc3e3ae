//! Something shared, and the lock that guards it.

use std::ops::Deref;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::sync::backing::deadline;
use crate::sync::{Acquire, Acquired, Guard, LockError, OwnerDied, RLock};

/// A raw object and a lock: Python's `sharedctypes.synchronized(obj, lock)`. [`Value`](super::Value) and
/// [`Array`](super::Array) are such.
///
/// Several can have one lock, to be changed together.
///
/// ```
/// use ganger::state::Value;
/// use ganger::sync::Lock;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lock = Lock::new()?;
/// let (debit, credit) = (Value::with_lock(100, lock.clone())?, Value::with_lock(0, lock)?);
/// let from = debit.lock().unwrap();
/// let to = credit.get_obj(); // one lock guards both
/// from.set(from.get() - 30);
/// to.set(to.get() + 30);
/// drop(from);
/// assert_eq!((debit.get()?, credit.get()?), (70, 30));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Synchronized<R, L = RLock> {
    raw: R,
    lock: L,
}

/// What is behind a lock that is held until this is dropped.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let value = ganger::state::Value::new(1)?;
/// let locked = value.lock().unwrap();
/// assert_eq!(locked.get(), 1);
/// drop(locked);
/// assert!(!value.get_lock().locked());
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "the lock is released at once if it is dropped"]
pub struct Locked<'a, R, L: Acquire> {
    raw: &'a R,
    _held: Guard<'a, L>,
}

impl<R, L: Acquire> Deref for Locked<'_, R, L> {
    type Target = R;

    fn deref(&self) -> &R {
        self.raw
    }
}

impl<R, L: Acquire> Synchronized<R, L> {
    pub(super) fn over(raw: R, lock: L) -> Self {
        Self { raw, lock }
    }

    /// What it guards, without the lock: for who holds it already, or needs none.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let value = ganger::state::Value::new(1)?;
    /// assert_eq!(value.get_obj().fetch_add(1), 1);
    /// # Ok(()) }
    /// ```
    pub fn get_obj(&self) -> &R {
        &self.raw
    }

    /// The lock.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(!ganger::state::Value::new(1)?.get_lock().locked());
    /// # Ok(()) }
    /// ```
    pub fn get_lock(&self) -> &L {
        &self.lock
    }

    /// Acquires the lock and gives what it guards. Python's `with value.get_lock()`.
    ///
    /// Within it, use what it gives: the object's own methods acquire the lock once more, which a lock that is not recursive
    /// never grants.
    ///
    /// # Errors
    /// [`OwnerDied`], with what it gives inside, when the lock's last holder died: the object may be half changed.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let value = ganger::state::Value::new(1)?;
    /// let locked = value.lock().unwrap();
    /// locked.set(locked.get() + 1);
    /// assert_eq!(locked.get(), 2);
    /// # Ok(()) }
    /// ```
    pub fn lock(&self) -> Result<Locked<'_, R, L>, OwnerDied<Locked<'_, R, L>>> {
        let acquired = self.lock.acquire_until(None).expect("without a deadline it waits until it is acquired");
        self.locked(acquired)
    }

    /// As [`lock`](Self::lock), if that needs no waiting.
    ///
    /// # Errors
    /// [`NotAcquired`](LockError::NotAcquired), and those of [`lock`](Self::lock).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(ganger::state::Value::new(1)?.try_lock().is_ok());
    /// # Ok(()) }
    /// ```
    pub fn try_lock(&self) -> Result<Locked<'_, R, L>, LockError<Locked<'_, R, L>>> {
        self.lock_until(Some(Instant::now()))
    }

    /// As [`lock`](Self::lock), within `timeout`.
    ///
    /// # Errors
    /// [`NotAcquired`](LockError::NotAcquired), and those of [`lock`](Self::lock).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let value = ganger::state::Value::new(1)?;
    /// assert!(value.lock_timeout(std::time::Duration::from_secs(1)).is_ok());
    /// # Ok(()) }
    /// ```
    pub fn lock_timeout(&self, timeout: Duration) -> Result<Locked<'_, R, L>, LockError<Locked<'_, R, L>>> {
        self.lock_until(deadline(timeout))
    }

    fn lock_until(&self, deadline: Option<Instant>) -> Result<Locked<'_, R, L>, LockError<Locked<'_, R, L>>> {
        let acquired = self.lock.acquire_until(deadline).ok_or(LockError::NotAcquired)?;
        Ok(self.locked(acquired)?)
    }

    fn locked(&self, acquired: Acquired) -> Result<Locked<'_, R, L>, OwnerDied<Locked<'_, R, L>>> {
        let locked = Locked { raw: &self.raw, _held: Guard::new(&self.lock) };
        match acquired {
            Acquired::Clean => Ok(locked),
            Acquired::OwnerDied => Err(OwnerDied::new(locked)),
        }
    }

    /// Does something behind the lock, and tells if its last holder died.
    pub(super) fn held<T>(&self, access: impl FnOnce(&R) -> T) -> Result<T, OwnerDied<T>> {
        match self.lock() {
            Ok(locked) => Ok(access(&locked)),
            Err(died) => Err(OwnerDied::new(access(&died.into_inner()))),
        }
    }
}
