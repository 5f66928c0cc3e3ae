//! `ExecutorShutdownTest`, on processes and on threads; `ThreadPoolShutdownTest`, `ProcessPoolShutdownTest`.

mod executor_shutdown_test {
    use std::env::current_exe;
    use std::fs;
    use std::io::Write;

    use ganger::{Executor, Pool, StartMethod, Wait, Waiting};
    use tempfile::TempDir;

    use crate::away::BOTH;
    use crate::executors::{Over, executor};
    use crate::support::alone::{Place, here, start, word};
    use crate::support::{Gate, hold, on_each};
    use crate::tasks::{add, nap, square};

    #[test]
    fn test_run_after_shutdown() {
        on_each(BOTH, |method| {
            let executor = executor(method, 2);
            executor.shutdown(Wait::ForAll, Waiting::Run);
            let refused = executor.submit(add, (2, 5)).unwrap_err();
            assert!(refused.error.is_closed() && refused.args == (2, 5));
        });
    }

    #[ganger::task]
    fn write_apple(file: String) {
        nap(100);
        fs::OpenOptions::new().append(true).create(true).open(file).unwrap().write_all(b"apple").unwrap();
    }

    /// Runs `body` as a program, whose executor is dropped at its end. What it has written, all told.
    fn program(name: &str, body: fn(Over, String)) {
        if let Some(place) = here(name) {
            return body(executor(method(), 5), said(&place));
        }
        for method in ["Zygote", "Spawn", "Thread"] {
            let dir = TempDir::new().unwrap();
            let exit = start(name, &current_exe().unwrap(), dir.path(), method).wait().unwrap();
            assert!(exit.success(), "{method}: {exit}");
            assert_eq!(fs::read_to_string(dir.path().join("said")).unwrap(), "apple", "{method}");
        }
    }

    fn method() -> StartMethod {
        let method = word();
        BOTH.iter().copied().find(|known| format!("{known:?}") == method).unwrap()
    }

    fn said(place: &Place) -> String {
        place.file("said").to_str().unwrap().to_owned()
    }

    #[test]
    fn test_interpreter_shutdown() {
        program("shutdown::executor_shutdown_test::test_interpreter_shutdown", |executor, said| {
            drop(executor.submit(write_apple, said).unwrap());
        });
    }

    /// Outlives the executor, and uses its pool at its own end.
    struct Last(Pool);

    impl Drop for Last {
        fn drop(&mut self) {
            assert!(self.0.submit(square, 42).unwrap_err().error.is_closed());
        }
    }

    #[test]
    fn test_submit_after_interpreter_shutdown() {
        program("shutdown::executor_shutdown_test::test_submit_after_interpreter_shutdown", |executor, said| {
            let _last = Last(executor.pool().clone());
            let executor = executor;
            executor.submit(square, 42).unwrap().result().unwrap();
            drop(executor.submit(write_apple, said).unwrap());
        });
    }

    #[test]
    fn test_cancel_futures() {
        on_each(BOTH, |method| {
            let (executor, gate) = (executor(method, 5), Gate::new());
            let futures: Vec<_> = (0..50).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
            gate.await_begun(5);
            executor.shutdown(Wait::No, Waiting::Cancel);
            gate.open();
            executor.shutdown(Wait::ForAll, Waiting::Cancel);
            assert!(futures.iter().all(ganger::Future::done));
            let (cancelled, others): (Vec<_>, Vec<_>) = futures.iter().partition(|future| future.cancelled());
            assert_eq!((cancelled.len(), others.len()), (45, 5));
            assert!(others.iter().all(|future| future.result().is_ok()));
        });
    }

    #[test]
    fn test_hang_gh83386() {
        program("shutdown::executor_shutdown_test::test_hang_gh83386", |executor, said| {
            drop(executor.submit(write_apple, said).unwrap());
            executor.shutdown(Wait::No, Waiting::Run);
        });
    }

    #[test]
    fn test_hang_gh94440() {
        on_each(BOTH, |method| {
            for _ in 0..20 {
                let executor = executor(method, 1);
                executor.submit(square, 1).unwrap().result().unwrap();
                let future = executor.submit(square, 2).unwrap();
                future.cancel();
                executor.shutdown(Wait::ForAll, Waiting::Run);
                assert!(future.done());
            }
        });
    }
}

/// The results of a map whose executor has gone: all handed in before, all done.
fn all_done(results: impl Iterator<Item = Result<u64, ganger::Error>>) {
    assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
}

mod thread_pool_shutdown_test {
    use std::collections::BTreeSet;
    use std::thread;

    use ganger::{Executor, Pool, PoolBuilder, ThreadPoolExecutor, Wait, Waiting};

    use super::all_done;
    use crate::deadline::{bounded, eventually};
    use crate::executors::threads;
    use crate::support::alone::alone;
    use crate::support::{Gate, hold};
    use crate::tasks::square;

    fn five(name: &str) -> ThreadPoolExecutor {
        ThreadPoolExecutor::with(builder().name(name)).unwrap()
    }

    fn builder() -> PoolBuilder {
        Pool::builder().workers(5)
    }

    #[test]
    fn test_threads_terminate() {
        bounded("threads", || {
            let (executor, gate) = (five("three"), Gate::new());
            let futures: Vec<_> = (0..3).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
            gate.await_begun(3);
            assert_eq!(threads("three").len(), 3, "no more than are needed");
            gate.open();
            executor.shutdown(Wait::ForAll, Waiting::Run);
            assert!(futures.iter().all(|future| future.result().is_ok()));
            eventually("they have ended", || threads("three").is_empty());
        });
    }

    #[test]
    fn test_context_manager_shutdown() {
        bounded("threads", || {
            {
                let executor = five("scope");
                all_done(executor.map(square, 0..10).unwrap());
            }
            eventually("they have ended", || threads("scope").is_empty());
        });
    }

    #[test]
    fn test_del_shutdown() {
        bounded("threads", || {
            let executor = five("del");
            let results = executor.map(square, 0..10).unwrap().hand_all_in();
            drop(executor);
            eventually("they have ended", || threads("del").is_empty());
            all_done(results);
        });
    }

    #[test]
    fn test_shutdown_no_wait() {
        bounded("threads", || {
            let executor = five("nowait");
            let results = executor.map(square, 0..10).unwrap().hand_all_in();
            executor.shutdown(Wait::No, Waiting::Run);
            eventually("they have ended", || threads("nowait").is_empty());
            all_done(results);
        });
    }

    /// The names of the threads that run the tasks of an executor.
    fn names(executor: &ThreadPoolExecutor) -> BTreeSet<String> {
        let gate = Gate::new();
        let futures: Vec<_> = (0..5).map(|_| executor.submit(hold_and_tell, gate.path()).unwrap()).collect();
        gate.await_begun(5);
        gate.open();
        futures.iter().map(|future| future.result().unwrap()).collect()
    }

    #[ganger::task]
    fn hold_and_tell(gate: String) -> String {
        hold(gate);
        thread::current().name().unwrap_or_default().to_owned()
    }

    /// The kernel keeps 15 bytes of a name: of a long one the beginning, and which of them it is.
    #[test]
    fn test_thread_names_assigned() {
        bounded("threads", || {
            let expected = (1..=5).map(|slot| format!("ganger-Specia-{slot}")).collect();
            assert_eq!(names(&five("SpecialPool")), expected);
        });
    }

    /// In a program that has made fewer than a hundred: so much of a name the kernel keeps.
    #[test]
    fn test_thread_names_default() {
        alone("shutdown::thread_pool_shutdown_test::test_thread_names_default", |_| {
            let [one, other] = [(); 2].map(|()| names(&ThreadPoolExecutor::with(builder()).unwrap()));
            assert_eq!(one, (1..=5).map(|slot| format!("ganger-pool-{slot}")).collect());
            assert_eq!(other, (1..=5).map(|slot| format!("ganger-pool2-{slot}")).collect());
        });
    }

    #[test]
    fn test_cancel_futures_wait_false() {
        bounded("the end", || {
            let (executor, gate) = (ThreadPoolExecutor::with(Pool::builder()).unwrap(), Gate::new());
            gate.open();
            let future = executor.submit(hold, gate.path()).unwrap();
            executor.shutdown(Wait::No, Waiting::Cancel);
            drop(executor);
            assert!(future.done() && (future.cancelled() || future.result().is_ok()));
        });
    }
}

mod process_pool_shutdown_test {
    use ganger::{Executor, StartMethod, Wait, Waiting};

    use super::all_done;
    use crate::away::PROCESSES;
    use crate::deadline::eventually;
    use crate::executors::{executor, over, workers};
    use crate::support::process::lives;
    use crate::support::{Gate, builder, hold, on_each};
    use crate::tasks::{panics, square};

    #[test]
    fn test_processes_terminate() {
        on_each(PROCESSES, |method| {
            let (executor, gate) = (executor(method, 5), Gate::new());
            let futures: Vec<_> = (0..3).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
            gate.await_begun(3);
            let workers = workers(&executor, 3);
            assert_eq!(workers.len(), 3, "no more than are needed");
            gate.open();
            executor.shutdown(Wait::ForAll, Waiting::Run);
            assert!(futures.iter().all(|future| future.result().is_ok()));
            assert!(!workers.into_iter().any(lives) && executor.pool().worker_pids().is_empty());
        });
    }

    #[test]
    fn test_context_manager_shutdown() {
        on_each(PROCESSES, |method| {
            let workers = {
                let executor = executor(method, 5);
                all_done(executor.map(square, 0..10).unwrap());
                workers(&executor, 1)
            };
            assert!(!workers.into_iter().any(lives));
        });
    }

    #[test]
    fn test_del_shutdown() {
        on_each(PROCESSES, |method| {
            let executor = executor(method, 5);
            let results = executor.map(square, 0..10).unwrap().hand_all_in();
            let workers = executor.pool().worker_pids();
            drop(executor);
            assert!(!workers.into_iter().any(lives));
            all_done(results);
        });
    }

    #[test]
    fn test_shutdown_no_wait() {
        on_each(PROCESSES, |method| {
            let executor = executor(method, 5);
            let results = executor.map(square, 0..10).unwrap().hand_all_in();
            executor.shutdown(Wait::No, Waiting::Run);
            eventually("all are gone", || executor.pool().worker_pids().is_empty());
            all_done(results);
        });
    }

    /// Each worker does one task, one task fails, and nobody waits.
    fn recycled(method: StartMethod, workers: usize) {
        for _ in 0..5 {
            let executor = over(builder(method, workers).max_tasks_per_worker(1, 0), method);
            let futures: Vec<_> = (0..8).map(|n| executor.submit(panics, n).unwrap()).collect();
            executor.shutdown(Wait::No, Waiting::Run);
            assert!(futures.iter().zip(0..).all(|(future, n)| future.result().ok() == (n != 3).then_some(n)));
        }
    }

    #[test]
    fn test_shutdown_gh_132969_case_1() {
        on_each(PROCESSES, |method| recycled(method, 2));
    }

    #[test]
    fn test_shutdown_gh_132969_case_2() {
        on_each(PROCESSES, |method| recycled(method, 4));
    }
}
