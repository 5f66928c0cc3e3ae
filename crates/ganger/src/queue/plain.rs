//! A queue that both sides can use.

use std::marker::PhantomData;
use std::time::Duration;

use serde::Deserialize;

use super::ends::{Ends, Travelling};
use super::methods::{common_methods, getting_methods, handle, putting_methods, waitable};
use super::{Consumer, Producer, QueueError, ROOM, bounds};
use crate::task::Portable;

/// A queue of items between any processes and threads that have it: Python's `multiprocessing.Queue`.
///
/// It goes to other processes as an argument of a task or in a message. Items may have descriptors in them: connections,
/// locks, other queues.
///
/// ```
/// use ganger::{Pool, Queue};
///
/// #[ganger::task]
/// fn square_all(numbers: Queue<u64>, squares: Queue<u64>) {
///     while let Ok(n) = numbers.get() {
///         squares.put(&(n * n)).expect("the queue is open");
///     }
/// }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let (numbers, squares) = (Queue::new(100)?, Queue::new(0)?);
/// let pool = Pool::new(2)?;
/// let workers: Vec<_> = (0..2)
///     .map(|_| pool.submit(square_all, (numbers.clone(), squares.clone())))
///     .collect::<Result<_, _>>()?;
/// for n in 1..=1000 {
///     numbers.put(&n)?; // waits while a hundred wait already
/// }
/// numbers.close()?; // no poison pills: each worker is told when all are taken
/// for worker in workers {
///     worker.result()?;
/// }
/// assert_eq!((0..1000).map(|_| squares.get()).sum::<Result<u64, _>>()?, 333_833_500);
/// # Ok(()) }
/// ```
///
/// Who is killed in the middle of a [`put`](Self::put) has put the item, or has not; who is killed with an item that he
/// has got takes it along, as nobody else can know how far he was. For items that must not be lost there is a
/// [`JoinableQueue`](crate::JoinableQueue).
#[derive(Deserialize)]
#[serde(bound = "", try_from = "Travelling")]
pub struct Queue<T> {
    ends: Ends,
    items: PhantomData<fn(T) -> T>,
}

handle!(Queue, keeps: Some(false), puts: true, gets: true);

impl<T: Portable> Queue<T> {
    /// An empty one, for up to `maxsize` items; 0 for as many as fit into 256 MiB. Memory is taken as it is needed.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::QueueError> {
    /// let queue = ganger::Queue::new(1)?;
    /// queue.put(&"first".to_owned())?;
    /// assert!(queue.full());
    /// # Ok(()) }
    /// ```
    pub fn new(maxsize: usize) -> Result<Self, QueueError> {
        Self::with_room(maxsize, ROOM)
    }

    /// As [`new`](Self::new), with room for so many bytes: the next power of two, 8 GiB at most. An item takes as many as
    /// it has when encoded, and 16 to 23 more.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::QueueError> {
    /// let queue = ganger::Queue::with_room(0, 1 << 20)?;
    /// assert!(queue.put(&vec![0_u8; 1 << 20]).unwrap_err().is_too_large());
    /// # Ok(()) }
    /// ```
    pub fn with_room(maxsize: usize, bytes: u64) -> Result<Self, QueueError> {
        Ok(Self::over(Ends::create(bounds(maxsize, bytes, false))?))
    }

    /// A handle that only puts. When the last handle that puts is gone, in all processes, who gets is told
    /// ([`is_disconnected`](QueueError::is_disconnected)): when it is dropped, or whoever had it was killed.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::QueueError> {
    /// let queue = ganger::Queue::new(0)?;
    /// let (producer, consumer) = (queue.producer(), queue.consumer());
    /// drop(queue);
    /// producer.put(&1)?;
    /// drop(producer);
    /// assert_eq!(consumer.get()?, 1);
    /// assert!(consumer.get().unwrap_err().is_disconnected());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn producer(&self) -> Producer<T> {
        Producer::over(self.ends.only_puts())
    }

    /// A handle that only gets. When the last handle that gets is gone, who waits because the queue is full is told.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::QueueError> {
    /// let queue = ganger::Queue::new(1)?;
    /// let (producer, consumer) = (queue.producer(), queue.consumer());
    /// drop((queue, consumer));
    /// producer.put(&1)?;
    /// assert!(producer.put(&2).unwrap_err().is_disconnected());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn consumer(&self) -> Consumer<T> {
        Consumer::over(self.ends.only_gets())
    }

    putting_methods!("let queue = ganger::Queue::new(0)?;");
    getting_methods!("let queue = ganger::Queue::new(0)?;\nqueue.put(&7)?;");
    common_methods!("let queue = ganger::Queue::<u32>::new(0)?;");

    fn get_within(&self, timeout: Option<Duration>) -> Result<T, QueueError> {
        self.ends.get(timeout)?.1
    }
}

waitable!(Queue);
