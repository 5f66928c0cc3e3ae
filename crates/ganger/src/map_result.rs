//! The results of a whole list, to be asked for later: `MapResult` of `multiprocessing.pool`.

use std::time::Duration;
use std::vec::IntoIter;

use crate::error::Error;
use crate::mapping::Mapping;
use crate::task::Portable;

/// What [`Pool::map_async`](crate::Pool::map_async) gives: all items are handed in, all results come together.
pub struct MapResult<A, R> {
    mapping: Mapping<IntoIter<A>, R>,
}

impl<A: Portable, R: Portable> MapResult<A, R> {
    pub(crate) fn new(mapping: Mapping<IntoIter<A>, R>, items: usize, workers: usize) -> Self {
        // Four chunks a worker, as Python does: enough to even out items of different length.
        let mapping = mapping.chunk_size(items.div_ceil(workers * 4)).hand_all_in();
        Self { mapping }
    }

    /// Whether all items have their outcome. Never waits.
    #[must_use]
    pub fn done(&self) -> bool {
        self.mapping.is_done()
    }

    /// The results, in the items' order.
    ///
    /// # Errors
    /// As [`Pool::map`](crate::Pool::map).
    pub fn result(self) -> Result<Vec<R>, Error> {
        self.mapping.gather()
    }

    /// As [`result`](Self::result), for at most `timeout`. What is not done by then is cancelled.
    ///
    /// # Errors
    /// As [`result`](Self::result); and one that [`is_timeout`](Error::is_timeout).
    pub fn result_timeout(self, timeout: Duration) -> Result<Vec<R>, Error> {
        self.mapping.timeout(timeout).gather()
    }

    /// Calls `f` once with what [`result`](Self::result) would give, as soon as all items have their outcome: Python's `callback`
    /// and `error_callback`. On the pool's callback thread, as [`Future::add_done_callback`](crate::Future::add_done_callback).
    pub fn add_done_callback(self, f: impl FnOnce(Result<Vec<R>, Error>) + Send + 'static) {
        self.mapping.when_done(|mapping| f(mapping.gather()));
    }
}
