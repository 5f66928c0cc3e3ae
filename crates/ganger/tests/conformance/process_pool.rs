//! `ProcessPoolExecutorTest`. There is no broken pool here: who dies costs the task that it was in, which is tried again
//! or says how its workers died.

mod process_pool_executor_test {
    use std::fs;

    use ganger::{Executor, Pool, TaskOptions, Wait, Waiting};
    use nix::sys::signal::Signal;
    use tempfile::TempDir;

    use crate::away::PROCESSES;
    use crate::deadline::eventually;
    use crate::executors::{executor, over, workers};
    use crate::support::alone::alone;
    use crate::support::process::{children, lives, signal};
    use crate::support::{Gate, at_once, builder, hold, on_each};
    use crate::tasks::{Death, die, panics, pid, square};

    #[test]
    fn test_killed_child() {
        on_each(PROCESSES, |method| {
            let (executor, gate) = (over(builder(method, 1).restart(at_once()), method), Gate::new());
            let future = executor.submit(hold, gate.path()).unwrap();
            gate.await_begun(1);
            let first = workers(&executor, 1)[0];
            signal(first, Signal::SIGTERM);
            gate.await_begun(2);
            gate.open();
            assert_ne!(future.result().unwrap(), first, "tried again");
            let once = TaskOptions::new().crash_attempts(1);
            let killed = executor.pool().submit_with(&once, die, Death::Kill).unwrap();
            assert_eq!(killed.exception().unwrap().crashes().unwrap().len(), 1);
            assert_eq!(executor.submit(square, 3).unwrap().result().unwrap(), 9);
        });
    }

    #[test]
    fn test_broken_process_pool_traceback() {
        on_each(PROCESSES, |method| {
            let executor = over(builder(method, 1).restart(at_once()), method);
            let futures = [1, 2].map(|code| executor.submit(die, Death::Exit(code)).unwrap());
            let texts = futures.map(|future| future.exception().unwrap().to_string());
            assert!(texts[0].contains("exit code 1") && texts[1].contains("exit code 2"), "{texts:?}");
        });
    }

    #[test]
    fn test_traceback() {
        on_each(PROCESSES, |method| {
            let error = executor(method, 1).submit(panics, 3).unwrap().exception().unwrap();
            let panic = error.panic().unwrap();
            assert!(panic.location.as_ref().unwrap().contains("tasks.rs:"), "{panic:?}");
            assert!(error.to_string().contains("no threes"), "{error}");
        });
    }

    #[test]
    fn test_traceback_when_child_process_terminates_abruptly() {
        on_each(PROCESSES, |method| {
            let executor = over(builder(method, 1).restart(at_once()), method);
            let error = executor.submit(die, Death::Exit(99)).unwrap().exception().unwrap();
            assert!(error.to_string().contains("exit code 99"), "{error}");
        });
    }

    #[test]
    fn test_saturation() {
        on_each(PROCESSES, |method| {
            let (executor, gate) = (executor(method, 5), Gate::new());
            let futures: Vec<_> = (0..75).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
            gate.await_begun(5);
            assert_eq!((gate.begun(), workers(&executor, 5).len()), (5, 5));
            gate.open();
            assert!(futures.iter().all(|future| future.result().is_ok()));
        });
    }

    #[test]
    fn test_idle_process_reuse_one() {
        on_each(PROCESSES, |method| {
            let executor = executor(method, 4);
            let pids: Vec<u32> = (0..3).map(|_| executor.submit(pid, ()).unwrap().result().unwrap()).collect();
            assert_eq!(pids, [pids[0]; 3]);
            assert_eq!(workers(&executor, 1), [pids[0]]);
        });
    }

    #[test]
    fn test_idle_process_reuse_multiple() {
        on_each(PROCESSES, |method| {
            let executor = executor(method, 5);
            for n in 0..3 {
                let (one, other) = (executor.submit(square, n).unwrap(), executor.submit(square, n).unwrap());
                assert_eq!((one.result().unwrap(), other.result().unwrap()), (n * n, n * n));
            }
            assert!(workers(&executor, 1).len() <= 2, "as many as ran at a time");
        });
    }

    #[test]
    fn test_max_tasks_per_child() {
        on_each(PROCESSES, |method| {
            let executor = over(builder(method, 1).max_tasks_per_worker(3, 0), method);
            let pids: Vec<u32> = (0..4).map(|_| executor.submit(pid, ()).unwrap().result().unwrap()).collect();
            assert_eq!(pids[..3], [pids[0]; 3]);
            assert_ne!(pids[3], pids[0]);
            eventually("one lives", || !lives(pids[0]) && executor.pool().worker_pids() == [pids[3]]);
        });
    }

    #[test]
    fn test_max_tasks_per_child_pending_tasks_gh115634() {
        on_each(PROCESSES, |method| {
            for (workers, share, tasks) in [(1, 2, 6), (2, 2, 8)] {
                let executor = over(builder(method, workers).max_tasks_per_worker(share, 0), method);
                let futures: Vec<_> = (0..tasks).map(|n| executor.submit(square, n).unwrap()).collect();
                assert!(futures.iter().zip(0..).all(|(future, n)| future.result().unwrap() == n * n));
                executor.shutdown(Wait::ForAll, Waiting::Run);
            }
        });
    }

    /// An executor that is dropped waits for the rest.
    #[test]
    fn test_shutdown_no_wait_max_tasks_gh119592() {
        on_each(PROCESSES, |method| {
            let executor = over(builder(method, 1).max_tasks_per_worker(1, 0), method);
            let futures: Vec<_> = (0..4).map(|n| executor.submit(square, n).unwrap()).collect();
            executor.shutdown(Wait::No, Waiting::Run);
            assert!(futures.iter().zip(0..).all(|(future, n)| future.result().unwrap() == n * n));
        });
    }

    /// Nobody's tasks are broken off: the executor's end waits for them.
    #[test]
    fn test_gc_during_max_tasks_worker_exit_gh152967() {
        on_each(PROCESSES, |method| {
            let executor = over(builder(method, 1).max_tasks_per_worker(1, 0), method);
            let futures: Vec<_> = (0..4).map(|n| executor.submit(square, n).unwrap()).collect();
            futures[0].result().unwrap();
            drop(executor);
            assert!(futures.iter().zip(0..).all(|(future, n)| future.done() && future.result().unwrap() == n * n));
        });
    }

    #[test]
    fn test_failed_worker_replacement_breaks_pool() {
        alone("process_pool::process_pool_executor_test::test_failed_worker_replacement_breaks_pool", |_| {
            for method in PROCESSES {
                let dir = TempDir::new().unwrap();
                let program = dir.path().join("program");
                fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
                let lean = builder(*method, 1).restart(at_once()).worker_program(&program);
                let executor = over(lean, *method);
                executor.submit(square, 3).unwrap().result().unwrap();
                fs::remove_file(&program).unwrap();
                children(std::process::id()).into_iter().for_each(|pid| signal(pid, Signal::SIGKILL));
                eventually("it takes no more", || executor.submit(square, 3).map(|f| f.exception()).is_err());
                let refused = executor.submit(square, 3).unwrap_err();
                assert!(refused.error.pool_failure().is_some(), "{refused}");
                assert!(refused.to_string().contains("cannot start"), "{refused}");
            }
        });
    }

    #[test]
    fn test_max_tasks_early_shutdown() {
        on_each(PROCESSES, |method| {
            let executor = over(builder(method, 3).max_tasks_per_worker(1, 0), method);
            let futures: Vec<_> = (0..6).map(|n| executor.submit(square, n).unwrap()).collect();
            executor.shutdown(Wait::ForAll, Waiting::Run);
            assert!(futures.iter().zip(0..).all(|(future, n)| future.result().unwrap() == n * n));
        });
    }

    const FORCES: [fn(&Pool); 2] = [Pool::terminate, Pool::kill];

    #[test]
    fn test_force_shutdown_workers() {
        on_each(PROCESSES, |method| {
            for force in FORCES {
                let (executor, gate) = (executor(method, 2), Gate::new());
                let futures: Vec<_> = (0..9).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
                gate.await_begun(2);
                force(executor.pool());
                executor.pool().join(None).unwrap();
                assert!(futures.iter().all(|future| future.exception().unwrap().is_cancelled()));
                assert_eq!(gate.begun(), 2);
            }
        });
    }

    #[test]
    fn test_force_shutdown_workers_dead_workers() {
        on_each(PROCESSES, |method| {
            for force in FORCES {
                let executor = over(builder(method, 2).restart(at_once()), method);
                assert!(executor.submit(die, Death::Kill).unwrap().exception().is_some());
                force(executor.pool());
                force(executor.pool());
                executor.pool().join(None).unwrap();
            }
        });
    }

    #[test]
    fn test_force_shutdown_workers_stops_pool() {
        on_each(PROCESSES, |method| {
            for force in FORCES {
                let executor = executor(method, 1);
                let worker = executor.submit(pid, ()).unwrap().result().unwrap();
                force(executor.pool());
                assert!(executor.submit(pid, ()).unwrap_err().error.is_closed());
                eventually("its worker is gone", || !lives(worker));
            }
        });
    }
}
