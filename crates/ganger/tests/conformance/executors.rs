//! `ExecutorTest`, on processes and on threads; `ThreadPoolExecutorTest`.

use ganger::{Executor, Pool, PoolBuilder, ProcessPoolExecutor, StartMethod, ThreadPoolExecutor};

/// An executor over workers of one kind.
pub(crate) enum Over {
    Processes(ProcessPoolExecutor),
    Threads(ThreadPoolExecutor),
}

impl Executor for Over {
    fn pool(&self) -> &Pool {
        match self {
            Self::Processes(executor) => executor.pool(),
            Self::Threads(executor) => executor.pool(),
        }
    }
}

/// An executor over so many workers.
pub(crate) fn executor(method: StartMethod, workers: usize) -> Over {
    over(Pool::builder().workers(workers).start_method(method), method)
}

/// An executor over a pool that more was said of.
pub(crate) fn over(builder: PoolBuilder, method: StartMethod) -> Over {
    match method {
        StartMethod::Thread => Over::Threads(ThreadPoolExecutor::with(builder).unwrap()),
        StartMethod::Zygote | StartMethod::Spawn | StartMethod::Inline => {
            Over::Processes(ProcessPoolExecutor::with(builder).unwrap())
        }
    }
}

/// The worker processes, as soon as so many are known: one may answer before its zygote has told of it.
pub(crate) fn workers(executor: &Over, count: usize) -> Vec<u32> {
    crate::support::eventually("they are known", || executor.pool().worker_pids().len() >= count);
    executor.pool().worker_pids()
}

/// The threads of this process that are workers of that pool: it has others, which have no number.
pub(crate) fn threads(pool: &str) -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    let is_worker = |name: &&str| {
        let slot = name.strip_prefix("ganger-").and_then(|name| name.strip_prefix(pool)?.strip_prefix('-'));
        slot.is_some_and(|slot| slot.parse::<u32>().is_ok())
    };
    names.filter_map(|name| Some(name.trim_end()).filter(is_worker).map(str::to_owned)).collect()
}

mod executor_test {
    use std::cell::Cell;
    use std::time::Duration;

    use ganger::{Executor, InlineExecutor, ProcessPoolExecutor, ThreadPoolExecutor, Wait, Waiting};

    use super::executor;
    use crate::away::BOTH;
    use crate::support::{Gate, PATIENCE, eventually, hold, on_each};
    use crate::tasks::{add, nap, square};

    #[test]
    fn test_submit() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            assert_eq!(executor.submit(add, (2, 8)).unwrap().result().unwrap(), 10);
        });
    }

    /// Arguments have no names, whatever the function calls them; what does not fit it does not compile.
    #[test]
    fn test_submit_keyword() {
        #[ganger::task]
        fn capture(f: u8, args: String) -> (u8, String) {
            (f, args)
        }
        on_each(BOTH, |method| {
            let future = executor(method, 2).submit(capture, (1, "self".to_owned())).unwrap();
            assert_eq!(future.result().unwrap(), (1, "self".to_owned()));
        });
    }

    fn sums(count: u64) -> Vec<u64> {
        (0..count).map(|n| 3 * n).collect()
    }

    fn pairs(count: u64) -> impl Iterator<Item = (u64, u64)> {
        (0..count).zip((0..).step_by(2))
    }

    #[test]
    fn test_map() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            for chunk in [1, 3] {
                let results = executor.map(add, pairs(10)).unwrap().chunk_size(chunk);
                assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), sums(10));
            }
        });
    }

    #[ganger::task]
    fn time_out(_: u8) -> Result<u8, String> {
        Err("timed out".to_owned())
    }

    #[test]
    fn test_map_timeout_from_callable() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            let mut results = executor.map(time_out, [1, 2]).unwrap().timeout(PATIENCE);
            assert_eq!(results.next().unwrap().unwrap(), Err("timed out".to_owned()));
            let limited = ganger::TaskOptions::new().timeout(Duration::from_millis(20)).failure_attempts(1);
            let future = executor.pool().submit_with(&limited, nap, 1000).unwrap();
            let error = future.result_timeout(PATIENCE).unwrap_err();
            assert!(error.task().unwrap().is_timed_out() && !error.is_timeout(), "{error}");
        });
    }

    #[test]
    fn test_map_timeout() {
        on_each(BOTH, |method| {
            let (executor, gate, closed) = (executor(method, 2), Gate::new(), Gate::new());
            gate.open();
            let gates = [vec![gate.path(); 2], vec![closed.path(); 9]].concat();
            let mut results = executor.map(hold, gates).unwrap().timeout(Duration::from_secs(2));
            assert!(results.by_ref().take(2).all(|result| result.is_ok()));
            assert!(results.next().unwrap().unwrap_err().is_timeout());
            assert!(results.next().is_none());
            closed.open();
            eventually("the rest is called off", || executor.pool().pending() == 0);
            assert!(closed.begun() <= 2);
        });
    }

    /// Closing the results is dropping them: what has not begun never begins.
    #[test]
    fn test_map_close() {
        on_each(BOTH, |method| {
            let (executor, gate, closed) = (executor(method, 1), Gate::new(), Gate::new());
            gate.open();
            let mut results = executor.map(hold, [gate.path(), closed.path(), closed.path()]).unwrap();
            results.next().unwrap().unwrap();
            drop(results);
            closed.open();
            eventually("nothing is left of it", || executor.pool().pending() == 0);
            assert!(closed.begun() <= 1);
            assert_eq!(executor.submit(square, 3).unwrap().result().unwrap(), 9);
        });
    }

    #[test]
    fn test_map_buffersize() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            for buffer in 1..=20 {
                let results = executor.map(add, pairs(10)).unwrap().buffer_size(buffer);
                assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), sums(10));
            }
        });
    }

    #[test]
    fn test_map_buffersize_on_multiple_iterables() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            let results = executor.map(add, pairs(10)).unwrap().buffer_size(7);
            assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), sums(10));
        });
    }

    #[test]
    fn test_map_buffersize_on_infinite_iterable() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            let mut results = executor.map(square, 0..).unwrap().buffer_size(1);
            assert!((0..4).all(|n| results.next().unwrap().unwrap() == n * n));
        });
    }

    #[test]
    fn test_map_buffersize_on_multiple_infinite_iterables() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            let mut results = executor.map(add, (0..).zip((0..).step_by(2))).unwrap().buffer_size(2);
            assert!((0..4).all(|n| results.next().unwrap().unwrap() == 3 * n));
        });
    }

    #[test]
    fn test_map_buffersize_without_iterable() {
        on_each(BOTH, |method| {
            assert!(executor(method, 2).map(square, []).unwrap().buffer_size(2).next().is_none());
        });
    }

    #[test]
    fn test_map_buffersize_when_buffer_is_full() {
        on_each(BOTH, |method| {
            let (executor, taken) = (executor(method, 2), Cell::new(0));
            let input = (0..).inspect(|_| taken.set(taken.get() + 1));
            let mut results = executor.map(square, input).unwrap().buffer_size(4);
            assert_eq!(results.next().unwrap().unwrap(), 0);
            assert!(taken.get() <= 4 + 1, "{} were taken", taken.get());
        });
    }

    #[test]
    fn test_shutdown_race_issue12456() {
        on_each(BOTH, |method| {
            let executor = executor(method, 5);
            let futures: Vec<_> = (0..6).map(|n| executor.submit(square, n).unwrap()).collect();
            executor.shutdown(Wait::ForAll, Waiting::Run);
            assert!(futures.iter().zip(0..).all(|(future, n)| future.result().unwrap() == n * n));
        });
    }

    /// A number of workers has no sign.
    #[test]
    fn test_max_workers_negative() {
        let errors = [
            ProcessPoolExecutor::new(0).map(drop).unwrap_err(),
            ThreadPoolExecutor::new(0).map(drop).unwrap_err(),
            InlineExecutor::new(0).map(drop).unwrap_err(),
        ];
        assert!(errors.iter().all(|error| error.to_string().contains("zero workers")), "{errors:?}");
    }
}

mod thread_pool_executor_test {
    use std::sync::Mutex;
    use std::time::Duration;

    use ganger::{Executor, Pool, ThreadPoolExecutor, Wait, Waiting, cpu_count};

    use super::threads;
    use crate::deadline::{bounded, eventually};
    use crate::support::{Gate, hold};

    static FINISHED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

    #[ganger::task]
    fn finish(n: u32) {
        FINISHED.lock().unwrap().push(n);
    }

    /// `map` takes items as results are taken, unless it is told to hand them all in.
    #[test]
    fn test_map_submits_without_iteration() {
        bounded("shutdown", || {
            let executor = ThreadPoolExecutor::new(5).unwrap();
            let results = executor.map(finish, 0..10).unwrap().hand_all_in();
            executor.shutdown(Wait::ForAll, Waiting::Run);
            let mut finished = FINISHED.lock().unwrap().clone();
            finished.sort_unstable();
            assert_eq!(finished, (0..10).collect::<Vec<_>>());
            assert!(results.count() == 10);
        });
    }

    #[test]
    fn test_default_workers() {
        let executor = ThreadPoolExecutor::with(Pool::builder()).unwrap();
        assert_eq!(executor.pool().workers(), (cpu_count() + 4).min(32));
        assert_eq!(ThreadPoolExecutor::with(Pool::builder().workers(3)).unwrap().pool().workers(), 3);
    }

    #[test]
    fn test_saturation() {
        bounded("threads", || {
            let executor = ThreadPoolExecutor::with(Pool::builder().workers(4).name("full")).unwrap();
            let gate = Gate::new();
            let futures: Vec<_> = (0..60).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
            gate.await_begun(4);
            assert_eq!((gate.begun(), threads("full").len()), (4, 4));
            gate.open();
            assert!(futures.iter().all(|future| future.result().is_ok()));
            executor.shutdown(Wait::ForAll, Waiting::Run);
            eventually("they are gone", || threads("full").is_empty());
        });
    }

    #[test]
    fn test_executor_map_current_future_cancel() {
        bounded("a map", || {
            let (executor, first, later) = (ThreadPoolExecutor::new(1).unwrap(), Gate::new(), Gate::new());
            let running = executor.submit(hold, first.path()).unwrap();
            first.await_begun(1);
            let mut results = executor.map(hold, [later.path(), later.path()]).unwrap().timeout(Duration::ZERO);
            assert!(results.next().unwrap().unwrap_err().is_timeout());
            drop(results);
            first.open();
            running.result().unwrap();
            executor.shutdown(Wait::ForAll, Waiting::Run);
            assert_eq!(later.begun(), 0);
        });
    }
}
