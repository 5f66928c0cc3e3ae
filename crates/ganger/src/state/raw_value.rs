//! A value without a lock.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ganger_shm::state::{Integer, Plain, Scalar};
use serde::{Deserialize, Serialize};

use super::memory::Memory;
use crate::passing::Passed;
use crate::sync::RLock;

/// A value that processes share, without a lock: Python's `RawValue`, and `Value(…, lock=False)`.
///
/// A [`Scalar`] is read and written in one step, and can be changed in one, as an atomic can; what was written before is
/// seen by who reads it. An array or a tuple is written part by part: who reads meanwhile sees some of each.
///
/// ```
/// use ganger::Pool;
/// use ganger::state::RawValue;
///
/// #[ganger::task]
/// fn count(calls: RawValue<u64>) { calls.fetch_add(1); }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// ganger::init();
/// let calls = RawValue::new(0)?;
/// Pool::new(2)?.map(count, vec![calls.clone(); 100])?;
/// assert_eq!(calls.get(), 100);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Passed", bound(serialize = "", deserialize = "T: Plain"))]
pub struct RawValue<T> {
    memory: Memory<T>,
}

impl<T: Plain> RawValue<T> {
    /// Shares a value.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::state::RawValue::new(('x', [1.5, 2.5]))?.get(), ('x', [1.5, 2.5]));
    /// # Ok(()) }
    /// ```
    pub fn new(value: T) -> io::Result<Self> {
        let raw = Self { memory: Memory::create(1)? };
        raw.set(value);
        Ok(raw)
    }

    /// The value behind a descriptor that came from another process.
    ///
    /// # Errors
    /// `InvalidData` when it is none of this type.
    ///
    /// ```
    /// use ganger::state::RawValue;
    /// use std::os::fd::AsFd;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let value = RawValue::new(1)?;
    /// let same = RawValue::<i32>::open(value.as_fd().try_clone_to_owned()?)?;
    /// value.set(2);
    /// assert_eq!(same.get(), 2);
    /// assert!(RawValue::<u32>::open(value.as_fd().try_clone_to_owned()?).is_err());
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> io::Result<Self> {
        Passed::from(fd).try_into()
    }

    /// What it is.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(ganger::state::RawValue::new(true)?.get());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn get(&self) -> T {
        self.memory.cells().load(0)
    }

    /// Changes it.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let value = ganger::state::RawValue::new(1.5)?;
    /// value.set(2.5);
    /// assert_eq!(value.get(), 2.5);
    /// # Ok(()) }
    /// ```
    pub fn set(&self, value: T) {
        self.memory.cells().store(0, value);
    }

    /// Another with the same value, which goes its own way. Python's `sharedctypes.copy`.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let value = ganger::state::RawValue::new(1)?;
    /// let other = value.copy()?;
    /// value.set(2);
    /// assert_eq!(other.get(), 1);
    /// # Ok(()) }
    /// ```
    pub fn copy(&self) -> io::Result<Self> {
        Self::new(self.get())
    }

    pub(super) fn lock(&self) -> RLock {
        self.memory.lock()
    }
}

impl<T: Scalar> RawValue<T> {
    /// Changes it. What it was.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::state::RawValue::new('a')?.swap('b'), 'a');
    /// # Ok(()) }
    /// ```
    pub fn swap(&self, value: T) -> T {
        self.memory.cells().swap(0, value)
    }

    /// Changes it from `current` to `new`. What it was.
    ///
    /// # Errors
    /// What it is, if that is not `current`. Floats are compared bit by bit.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let value = ganger::state::RawValue::new(1)?;
    /// assert_eq!((value.compare_exchange(1, 2), value.compare_exchange(1, 3)), (Ok(1), Err(2)));
    /// # Ok(()) }
    /// ```
    pub fn compare_exchange(&self, current: T, new: T) -> Result<T, T> {
        self.memory.cells().compare_exchange(0, current, new)
    }

    /// Changes it to what `update` makes of it. What it was. `update` is asked again if somebody else was faster.
    ///
    /// # Errors
    /// What it is, when `update` makes nothing of it.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let value = ganger::state::RawValue::new(1.5)?;
    /// assert_eq!(value.fetch_update(|old| Some(old * 2.0)), Ok(1.5));
    /// assert_eq!(value.fetch_update(|_| None), Err(3.0));
    /// # Ok(()) }
    /// ```
    pub fn fetch_update(&self, update: impl FnMut(T) -> Option<T>) -> Result<T, T> {
        self.memory.cells().fetch_update(0, update)
    }
}

impl<T: Integer> RawValue<T> {
    /// Adds to it, and wraps around. What it was.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let value = ganger::state::RawValue::new(254_u8)?;
    /// assert_eq!((value.fetch_add(3), value.get()), (254, 1));
    /// # Ok(()) }
    /// ```
    pub fn fetch_add(&self, value: T) -> T {
        self.memory.cells().fetch_add(0, value)
    }

    /// Subtracts from it, and wraps around. What it was.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let value = ganger::state::RawValue::new(1)?;
    /// assert_eq!((value.fetch_sub(3), value.get()), (1, -2));
    /// # Ok(()) }
    /// ```
    pub fn fetch_sub(&self, value: T) -> T {
        self.memory.cells().fetch_sub(0, value)
    }
}

impl<T: Plain> TryFrom<Passed> for RawValue<T> {
    type Error = io::Error;

    fn try_from(fd: Passed) -> io::Result<Self> {
        let memory = Memory::open(fd)?;
        if memory.cells().is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "shared memory that holds an array of no values"));
        }
        Ok(Self { memory })
    }
}

/// The descriptor from which others [open](RawValue::open) it.
impl<T: Plain> AsFd for RawValue<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.memory.fd()
    }
}
