//! Waiting for many futures at once: `wait` and `as_completed` of `concurrent.futures`.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::lead::Awaited;
use crate::engine::{Engine, lock};
use crate::error::{Error, ErrorKind};
use crate::future::{Bringer, Future};
use crate::slot::Told;
use crate::task::Portable;

/// Collects the numbers of those that are done, in the order in which they were.
#[derive(Default)]
pub(crate) struct Gathering {
    done: Mutex<VecDeque<usize>>,
    came: Condvar,
}

impl Told for Gathering {
    fn tell(&self, index: usize) {
        lock(&self.done).push_back(index);
        self.came.notify_one();
    }
}

impl Awaited for Gathering {
    fn is_done(&self) -> bool {
        !lock(&self.done).is_empty()
    }

    fn sleep(&self, deadline: Option<Instant>) {
        let mut done = lock(&self.done);
        while done.is_empty() {
            done = match deadline.map(|d| d.saturating_duration_since(Instant::now())) {
                None => self.came.wait(done).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return,
                Some(left) => self.came.wait_timeout(done, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }
}

impl Gathering {
    /// The number of the next that is done; none if the deadline comes first.
    pub(crate) fn next(&self, engine: Option<&Arc<Engine>>, deadline: Option<Instant>) -> Option<usize> {
        loop {
            if let Some(index) = lock(&self.done).pop_front() {
                return Some(index);
            }
            let came = match engine {
                Some(engine) => engine.wait_for(self, deadline),
                None => {
                    self.sleep(deadline);
                    self.is_done()
                }
            };
            if !came {
                return None;
            }
        }
    }
}

/// When [`wait`] is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// All futures are done.
    AllCompleted,
    /// One future is done.
    FirstCompleted,
    /// One future has no result but an error, or all are done.
    FirstException,
}

/// What [`wait`] found.
#[derive(Debug)]
pub struct Waited<T> {
    /// Those that are done.
    pub done: Vec<Future<T>>,
    /// Those that are not.
    pub not_done: Vec<Future<T>>,
}

/// Waits for futures, up to `timeout` (`None`: as long as it takes). A timeout is no error.
#[must_use]
pub fn wait<T: Portable>(futures: Vec<Future<T>>, until: ReturnWhen, timeout: Option<Duration>) -> Waited<T> {
    let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
    let gathering = gather(&futures);
    let engine = engine_of(&futures);
    let mut left = futures.len();
    while left > 0 && !(until == ReturnWhen::FirstCompleted && left < futures.len()) {
        let Some(index) = gathering.next(engine.as_ref(), deadline) else { break };
        left -= 1;
        if until == ReturnWhen::FirstException && futures[index].read().is_err() {
            break;
        }
    }
    let (done, not_done) = futures.into_iter().partition(|future| future.slot.is_filled());
    Waited { done, not_done }
}

fn gather<T>(futures: &[Future<T>]) -> Arc<Gathering> {
    let gathering = Arc::new(Gathering::default());
    for (index, future) in futures.iter().enumerate() {
        future.tell(gathering.clone(), index);
    }
    gathering
}

/// All futures are of one pool as a rule; of another, that pool's own driver brings the outcome.
fn engine_of<T>(futures: &[Future<T>]) -> Option<Arc<Engine>> {
    futures.iter().find_map(|future| match &future.bringer {
        Bringer::Pool(engine, _) => Some(Arc::clone(engine)),
        Bringer::Caller | Bringer::Remote(..) => None,
    })
}

/// Gives futures as they are done.
///
/// ```
/// # use ganger::{Pool, as_completed};
/// #[ganger::task]
/// fn square(n: u64) -> u64 { n * n }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let pool = Pool::new(2)?;
/// let futures = [1, 2, 3].map(|n| pool.submit(square, n)).into_iter().collect::<Result<Vec<_>, _>>()?;
/// let mut squares = as_completed(futures).map(|f| f.result()).collect::<Result<Vec<_>, _>>()?;
/// squares.sort();
/// assert_eq!(squares, [1, 4, 9]);
/// # Ok(()) }
/// ```
pub fn as_completed<T>(futures: impl IntoIterator<Item = Future<T>>) -> AsCompleted<T> {
    let futures: Vec<Future<T>> = futures.into_iter().collect();
    let (gathering, engine) = (gather(&futures), engine_of(&futures));
    AsCompleted { left: futures.len(), futures: futures.into_iter().map(Some).collect(), gathering, engine }
}

/// See [`as_completed`].
pub struct AsCompleted<T> {
    futures: Vec<Option<Future<T>>>,
    gathering: Arc<Gathering>,
    engine: Option<Arc<Engine>>,
    left: usize,
}

impl<T> AsCompleted<T> {
    /// The next future that is done; `None` when there are no more.
    ///
    /// # Errors
    /// When none was done within `timeout`; ask again to go on waiting.
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<Future<T>>, Error> {
        let deadline = Instant::now().checked_add(timeout);
        match self.step(deadline) {
            None if self.left > 0 => Err(Error::new(ErrorKind::StillRunning { waited: timeout })),
            next => Ok(next),
        }
    }

    fn step(&mut self, deadline: Option<Instant>) -> Option<Future<T>> {
        if self.left == 0 {
            return None;
        }
        let index = self.gathering.next(self.engine.as_ref(), deadline)?;
        self.left -= 1;
        self.futures[index].take()
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Future<T>;

    fn next(&mut self) -> Option<Future<T>> {
        self.step(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
