//! `AsCompletedTests`, `WaitTests`, on processes and on threads; `ThreadPoolWaitTests`. A future cannot be named twice in
//! a list of them, as it has one owner.

use ganger::{Executor, Future};

use crate::executors::Over;
use crate::support::{Gate, hold};
use crate::tasks::panics;

/// Futures in known states, and the gate of the one that runs.
struct States {
    finished: Future<u64>,
    failed: Future<u64>,
    cancelled: Future<u64>,
    running: Future<u64>,
    gate: Gate,
}

#[ganger::task]
fn hold_and_panic(gate: String, at: u64) -> u64 {
    hold(gate);
    panics(at)
}

/// Three that are done, and one that runs; of two workers one is free.
fn states(executor: &Over) -> States {
    let gate = Gate::new();
    let submit = |n| executor.submit(panics, n).unwrap();
    let (finished, failed) = (submit(42), submit(3));
    assert!(finished.result().is_ok() && failed.exception().is_some());
    let running = executor.submit(hold_and_panic, (gate.path(), 42)).unwrap();
    gate.await_begun(1);
    let other = Gate::new();
    let beside = executor.submit(hold_and_panic, (other.path(), 42)).unwrap();
    other.await_begun(1);
    let cancelled = submit(5);
    cancelled.cancel();
    assert!(cancelled.exception().unwrap().is_cancelled());
    other.open();
    beside.result().unwrap();
    States { finished, failed, cancelled, running, gate }
}

mod as_completed_tests {
    use std::time::Duration;

    use ganger::{Executor, as_completed};

    use super::states;
    use crate::away::BOTH;
    use crate::executors::executor;
    use crate::support::{PATIENCE, on_each};
    use crate::tasks::square;

    #[test]
    fn test_no_timeout() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            let it = states(&executor);
            it.gate.open();
            let all = [it.cancelled, it.failed, it.finished, it.running, executor.submit(square, 7).unwrap()];
            let outcomes: Vec<_> = as_completed(all).map(|future| future.result().ok()).collect();
            assert_eq!(outcomes.len(), 5);
            let count = |outcome| outcomes.iter().filter(|seen| **seen == outcome).count();
            assert_eq!((count(None), count(Some(42)), count(Some(49))), (2, 2, 1));
        });
    }

    #[test]
    fn test_future_times_out() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            for patience in [Duration::ZERO, Duration::from_millis(100)] {
                let it = states(&executor);
                let mut completed = as_completed([it.running, it.cancelled, it.failed, it.finished]);
                for _ in 0..3 {
                    assert!(completed.next_timeout(PATIENCE).unwrap().unwrap().done());
                }
                assert!(completed.next_timeout(patience).unwrap_err().is_timeout());
                it.gate.open();
                assert_eq!(completed.next().unwrap().result().unwrap(), 42);
                assert!(completed.next().is_none());
            }
        });
    }

    #[test]
    fn test_duplicate_futures() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            let futures = (0..4).map(|n| executor.submit(square, n).unwrap());
            let mut squares: Vec<u64> = as_completed(futures).map(|future| future.result().unwrap()).collect();
            squares.sort_unstable();
            assert_eq!(squares, [0, 1, 4, 9]);
        });
    }
}

mod wait_tests {
    use std::time::{Duration, Instant};

    use ganger::ReturnWhen::{AllCompleted, FirstCompleted, FirstException};
    use ganger::{Executor, wait};

    use super::{hold_and_panic, states};
    use crate::away::BOTH;
    use crate::executors::executor;
    use crate::support::{Gate, on_each};
    use crate::tasks::{panics, square};

    #[test]
    fn test_20369() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            let waited = wait(vec![executor.submit(square, 3).unwrap()], AllCompleted, None);
            assert_eq!((waited.done.len(), waited.not_done.len()), (1, 0));
            let again = wait(waited.done, AllCompleted, None);
            assert_eq!((again.done.len(), again.not_done.len()), (1, 0));
        });
    }

    #[test]
    fn test_first_completed() {
        on_each(BOTH, |method| {
            let (executor, gate) = (executor(method, 2), Gate::new());
            let held = || executor.submit(hold_and_panic, (gate.path(), 1)).unwrap();
            let (running, quick) = (held(), executor.submit(panics, 42).unwrap());
            let waited = wait(vec![running, quick], FirstCompleted, None);
            assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
            assert_eq!(waited.done[0].result().unwrap(), 42);
            gate.open();
        });
    }

    #[test]
    fn test_first_completed_some_already_completed() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            let it = states(&executor);
            let waited = wait(vec![it.cancelled, it.finished, it.running], FirstCompleted, None);
            assert_eq!((waited.done.len(), waited.not_done.len()), (2, 1));
            it.gate.open();
        });
    }

    #[test]
    fn test_first_exception() {
        on_each(BOTH, |method| {
            let (executor, gate, longer) = (executor(method, 2), Gate::new(), Gate::new());
            let held = |gate: &Gate, at| executor.submit(hold_and_panic, (gate.path(), at)).unwrap();
            let (third, good) = (held(&longer, 1), executor.submit(panics, 42).unwrap());
            good.result().unwrap();
            let failing = held(&gate, 3);
            gate.open();
            let waited = wait(vec![good, failing, third], FirstException, None);
            assert_eq!((waited.done.len(), waited.not_done.len()), (2, 1));
            longer.open();
        });
    }

    #[test]
    fn test_first_exception_some_already_complete() {
        on_each(BOTH, |method| {
            let (executor, gate) = (executor(method, 2), Gate::new());
            let it = states(&executor);
            let failing = executor.submit(hold_and_panic, (gate.path(), 3)).unwrap();
            let early = wait(vec![it.finished, failing], FirstException, Some(Duration::from_millis(20)));
            assert_eq!((early.done.len(), early.not_done.len()), (1, 1), "a result is no error");
            gate.open();
            let futures = early.done.into_iter().chain(early.not_done).chain([it.running]).collect();
            let waited = wait(futures, FirstException, None);
            assert_eq!((waited.done.len(), waited.not_done.len()), (2, 1));
            it.gate.open();
        });
    }

    /// One that was cancelled has no result either.
    #[test]
    fn test_first_exception_one_already_failed() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            let it = states(&executor);
            let waited = wait(vec![it.failed, it.running], FirstException, None);
            assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
            let running = waited.not_done.into_iter().next().unwrap();
            let waited = wait(vec![running, it.cancelled], FirstException, None);
            assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
            it.gate.open();
        });
    }

    #[test]
    fn test_all_completed() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            let it = states(&executor);
            let fresh = [executor.submit(panics, 3).unwrap(), executor.submit(panics, 42).unwrap()];
            it.gate.open();
            let all = [it.finished, it.cancelled, it.failed, it.running].into_iter().chain(fresh).collect();
            let waited = wait(all, AllCompleted, None);
            assert_eq!((waited.done.len(), waited.not_done.len()), (6, 0));
        });
    }

    #[test]
    fn test_timeout() {
        on_each(BOTH, |method| {
            let (executor, short) = (executor(method, 2), Duration::from_millis(50));
            let it = states(&executor);
            let begun = Instant::now();
            let waited = wait(vec![it.cancelled, it.failed, it.finished, it.running], AllCompleted, Some(short));
            assert!(begun.elapsed() >= short);
            assert_eq!((waited.done.len(), waited.not_done.len()), (3, 1));
            it.gate.open();
        });
    }
}

mod thread_pool_wait_tests {
    use ganger::ReturnWhen::AllCompleted;
    use ganger::{Executor, ThreadPoolExecutor, wait};

    use crate::deadline::bounded;
    use crate::support::{Gate, hold};

    #[test]
    fn test_pending_calls_race() {
        bounded("a hundred that end at once", || {
            for _ in 0..5 {
                let (executor, gate) = (ThreadPoolExecutor::new(100).unwrap(), Gate::new());
                let futures = (0..100).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
                gate.await_begun(100);
                gate.open();
                assert_eq!(wait(futures, AllCompleted, None).done.len(), 100);
            }
        });
    }
}
