//! What can be acquired and released, and the guard that does the latter.

use std::marker::PhantomData;
use std::time::Instant;

use super::{Acquired, SyncError};

/// What can be acquired: the locks, the semaphores, and a condition, which stands for its lock. Nobody else implements it.
pub trait Acquire: sealed::Sealed {
    /// Acquires it until a deadline: one that is past asks once, and none waits for ever.
    ///
    /// ```
    /// use ganger::sync::{Acquire, Lock};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// assert!(Lock::new()?.acquire_until(Some(std::time::Instant::now())).is_some());
    /// # Ok(()) }
    /// ```
    fn acquire_until(&self, deadline: Option<Instant>) -> Option<Acquired>;

    /// Releases it.
    ///
    /// # Errors
    /// Those of the type's own `release`.
    ///
    /// ```
    /// use ganger::sync::{Acquire, Lock, SyncError};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(Acquire::release(&Lock::new()?), Err(SyncError::NotHeld));
    /// # Ok(()) }
    /// ```
    fn release(&self) -> Result<(), SyncError>;
}

pub(super) mod sealed {
    pub trait Sealed {
        /// Releases what a guard holds. A copy of the guard in a forked process holds nothing.
        fn release_guarded(&self);
    }
}

/// Releases what it holds when it is dropped.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lock = ganger::sync::Lock::new()?;
/// {
///     let _guard = lock.lock().unwrap();
///     assert!(lock.locked());
/// }
/// assert!(!lock.locked());
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "what it holds is released at once if it is dropped"]
pub struct Guard<'a, L: Acquire> {
    held: &'a L,
    /// A recursive lock is its thread's.
    in_this_thread: PhantomData<*const ()>,
}

impl<'a, L: Acquire> Guard<'a, L> {
    pub(crate) fn new(held: &'a L) -> Self {
        Self { held, in_this_thread: PhantomData }
    }
}

impl<L: Acquire> Drop for Guard<'_, L> {
    fn drop(&mut self) {
        self.held.release_guarded();
    }
}

/// The six ways to acquire, as a type's own methods.
macro_rules! acquire_methods {
    ($name:literal, $make:literal) => {
        /// Acquires it, and waits for that as long as it takes.
        ///
        /// ```
        #[doc = concat!("use ganger::sync::{Acquired, ", $name, "};\n")]
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        #[doc = concat!("let it = ", $make, "?;")]
        /// assert_eq!(it.acquire(), Acquired::Clean);
        /// it.release()?;
        /// # Ok(()) }
        /// ```
        pub fn acquire(&self) -> $crate::sync::Acquired {
            let acquired = $crate::sync::Acquire::acquire_until(self, None);
            acquired.expect("without a deadline it waits until it is acquired")
        }

        /// Acquires it if that needs no waiting. Python's `acquire(block=False)`.
        ///
        /// ```
        #[doc = concat!("use ganger::sync::", $name, ";\n")]
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        #[doc = concat!("let it = ", $make, "?;")]
        /// assert!(it.try_acquire().is_some());
        /// # Ok(()) }
        /// ```
        #[must_use]
        pub fn try_acquire(&self) -> Option<$crate::sync::Acquired> {
            $crate::sync::Acquire::acquire_until(self, Some(std::time::Instant::now()))
        }

        /// Acquires it within `timeout`. None: it was not to be had. Python's `acquire(timeout=…)`.
        ///
        /// ```
        #[doc = concat!("use ganger::sync::", $name, ";\n")]
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        #[doc = concat!("let it = ", $make, "?;")]
        /// assert!(it.acquire_timeout(std::time::Duration::from_secs(1)).is_some());
        /// # Ok(()) }
        /// ```
        #[must_use]
        pub fn acquire_timeout(&self, timeout: std::time::Duration) -> Option<$crate::sync::Acquired> {
            $crate::sync::Acquire::acquire_until(self, $crate::sync::backing::deadline(timeout))
        }

        /// As [`acquire`](Self::acquire), with a guard that releases it. Python's `with`.
        ///
        /// # Errors
        /// [`OwnerDied`](crate::sync::OwnerDied), with the guard inside, when its last holder died.
        ///
        /// ```
        #[doc = concat!("use ganger::sync::", $name, ";\n")]
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        #[doc = concat!("let it = ", $make, "?;")]
        /// let guard = it.lock().unwrap();
        /// drop(guard);
        /// # Ok(()) }
        /// ```
        pub fn lock(
            &self,
        ) -> Result<$crate::sync::Guard<'_, Self>, $crate::sync::OwnerDied<$crate::sync::Guard<'_, Self>>> {
            $crate::sync::acquire::guarded(self, self.acquire())
        }

        /// As [`try_acquire`](Self::try_acquire), with a guard that releases it.
        ///
        /// # Errors
        /// [`NotAcquired`](crate::sync::LockError::NotAcquired), and those of [`lock`](Self::lock).
        ///
        /// ```
        #[doc = concat!("use ganger::sync::", $name, ";\n")]
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        #[doc = concat!("let it = ", $make, "?;")]
        /// assert!(it.try_lock().is_ok());
        /// # Ok(()) }
        /// ```
        pub fn try_lock(
            &self,
        ) -> Result<$crate::sync::Guard<'_, Self>, $crate::sync::LockError<$crate::sync::Guard<'_, Self>>> {
            let acquired = self.try_acquire().ok_or($crate::sync::LockError::NotAcquired)?;
            Ok($crate::sync::acquire::guarded(self, acquired)?)
        }

        /// As [`acquire_timeout`](Self::acquire_timeout), with a guard that releases it.
        ///
        /// # Errors
        /// [`NotAcquired`](crate::sync::LockError::NotAcquired), and those of [`lock`](Self::lock).
        ///
        /// ```
        #[doc = concat!("use ganger::sync::", $name, ";\n")]
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        #[doc = concat!("let it = ", $make, "?;")]
        /// assert!(it.lock_timeout(std::time::Duration::from_secs(1)).is_ok());
        /// # Ok(()) }
        /// ```
        pub fn lock_timeout(
            &self,
            timeout: std::time::Duration,
        ) -> Result<$crate::sync::Guard<'_, Self>, $crate::sync::LockError<$crate::sync::Guard<'_, Self>>> {
            let acquired = self.acquire_timeout(timeout).ok_or($crate::sync::LockError::NotAcquired)?;
            Ok($crate::sync::acquire::guarded(self, acquired)?)
        }
    };
}
pub(super) use acquire_methods;

pub(super) fn guarded<L: Acquire>(
    held: &L,
    acquired: Acquired,
) -> Result<Guard<'_, L>, super::OwnerDied<Guard<'_, L>>> {
    match acquired {
        Acquired::Clean => Ok(Guard::new(held)),
        Acquired::OwnerDied => Err(super::OwnerDied::new(Guard::new(held))),
    }
}
