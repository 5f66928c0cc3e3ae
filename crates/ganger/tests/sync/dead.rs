//! Who dies holds nobody up: one death at a time, at a known place.

use ganger::sync::{Acquired, Barrier, BrokenBarrier, Condition, Event, Lock, RLock, Semaphore};
use ganger::{Future, Pool, Portable};

use crate::workers::{LONG, PROCESSES, SHORT, eventually, on_each, pool};

fn for_ever() -> ! {
    loop {
        std::thread::park();
    }
}

#[ganger::task]
fn die_with_lock(lock: Lock, held: Event) {
    let _guard = lock.lock().unwrap_or_else(|died| died.into_inner());
    held.set();
    for_ever();
}

#[ganger::task]
fn die_with_rlock(lock: RLock, held: Event) {
    let _guards = (lock.lock(), lock.lock());
    held.set();
    for_ever();
}

#[ganger::task]
fn die_with_permits(semaphore: Semaphore, held: Event) {
    let _guards = (semaphore.lock(), semaphore.lock());
    held.set();
    for_ever();
}

#[ganger::task]
fn await_condition(condition: Condition, begun: Event) -> bool {
    let _held = condition.lock().unwrap();
    begun.set();
    condition.wait_timeout(LONG).unwrap().notified
}

#[ganger::task]
fn await_barrier(barrier: Barrier) -> bool {
    barrier.wait().is_ok()
}

#[ganger::task]
fn die_in_action(barrier: Barrier, acting: Event) {
    let _ = barrier.wait_with(|| {
        acting.set();
        for_ever();
    });
}

/// Kills the worker that a task runs in.
fn kill<R: Portable>(pool: &Pool, victim: Future<R>) {
    let before = pool.worker_pids();
    assert!(victim.cancel());
    let error = victim.result().err().unwrap();
    assert!(error.is_cancelled(), "{error}");
    eventually("its worker is replaced", || pool.worker_pids() != before);
}

/// Somebody who holds it is killed, once before it is asked for, and once while it is waited for.
fn is_taken_over(pool: &Pool, hold: impl Fn() -> Future<()>, held: &Event, acquire: impl Fn() -> Acquired + Sync) {
    held.clear();
    let victim = hold();
    assert!(held.wait_timeout(LONG));
    kill(pool, victim);
    assert_eq!((acquire(), acquire()), (Acquired::OwnerDied, Acquired::Clean), "told once");
    held.clear();
    let victim = hold();
    assert!(held.wait_timeout(LONG));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(&acquire);
        kill(pool, victim);
        assert_eq!(waiting.join().unwrap(), Acquired::OwnerDied);
    });
}

#[test]
fn a_dead_holders_lock_goes_to_the_next_who_is_told() {
    on_each(PROCESSES, |method| {
        let (pool, lock, held) = (pool(method, 1), Lock::new().unwrap(), Event::new().unwrap());
        let acquire = || {
            let acquired = lock.acquire_timeout(LONG).unwrap();
            lock.release().unwrap();
            acquired
        };
        is_taken_over(&pool, || pool.submit(die_with_lock, (lock.clone(), held.clone())).unwrap(), &held, acquire);
    });
}

#[test]
fn a_dead_holders_recursive_lock_goes_to_the_next_who_is_told() {
    on_each(PROCESSES, |method| {
        let (pool, lock, held) = (pool(method, 1), RLock::new().unwrap(), Event::new().unwrap());
        let acquire = || {
            let acquired = lock.acquire_timeout(LONG).unwrap();
            lock.release().unwrap();
            assert!(!lock.locked());
            acquired
        };
        is_taken_over(&pool, || pool.submit(die_with_rlock, (lock.clone(), held.clone())).unwrap(), &held, acquire);
    });
}

#[test]
fn a_dead_holders_permits_come_back() {
    on_each(PROCESSES, |method| {
        let (pool, permits, held) = (pool(method, 1), Semaphore::new(2).unwrap(), Event::new().unwrap());
        let acquire = || {
            let acquired = permits.acquire_timeout(LONG).unwrap();
            permits.release().unwrap();
            assert_eq!(permits.value(), 2);
            acquired
        };
        is_taken_over(
            &pool,
            || pool.submit(die_with_permits, (permits.clone(), held.clone())).unwrap(),
            &held,
            acquire,
        );
    });
}

#[test]
fn asking_once_is_enough_for_what_a_dead_one_holds() {
    on_each(PROCESSES, |method| {
        let (pool, lock, permits) = (pool(method, 2), Lock::new().unwrap(), Semaphore::new(2).unwrap());
        let (locked, taken) = (Event::new().unwrap(), Event::new().unwrap());
        let one = pool.submit(die_with_lock, (lock.clone(), locked.clone())).unwrap();
        let other = pool.submit(die_with_permits, (permits.clone(), taken.clone())).unwrap();
        assert!(locked.wait_timeout(LONG) && taken.wait_timeout(LONG));
        assert!(lock.try_acquire().is_none() && permits.try_acquire().is_none(), "they live");
        kill(&pool, one);
        kill(&pool, other);
        eventually("the lock is to be had", || lock.try_acquire() == Some(Acquired::OwnerDied));
        eventually("a permit is to be had", || permits.try_acquire() == Some(Acquired::OwnerDied));
    });
}

#[test]
fn a_notification_is_not_lost_with_a_dead_waiter() {
    on_each(PROCESSES, |method| {
        let (pool, condition, begun) = (pool(method, 2), Condition::new().unwrap(), Event::new().unwrap());
        let wait = || {
            begun.clear();
            let waiting = pool.submit(await_condition, (condition.clone(), begun.clone())).unwrap();
            assert!(begun.wait_timeout(LONG));
            drop(condition.lock().unwrap());
            waiting
        };
        let (first, second) = (wait(), wait());
        kill(&pool, first);
        let held = condition.lock().unwrap();
        condition.notify(1).unwrap();
        drop(held);
        assert!(second.result().unwrap());
    });
}

#[test]
fn who_dies_at_a_barrier_is_counted_out() {
    on_each(PROCESSES, |method| {
        let (pool, barrier) = (pool(method, 3), Barrier::new(3).unwrap());
        let wait = || pool.submit(await_barrier, barrier.clone()).unwrap();
        let victim = wait();
        eventually("one waits", || barrier.n_waiting() == 1);
        kill(&pool, victim);
        eventually("nobody waits", || barrier.n_waiting() == 0);
        let others = [wait(), wait()];
        eventually("two wait", || barrier.n_waiting() == 2);
        assert!(barrier.wait_timeout(LONG).is_ok());
        assert!(others.iter().all(|other| other.result().unwrap()));
    });
}

#[test]
fn who_dies_in_the_action_breaks_the_barrier() {
    on_each(PROCESSES, |method| {
        let (pool, barrier, acting) = (pool(method, 2), Barrier::new(2).unwrap(), Event::new().unwrap());
        let waiting = pool.submit(await_barrier, barrier.clone()).unwrap();
        eventually("one waits", || barrier.n_waiting() == 1);
        let victim = pool.submit(die_in_action, (barrier.clone(), acting.clone())).unwrap();
        assert!(acting.wait_timeout(LONG));
        kill(&pool, victim);
        assert!(!waiting.result().unwrap() && barrier.broken());
        assert_eq!(barrier.wait_timeout(SHORT), Err(BrokenBarrier));
    });
}
