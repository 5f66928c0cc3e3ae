//! `ExecutorDeadlockTest`: on processes. Where Python's pool breaks, with all its tasks, here the task alone fails, and
//! says why; the pool goes on.

mod executor_deadlock_test {
    use std::process::exit;

    use ganger::{Bytes, Executor, FailureKind, Portable, StartMethod, Task, TaskError, TaskOptions, Wait, Waiting};

    use crate::away::PROCESSES;
    use crate::executors::{Over, executor, over};
    use crate::support::{Gate, PATIENCE, at_once, builder, hold, on_each};
    use crate::tasks::{Death, die, echo, panics, square};
    use crate::traps::{Coming, Going, Trap, give_coming, give_going, take_coming, take_going};

    /// The error of a task in an executor of two workers, which then goes on as before and can be shut down.
    fn fails<F, A, S>(method: StartMethod, task: F, args: A) -> TaskError
    where
        F: Task<A, S, Output: Portable>,
        A: Portable,
    {
        let executor = over(builder(method, 2).restart(at_once()), method);
        let future = executor.submit(task, args).unwrap();
        let error = future.result_timeout(PATIENCE).err().unwrap();
        goes_on(&executor);
        executor.shutdown(Wait::ForAll, Waiting::Run);
        error.task().unwrap_or_else(|| panic!("{error}"));
        future.exception().unwrap()
    }

    fn goes_on(executor: &Over) {
        assert_eq!(executor.submit(square, 3).unwrap().result().unwrap(), 9);
    }

    fn crashed(error: &TaskError, how: &str) {
        assert_eq!(error.crashes().map(<[_]>::len), Some(3), "{error}");
        assert!(error.to_string().contains(how), "{error}");
    }

    #[test]
    fn test_error_at_task_pickle() {
        on_each(PROCESSES, |method| {
            let executor = executor(method, 2);
            let refused = executor.submit(take_going, Going(Trap::Fails)).unwrap_err();
            assert!(refused.to_string().contains("a trap") && refused.args.0 == Trap::Fails, "{refused}");
            goes_on(&executor);
            let held = Gate::new();
            let running = executor.submit(hold, held.path()).unwrap();
            assert!(executor.submit(take_going, Going(Trap::Fails)).is_err());
            executor.shutdown(Wait::No, Waiting::Run);
            held.open();
            assert!(running.result().is_ok());
        });
    }

    #[test]
    fn test_exit_at_task_unpickle() {
        on_each(PROCESSES, |method| crashed(&fails(method, take_coming, Coming(Trap::Dies)), "SIGKILL"));
    }

    #[test]
    fn test_error_at_task_unpickle() {
        on_each(PROCESSES, |method| {
            let error = fails(method, take_coming, Coming(Trap::Fails));
            assert_eq!(error.failure().unwrap().kind, FailureKind::Arguments, "{error}");
        });
    }

    #[test]
    fn test_crash_at_task_unpickle() {
        on_each(PROCESSES, |method| {
            let error = fails(method, take_coming, Coming(Trap::Panics));
            assert!(error.panic().is_some(), "{error}");
        });
    }

    #[test]
    fn test_crash_during_func_exec_on_worker() {
        on_each(PROCESSES, |method| crashed(&fails(method, die, Death::Segv), "SIGSEGV"));
    }

    /// An exit is a death like any other, told with its code.
    #[test]
    fn test_exit_during_func_exec_on_worker() {
        on_each(PROCESSES, |method| crashed(&fails(method, die, Death::Exit(1)), "exit code 1"));
    }

    #[test]
    fn test_error_during_func_exec_on_worker() {
        on_each(PROCESSES, |method| assert!(fails(method, panics, 3).panic().is_some()));
    }

    #[test]
    fn test_crash_during_result_pickle_on_worker() {
        on_each(PROCESSES, |method| crashed(&fails(method, give_going, Trap::Dies as u8), "SIGKILL"));
    }

    #[test]
    fn test_error_during_result_pickle_on_worker() {
        on_each(PROCESSES, |method| {
            let error = fails(method, give_going, Trap::Fails as u8);
            assert_eq!(error.failure().unwrap().kind, FailureKind::Result, "{error}");
        });
    }

    #[test]
    fn test_error_during_result_unpickle_in_result_handler() {
        on_each(PROCESSES, |method| {
            let error = fails(method, give_coming, Trap::Fails as u8);
            assert!(error.to_string().contains("a trap"), "{error}");
        });
    }

    /// The result is decoded by who asks for it: a panic there is the answer to that question, and nobody else's.
    #[test]
    fn test_exit_during_result_unpickle_in_result_handler() {
        on_each(PROCESSES, |method| {
            let error = fails(method, give_coming, Trap::Panics as u8);
            assert!(error.to_string().contains("a trap"), "{error}");
        });
    }

    #[ganger::task]
    fn hold_and_die(gate: String) {
        hold(gate);
        die(Death::Segv);
    }

    #[test]
    fn test_shutdown_deadlock() {
        on_each(PROCESSES, |method| {
            let (executor, gate) = (over(builder(method, 2).restart(at_once()), method), Gate::new());
            let future = executor.submit(hold_and_die, gate.path()).unwrap();
            gate.await_begun(1);
            executor.shutdown(Wait::No, Waiting::Run);
            gate.open();
            executor.shutdown(Wait::ForAll, Waiting::Run);
            crashed(&future.exception().unwrap(), "SIGSEGV");
        });
    }

    #[ganger::task]
    fn die_with(_: Bytes) {
        exit(1)
    }

    #[test]
    fn test_crash_big_data() {
        on_each(PROCESSES, |method| {
            let once = TaskOptions::new().crash_attempts(1);
            let dogged =
                builder(method, 2).restart(ganger::Restart { intensity: 100, ..at_once() }).task_defaults(once);
            let executor = over(dogged, method);
            let large = || Bytes::from(vec![b'a'; 5 << 20]);
            let results: Vec<_> = executor.map(die_with, (0..10).map(|_| large())).unwrap().collect();
            assert!(results.iter().all(|result| result.as_ref().is_err_and(|e| e.task().unwrap().crashes().is_some())));
            assert_eq!(executor.submit(echo, large()).unwrap().result().unwrap().len(), 5 << 20);
        });
    }

    /// Nothing is read while all are handed in: neither results nor deaths keep a submit waiting.
    #[test]
    fn test_gh105829_should_not_deadlock_if_wakeup_pipe_full() {
        on_each(PROCESSES, |method| {
            let (executor, gate) = (executor(method, 2), Gate::new());
            let held: Vec<_> = (0..2).map(|_| executor.submit(hold, gate.path()).unwrap()).collect();
            let futures: Vec<_> = (0..10_000).map(|n| executor.submit(square, n).unwrap()).collect();
            gate.open();
            assert!(futures.iter().zip(0..).all(|(future, n)| future.result().unwrap() == n * n));
            assert!(held.iter().all(|future| future.result().is_ok()));
        });
    }
}
