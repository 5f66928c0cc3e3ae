//! `concurrent.futures`: one trait, three executors, and how each is shut down.

use std::thread;
use std::time::Duration;

use ganger::{
    Executor, InlineExecutor, Pool, PoolBuilder, ProcessPoolExecutor, ThreadPoolExecutor, Wait, Waiting, as_completed,
};

use crate::support::{Gate, PATIENCE, bounded, eventually, hold};
use crate::tasks::{add, fails, nap, panics, pid, square};

/// Runs a test with executors that have workers.
macro_rules! with_workers {
    ($test:ident($workers:expr)) => {
        bounded("processes", || $test(ProcessPoolExecutor::new($workers).unwrap()));
        bounded("threads", || $test(ThreadPoolExecutor::new($workers).unwrap()));
    };
}

/// Runs a test with every executor.
macro_rules! with_all {
    ($test:ident($workers:expr)) => {
        with_workers!($test($workers));
        bounded("inline", || $test(InlineExecutor::new($workers).unwrap()));
    };
}

#[test]
fn submit_and_map() {
    fn test(executor: impl Executor) {
        assert_eq!(executor.submit(add, (2, 3)).unwrap().result().unwrap(), 5);
        assert!(executor.submit(panics, 3).unwrap().exception().is_some());
        let squares: Vec<u64> = executor.map(square, 0..100).unwrap().map(Result::unwrap).collect();
        assert_eq!(squares, (0..100).map(|n| n * n).collect::<Vec<_>>());
        let results: Vec<_> = executor.map(fails, 2..5).unwrap().map(Result::unwrap).collect();
        assert_eq!(results, [Ok(2), Err("no threes".to_owned()), Ok(4)]);
        assert_eq!(as_completed((0..9).map(|n| executor.submit(square, n).unwrap())).count(), 9);
    }
    with_all!(test(2));
}

#[test]
fn zero_workers_are_refused() {
    assert!(ProcessPoolExecutor::new(0).is_err());
    assert!(ThreadPoolExecutor::new(0).is_err());
    assert!(InlineExecutor::new(0).is_err());
}

#[test]
fn submit_after_shutdown_gives_the_arguments_back() {
    fn test(executor: impl Executor) {
        executor.shutdown(Wait::ForAll, Waiting::Run);
        let refused = executor.submit(add, (2, 3)).unwrap_err();
        assert_eq!(refused.args, (2, 3));
        assert!(refused.error.is_closed());
        assert!(executor.map(square, 0..3).unwrap().next().unwrap().unwrap_err().is_closed());
        executor.shutdown(Wait::ForAll, Waiting::Cancel);
    }
    with_all!(test(2));
}

#[test]
fn shutdown_waits_for_everything() {
    fn test(executor: impl Executor) {
        let futures: Vec<_> = (0..20).map(|_| executor.submit(nap, 2).unwrap()).collect();
        executor.shutdown(Wait::ForAll, Waiting::Run);
        assert!(futures.iter().all(|future| future.done() && future.exception().is_none()));
    }
    with_all!(test(2));
}

#[test]
fn shutdown_without_waiting_lets_the_work_go_on() {
    fn test(executor: impl Executor) {
        let gate = Gate::new();
        let futures: Vec<_> = (0..5).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
        executor.shutdown(Wait::No, Waiting::Run);
        assert!(futures.iter().all(|future| !future.done()));
        gate.open();
        assert!(futures.iter().all(|future| future.result().is_ok()));
        executor.shutdown(Wait::ForAll, Waiting::Run);
    }
    with_workers!(test(2));
}

#[test]
fn shutdown_can_cancel_what_waits() {
    fn test(executor: impl Executor) {
        let gate = Gate::new();
        let futures: Vec<_> = (0..50).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
        gate.await_begun(2);
        executor.shutdown(Wait::No, Waiting::Cancel);
        gate.open();
        executor.shutdown(Wait::ForAll, Waiting::Cancel);
        let cancelled = futures.iter().filter(|future| future.result().is_err_and(|e| e.is_cancelled())).count();
        let finished = futures.iter().filter(|future| future.result().is_ok()).count();
        assert_eq!((cancelled, finished), (48, 2));
    }
    with_workers!(test(2));
}

#[test]
fn dropping_an_executor_lets_the_work_finish() {
    fn test(executor: impl Executor) {
        let futures: Vec<_> = (0..20).map(|_| executor.submit(nap, 2).unwrap()).collect();
        drop(executor);
        assert!(futures.iter().all(|future| future.done() && future.result().is_ok()));
    }
    with_all!(test(2));
}

#[test]
fn cancelling_right_before_shutdown_does_not_hang() {
    fn test(executor: impl Executor) {
        let future = executor.submit(nap, 1).unwrap();
        future.cancel();
        executor.shutdown(Wait::ForAll, Waiting::Run);
        assert!(future.done());
    }
    with_all!(test(1));
}

#[test]
fn workers_are_started_as_they_are_needed() {
    fn idle(executor: &impl Executor) -> Vec<u32> {
        executor.pool().worker_pids()
    }
    bounded("processes", || {
        let (executor, gate) = (ProcessPoolExecutor::new(4).unwrap(), Gate::new());
        assert_eq!(idle(&executor), [0; 0]);
        let first = executor.submit(pid, ()).unwrap().result().unwrap();
        for _ in 0..10 {
            assert_eq!(executor.submit(pid, ()).unwrap().result().unwrap(), first, "an idle one is used again");
        }
        eventually("it is known, and alone", || idle(&executor) == [first]);
        let held: Vec<_> = (0..60).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
        gate.await_begun(4);
        eventually("four are known", || idle(&executor).len() >= 4);
        assert_eq!(idle(&executor).len(), 4, "and never more than were asked for");
        gate.open();
        assert!(held.iter().all(|future| future.result().is_ok()));
    });
}

#[test]
fn a_map_has_a_time_limit_and_a_window() {
    fn test(executor: impl Executor) {
        let gate = Gate::new();
        let mut late = executor.map(hold, vec![gate.path(); 9]).unwrap().timeout(Duration::from_millis(30));
        assert!(late.next().unwrap().unwrap_err().is_timeout());
        assert!(late.next().is_none());
        gate.open();
        eventually("what was left is cancelled", || executor.pool().pending() == 0);
        assert!(gate.begun() <= 4, "{} of 9 were begun", gate.begun());
        let endless = executor.map(square, 0..).unwrap().buffer_size(3).timeout(PATIENCE);
        assert_eq!(endless.take(50).map(Result::unwrap).last(), Some(49 * 49));
    }
    with_workers!(test(2));
}

#[test]
fn an_executor_takes_what_a_pool_can_be_told() {
    let named = |builder: PoolBuilder| builder.name("surveyors").workers(1);
    let executor = ProcessPoolExecutor::with(named(Pool::builder())).unwrap();
    assert_eq!(format!("{:?}", executor.pool()), "Pool(surveyors, 1 workers)");
}

#[test]
fn a_pool_can_be_shut_down_from_anywhere() {
    fn test(executor: impl Executor + Send + Sync) {
        let gate = Gate::new();
        let future = executor.submit(hold, gate.path()).unwrap();
        let executor = &executor;
        thread::scope(|scope| {
            for waiting in [Waiting::Run, Waiting::Cancel, Waiting::Run] {
                scope.spawn(move || executor.shutdown(Wait::ForAll, waiting));
            }
            gate.open();
        });
        assert!(future.done());
    }
    with_workers!(test(1));
}
