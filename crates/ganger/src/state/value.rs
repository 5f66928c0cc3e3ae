//! A value behind a lock.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ganger_shm::state::Plain;

use super::{RawValue, Synchronized};
use crate::sync::{Acquire, OwnerDied, RLock};

/// A value that processes share, with a lock: Python's `Value`.
///
/// [`get`](Self::get) and [`set`](Self::set) acquire the lock, each for itself; what is more than one of them needs
/// [`lock`](Self::lock), or [`update`](Self::update). The lock is an [`RLock`] of its own, unless one is
/// [given](Self::with_lock).
///
/// ```
/// use ganger::Pool;
/// use ganger::state::Value;
///
/// #[ganger::task]
/// fn deposit(balance: Value<i64>, amount: i64) {
///     let balance = balance.lock().unwrap();
///     balance.set(balance.get() + amount);
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// ganger::init();
/// let balance = Value::new(100)?;
/// Pool::new(2)?.starmap(deposit, (0..50).map(|_| (balance.clone(), 2)))?;
/// assert_eq!(balance.get()?, 200);
/// # Ok(()) }
/// ```
pub type Value<T, L = RLock> = Synchronized<RawValue<T>, L>;

impl<T: Plain> Value<T> {
    /// Shares a value, with a lock of its own.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::Value::new([1, 2])?.get()?, [1, 2]);
    /// # Ok(()) }
    /// ```
    pub fn new(value: T) -> io::Result<Self> {
        RawValue::new(value).map(Self::with_its_lock)
    }

    /// The value behind a descriptor that came from another process, with the lock that lies beside it.
    ///
    /// # Errors
    /// `InvalidData` when it is none of this type.
    ///
    /// ```
    /// use ganger::state::Value;
    /// use std::os::fd::AsFd;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let value = Value::new(1)?;
    /// let same = Value::<i32>::open(value.as_fd().try_clone_to_owned()?)?;
    /// let _locked = value.lock().unwrap();
    /// assert!(same.get_lock().locked());
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> io::Result<Self> {
        RawValue::open(fd).map(Self::with_its_lock)
    }

    fn with_its_lock(raw: RawValue<T>) -> Self {
        let lock = raw.lock();
        Self::over(raw, lock)
    }
}

impl<T: Plain, L: Acquire> Value<T, L> {
    /// Shares a value, with this lock. Python's `Value(…, lock=lock)`.
    ///
    /// # Errors
    /// Those of [`new`](Value::new).
    ///
    /// ```
    /// use ganger::{state::Value, sync::Lock};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let value = Value::with_lock(5, Lock::new()?)?;
    /// assert_eq!(value.get()?, 5);
    /// # Ok(()) }
    /// ```
    pub fn with_lock(value: T, lock: L) -> io::Result<Self> {
        Ok(Self::over(RawValue::new(value)?, lock))
    }

    /// What it is.
    ///
    /// # Errors
    /// [`OwnerDied`], with the value inside, when the lock's last holder died.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::Value::new('x')?.get()?, 'x');
    /// # Ok(()) }
    /// ```
    pub fn get(&self) -> Result<T, OwnerDied<T>> {
        self.held(RawValue::get)
    }

    /// Changes it.
    ///
    /// # Errors
    /// [`OwnerDied`], when the lock's last holder died. It is changed nevertheless.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let value = ganger::state::Value::new(1)?;
    /// value.set(2)?;
    /// assert_eq!(value.get()?, 2);
    /// # Ok(()) }
    /// ```
    pub fn set(&self, value: T) -> Result<(), OwnerDied<()>> {
        self.held(|raw| raw.set(value))
    }

    /// Changes it to what `update` makes of it, and nobody comes in between. What it is now.
    ///
    /// # Errors
    /// [`OwnerDied`], when the lock's last holder died. It is changed nevertheless.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let value = ganger::state::Value::new(1)?;
    /// assert_eq!(value.update(|old| old + 1)?, 2);
    /// # Ok(()) }
    /// ```
    pub fn update(&self, update: impl FnOnce(T) -> T) -> Result<T, OwnerDied<T>> {
        self.held(|raw| {
            let value = update(raw.get());
            raw.set(value);
            value
        })
    }
}

/// The descriptor from which others [open](Value::open) it.
impl<T: Plain> AsFd for Value<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_obj().as_fd()
    }
}
