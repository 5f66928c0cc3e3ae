//! A queue that is a pipe and nothing more.

use std::fmt;
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::connection::{Connection, ConnectionError, Pipe, Waitable};
use crate::task::Portable;

/// A one-way [`Pipe`] of which every handle has both ends: Python's `SimpleQueue`, with time limits.
///
/// Any number of processes and threads put and get. There is no lock, so none can be left locked: whoever is killed
/// takes no more along than the one item that it has just got. It goes to other processes as an argument of a task or in
/// a message.
///
/// ```
/// use ganger::{Pool, SimpleQueue};
///
/// #[ganger::task]
/// fn count(to: u32, queue: SimpleQueue<u32>) -> Result<(), String> {
///     (1..=to).try_for_each(|n| queue.put(&n).map_err(|e| e.to_string()))
/// }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let (pool, queue) = (Pool::new(1)?, SimpleQueue::new()?);
/// let counting = pool.submit(count, (3, queue.try_clone()?))?;
/// assert_eq!([queue.get()?, queue.get()?, queue.get()?], [1, 2, 3]);
/// counting.result()?.expect("the queue is there");
/// # Ok(()) }
/// ```
///
/// It holds as much as a pipe does; then [`put`](Self::put) waits for somebody to [`get`](Self::get).
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct SimpleQueue<T> {
    reader: Connection,
    writer: Connection,
    items: PhantomData<fn(T) -> T>,
}

impl<T: Portable> SimpleQueue<T> {
    /// An empty one.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn new() -> Result<Self, ConnectionError> {
        let (reader, writer) = Pipe::one_way()?;
        Ok(Self { reader, writer, items: PhantomData })
    }

    /// Puts an item in, behind all others of this process. Waits while the pipe is full.
    ///
    /// # Errors
    /// When the item cannot be encoded or is above 1 GiB, and when the queue was closed.
    pub fn put(&self, item: &T) -> Result<(), ConnectionError> {
        self.writer.send(item)
    }

    /// As [`put`](Self::put), with a time limit. When it is over, nothing was put in.
    ///
    /// # Errors
    /// As [`put`](Self::put), and [`is_timeout`](ConnectionError::is_timeout). Python: `Full`.
    pub fn put_timeout(&self, item: &T, timeout: Duration) -> Result<(), ConnectionError> {
        self.writer.send_timeout(item, timeout)
    }

    /// Takes the first item. Waits until there is one.
    ///
    /// # Errors
    /// When the item cannot be decoded, which loses it, and when the queue was closed.
    pub fn get(&self) -> Result<T, ConnectionError> {
        self.reader.recv()
    }

    /// As [`get`](Self::get), with a time limit.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`is_timeout`](ConnectionError::is_timeout). Python: `Empty`.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, ConnectionError> {
        self.reader.recv_timeout(timeout)
    }

    /// Whether there is no item now. Another process may change that at any time.
    ///
    /// # Errors
    /// When the queue was closed.
    pub fn empty(&self) -> Result<bool, ConnectionError> {
        Ok(!self.reader.poll(Some(Duration::ZERO))?)
    }

    /// Another handle, to be handed on.
    ///
    /// # Errors
    /// When the queue was closed.
    pub fn try_clone(&self) -> Result<Self, ConnectionError> {
        Ok(Self { reader: self.reader.try_clone()?, writer: self.writer.try_clone()?, items: PhantomData })
    }

    /// Closes this handle. Closing twice is no error.
    pub fn close(&mut self) {
        self.reader.close();
        self.writer.close();
    }
}

impl<T> fmt::Debug for SimpleQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimpleQueue").field("reader", &self.reader).finish_non_exhaustive()
    }
}

/// Ready when there is an item.
impl<T> Waitable for SimpleQueue<T> {
    fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        self.reader.readable_fd()
    }
}

/// Ready when there is an item.
impl<T> Waitable for &SimpleQueue<T> {
    fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        self.reader.readable_fd()
    }
}
