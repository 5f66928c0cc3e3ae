//! `multiprocessing.Pool`: calling, closing, terminating, joining.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use ganger::{Bytes, Pool};

use crate::support::{ALL, Gate, PROCESSES, WORKERS, builder, eventually, hold, on_each, pool};
use crate::tasks::{add, echo, fails, kills, panics, pid, square};

#[ganger::task]
fn three(a: u8, b: String, c: Option<u8>) -> String {
    format!("{a}{b}{c:?}")
}

#[ganger::task]
fn six(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) -> Vec<u8> {
    vec![a, b, c, d, e, f]
}

#[ganger::task]
fn tuple(pair: (u8, u8)) -> u8 {
    pair.0 - pair.1
}

#[test]
fn functions_of_all_arities_are_called() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        assert!(pool.apply(pid, ()).unwrap() > 0);
        assert_eq!(pool.apply(square, 7).unwrap(), 49);
        assert_eq!(pool.apply(add, (2, 3)).unwrap(), 5);
        assert_eq!(pool.apply(three, (1, "b".to_owned(), Some(3))).unwrap(), "1bSome(3)");
        assert_eq!(pool.apply(six, (1, 2, 3, 4, 5, 6)).unwrap(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(pool.apply(tuple, (9, 4)).unwrap(), 5);
    });
}

#[test]
fn a_task_runs_elsewhere_than_in_the_caller() {
    on_each(PROCESSES, |method| {
        let worker = pool(method, 1).apply(pid, ()).unwrap();
        assert_ne!(worker, std::process::id());
    });
}

#[test]
fn what_the_task_returned_is_the_result_even_an_error() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        assert_eq!(pool.apply(fails, 2).unwrap(), Ok(2));
        assert_eq!(pool.apply(fails, 3).unwrap(), Err("no threes".to_owned()));
    });
}

#[test]
fn a_panic_is_told_with_its_place_and_harms_nobody() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let error = pool.apply(panics, 3).unwrap_err();
        let panic = error.task().and_then(|error| error.panic()).unwrap();
        assert_eq!(panic.message, "no threes");
        assert!(panic.location.as_ref().unwrap().contains("tests/outside/tasks.rs:"), "{panic:?}");
        assert!(error.to_string().contains("tasks::panics panicked at"), "{error}");
        assert_eq!(pool.apply(panics, 4).unwrap(), 4);
    });
}

#[test]
fn apply_async_does_not_wait() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let future = pool.apply_async(hold, gate.path()).unwrap();
        gate.await_begun(1);
        assert!(!future.done());
        gate.open();
        future.result().unwrap();
    });
}

#[test]
fn the_pool_has_the_workers_that_were_asked_for() {
    on_each(PROCESSES, |method| {
        let pool = pool(method, 3);
        assert_eq!(pool.workers(), 3);
        eventually("three workers", || pool.worker_pids().len() == 3);
        let pids: HashSet<u32> = pool.worker_pids().into_iter().collect();
        assert!(pids.contains(&pool.apply(pid, ()).unwrap()));
    });
}

#[test]
fn zero_workers_are_refused() {
    on_each(ALL, |method| {
        let error = builder(method, 0).build().unwrap_err();
        assert!(error.to_string().contains("zero workers"), "{error}");
    });
}

#[test]
fn two_hundred_workers_do_a_thousand_items() {
    on_each(WORKERS, |method| {
        let pool = pool(method, 200);
        let squares = pool.map(square, 0..1000).unwrap();
        assert_eq!(squares, (0..1000).map(|n| n * n).collect::<Vec<u64>>());
    });
}

#[test]
fn large_payloads_cross_both_ways() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let large: Vec<u8> = (0..24u32 << 20).map(|n| (n >> 4) as u8).collect();
        assert!(*pool.apply(echo, Bytes::from(large.clone())).unwrap() == *large);
        let many = pool.map(echo, (0..20).map(|n| Bytes::from(vec![n; 1 << 20]))).unwrap();
        assert!(many.iter().zip(0..).all(|(bytes, n)| **bytes == vec![n; 1 << 20]));
    });
}

#[test]
fn close_lets_what_was_accepted_be_done() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let futures: Vec<_> = (0..100).map(|n| pool.submit(square, n).unwrap()).collect();
        pool.close();
        pool.join(None).unwrap();
        let results: Vec<u64> = futures.iter().map(|future| future.result().unwrap()).collect();
        assert_eq!(results, (0..100).map(|n| n * n).collect::<Vec<u64>>());
        assert_eq!(pool.worker_pids(), [0; 0]);
    });
}

#[test]
fn a_closed_pool_gives_the_arguments_back() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        for stop in [Pool::close, Pool::interrupt, Pool::terminate, Pool::kill] {
            stop(&pool);
            let refused = pool.submit(three, (1, "mine".to_owned(), None)).unwrap_err();
            assert_eq!(refused.args.1, "mine");
            assert!(refused.error.is_closed(), "{refused}");
        }
    });
}

#[test]
fn join_wants_a_closed_pool_and_keeps_to_its_time() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let future = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        let open = pool.join(None).unwrap_err();
        assert!(open.to_string().contains("close()"), "{open}");
        pool.close();
        assert!(pool.join(Some(Duration::from_millis(20))).unwrap_err().is_timeout());
        gate.open();
        pool.join(None).unwrap();
        pool.join(Some(Duration::ZERO)).unwrap();
        future.result().unwrap();
    });
}

#[test]
fn terminate_ends_what_runs_and_what_waits() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 2), Gate::new());
        let futures: Vec<_> = (0..10_000).map(|_| pool.submit(hold, gate.path()).unwrap()).collect();
        gate.await_begun(2);
        pool.terminate();
        pool.join(None).unwrap();
        assert_eq!(gate.begun(), 2);
        assert!(futures.iter().all(|future| future.exception().unwrap().is_cancelled()));
    });
}

#[test]
fn interrupt_cancels_what_waits_and_lets_what_runs_finish() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let running = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        let waiting: Vec<_> = (0..50).map(|n| pool.submit(square, n).unwrap()).collect();
        pool.interrupt();
        for future in &waiting {
            assert!(future.exception().unwrap().is_cancelled());
        }
        gate.open();
        running.result().unwrap();
        pool.join(None).unwrap();
    });
}

#[test]
fn kill_does_not_ask() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 2), Gate::new());
        let future = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        pool.kill();
        pool.join(None).unwrap();
        assert!(future.result().is_err());
    });
}

#[test]
fn stopping_again_and_after_deaths_is_no_error() {
    on_each(PROCESSES, |method| {
        let pool = pool(method, 2);
        pool.apply(kills, 3).unwrap_err();
        for stop in [Pool::terminate, Pool::close, Pool::kill, Pool::terminate] {
            stop(&pool);
        }
        pool.join(None).unwrap();
        pool.kill();
        pool.join(None).unwrap();
    });
}

#[test]
fn dropping_the_last_handle_terminates() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let other = pool.clone();
        let future = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        drop(pool);
        assert!(!future.done());
        drop(other);
        assert!(future.result().is_err());
    });
}

#[test]
fn eight_threads_share_a_pool() {
    on_each(ALL, |method| {
        let pool = pool(method, 3);
        thread::scope(|scope| {
            for thread in 0..8u64 {
                let pool = &pool;
                scope.spawn(move || {
                    for n in thread * 1000..thread * 1000 + 200 {
                        assert_eq!(pool.apply(square, n).unwrap(), n * n);
                    }
                    assert_eq!(pool.map(add, (0..100).map(|n| (n, thread))).unwrap()[99], 99 + thread);
                });
            }
        });
        assert_eq!(pool.pending(), 0);
    });
}
