//! Queues.

use std::time::{Duration, Instant};

use super::error::ManagerError;
use super::pending::Pending;
use super::protocol::{Call, QueueCall};
use super::proxy::proxy;
use super::reception::Reception;
use crate::task::Portable;

proxy! {
    /// A queue of a [`Manager`](super::Manager): Python's `manager.Queue()`.
    ///
    /// First in, first out, for any number of processes and threads, on other machines as well. Who waits for an item and
    /// dies, takes none along; an item is lost only with a process that has got it.
    ///
    /// ```
    /// use ganger::Pool;
    /// use ganger::manager::{Manager, ManagerError, QueueProxy};
    /// use std::time::Duration;
    ///
    /// #[ganger::task]
    /// fn produce(queue: QueueProxy<u32>) {
    ///     (0..3).for_each(|n| queue.put(&n).unwrap());
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let queue = manager.queue(2)?; // room for two
    /// let pool = Pool::new(1)?;
    /// let producing = pool.submit(produce, queue.clone())?;
    /// assert_eq!([queue.get()?, queue.get()?, queue.get()?], [0, 1, 2]);
    /// producing.result()?;
    /// assert!(matches!(queue.try_get(), Err(ManagerError::Empty)));
    /// assert!(matches!(queue.get_timeout(Duration::from_millis(1)), Err(ManagerError::Empty)));
    /// # Ok(()) }
    /// ```
    QueueProxy<T>, Queue
}

proxy! {
    /// A [`QueueProxy`] that knows when all that was put has been done: Python's `manager.JoinableQueue()`.
    ///
    /// What a process has got and has not said to be done comes back into the queue if it dies, as the first.
    ///
    /// ```
    /// use ganger::Pool;
    /// use ganger::manager::{JoinableQueueProxy, Manager};
    ///
    /// #[ganger::task]
    /// fn work(queue: JoinableQueueProxy<u32>) {
    ///     while queue.get().unwrap() > 0 {
    ///         queue.task_done().unwrap();
    ///     }
    ///     queue.task_done().unwrap();
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let (pool, queue) = (Pool::new(1)?, manager.joinable_queue(0)?);
    /// let working = pool.submit(work, queue.clone())?;
    /// [3, 2, 1, 0].iter().try_for_each(|n| queue.put(n))?;
    /// queue.join()?; // all were done
    /// working.result()?;
    /// # Ok(()) }
    /// ```
    JoinableQueueProxy<T>, JoinableQueue
}

macro_rules! queue {
    ($name:ident) => {
        impl<T: Portable> $name<T> {
            /// Puts an item in; waits while there is no room.
            ///
            /// # Errors
            /// Those of every call: [`Gone`](ManagerError::Gone), and so on.
            pub fn put(&self, item: &T) -> Result<(), ManagerError> {
                self.put_until(item, None)
            }

            /// Puts an item in if there is room. Python's `put_nowait`.
            ///
            /// # Errors
            /// [`Full`](ManagerError::Full), and those of every call.
            pub fn try_put(&self, item: &T) -> Result<(), ManagerError> {
                let item = self.referent.encode(item)?;
                self.call(QueueCall::Put { item: item.item.clone(), wait: false })?.done()
            }

            /// Puts an item in; waits for room no longer than that.
            ///
            /// # Errors
            /// [`Full`](ManagerError::Full), and those of every call.
            pub fn put_timeout(&self, item: &T, timeout: Duration) -> Result<(), ManagerError> {
                self.put_until(item, Instant::now().checked_add(timeout))
            }

            fn put_until(&self, item: &T, deadline: Option<Instant>) -> Result<(), ManagerError> {
                let item = self.referent.encode(item)?;
                self.wait(QueueCall::Put { item: item.item.clone(), wait: true }, deadline)?.done()
            }

            /// As [`put`](Self::put), without waiting for the answer.
            ///
            /// # Errors
            /// When the call could not be sent.
            pub fn put_later(&self, item: &T) -> Result<Pending<()>, ManagerError> {
                let item = self.referent.encode(item)?;
                let call = QueueCall::Put { item: item.item.clone(), wait: true };
                self.referent.later(Call::Queue(call), Reception::done)
            }

            /// Takes the first item; waits until there is one.
            ///
            /// # Errors
            /// Those of every call.
            pub fn get(&self) -> Result<T, ManagerError> {
                self.wait(QueueCall::Get { wait: true }, None)?.present()
            }

            /// Takes the first item if there is one. Python's `get_nowait`.
            ///
            /// # Errors
            /// [`Empty`](ManagerError::Empty), and those of every call.
            pub fn try_get(&self) -> Result<T, ManagerError> {
                self.call(QueueCall::Get { wait: false })?.present()
            }

            /// Takes the first item; waits for one no longer than that.
            ///
            /// # Errors
            /// [`Empty`](ManagerError::Empty), and those of every call.
            pub fn get_timeout(&self, timeout: Duration) -> Result<T, ManagerError> {
                self.wait(QueueCall::Get { wait: true }, Instant::now().checked_add(timeout))?.present()
            }

            /// As [`get`](Self::get), without waiting for the item. When it is dropped, an item that is on its way is
            /// lost.
            ///
            /// # Errors
            /// When the call could not be sent.
            pub fn get_later(&self) -> Result<Pending<T>, ManagerError> {
                self.referent.later(Call::Queue(QueueCall::Get { wait: true }), Reception::present)
            }

            /// How many items there are. Python's `qsize`.
            ///
            /// # Errors
            /// Those of every call.
            pub fn len(&self) -> Result<usize, ManagerError> {
                self.call(QueueCall::Len)?.number()
            }

            /// Whether there is none.
            ///
            /// # Errors
            /// Those of every call.
            pub fn is_empty(&self) -> Result<bool, ManagerError> {
                Ok(self.len()? == 0)
            }

            /// Whether there is no room.
            ///
            /// # Errors
            /// Those of every call.
            pub fn is_full(&self) -> Result<bool, ManagerError> {
                self.call(QueueCall::IsFull)?.flag()
            }

            fn call(&self, call: QueueCall) -> Result<Reception, ManagerError> {
                self.referent.ask(Call::Queue(call))
            }

            fn wait(&self, call: QueueCall, deadline: Option<Instant>) -> Result<Reception, ManagerError> {
                self.referent.wait(Call::Queue(call), deadline)
            }
        }
    };
}

queue!(QueueProxy);

queue!(JoinableQueueProxy);

impl<T: Portable> JoinableQueueProxy<T> {
    /// Says that an item is done that this process has got: the one that it got first.
    ///
    /// # Errors
    /// [`OverRelease`](crate::sync::SyncError::OverRelease) when all are done already (Python's `ValueError`), and those of
    /// every call.
    pub fn task_done(&self) -> Result<(), ManagerError> {
        self.call(QueueCall::TaskDone)?.done()
    }

    /// Waits until all are done that were put.
    ///
    /// # Errors
    /// Those of every call.
    pub fn join(&self) -> Result<(), ManagerError> {
        self.wait(QueueCall::Join, None)?.done()
    }

    /// As [`join`](Self::join), no longer than that.
    ///
    /// # Errors
    /// [`TimedOut`](ManagerError::TimedOut), and those of every call.
    pub fn join_timeout(&self, timeout: Duration) -> Result<(), ManagerError> {
        self.wait(QueueCall::Join, Instant::now().checked_add(timeout))?.done()
    }
}
