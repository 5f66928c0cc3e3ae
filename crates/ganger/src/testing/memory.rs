//! Which piece of shared memory something lies in: how a fault names a lock, or a queue.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;

use sealed::Lies;

use crate::sync::{Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore};

/// What lies in shared memory of its own: what [`sync`](crate::sync) has, and queues.
pub trait InSharedMemory: Lies {}

pub(crate) mod sealed {
    use std::os::fd::BorrowedFd;

    /// The descriptor of that memory; of a condition, that of its lock.
    pub trait Lies {
        fn memory(&self) -> BorrowedFd<'_>;
    }
}

/// The memory that it lies in, by a number that is the same in every process that has it: for [`Fault::memory`](super::Fault::memory). Of a
/// [`Condition`], that of its lock.
///
/// ```
/// use ganger::sync::Lock;
/// use ganger::testing::memory_of;
///
/// # fn main() -> std::io::Result<()> {
/// let (one, other) = (Lock::new()?, Lock::new()?);
/// assert_eq!(memory_of(&one), memory_of(&one.clone()));
/// assert_ne!(memory_of(&one), memory_of(&other));
/// # Ok(()) }
/// ```
#[must_use]
pub fn memory_of(what: &impl InSharedMemory) -> u64 {
    let file = what.memory().try_clone_to_owned().map(File::from);
    // Without one more descriptor nobody can be told from another; no file has this number.
    file.and_then(|file| file.metadata()).map_or(0, |file| file.ino())
}

macro_rules! by_descriptor {
    ($($name:ident),*) => {
        $(
            impl Lies for $name {
                fn memory(&self) -> BorrowedFd<'_> {
                    self.as_fd()
                }
            }

            impl InSharedMemory for $name {}
        )*
    };
}
by_descriptor!(Barrier, BoundedSemaphore, Event, Lock, RLock, Semaphore);

impl Lies for Condition {
    fn memory(&self) -> BorrowedFd<'_> {
        let [lock, _] = self.fds();
        lock
    }
}

impl InSharedMemory for Condition {}
