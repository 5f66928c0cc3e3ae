//! `Semaphore` and `BoundedSemaphore`.

use ganger::sync::{Acquired, Semaphore};

use crate::workers::{ALL, LONG, on_each, pool};

#[ganger::task]
fn take_semaphore(semaphore: Semaphore) -> bool {
    semaphore.acquire_timeout(LONG).is_some()
}

#[ganger::task]
fn give_semaphore(semaphore: Semaphore) -> bool {
    semaphore.release().is_ok()
}

#[test]
fn a_guard_gives_its_permit_back() {
    let semaphore = Semaphore::new(1).unwrap();
    let guard = semaphore.lock().unwrap();
    assert!(semaphore.try_lock().is_err());
    drop(guard);
    assert_eq!(semaphore.value(), 1);
}

/// Each is woken by a release of its own, though they come at once.
#[test]
fn so_many_releases_wake_so_many() {
    on_each(ALL, |method| {
        let (pool, semaphore) = (pool(method, 4), Semaphore::new(0).unwrap());
        let waiting: Vec<_> = (0..4).map(|_| pool.submit(take_semaphore, semaphore.clone()).unwrap()).collect();
        (0..4).for_each(|_| semaphore.release().unwrap());
        assert!(waiting.iter().all(|waiting| waiting.result().unwrap()));
        assert_eq!(semaphore.value(), 0, "used up, though the tasks that took them are done");
    });
}

#[test]
fn others_may_release() {
    on_each(ALL, |method| {
        let (pool, semaphore) = (pool(method, 1), Semaphore::new(1).unwrap());
        assert_eq!(semaphore.acquire(), Acquired::Clean);
        assert!(pool.apply(give_semaphore, semaphore.clone()).unwrap());
        assert_eq!(semaphore.value(), 1);
    });
}
