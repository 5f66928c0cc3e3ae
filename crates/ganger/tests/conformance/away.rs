//! The other process: a task in a pool of its own.

use ganger::{Future, Pool, Portable, StartMethod, Task};

/// Where CPython runs a class: on processes; on processes and on threads.
pub(crate) use crate::methods::{PROCESSES, WORKERS as BOTH};

/// A task elsewhere, and its pool.
pub(crate) struct Away<T> {
    future: Future<T>,
    _pool: Pool,
}

impl<T: Portable> Away<T> {
    /// What it returned.
    #[track_caller]
    pub(crate) fn join(self) -> T {
        self.future.result().unwrap()
    }
}

/// Runs `task` elsewhere.
#[track_caller]
pub(crate) fn away<F, A: Portable, S>(method: StartMethod, task: F, args: A) -> Away<F::Output>
where
    F: Task<A, S>,
{
    let pool = Pool::builder().workers(1).start_method(method).build().unwrap();
    Away { future: pool.submit(task, args).unwrap(), _pool: pool }
}
