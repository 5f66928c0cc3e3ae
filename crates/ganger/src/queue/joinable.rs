//! A queue whose items stay until they are done.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::ends::{Ends, Travelling};
use super::hands::Hands;
use super::methods::{common_methods, getting_methods, handle, putting_methods, waitable};
use super::{Producer, QueueError, ROOM, bounds};
use crate::task::Portable;

/// What handles of this queue can do that get.
macro_rules! finishing_methods {
    ($make:literal) => {
        /// Says that an item is done: the oldest that was got through this handle and its clones; else the oldest that this
        /// process has got; else the oldest of all.
        ///
        /// # Errors
        /// [`is_too_many`](crate::QueueError::is_too_many) when nobody has an item in hand. Python: `ValueError`.
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// assert_eq!(queue.get()?, 7);
        /// queue.task_done()?;
        /// assert!(queue.task_done().unwrap_err().is_too_many());
        /// # Ok(()) }
        /// ```
        pub fn task_done(&self) -> Result<(), QueueError> {
            self.ends.task_done()
        }

        fn get_within(&self, timeout: Option<Duration>) -> Result<T, QueueError> {
            self.ends.get_and_hold(timeout)
        }
    };
}

/// A [`Queue`](crate::Queue) that knows which items are done: Python's `multiprocessing.JoinableQueue`.
///
/// An item that was got is in the hand of who got it until [`task_done`](Self::task_done). If that process dies, or drops
/// its handle, the item waits again, before all others: so an item may be got twice, but it is never lost.
///
/// ```
/// use ganger::{JoinableQueue, Pool};
///
/// #[ganger::task]
/// fn work(jobs: JoinableQueue<u32>) {
///     while let Ok(job) = jobs.get() {
///         assert!(job > 0); // the work
///         jobs.task_done().expect("one is in hand");
///     }
/// }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let (pool, jobs) = (Pool::new(2)?, JoinableQueue::new(0)?);
/// let workers = [pool.submit(work, jobs.clone())?, pool.submit(work, jobs.clone())?];
/// for job in 1..=100 {
///     jobs.put(&job)?;
/// }
/// jobs.join()?;
/// jobs.close()?;
/// for worker in workers {
///     worker.result()?;
/// }
/// # Ok(()) }
/// ```
///
/// The death of a process is noticed within some milliseconds by those who wait, in a crowd within a tenth of a second.
/// The threads of a process are one: what one of them has in hand comes back with the process, or the handle. While an
/// item is in hand, it and all that was put after it take their room; a queue can be full of that.
///
/// Who gets at the end of a closed queue, and has nothing in hand, waits while others have: it may come back. The
/// descriptors of an item go with the first who gets it: when it comes back, the next is told
/// ([`is_descriptors`](QueueError::is_descriptors)), and it counts as done. So does what cannot be decoded.
#[derive(Deserialize)]
#[serde(bound = "", try_from = "Travelling")]
pub struct JoinableQueue<T> {
    ends: Arc<Hands>,
    items: PhantomData<fn(T) -> T>,
}

handle!(JoinableQueue, keeps: Some(true), puts: true, gets: true);

impl<T: Portable> JoinableQueue<T> {
    /// An empty one, for up to `maxsize` items that wait; 0 for as many as fit into 256 MiB.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::QueueError> {
    /// assert!(ganger::JoinableQueue::<u32>::new(0)?.empty());
    /// # Ok(()) }
    /// ```
    pub fn new(maxsize: usize) -> Result<Self, QueueError> {
        Self::with_room(maxsize, ROOM)
    }

    /// As [`new`](Self::new), with room for so many bytes, as [`Queue::with_room`](crate::Queue::with_room).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::QueueError> {
    /// assert!(ganger::JoinableQueue::<u32>::with_room(0, 1 << 20)?.empty());
    /// # Ok(()) }
    /// ```
    pub fn with_room(maxsize: usize, bytes: u64) -> Result<Self, QueueError> {
        Ok(Self::over(Ends::create(bounds(maxsize, bytes, true))?))
    }

    /// A handle that only puts, as [`Queue::producer`](crate::Queue::producer).
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::QueueError> {
    /// let queue = ganger::JoinableQueue::new(0)?;
    /// queue.producer().put(&1)?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn producer(&self) -> Producer<T> {
        Producer::over(self.ends.only_puts())
    }

    /// A handle that only gets, as [`Queue::consumer`](crate::Queue::consumer).
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::QueueError> {
    /// let queue = ganger::JoinableQueue::new(0)?;
    /// let consumer = queue.consumer();
    /// queue.put(&1)?;
    /// assert_eq!(consumer.get()?, 1);
    /// consumer.task_done()?;
    /// queue.join()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn consumer(&self) -> JoinableConsumer<T> {
        JoinableConsumer::over(self.ends.only_gets())
    }

    putting_methods!("let queue = ganger::JoinableQueue::new(0)?;");
    getting_methods!("let queue = ganger::JoinableQueue::new(0)?;\nqueue.put(&7)?;");
    finishing_methods!("let queue = ganger::JoinableQueue::new(0)?;\nqueue.put(&7)?;");
    common_methods!("let queue = ganger::JoinableQueue::<u32>::new(0)?;");

    /// Waits until every item that was put is done.
    ///
    /// # Errors
    /// When the queue's memory was damaged.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::QueueError> {
    /// ganger::JoinableQueue::<u32>::new(0)?.join()?;
    /// # Ok(()) }
    /// ```
    pub fn join(&self) -> Result<(), QueueError> {
        self.ends.join(None)
    }

    /// As [`join`](Self::join), with a time limit.
    ///
    /// # Errors
    /// As [`join`](Self::join), and [`is_timeout`](QueueError::is_timeout).
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::QueueError> {
    /// let queue = ganger::JoinableQueue::new(0)?;
    /// queue.put(&1)?;
    /// assert!(queue.join_timeout(std::time::Duration::from_millis(1)).unwrap_err().is_timeout());
    /// # Ok(()) }
    /// ```
    pub fn join_timeout(&self, timeout: Duration) -> Result<(), QueueError> {
        self.ends.join(Some(timeout))
    }
}

waitable!(JoinableQueue);

/// The side of a [`JoinableQueue`] that gets.
///
/// ```
/// # fn main() -> Result<(), ganger::QueueError> {
/// let queue = ganger::JoinableQueue::new(0)?;
/// queue.put(&1)?;
/// let consumer = queue.consumer();
/// assert_eq!(consumer.get()?, 1);
/// drop(consumer); // not done: it waits again
/// assert_eq!(queue.get()?, 1);
/// # Ok(()) }
/// ```
#[derive(Deserialize)]
#[serde(bound = "", try_from = "Travelling")]
pub struct JoinableConsumer<T> {
    ends: Arc<Hands>,
    items: PhantomData<fn() -> T>,
}

handle!(JoinableConsumer, keeps: Some(true), puts: false, gets: true);

impl<T: Portable> JoinableConsumer<T> {
    getting_methods!("let queue = ganger::JoinableQueue::new(0)?;\nqueue.put(&7)?;\nlet queue = queue.consumer();");
    finishing_methods!("let queue = ganger::JoinableQueue::new(0)?;\nqueue.put(&7)?;\nlet queue = queue.consumer();");
    common_methods!("let queue = ganger::JoinableQueue::<u32>::new(0)?.consumer();");
}

waitable!(JoinableConsumer);
