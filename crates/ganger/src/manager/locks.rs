//! Locks and semaphores.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use super::error::ManagerError;
use super::protocol::{Call, ConditionCall, LockCall, ObjectId, SemaphoreCall};
use super::proxy::proxy;
use super::referent::Referent;
use crate::sync::Acquired;

/// Releases what it holds when it is dropped.
#[must_use = "what it holds is released at once if it is dropped"]
#[derive(Debug)]
pub struct Guard<'a> {
    referent: &'a Referent,
    /// Releases it if it is still this process's: another may have released it, or the connection was lost.
    let_go: fn() -> Call,
    acquired: Acquired,
    /// A recursive lock is its thread's.
    in_this_thread: PhantomData<*const ()>,
}

impl<'a> Guard<'a> {
    pub(super) fn new(referent: &'a Referent, let_go: fn() -> Call, acquired: Acquired) -> Self {
        Self { referent, let_go, acquired, in_this_thread: PhantomData }
    }

    /// Whether the last holder died with it: what the lock protects may be half changed.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::manager::ManagerError> {
    /// # ganger::init();
    /// let manager = ganger::manager::Manager::start()?;
    /// let lock = manager.lock()?;
    /// assert!(!lock.lock()?.owner_died());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn owner_died(&self) -> bool {
        self.acquired == Acquired::OwnerDied
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // Somebody may have released it before, and of a manager that is gone nothing is held.
        let _ = self.referent.ask((self.let_go)());
    }
}

/// The ways to acquire, as a type's own methods.
macro_rules! acquire_methods {
    ($acquire:expr, $release:expr, $let_go:expr) => {
        /// Acquires it, and waits for that as long as it takes.
        ///
        /// # Errors
        /// Those of every call: [`Gone`](ManagerError::Gone), and so on.
        pub fn acquire(&self) -> Result<Acquired, ManagerError> {
            self.referent.wait($acquire(true), None)?.acquired()
        }

        /// Acquires it if that needs no waiting. Python's `acquire(False)`.
        ///
        /// # Errors
        /// Those of every call.
        pub fn try_acquire(&self) -> Result<Option<Acquired>, ManagerError> {
            $crate::manager::locks::in_time(self.referent.ask($acquire(false)).and_then(|got| got.acquired()))
        }

        /// Acquires it within `timeout`. None: it was not to be had.
        ///
        /// # Errors
        /// Those of every call.
        pub fn acquire_timeout(&self, timeout: Duration) -> Result<Option<Acquired>, ManagerError> {
            let deadline = Instant::now().checked_add(timeout);
            let got = self.referent.wait($acquire(true), deadline);
            $crate::manager::locks::in_time(got.and_then(|got| got.acquired()))
        }

        /// As [`acquire`](Self::acquire), with a guard that releases it. Python's `with`.
        ///
        /// # Errors
        /// Those of every call.
        pub fn lock(&self) -> Result<$crate::manager::Guard<'_>, ManagerError> {
            let acquired = self.acquire()?;
            Ok($crate::manager::Guard::new(&self.referent, || $let_go, acquired))
        }

        /// As [`acquire_timeout`](Self::acquire_timeout), with a guard that releases it.
        ///
        /// # Errors
        /// Those of every call.
        pub fn lock_timeout(&self, timeout: Duration) -> Result<Option<$crate::manager::Guard<'_>>, ManagerError> {
            let acquired = self.acquire_timeout(timeout)?;
            Ok(acquired.map(|acquired| $crate::manager::Guard::new(&self.referent, || $let_go, acquired)))
        }

        /// Releases it, and gives it to the first who waits for it.
        ///
        /// # Errors
        /// [`Sync`](ManagerError::Sync) when nobody holds it, or one who may not release it; those of every call.
        pub fn release(&self) -> Result<(), ManagerError> {
            self.referent.ask($release)?.done()
        }
    };
}

/// Not in time is no error.
pub(super) fn in_time(acquired: Result<Acquired, ManagerError>) -> Result<Option<Acquired>, ManagerError> {
    match acquired {
        Ok(acquired) => Ok(Some(acquired)),
        Err(ManagerError::TimedOut) => Ok(None),
        Err(error) => Err(error),
    }
}

proxy! {
    /// A lock of a [`Manager`](super::Manager): Python's `manager.Lock()`.
    ///
    /// A process holds it; anybody may release it. If its holder dies, it goes to the next, who is told
    /// ([`Acquired::OwnerDied`], [`Guard::owner_died`]).
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    /// use ganger::sync::SyncError;
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let lock = manager.lock()?;
    /// let guard = lock.lock()?;
    /// assert!(lock.locked()? && lock.try_acquire()?.is_none());
    /// drop(guard);
    /// assert!(matches!(lock.release(), Err(ManagerError::Sync(SyncError::NotHeld))));
    /// # Ok(()) }
    /// ```
    LockProxy<>, Lock
}

proxy! {
    /// A lock that its thread can take again, and must release as often: Python's `manager.RLock()`.
    ///
    /// If the holder's process dies, it goes to the next, who is told.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let lock = manager.rlock()?;
    /// let guards = (lock.lock()?, lock.lock()?);
    /// assert!(lock.locked()?);
    /// drop(guards);
    /// assert!(!lock.locked()?);
    /// # Ok(()) }
    /// ```
    RLockProxy<>, RLock
}

/// What both kinds of locks can do.
macro_rules! lock_methods {
    ($($lock:ident),*) => {$(
        impl $lock {
            acquire_methods!(
                |wait| Call::Lock(LockCall::Acquire { wait }),
                Call::Lock(LockCall::Release),
                Call::Lock(LockCall::LetGo)
            );

            /// Whether somebody holds it.
            ///
            /// # Errors
            /// Those of every call.
            pub fn locked(&self) -> Result<bool, ManagerError> {
                self.referent.ask(Call::Lock(LockCall::IsLocked))?.flag()
            }
        }
    )*};
}

lock_methods!(LockProxy, RLockProxy);

impl LockProxy {
    pub(super) fn object(&self) -> ObjectId {
        self.referent.object()
    }
}

proxy! {
    /// So many permits: Python's `manager.Semaphore(n)`. Those that a dead process held come back.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let semaphore = manager.semaphore(2)?;
    /// let guard = semaphore.lock()?;
    /// assert_eq!(semaphore.value()?, 1);
    /// drop(guard);
    /// semaphore.release()?; // one more than there were
    /// assert_eq!(semaphore.value()?, 3);
    /// # Ok(()) }
    /// ```
    SemaphoreProxy<>, Semaphore
}

proxy! {
    /// A [`SemaphoreProxy`] that never has more permits than it began with: Python's `manager.BoundedSemaphore(n)`.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    /// use ganger::sync::SyncError;
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let semaphore = manager.bounded_semaphore(2)?;
    /// assert!(matches!(semaphore.release(), Err(ManagerError::Sync(SyncError::OverRelease))));
    /// # Ok(()) }
    /// ```
    BoundedSemaphoreProxy<>, BoundedSemaphore
}

macro_rules! semaphore {
    ($name:ident) => {
        impl $name {
            acquire_methods!(
                |wait| Call::Semaphore(SemaphoreCall::Acquire { wait }),
                Call::Semaphore(SemaphoreCall::Release { count: 1 }),
                Call::Semaphore(SemaphoreCall::LetGo)
            );

            /// How many permits there are. Python's `get_value`.
            ///
            /// # Errors
            /// Those of every call.
            pub fn value(&self) -> Result<usize, ManagerError> {
                self.referent.ask(Call::Semaphore(SemaphoreCall::Value))?.number()
            }
        }
    };
}

semaphore!(SemaphoreProxy);

semaphore!(BoundedSemaphoreProxy);

proxy! {
    /// Waits for a change, behind a lock: Python's `manager.Condition()`.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    /// use std::thread;
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let (condition, ready) = (manager.condition()?, manager.value(&false)?);
    /// let other = (condition.clone(), ready.clone());
    /// let changing = thread::spawn(move || -> Result<(), ManagerError> {
    ///     let (condition, ready) = other;
    ///     let _guard = condition.lock()?;
    ///     ready.set(&true)?;
    ///     condition.notify_all()
    /// });
    /// let guard = condition.lock()?;
    /// assert!(condition.wait_for(|| ready.get())?);
    /// drop(guard);
    /// changing.join().expect("it does not panic")
    /// # }
    /// ```
    ConditionProxy<>, Condition
}

impl ConditionProxy {
    acquire_methods!(
        |wait| Call::Condition(ConditionCall::Lock(LockCall::Acquire { wait })),
        Call::Condition(ConditionCall::Lock(LockCall::Release)),
        Call::Condition(ConditionCall::Lock(LockCall::LetGo))
    );

    /// Releases the lock, waits until it is notified, and takes the lock again.
    ///
    /// # Errors
    /// [`NotOwner`](crate::sync::SyncError::NotOwner) when the caller does not hold the lock, and those of every call.
    pub fn wait(&self) -> Result<(), ManagerError> {
        self.wait_until(None).map(drop)
    }

    /// As [`wait`](Self::wait), no longer than `timeout`: whether it was notified. The lock is taken again, however long
    /// that takes.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, ManagerError> {
        self.wait_until(Instant::now().checked_add(timeout))
    }

    /// Waits until `predicate` says true: it is asked first, and at each notification.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait), and the predicate's.
    pub fn wait_for(&self, predicate: impl FnMut() -> Result<bool, ManagerError>) -> Result<bool, ManagerError> {
        self.wait_for_until(None, predicate)
    }

    /// As [`wait_for`](Self::wait_for), no longer than `timeout`: what the predicate said last.
    ///
    /// # Errors
    /// Those of [`wait_for`](Self::wait_for).
    pub fn wait_for_timeout(
        &self,
        timeout: Duration,
        predicate: impl FnMut() -> Result<bool, ManagerError>,
    ) -> Result<bool, ManagerError> {
        self.wait_for_until(Instant::now().checked_add(timeout), predicate)
    }

    /// Wakes so many of those who wait, as far as there are.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    pub fn notify(&self, count: usize) -> Result<(), ManagerError> {
        self.referent.ask(Call::Condition(ConditionCall::Notify { count: count as u64 }))?.done()
    }

    /// Wakes all who wait.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    pub fn notify_all(&self) -> Result<(), ManagerError> {
        self.notify(usize::MAX)
    }

    fn wait_until(&self, deadline: Option<Instant>) -> Result<bool, ManagerError> {
        self.referent.wait_for_lock(Call::Condition(ConditionCall::Wait), deadline)?.flag()
    }

    fn wait_for_until(
        &self,
        deadline: Option<Instant>,
        mut predicate: impl FnMut() -> Result<bool, ManagerError>,
    ) -> Result<bool, ManagerError> {
        while !predicate()? {
            if !self.wait_until(deadline)? {
                return predicate();
            }
        }
        Ok(true)
    }
}
