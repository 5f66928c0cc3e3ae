//! One future: its states, its time limits, its cancellation, and how it is awaited.

use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use ganger::TaskOptions;

use crate::support::{ALL, Gate, PROCESSES, WORKERS, bounded, ended_alone, hold, on_each, pool};
use crate::tasks::{panics, pid, square};

#[test]
fn a_result_may_be_asked_for_again() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let future = pool.submit(square, 3).unwrap();
        assert_eq!((future.result().unwrap(), future.result().unwrap()), (9, 9));
        assert_eq!(future.result_timeout(Duration::ZERO).unwrap(), 9);
        assert!(future.done() && !future.cancelled() && future.exception().is_none());
        assert!(!future.cancel() && future.result().is_ok());
    });
}

#[test]
fn an_outcome_outlives_its_pool() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let future = pool.submit(square, 3).unwrap();
        future.result().unwrap();
        drop(pool);
        assert_eq!(future.result().unwrap(), 9);
    });
}

#[test]
fn a_failed_future_is_done() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let future = pool.submit(panics, 3).unwrap();
        assert!(future.exception().unwrap().panic().is_some());
        assert!(future.done() && !future.cancelled() && !future.cancel());
    });
}

#[test]
fn waiting_for_a_while_leaves_the_task_alone() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let future = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        for patience in [Duration::ZERO, Duration::from_millis(20)] {
            assert!(future.result_timeout(patience).unwrap_err().is_timeout());
        }
        assert!(!future.done() && !future.cancelled());
        gate.open();
        assert!(future.result_timeout(Duration::MAX).unwrap() > 0);
    });
}

#[test]
fn a_waiting_task_that_is_cancelled_never_runs() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let running = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        let waiting = pool.submit(hold, gate.path()).unwrap();
        assert!(waiting.cancel());
        assert!(waiting.result().unwrap_err().is_cancelled());
        assert!(waiting.cancelled() && waiting.done());
        assert!(waiting.cancel(), "it is cancelled, however often one asks");
        gate.open();
        running.result().unwrap();
        pool.apply(square, 1).unwrap();
        assert_eq!(gate.begun(), 1);
    });
}

#[test]
fn a_running_task_that_is_cancelled_ends_and_no_other_suffers() {
    on_each(PROCESSES, |method| {
        let error = ended_alone(method, &TaskOptions::new(), |task, gate| {
            gate.await_begun(1);
            assert!(task.cancel());
        });
        assert!(error.is_cancelled(), "{error}");
    });
}

#[test]
fn a_task_in_a_thread_goes_on_when_cancelled() {
    let method = [ganger::StartMethod::Thread];
    on_each(&method, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let running = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        running.cancel();
        gate.open();
        assert_eq!(running.result().unwrap(), std::process::id());
    });
}

#[test]
fn cancelling_wakes_who_waits() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let future = Arc::new(pool.submit(hold, gate.path()).unwrap());
        gate.await_begun(1);
        let waiter = thread::spawn({
            let future = Arc::clone(&future);
            move || future.result()
        });
        future.cancel();
        assert!(bounded("waiter", || waiter.join()).unwrap().unwrap_err().is_cancelled());
    });
}

#[test]
fn dropping_a_future_cancels_nothing() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        gate.open();
        drop(pool.submit(hold, gate.path()).unwrap());
        pool.close();
        pool.join(None).unwrap();
        assert_eq!(gate.begun(), 1);
    });
}

/// Wakes a thread: the smallest executor there is.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: std::future::Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn a_future_can_be_awaited() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let sum = block_on(async {
            let futures: Vec<_> = (0..100).map(|n| pool.submit(square, n).unwrap()).collect();
            let mut sum = 0;
            for future in futures {
                sum += future.await.unwrap();
            }
            assert!(pool.submit(panics, 3).unwrap().await.unwrap_err().panic().is_some());
            sum
        });
        assert_eq!(sum, (0..100).map(|n| n * n).sum::<u64>());
    });
}

#[test]
fn an_awaited_future_wakes_the_last_who_asked() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let mut future = pin!(pool.submit(hold, gate.path()).unwrap());
        gate.await_begun(1);
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let opener = thread::spawn(move || gate.open());
        assert!(block_on(future).unwrap() > 0);
        opener.join().unwrap();
    });
}

#[test]
fn many_wait_for_one() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 2), Gate::new());
        let future = pool.submit(hold, gate.path()).unwrap();
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..8).map(|_| scope.spawn(|| future.result().unwrap())).collect();
            assert!(pool.apply(pid, ()).unwrap() > 0);
            gate.open();
            let pids: Vec<u32> = waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect();
            assert!(pids.iter().all(|pid| *pid == pids[0]));
        });
    });
}
