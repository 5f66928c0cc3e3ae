//! Values behind a lock.

use std::io;
use std::ops::RangeBounds;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ganger_shm::state::Plain;

use super::{AccessError, RawArray, Synchronized};
use crate::sync::{Acquire, OwnerDied, RLock};

/// Values of one type that processes share, with a lock: Python's `Array`.
///
/// Each method acquires the lock for itself; what is more than one of them needs [`lock`](Self::lock). The lock is an
/// [`RLock`] of its own, unless one is [given](Self::with_lock).
///
/// ```
/// use ganger::Pool;
/// use ganger::state::Array;
///
/// #[ganger::task]
/// fn double(numbers: Array<i32>) {
///     let numbers = numbers.lock().unwrap();
///     for n in 0..numbers.len() {
///         numbers.set(n, numbers.get(n).unwrap() * 2).unwrap();
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// ganger::init();
/// let numbers = Array::new(&[1, 2, 3])?;
/// Pool::new(1)?.apply(double, numbers.clone())?;
/// assert_eq!(numbers.to_vec()?, [2, 4, 6]);
/// # Ok(()) }
/// ```
pub type Array<T, L = RLock> = Synchronized<RawArray<T>, L>;

impl<T: Plain> Array<T> {
    /// Shares these values, with a lock of their own.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::Array::new(b"hi")?.to_vec()?, b"hi");
    /// # Ok(()) }
    /// ```
    pub fn new(values: &[T]) -> io::Result<Self> {
        RawArray::new(values).map(Self::with_its_lock)
    }

    /// Shares so many zeros, with a lock of their own. Memory is taken when a value is first changed.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), and `InvalidInput` for more than there can be.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::Array::<u16>::zeroed(2)?.to_vec()?, [0, 0]);
    /// # Ok(()) }
    /// ```
    pub fn zeroed(len: usize) -> io::Result<Self> {
        RawArray::zeroed(len).map(Self::with_its_lock)
    }

    /// The array behind a descriptor that came from another process, with the lock that lies beside it.
    ///
    /// # Errors
    /// `InvalidData` when it is none of this type.
    ///
    /// ```
    /// use ganger::state::Array;
    /// use std::os::fd::AsFd;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let array = Array::new(&[1.5])?;
    /// assert_eq!(Array::<f64>::open(array.as_fd().try_clone_to_owned()?)?.get(0)?, 1.5);
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> io::Result<Self> {
        RawArray::open(fd).map(Self::with_its_lock)
    }

    fn with_its_lock(raw: RawArray<T>) -> Self {
        let lock = raw.lock();
        Self::over(raw, lock)
    }
}

impl<T: Plain, L: Acquire> Array<T, L> {
    /// Shares these values, with this lock. Python's `Array(…, lock=lock)`.
    ///
    /// # Errors
    /// Those of [`new`](Array::new).
    ///
    /// ```
    /// use ganger::{state::Array, sync::Lock};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(Array::with_lock(&[5], Lock::new()?)?.get(0)?, 5);
    /// # Ok(()) }
    /// ```
    pub fn with_lock(values: &[T], lock: L) -> io::Result<Self> {
        Ok(Self::over(RawArray::new(values)?, lock))
    }

    /// How many values there are.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::state::Array::<u8>::zeroed(7)?.len(), 7);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.get_obj().len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(!ganger::state::Array::<u8>::zeroed(7)?.is_empty());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    ///
    /// # Errors
    /// [`OutOfRange`](AccessError::OutOfRange); [`OwnerDied`](AccessError::OwnerDied), with the value inside, when the lock's
    /// last holder died.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::Array::new(&[1, 2])?.get(1)?, 2);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, index: usize) -> Result<T, AccessError<T>> {
        self.get_obj().check(index)?;
        self.sure(|raw| raw.get(index))
    }

    /// Changes one of them.
    ///
    /// # Errors
    /// As [`get`](Self::get); when the lock's last holder died it is changed nevertheless.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(ganger::state::Array::new(&[1, 2])?.set(2, 3).is_err());
    /// # Ok(()) }
    /// ```
    pub fn set(&self, index: usize, value: T) -> Result<(), AccessError<()>> {
        self.get_obj().check(index)?;
        self.sure(|raw| raw.set(index, value))
    }

    /// Some of them, as they are at one time.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::Array::new(&[1, 2, 3])?.slice(1..)?, [2, 3]);
    /// # Ok(()) }
    /// ```
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Result<Vec<T>, AccessError<Vec<T>>> {
        let span = self.get_obj().span(range)?;
        self.sure(|raw| raw.slice(span))
    }

    /// Changes those from `start` on, all at one time.
    ///
    /// # Errors
    /// As [`set`](Self::set). If some are out of range, none is changed.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let array = ganger::state::Array::new(&[1, 2, 3])?;
    /// array.set_slice(1, &[8, 9])?;
    /// assert_eq!(array.to_vec()?, [1, 8, 9]);
    /// # Ok(()) }
    /// ```
    pub fn set_slice(&self, start: usize, values: &[T]) -> Result<(), AccessError<()>> {
        self.get_obj().span(start..start.saturating_add(values.len()))?;
        self.sure(|raw| raw.set_slice(start, values))
    }

    /// All of them, as they are at one time.
    ///
    /// # Errors
    /// [`OwnerDied`], with the values inside, when the lock's last holder died.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::Array::new(&[1, 2])?.to_vec()?, [1, 2]);
    /// # Ok(()) }
    /// ```
    pub fn to_vec(&self) -> Result<Vec<T>, OwnerDied<Vec<T>>> {
        self.held(RawArray::to_vec)
    }

    /// An access behind the lock that is in range, as was looked at before the lock was taken: so that no holder's death is
    /// told to one whose access is refused.
    fn sure<V>(&self, access: impl FnOnce(&RawArray<T>) -> Result<V, super::OutOfRange>) -> Result<V, AccessError<V>> {
        let accessed = self.held(|raw| access(raw).expect("an array does not change its length"));
        Ok(accessed?)
    }
}

/// The descriptor from which others [open](Array::open) it.
impl<T: Plain> AsFd for Array<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_obj().as_fd()
    }
}
