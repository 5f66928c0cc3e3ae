//! Waiting for many ends at once.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use ganger_sys::wait_readable_of;

use super::channel::failed;
use super::end::deadline;
use super::error::ConnectionError;
use super::{Connection, Listener};

/// What [`wait`] can wait for: connections, listeners, queues, and everything with a descriptor, as files, sockets and
/// the sentinel of a process.
pub trait Waitable {
    /// The descriptor that is readable when there is something to be had.
    ///
    /// # Errors
    /// When there can be nothing any more: it was closed, or only sends.
    fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError>;

    /// Whether the descriptor must be asked for again now and then: who should make it readable may have been killed
    /// right before.
    #[doc(hidden)]
    fn fades(&self) -> bool {
        false
    }
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

    fn fades(&self) -> bool {
        (**self).fades()
    }
}

/// How long a descriptor that fades is believed.
const FADING: Duration = Duration::from_millis(100);

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
/// assert!(wait([&one, &two], Some(Duration::ZERO))?.is_empty());
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
    let (until, fades) = (timeout.and_then(deadline), objects.iter().any(Waitable::fades));
    loop {
        let fds = objects.iter().map(Waitable::readable_fd).collect::<Result<Vec<_>, _>>()?;
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let nap = if fades { Some(left.map_or(FADING, |left| left.min(FADING))) } else { left };
        let ready = wait_readable_of(&fds, nap).map_err(|e| failed("wait", e))?;
        if !fades || !ready.is_empty() || left.is_some_and(|left| left <= FADING) {
            return Ok(ready);
        }
    }
}
