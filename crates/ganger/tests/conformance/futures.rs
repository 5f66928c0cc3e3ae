//! `FutureTests`. A future is made by a submit alone, and settled by its pool alone: what Python's tests set by hand are
//! here tasks in that state.

mod future_tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;
    use std::time::Duration;

    use ganger::{Future, Pool, Portable, StartMethod, TaskError};

    use crate::deadline::{PATIENCE, bounded, eventually};
    use crate::support::keeper::{kept_with, logged};
    use crate::support::{Gate, hold, pool};
    use crate::tasks::{panics, square};

    const METHOD: StartMethod = StartMethod::Zygote;
    const SHORT: Duration = Duration::from_millis(20);

    /// What a callback of the future is told.
    fn told<T: Portable>(future: &Future<T>) -> Receiver<Result<T, TaskError>> {
        let (tell, told) = channel();
        future.add_done_callback(move |outcome| tell.send(outcome).unwrap());
        told
    }

    fn after<T: Portable>(told: &Receiver<Result<T, TaskError>>) -> Result<T, TaskError> {
        let outcome = told.recv_timeout(PATIENCE).unwrap();
        assert!(told.recv().is_err(), "once");
        outcome
    }

    /// A pool whose only worker is held at a gate, and the task that holds it.
    fn busy() -> (Pool, Gate, Future<u32>) {
        let (pool, gate) = (pool(METHOD, 1), Gate::new());
        let running = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        (pool, gate, running)
    }

    #[test]
    fn test_done_callback_with_result() {
        let (pool, gate, _running) = busy();
        let told = told(&pool.submit(square, 5).unwrap());
        gate.open();
        assert_eq!(after(&told).unwrap(), 25);
    }

    #[test]
    fn test_done_callback_with_exception() {
        let (pool, gate, _running) = busy();
        let told = told(&pool.submit(panics, 3).unwrap());
        gate.open();
        assert_eq!(after(&told).unwrap_err().panic().unwrap().message, "no threes");
    }

    #[test]
    fn test_done_callback_with_cancel() {
        let (pool, _gate, _running) = busy();
        let future = pool.submit(square, 5).unwrap();
        let told = told(&future);
        assert!(future.cancel());
        assert!(after(&told).unwrap_err().is_cancelled());
    }

    #[test]
    fn test_done_callback_already_successful() {
        let pool = pool(METHOD, 1);
        let future = pool.submit(square, 5).unwrap();
        future.result().unwrap();
        assert_eq!(after(&told(&future)).unwrap(), 25);
    }

    #[test]
    fn test_done_callback_already_failed() {
        let pool = pool(METHOD, 1);
        let future = pool.submit(panics, 3).unwrap();
        assert!(future.exception().is_some());
        assert_eq!(after(&told(&future)).unwrap_err().panic().unwrap().message, "no threes");
    }

    #[test]
    fn test_done_callback_already_cancelled() {
        let (pool, _gate, _running) = busy();
        let future = pool.submit(square, 5).unwrap();
        future.cancel();
        assert!(future.exception().is_some());
        assert!(after(&told(&future)).unwrap_err().is_cancelled());
    }

    #[test]
    fn test_done_callback_raises_already_succeeded() {
        let name = "futures::future_tests::test_done_callback_raises_already_succeeded";
        logged(name, log::LevelFilter::Warn, &[METHOD], |method| {
            let pool = pool(method, 1);
            let future = pool.submit(square, 5).unwrap();
            future.result().unwrap();
            future.add_done_callback(|_| panic!("doh!"));
            assert_eq!(after(&told(&future)).unwrap(), 25);
            kept_with(&["callback", "panicked"]);
        });
    }

    /// One that runs is cancelled as well: its worker goes.
    #[test]
    fn test_cancel() {
        let (pool, _gate, running) = busy();
        let (waiting, failed) = (pool.submit(square, 5).unwrap(), pool.submit(panics, 3).unwrap());
        for _ in 0..2 {
            assert!(waiting.cancel());
            assert!(waiting.exception().unwrap().is_cancelled());
        }
        for _ in 0..2 {
            assert!(running.cancel());
            assert!(running.exception().unwrap().is_cancelled());
        }
        let finished = pool.submit(square, 5).unwrap();
        assert!(finished.result().is_ok() && !finished.cancel() && !finished.cancelled());
        assert!(failed.exception().unwrap().panic().is_some() && !failed.cancel() && !failed.cancelled());
    }

    /// A future in each state: waiting, running, cancelled, failed, finished.
    fn in_each_state(check: impl Fn(&str, &dyn Fn() -> bool, &Future<u64>)) {
        let pool = pool(METHOD, 1);
        let (failed, finished) = (pool.submit(panics, 3).unwrap(), pool.submit(square, 5).unwrap());
        assert!(failed.exception().is_some() && finished.result().is_ok());
        let gate = Gate::new();
        let running = pool.submit(hold_squared, gate.path()).unwrap();
        gate.await_begun(1);
        let (waiting, cancelled) = (pool.submit(square, 5).unwrap(), pool.submit(square, 5).unwrap());
        cancelled.cancel();
        assert!(cancelled.exception().is_some());
        for (state, future) in [
            ("waiting", &waiting),
            ("running", &running),
            ("cancelled", &cancelled),
            ("failed", &failed),
            ("finished", &finished),
        ] {
            check(state, &|| future.done(), future);
        }
        gate.open();
    }

    #[ganger::task]
    fn hold_squared(gate: String) -> u64 {
        square(hold(gate).into())
    }

    #[test]
    fn test_cancelled() {
        in_each_state(|state, _, future| assert_eq!(future.cancelled(), state == "cancelled", "{state}"));
    }

    #[test]
    fn test_done() {
        in_each_state(|state, done, _| assert_eq!(done(), !["waiting", "running"].contains(&state), "{state}"));
    }

    #[test]
    fn test_running() {
        in_each_state(|state, _, future| assert_eq!(future.running(), state == "running", "{state}"));
    }

    #[test]
    fn test_result_with_success() {
        let (_pool, gate, running) = busy();
        assert!(running.result_timeout(SHORT).unwrap_err().is_timeout());
        let opener = thread::spawn(move || gate.open());
        assert!(running.result_timeout(PATIENCE).unwrap() > 0);
        opener.join().unwrap();
    }

    #[test]
    fn test_result_with_cancel() {
        let (pool, _gate, _running) = busy();
        let future = Arc::new(pool.submit(square, 5).unwrap());
        let waiting = Arc::clone(&future);
        let waiter = thread::spawn(move || waiting.result());
        assert!(future.cancel());
        assert!(bounded("the waiter", || waiter.join()).unwrap().unwrap_err().is_cancelled());
    }

    /// `exception` waits; what waits for a while is `result_timeout`.
    #[test]
    fn test_exception_with_timeout() {
        in_each_state(|state, _, future| {
            let error = future.result_timeout(Duration::ZERO).err();
            match state {
                "waiting" | "running" => assert!(error.unwrap().is_timeout()),
                "cancelled" => assert!(error.unwrap().task().unwrap().is_cancelled()),
                "failed" => assert!(error.unwrap().task().unwrap().panic().is_some()),
                _ => assert!(error.is_none()),
            }
        });
    }

    #[test]
    fn test_exception_with_success() {
        let (pool, gate, _running) = busy();
        let (failing, good) = (pool.submit(panics, 3).unwrap(), pool.submit(panics, 4).unwrap());
        let opener = thread::spawn(move || gate.open());
        assert!(failing.exception().unwrap().panic().is_some() && good.exception().is_none());
        opener.join().unwrap();
    }

    /// Nobody can settle a future twice: what comes after the first outcome changes nothing.
    #[test]
    fn test_multiple_set_exception() {
        let pool = pool(METHOD, 1);
        let future = pool.submit(panics, 3).unwrap();
        assert!(future.exception().unwrap().panic().is_some());
        assert!(!future.cancel());
        pool.kill();
        eventually("the pool has ended", || pool.join(Some(SHORT)).is_ok());
        assert!(future.exception().unwrap().panic().is_some());
    }
}
