//! What the tests stand on: waiting with a deadline, gates for tasks, processes of their own, and what is left of them.

pub(crate) mod deadline;
pub(crate) use deadline::{PATIENCE, bounded, eventually, on_each};

pub(crate) mod methods;
pub(crate) use methods::{ALL, PROCESSES, WORKERS};

mod gate;
pub(crate) use gate::{Gate, hold};

pub(crate) mod alone;

pub(crate) mod process;

pub(crate) mod keeper;

use ganger::{Backoff, Future, Pool, PoolBuilder, Restart, StartMethod, TaskError, TaskOptions};

use crate::tasks::square;

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

/// A task is ended while it runs, by its options or by `end`: its worker goes with it, and the tasks beside it and behind
/// it suffer nothing.
#[track_caller]
pub(crate) fn ended_alone(
    method: StartMethod,
    options: &TaskOptions,
    end: impl FnOnce(&Future<u32>, &Gate),
) -> TaskError {
    let (pool, gate, other) = (pool(method, 2), Gate::new(), Gate::new());
    let bystander = pool.submit(hold, other.path()).unwrap();
    other.await_begun(1);
    let victim = pool.submit_with(options, hold, gate.path()).unwrap();
    let behind: Vec<_> = (0..50).map(|n| pool.submit(square, n).unwrap()).collect();
    end(&victim, &gate);
    let error = victim.result().unwrap_err();
    let worker = error.worker_pid().unwrap();
    eventually("its worker is gone", || !process::lives(worker));
    assert!(behind.iter().zip(0..).all(|(future, n)| future.result().unwrap() == n * n));
    other.open();
    assert_ne!(bystander.result().unwrap(), worker);
    error
}
