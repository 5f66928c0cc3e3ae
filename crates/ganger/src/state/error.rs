//! What can go wrong with shared state.

use std::io;

use thiserror::Error;

use crate::sync::OwnerDied;

/// There is no such element. Python's `IndexError`.
///
/// ```
/// use ganger::state::{OutOfRange, RawArray};
///
/// # fn main() -> std::io::Result<()> {
/// let array = RawArray::<u8>::zeroed(3)?;
/// assert_eq!(array.get(3), Err(OutOfRange { index: 3, len: 3 }));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("index {index} is out of range: there are {len} elements")]
pub struct OutOfRange {
    /// What was asked for.
    pub index: usize,
    /// How many elements there are.
    pub len: usize,
}

/// Why an access to an [`Array`](super::Array) behind its lock gives no value, or not only a value.
///
/// ```
/// use ganger::state::{AccessError, Array};
///
/// # fn main() -> std::io::Result<()> {
/// let array = Array::<u8>::zeroed(3)?;
/// assert!(matches!(array.get(3), Err(AccessError::OutOfRange(_))));
/// # Ok(()) }
/// ```
#[derive(Debug, Error)]
pub enum AccessError<T> {
    /// There is no such element, and nothing was done.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// It was done, and the value is inside; but the last holder of the lock died with it.
    #[error(transparent)]
    OwnerDied(#[from] OwnerDied<T>),
}

/// What went wrong with a [`SharedMemory`](super::SharedMemory).
///
/// ```
/// use ganger::state::{SharedMemory, SharedMemoryError};
///
/// assert!(matches!(SharedMemory::attach("nobody-has-made-this"), Err(SharedMemoryError::NotFound { .. })));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SharedMemoryError {
    /// Not a name. Python's `ValueError`.
    #[error("{name:?} is no name for shared memory: {why}")]
    InvalidName {
        /// What was given.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Memory of no bytes, or of more than there can be. Python's `ValueError`.
    #[error("shared memory cannot have {size} bytes")]
    InvalidSize {
        /// What was asked for.
        size: usize,
    },
    /// Another has this name. Python's `FileExistsError`.
    #[error("shared memory {name:?} exists already")]
    Exists {
        /// The name.
        name: String,
    },
    /// Nothing has this name: it was unlinked, or its owner has died. Python's `FileNotFoundError`.
    #[error("there is no shared memory {name:?}")]
    NotFound {
        /// The name.
        name: String,
    },
    /// It was made without a name.
    #[error("this shared memory has no name")]
    NoName,
    /// There is too little room in `/dev/shm`. Nothing was made.
    #[error("there is no room for {size} bytes in /dev/shm; memory without a name needs none there")]
    OutOfSpace {
        /// What was asked for.
        size: usize,
    },
    /// Some of these bytes are not there; none was read or written.
    #[error("{len} bytes from {offset} on are out of range: there are {size}")]
    OutOfRange {
        /// Of the first byte.
        offset: usize,
        /// How many bytes.
        len: usize,
        /// How many there are.
        size: usize,
    },
    /// The system refused something.
    #[error("failed to {what} shared memory")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// What went wrong with a [`ShareableList`](super::ShareableList).
///
/// ```
/// use ganger::state::{ListError, ShareableList};
///
/// # fn main() -> Result<(), ListError> {
/// let list = ShareableList::new(["short"])?;
/// assert!(matches!(list.set(0, "longer than its slot has room for"), Err(ListError::TooLong { index: 0, .. })));
/// # Ok(()) }
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListError {
    /// There is no such slot. Python's `IndexError`.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// The value does not fit into its slot, which holds what it held. Python's `ValueError`.
    #[error("{len} bytes exceed available storage: slot {index} has room for {capacity}")]
    TooLong {
        /// Of the slot.
        index: usize,
        /// How many bytes the value has.
        len: usize,
        /// How many bytes the slot can hold.
        capacity: usize,
    },
    /// No slot holds this value. Python's `ValueError`.
    #[error("the value is not in the list")]
    Absent,
    /// The memory holds no list, or somebody has written something else into it.
    #[error("this shared memory holds no list")]
    Malformed,
    /// The memory could not be had.
    #[error(transparent)]
    Memory(#[from] SharedMemoryError),
}
