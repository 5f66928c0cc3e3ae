//! Handles of one side.

use std::marker::PhantomData;
use std::time::Duration;

use serde::Deserialize;

use super::QueueError;
use super::ends::{Ends, Travelling};
use super::methods::{common_methods, getting_methods, handle, putting_methods, waitable};
use crate::task::Portable;

/// The side of a [`Queue`](crate::Queue), or a [`JoinableQueue`](crate::JoinableQueue), that puts.
///
/// ```
/// use ganger::{Pool, Producer, Queue};
///
/// #[ganger::task]
/// fn count(to: u32, numbers: Producer<u32>) -> Result<(), String> {
///     (1..=to).try_for_each(|n| numbers.put(&n).map_err(|e| e.to_string()))
/// }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let (pool, queue) = (Pool::new(1)?, Queue::new(0)?);
/// let counting = pool.submit(count, (3, queue.producer()))?;
/// let numbers = queue.consumer();
/// drop(queue); // it could put as well
/// assert_eq!([numbers.get()?, numbers.get()?, numbers.get()?], [1, 2, 3]);
/// assert!(numbers.get().unwrap_err().is_disconnected());
/// counting.result()?.expect("the queue is there");
/// # Ok(()) }
/// ```
#[derive(Deserialize)]
#[serde(bound = "", try_from = "Travelling")]
pub struct Producer<T> {
    ends: Ends,
    items: PhantomData<fn(T)>,
}

handle!(Producer, keeps: None, puts: true, gets: false);

impl<T: Portable> Producer<T> {
    putting_methods!("let queue = ganger::Queue::new(0)?.producer();");
    common_methods!("let queue = ganger::Queue::<u32>::new(0)?.producer();");
}

/// The side of a [`Queue`](crate::Queue) that gets.
///
/// ```
/// # fn main() -> Result<(), ganger::QueueError> {
/// let queue = ganger::Queue::new(0)?;
/// let consumer = queue.consumer();
/// queue.put(&7)?;
/// assert_eq!(consumer.get()?, 7);
/// # Ok(()) }
/// ```
#[derive(Deserialize)]
#[serde(bound = "", try_from = "Travelling")]
pub struct Consumer<T> {
    ends: Ends,
    items: PhantomData<fn() -> T>,
}

handle!(Consumer, keeps: Some(false), puts: false, gets: true);

impl<T: Portable> Consumer<T> {
    getting_methods!("let queue = ganger::Queue::new(0)?;\nqueue.put(&7)?;\nlet queue = queue.consumer();");
    common_methods!("let queue = ganger::Queue::<u32>::new(0)?.consumer();");

    fn get_within(&self, timeout: Option<Duration>) -> Result<T, QueueError> {
        self.ends.get(timeout)?.1
    }
}

waitable!(Consumer);
