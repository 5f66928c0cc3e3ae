//! Waiting for many ends at once.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use ganger_sys::wait_readable_of;

use super::channel::failed;
use super::error::ConnectionError;
use super::{Connection, Listener};

/// What [`wait`] can wait for: connections, listeners, and everything with a descriptor, as files, sockets and the
/// sentinel of a process.
pub trait Waitable {
    /// The descriptor that is readable when there is something to be had.
    ///
    /// # Errors
    /// When there can be nothing any more: it was closed, or only sends.
    fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError>;
}

impl<T: AsFd> Waitable for T {
    fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        Ok(self.as_fd())
    }
}

impl Waitable for Connection {
    fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        self.receiver().map(AsFd::as_fd)
    }
}

impl Waitable for &Connection {
    fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        (*self).readable_fd()
    }
}

impl Waitable for Listener {
    fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        self.fileno()
    }
}

impl Waitable for &Listener {
    fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        self.fileno()
    }
}

impl Waitable for &dyn Waitable {
    fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        (**self).readable_fd()
    }
}

/// Waits up to `timeout` (`None`: as long as it takes) until one of `objects` has something to receive, somebody to
/// accept, or is at its end. Gives the numbers of *all* that are ready, in order; none when the time is over. Python's
/// `multiprocessing.connection.wait`.
///
/// ```
/// use ganger::Pipe;
/// use ganger::connection::{Waitable, wait};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ((one, _one), (two, there)) = (Pipe::duplex()?, Pipe::duplex()?);
/// assert_eq!(wait([&one, &two], Some(Duration::ZERO))?, []);
/// there.send(&1)?;
/// assert_eq!(wait([&one, &two], None)?, [1]);
///
/// let (pipe, writer) = std::io::pipe()?; // of another kind
/// drop(writer);
/// assert_eq!(wait([&one as &dyn Waitable, &two, &pipe], None)?, [1, 2]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// When one was closed, or only sends.
pub fn wait<I>(objects: I, timeout: Option<Duration>) -> Result<Vec<usize>, ConnectionError>
where
    I: IntoIterator<Item: Waitable>,
{
    let objects: Vec<I::Item> = objects.into_iter().collect();
    let fds = objects.iter().map(Waitable::readable_fd).collect::<Result<Vec<_>, _>>()?;
    wait_readable_of(&fds, timeout).map_err(|e| failed("wait", e))
}
