//! Values without a lock.

use std::io;
use std::ops::{Bound, Range, RangeBounds};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ganger_shm::state::{Integer, Plain, Scalar};
use serde::{Deserialize, Serialize};

use super::OutOfRange;
use super::memory::Memory;
use crate::passing::Passed;
use crate::sync::RLock;

/// Values of one type that processes share, without a lock: Python's `RawArray`, and `Array(…, lock=False)`.
///
/// Each [`Scalar`] is read and written in one step, as in a [`RawValue`](super::RawValue); several of them are not.
///
/// ```
/// use ganger::state::{OutOfRange, RawArray};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let primes = RawArray::new(&[2, 3, 5, 8])?;
/// primes.set(3, 7)?;
/// assert_eq!(primes.slice(1..)?, [3, 5, 7]);
/// assert_eq!(primes.get(4), Err(OutOfRange { index: 4, len: 4 }));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Passed", bound(serialize = "", deserialize = "T: Plain"))]
pub struct RawArray<T> {
    memory: Memory<T>,
}

impl<T: Plain> RawArray<T> {
    /// Shares these values.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::state::RawArray::new(b"hello")?.len(), 5);
    /// # Ok(()) }
    /// ```
    pub fn new(values: &[T]) -> io::Result<Self> {
        let array = Self::zeroed(values.len())?;
        array.store(0, values);
        Ok(array)
    }

    /// Shares so many zeros.
    ///
    /// Memory is taken when a value is first changed.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), and `InvalidInput` for more than there can be.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::state::RawArray::<f64>::zeroed(3)?.to_vec(), [0.0; 3]);
    /// # Ok(()) }
    /// ```
    pub fn zeroed(len: usize) -> io::Result<Self> {
        Ok(Self { memory: Memory::create(len)? })
    }

    /// The array behind a descriptor that came from another process.
    ///
    /// # Errors
    /// `InvalidData` when it is none of this type.
    ///
    /// ```
    /// use ganger::state::RawArray;
    /// use std::os::fd::AsFd;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let array = RawArray::new(&[true, false])?;
    /// let same = RawArray::<bool>::open(array.as_fd().try_clone_to_owned()?)?;
    /// assert_eq!(same.to_vec(), [true, false]);
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> io::Result<Self> {
        Passed::from(fd).try_into()
    }

    /// How many values there are.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::state::RawArray::<u8>::zeroed(7)?.len(), 7);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.memory.cells().len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(ganger::state::RawArray::<u8>::zeroed(0)?.is_empty());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    ///
    /// # Errors
    /// [`OutOfRange`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::RawArray::new(&[1, 2])?.get(1)?, 2);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, index: usize) -> Result<T, OutOfRange> {
        self.check(index)?;
        Ok(self.memory.cells().load(index))
    }

    /// Changes one of them.
    ///
    /// # Errors
    /// [`OutOfRange`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(ganger::state::RawArray::new(&[1, 2])?.set(2, 3).is_err());
    /// # Ok(()) }
    /// ```
    pub fn set(&self, index: usize, value: T) -> Result<(), OutOfRange> {
        self.check(index)?;
        self.memory.cells().store(index, value);
        Ok(())
    }

    /// Some of them.
    ///
    /// # Errors
    /// [`OutOfRange`] when they are not all there.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::RawArray::new(&[1, 2, 3])?.slice(..2)?, [1, 2]);
    /// # Ok(()) }
    /// ```
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Result<Vec<T>, OutOfRange> {
        Ok(self.memory.cells().load_all(self.span(range)?))
    }

    /// Changes those from `start` on.
    ///
    /// # Errors
    /// [`OutOfRange`] when there are not so many. Then none is changed.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let array = ganger::state::RawArray::new(&[1, 2, 3])?;
    /// array.set_slice(1, &[8, 9])?;
    /// assert_eq!(array.to_vec(), [1, 8, 9]);
    /// # Ok(()) }
    /// ```
    pub fn set_slice(&self, start: usize, values: &[T]) -> Result<(), OutOfRange> {
        self.span(start..start.saturating_add(values.len()))?;
        self.store(start, values);
        Ok(())
    }

    /// All of them.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::state::RawArray::new(&['a', 'b'])?.to_vec(), ['a', 'b']);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        self.memory.cells().load_all(0..self.len())
    }

    /// Another with the same values, which goes its own way. Python's `sharedctypes.copy`.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let array = ganger::state::RawArray::new(&[1])?;
    /// let other = array.copy()?;
    /// array.set(0, 2)?;
    /// assert_eq!(other.get(0)?, 1);
    /// # Ok(()) }
    /// ```
    pub fn copy(&self) -> io::Result<Self> {
        Self::new(&self.to_vec())
    }

    pub(super) fn check(&self, index: usize) -> Result<(), OutOfRange> {
        let len = self.len();
        if index < len { Ok(()) } else { Err(OutOfRange { index, len }) }
    }

    pub(super) fn span(&self, range: impl RangeBounds<usize>) -> Result<Range<usize>, OutOfRange> {
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => self.len(),
        };
        let (len, furthest) = (self.len(), start.max(end));
        if furthest <= len { Ok(start..end) } else { Err(OutOfRange { index: furthest, len }) }
    }

    fn store(&self, start: usize, values: &[T]) {
        values.iter().zip(start..).for_each(|(value, index)| self.memory.cells().store(index, *value));
    }

    pub(super) fn lock(&self) -> RLock {
        self.memory.lock()
    }
}

impl<T: Scalar> RawArray<T> {
    /// Changes one of them. What it was.
    ///
    /// # Errors
    /// [`OutOfRange`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::RawArray::new(&[1, 2])?.swap(1, 3)?, 2);
    /// # Ok(()) }
    /// ```
    pub fn swap(&self, index: usize, value: T) -> Result<T, OutOfRange> {
        self.check(index)?;
        Ok(self.memory.cells().swap(index, value))
    }

    /// Changes one of them from `current` to `new`. What it was; or, if that was not `current`, what it is.
    ///
    /// # Errors
    /// [`OutOfRange`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let array = ganger::state::RawArray::new(&[1, 2])?;
    /// assert_eq!((array.compare_exchange(0, 1, 5)?, array.compare_exchange(0, 1, 6)?), (Ok(1), Err(5)));
    /// # Ok(()) }
    /// ```
    pub fn compare_exchange(&self, index: usize, current: T, new: T) -> Result<Result<T, T>, OutOfRange> {
        self.check(index)?;
        Ok(self.memory.cells().compare_exchange(index, current, new))
    }
}

impl<T: Integer> RawArray<T> {
    /// Adds to one of them, and wraps around. What it was.
    ///
    /// # Errors
    /// [`OutOfRange`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let histogram = ganger::state::RawArray::<u32>::zeroed(10)?;
    /// histogram.fetch_add(7, 1)?;
    /// assert_eq!(histogram.get(7)?, 1);
    /// # Ok(()) }
    /// ```
    pub fn fetch_add(&self, index: usize, value: T) -> Result<T, OutOfRange> {
        self.check(index)?;
        Ok(self.memory.cells().fetch_add(index, value))
    }

    /// Subtracts from one of them, and wraps around. What it was.
    ///
    /// # Errors
    /// [`OutOfRange`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(ganger::state::RawArray::new(&[9])?.fetch_sub(0, 1)?, 9);
    /// # Ok(()) }
    /// ```
    pub fn fetch_sub(&self, index: usize, value: T) -> Result<T, OutOfRange> {
        self.check(index)?;
        Ok(self.memory.cells().fetch_sub(index, value))
    }
}

impl<T: Plain> TryFrom<Passed> for RawArray<T> {
    type Error = io::Error;

    fn try_from(fd: Passed) -> io::Result<Self> {
        Ok(Self { memory: Memory::open(fd)? })
    }
}

/// The descriptor from which others [open](RawArray::open) it.
impl<T: Plain> AsFd for RawArray<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.memory.fd()
    }
}
