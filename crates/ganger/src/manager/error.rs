//! What can go wrong with an object of a manager.

use thiserror::Error;

use super::protocol::Refusal;
use crate::connection::{Address, ConnectionError};
use crate::error::Error;
use crate::state::{OutOfRange, SharedMemoryError};
use crate::sync::{BrokenBarrier, SyncError};

/// The manager's server is there no longer, and its objects with it: it was shut down, it has died, or its machine cannot
/// be reached. Python: `ConnectionRefusedError`, `BrokenPipeError` or `EOFError`, as it happens.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the manager at {address} is gone, and its objects with it: {why}")]
pub struct ManagerGone {
    /// Where it was.
    pub address: Address,
    /// How that was found out.
    pub why: String,
}

/// What went wrong with a call through a proxy, or with a [`Manager`](super::Manager) itself.
///
/// ```
/// use ganger::manager::{Manager, ManagerError};
///
/// # fn main() -> Result<(), ManagerError> {
/// ganger::init();
/// let mut manager = Manager::start()?;
/// let list = manager.list::<u8>()?;
/// assert!(matches!(list.get(3), Err(ManagerError::OutOfRange(_))));
/// manager.shutdown()?;
/// assert!(matches!(list.len(), Err(ManagerError::Gone(_))));
/// # Ok(()) }
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManagerError {
    /// There is no server.
    #[error(transparent)]
    Gone(#[from] ManagerGone),
    /// The connection was lost and there is a new one. Whether the call was done is not known; what this process held
    /// (locks, permits) was released, and objects that nobody else had a proxy of are gone.
    #[error("the connection to the manager was lost during the call, which may have been done; there is a new one")]
    Interrupted,
    /// The time was over first.
    #[error("the manager has not answered in time")]
    TimedOut,
    /// The queue has no room, or had none in time. Python's `queue.Full`.
    #[error("the queue is full")]
    Full,
    /// The queue has no item, or had none in time. Python's `queue.Empty`.
    #[error("the queue is empty")]
    Empty,
    /// There is no such key, member or name. Python's `KeyError` or `ValueError`.
    #[error("there is no such key, member or name")]
    Absent,
    /// There is no such element. Python's `IndexError`.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A lock was released that is not held, and the like.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The barrier is broken.
    #[error(transparent)]
    Broken(#[from] BrokenBarrier),
    /// Others changed the list each time before what was made of it could be put back.
    #[error("others keep changing it")]
    Changed,
    /// The object is gone: nobody had a proxy of it for a while, or the connection of the only process that had one was lost.
    #[error(
        "the object is gone: nobody had a proxy of it any more (keep one until the receiver has its own), or the \
         connection of the only one who had was lost (publish what should outlive that)"
    )]
    NoObject,
    /// The object is of another type, or its type is not registered in the server's program.
    #[error("another type: {why}")]
    WrongType {
        /// What does not fit.
        why: String,
    },
    /// A method panicked, or is not there. Python's `RemoteError`.
    #[error("in the manager: {why}")]
    Remote {
        /// What the server says.
        why: String,
    },
    /// A value could not become bytes, or the bytes no value of that type.
    #[error("{why}")]
    NotPortable {
        /// What is wrong with it.
        why: String,
    },
    /// Names that begin with `_` are a process's own, and no attributes of a [`Namespace`](super::Namespace).
    #[error("{name:?} is private: keep it in a variable")]
    Private {
        /// The name.
        name: String,
    },
    /// The server could not have what it needs of the system.
    #[error("in the manager: {why}")]
    System {
        /// What the server says.
        why: String,
    },
    /// Connecting or listening failed: the key is another, the address is in use, and so on.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The server's process could not be started.
    #[error(transparent)]
    Process(#[from] Error),
    /// The shared memory that the server has made could not be attached here.
    #[error(transparent)]
    Memory(#[from] SharedMemoryError),
}

impl ManagerError {
    /// Whether there is no server any more.
    ///
    /// ```
    /// use ganger::manager::Manager;
    ///
    /// assert!(Manager::connect("/nowhere", "key").unwrap_err().is_gone());
    /// ```
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_))
    }
}

impl From<Refusal> for ManagerError {
    fn from(refusal: Refusal) -> Self {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        match refusal {
            Refusal::NoObject => Self::NoObject,
            Refusal::Misfit(why) => Self::WrongType { why },
            Refusal::Absent => Self::Absent,
            Refusal::OutOfRange { index, len } => OutOfRange { index: place(index), len: place(len) }.into(),
            Refusal::Cancelled => Self::TimedOut,
            Refusal::Full => Self::Full,
            Refusal::Empty => Self::Empty,
            Refusal::Sync(offence) => Self::Sync(offence.into()),
            Refusal::Broken => Self::Broken(BrokenBarrier),
            Refusal::Changed => Self::Changed,
            Refusal::Remote { why } => Self::Remote { why },
            Refusal::System { why } => Self::System { why },
        }
    }
}
