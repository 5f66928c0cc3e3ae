//! What the tests stand on: waiting with a deadline, gates for tasks, processes of their own, and what is left of them.

mod deadline;
pub(crate) use deadline::{PATIENCE, bounded, eventually, on_each};

mod gate;
pub(crate) use gate::{Gate, hold};

pub(crate) mod alone;

pub(crate) mod process;

use ganger::{Backoff, Pool, PoolBuilder, Restart, StartMethod};

/// Every way to run tasks.
pub(crate) const ALL: &[StartMethod] =
    &[StartMethod::Zygote, StartMethod::Spawn, StartMethod::Thread, StartMethod::Inline];
/// Those that run tasks elsewhere than in the caller.
pub(crate) const WORKERS: &[StartMethod] = &[StartMethod::Zygote, StartMethod::Spawn, StartMethod::Thread];
/// Those whose workers can die.
pub(crate) const PROCESSES: &[StartMethod] = &[StartMethod::Zygote, StartMethod::Spawn];

/// A pool to say more about.
pub(crate) fn builder(method: StartMethod, workers: usize) -> PoolBuilder {
    Pool::builder().workers(workers).start_method(method)
}

/// A pool with nothing special about it.
pub(crate) fn pool(method: StartMethod, workers: usize) -> Pool {
    builder(method, workers).build().unwrap()
}

/// The dead are replaced at once, for tests in which many die.
pub(crate) fn at_once() -> Restart {
    Restart { backoff: Backoff::NONE, ..Restart::default() }
}
