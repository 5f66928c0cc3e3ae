//! An open file, socket or pipe that travels like any value.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::{Deserialize, Serialize};

use crate::passing::Passed;

/// An open file, socket, pipe or anything else that is a descriptor, as a part of a task's arguments or of its result.
///
/// The worker gets a descriptor of its own for the same open file, as by `SCM_RIGHTS`: what one reads, the other does not
/// read again. It is sent to a worker once, however many tasks name it. The last handle in a process closes that process's
/// descriptor. This is `multiprocessing.reduction.DupFd`, without the pickling.
///
/// ```
/// use std::fs::File;
/// use std::io::Write;
/// use ganger::{Descriptor, Pool};
///
/// #[ganger::task]
/// fn greet(file: Descriptor) -> Result<(), String> {
///     let mut file = File::from(file.into_fd().map_err(|e| e.to_string())?);
///     file.write_all(b"hello").map_err(|e| e.to_string())
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// ganger::init();
/// let file = tempfile::tempfile()?;
/// let pool = Pool::new(1)?;
/// pool.apply(greet, Descriptor::from(file.try_clone()?))?;
/// assert_eq!(file.metadata()?.len(), 5);
/// # Ok(()) }
/// ```
///
/// Encoded for anything but a task, its result, or a message to another process, it is an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Descriptor(Passed);

impl Descriptor {
    /// A descriptor of its own for the same open file.
    ///
    /// # Errors
    /// When this process has too many.
    pub fn into_fd(self) -> io::Result<OwnedFd> {
        self.0.as_fd().try_clone_to_owned()
    }
}

impl<F: Into<OwnedFd>> From<F> for Descriptor {
    fn from(file: F) -> Self {
        Self(Passed::from(file.into()))
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
