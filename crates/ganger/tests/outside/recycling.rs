//! Workers that are replaced though they did nothing wrong.

use std::cell::RefCell;
use std::collections::HashMap;

use ganger::{Executor as _, ProcessPoolExecutor, Wait, Waiting};

use crate::support::{PROCESSES, WORKERS, bounded, builder, eventually, on_each, process};
use crate::tasks::{nap, panics, pid, square};

#[test]
fn a_worker_does_so_many_tasks_and_goes() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 1).max_tasks_per_worker(3, 0).build().unwrap();
        let pids: Vec<u32> = (0..9).map(|_| pool.apply(pid, ()).unwrap()).collect();
        for three in pids.chunks(3) {
            assert!(three.iter().all(|pid| *pid == three[0]), "{pids:?}");
        }
        assert!(pids[0] != pids[3] && pids[3] != pids[6] && pids[0] != pids[6], "{pids:?}");
        eventually("the old ones are gone", || !process::lives(pids[0]) && !process::lives(pids[3]));
    });
}

#[test]
fn no_worker_does_more_than_its_share_of_a_backlog() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 3).max_tasks_per_worker(10, 0).build().unwrap();
        let futures: Vec<_> = (0..100).map(|_| pool.submit(pid, ()).unwrap()).collect();
        let mut tasks: HashMap<u32, u32> = HashMap::new();
        for future in futures {
            *tasks.entry(future.result().unwrap()).or_default() += 1;
        }
        assert!(tasks.values().all(|tasks| *tasks <= 10), "{tasks:?}");
    });
}

#[test]
fn jitter_makes_shares_longer_and_never_shorter() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 1).max_tasks_per_worker(2, 3).build().unwrap();
        let mut tasks: HashMap<u32, u32> = HashMap::new();
        (0..60).for_each(|_| *tasks.entry(pool.apply(pid, ()).unwrap()).or_default() += 1);
        let mut shares: Vec<u32> = tasks.into_values().collect();
        shares.sort_unstable();
        assert!(shares[1] >= 2 && shares[shares.len() - 1] <= 5, "the last has not done its share yet: {shares:?}");
        assert_ne!(shares[1], shares[shares.len() - 1], "{shares:?}");
    });
}

/// The shapes in which cpython's executor waits for ever: workers, tasks a worker, tasks (its issue 115634).
#[test]
fn a_backlog_outlives_its_workers() {
    on_each(WORKERS, |method| {
        for (workers, share, tasks) in [(1, 2, 6), (2, 2, 8), (1, 1, 20), (4, 1, 50), (3, 7, 100)] {
            let pool = builder(method, workers).max_tasks_per_worker(share, 0).build().unwrap();
            let futures: Vec<_> = (0..tasks).map(|n| pool.submit(square, n).unwrap()).collect();
            assert!(futures.iter().zip(0..).all(|(future, n)| future.result().unwrap() == n * n));
        }
    });
}

#[test]
fn recycling_goes_on_while_the_pool_closes() {
    bounded("shutdown", || {
        for (workers, wait) in [(1, Wait::ForAll), (2, Wait::No), (4, Wait::No)] {
            let executor =
                ProcessPoolExecutor::with(ganger::Pool::builder().workers(workers).max_tasks_per_worker(1, 0));
            let executor = executor.unwrap();
            let futures: Vec<_> = (0..6).map(|n| executor.submit(panics, n).unwrap()).collect();
            executor.shutdown(wait, Waiting::Run);
            let failed = futures.iter().filter(|future| future.result().is_err()).count();
            assert_eq!(failed, 1);
        }
    });
}

#[test]
fn a_pool_that_recycles_closes_in_the_middle() {
    on_each(WORKERS, |method| {
        let pool = builder(method, 2).max_tasks_per_worker(1, 0).build().unwrap();
        let futures: Vec<_> = (0..6).map(|_| pool.submit(nap, 2).unwrap()).collect();
        pool.close();
        pool.join(None).unwrap();
        assert!(futures.iter().all(|future| future.result().is_ok()));
        let pool = builder(method, 2).max_tasks_per_worker(1, 0).build().unwrap();
        let futures: Vec<_> = (0..60).map(|_| pool.submit(nap, 2).unwrap()).collect();
        futures[0].result().unwrap();
        pool.terminate();
        pool.join(None).unwrap();
        assert!(futures.iter().all(ganger::Future::done));
    });
}

#[test]
fn a_share_of_nothing_is_refused() {
    on_each(WORKERS, |method| {
        let error = builder(method, 1).max_tasks_per_worker(0, 5).build().unwrap_err();
        assert!(error.to_string().contains("max_tasks_per_worker"), "{error}");
    });
}

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = RefCell::default();
}

/// Keeps so many bytes of memory, as a leak would.
#[ganger::task]
fn leak(bytes: usize) -> u32 {
    KEPT.with_borrow_mut(|kept| kept.push(vec![1; bytes]));
    std::process::id()
}

#[test]
fn a_worker_above_the_memory_mark_is_replaced() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 1).memory_mark(200 << 20).build().unwrap();
        let modest = pool.apply(leak, 1 << 20).unwrap();
        assert_eq!(pool.apply(leak, 1 << 20).unwrap(), modest);
        let greedy = pool.apply(leak, 256 << 20).unwrap();
        assert_eq!(greedy, modest);
        eventually("it is replaced", || !process::lives(greedy) && !pool.worker_pids().is_empty());
        assert_ne!(pool.apply(pid, ()).unwrap(), greedy);
    });
}
