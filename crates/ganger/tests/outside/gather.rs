//! Many futures: `wait` in its three ways, and `as_completed`.

use std::time::Duration;

use ganger::{Future, Pool, ReturnWhen, as_completed, wait};

use crate::support::{ALL, Gate, PATIENCE, PROCESSES, WORKERS, hold, on_each, pool};
use crate::tasks::{nap, panics, square};

const MOMENT: Option<Duration> = Some(Duration::from_millis(20));

fn held(pool: &Pool, gate: &Gate) -> Future<u32> {
    pool.submit(hold, gate.path()).unwrap()
}

#[test]
fn waiting_for_none_is_over_at_once() {
    for until in [ReturnWhen::AllCompleted, ReturnWhen::FirstCompleted, ReturnWhen::FirstException] {
        let waited = wait(Vec::<Future<u64>>::new(), until, None);
        assert!(waited.done.is_empty() && waited.not_done.is_empty());
    }
    assert!(as_completed(Vec::<Future<u64>>::new()).next().is_none());
}

#[test]
fn waiting_for_all() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let futures: Vec<_> = (0..100).map(|n| pool.submit(panics, n).unwrap()).collect();
        let waited = wait(futures, ReturnWhen::AllCompleted, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (100, 0));
        assert!(waited.done.iter().all(Future::done));
        let again = wait(waited.done, ReturnWhen::AllCompleted, Some(Duration::ZERO));
        assert_eq!(again.done.len(), 100);
    });
}

#[test]
fn a_wait_that_is_over_too_early_is_no_error() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 2), Gate::new());
        let quick = pool.submit(nap, 0).unwrap();
        quick.result().unwrap();
        let waited = wait(vec![held(&pool, &gate), quick], ReturnWhen::AllCompleted, MOMENT);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
        let waited = wait(waited.not_done, ReturnWhen::AllCompleted, Some(Duration::ZERO));
        assert_eq!((waited.done.len(), waited.not_done.len()), (0, 1));
        gate.open();
        assert_eq!(wait(waited.not_done, ReturnWhen::AllCompleted, Some(Duration::MAX)).done.len(), 1);
    });
}

#[test]
fn waiting_for_the_first() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 2), Gate::new());
        let slow = held(&pool, &gate);
        gate.await_begun(1);
        let waited = wait(vec![slow, pool.submit(nap, 1).unwrap()], ReturnWhen::FirstCompleted, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
        let mut both = waited.not_done;
        both.extend(waited.done);
        let waited = wait(both, ReturnWhen::FirstCompleted, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1), "one is done already");
        gate.open();
    });
}

#[test]
fn waiting_for_the_first_that_has_no_result() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 2), Gate::new());
        let (slow, good) = (held(&pool, &gate), pool.submit(nap, 0).unwrap());
        gate.await_begun(1);
        let cancelled = pool.submit(hold, gate.path()).unwrap();
        let waited = wait(vec![slow, good], ReturnWhen::FirstException, MOMENT);
        assert_eq!(waited.not_done.len(), 1, "a result does not end the wait");
        let futures = [waited.done, waited.not_done, vec![cancelled]].concat_futures();
        futures.last().unwrap().cancel();
        let waited = wait(futures, ReturnWhen::FirstException, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (2, 1));
        gate.open();
        assert_eq!(wait(waited.not_done, ReturnWhen::FirstException, None).done.len(), 1);
    });
}

trait Concat<T> {
    fn concat_futures(self) -> Vec<Future<T>>;
}

impl<T> Concat<T> for [Vec<Future<T>>; 3] {
    fn concat_futures(self) -> Vec<Future<T>> {
        self.into_iter().flatten().collect()
    }
}

#[test]
fn a_failure_among_those_that_are_done_ends_the_wait() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let failed = pool.submit(panics, 3).unwrap();
        let _ = failed.exception();
        let running = held(&pool, &gate);
        gate.await_begun(1);
        let futures = vec![pool.submit(panics, 1).unwrap(), failed];
        let waited = wait(futures, ReturnWhen::FirstException, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
        gate.open();
        running.result().unwrap();
    });
}

#[test]
fn as_completed_gives_each_once() {
    on_each(ALL, |method| {
        let pool = pool(method, 3);
        let futures: Vec<_> = (0..300).map(|n| pool.submit(square, n).unwrap()).collect();
        let completed = as_completed(futures);
        assert_eq!(completed.size_hint(), (300, Some(300)));
        let mut squares: Vec<u64> = completed.map(|future| future.result().unwrap()).collect();
        squares.sort_unstable();
        assert_eq!(squares, (0..300).map(|n| n * n).collect::<Vec<u64>>());
    });
}

#[test]
fn as_completed_gives_those_that_are_done_first() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 2), Gate::new());
        let slow = held(&pool, &gate);
        gate.await_begun(1);
        let mut completed = as_completed([slow, pool.submit(nap, 0).unwrap()]);
        completed.next_timeout(PATIENCE).unwrap().unwrap().result().unwrap();
        for patience in [Duration::ZERO, Duration::from_millis(20)] {
            assert!(completed.next_timeout(patience).unwrap_err().is_timeout());
        }
        gate.open();
        assert!(completed.next_timeout(PATIENCE).unwrap().is_some());
        assert!(completed.next_timeout(Duration::ZERO).unwrap().is_none() && completed.next().is_none());
    });
}

#[test]
fn futures_of_several_pools_are_waited_for_together() {
    on_each(ALL, |method| {
        let pools: Vec<Pool> = (0..3).map(|_| pool(method, 1)).collect();
        let futures = |count: u64| -> Vec<_> {
            (0..count).flat_map(|n| pools.iter().map(move |pool| pool.submit(square, n).unwrap())).collect()
        };
        assert_eq!(wait(futures(50), ReturnWhen::AllCompleted, Some(PATIENCE)).done.len(), 150);
        assert_eq!(as_completed(futures(50)).count(), 150);
    });
}

#[test]
fn a_hundred_at_once_lose_no_wake_up() {
    on_each(WORKERS, |method| {
        let pool = pool(method, 8);
        for _ in 0..20 {
            let futures: Vec<_> = (0..100).map(|n| pool.submit(square, n).unwrap()).collect();
            assert_eq!(wait(futures, ReturnWhen::AllCompleted, Some(PATIENCE)).not_done.len(), 0);
        }
    });
}
