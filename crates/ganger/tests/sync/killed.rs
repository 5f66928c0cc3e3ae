//! Holders and waiters that are killed at any moment, many times: nobody hangs, and nothing is lost.
//!
//! `GANGER_KILLS` says how often each; 1,000 if it does not.

use ganger::sync::{Barrier, Condition, Lock, RLock, Semaphore};

use crate::deadline::bounded;
use crate::kills::{WORKERS, in_time, killed_at_random};
use crate::workers::{LONG, SHORT};

#[ganger::task]
fn use_lock(lock: Lock) {
    loop {
        let _guard = lock.lock().unwrap_or_else(|died| died.into_inner());
    }
}

#[test]
fn lock() {
    in_time("a lock", || {
        let lock = Lock::new().unwrap();
        killed_at_random(
            |pool| pool.submit(use_lock, lock.clone()).unwrap(),
            || {
                assert!(lock.acquire_timeout(LONG).is_some());
                lock.release().unwrap();
            },
        );
    });
}

#[ganger::task]
fn use_rlock(lock: RLock) {
    loop {
        let _outer = lock.lock().unwrap_or_else(|died| died.into_inner());
        let _inner = lock.lock().unwrap();
    }
}

#[test]
fn rlock() {
    in_time("a recursive lock", || {
        let lock = RLock::new().unwrap();
        killed_at_random(
            |pool| pool.submit(use_rlock, lock.clone()).unwrap(),
            || {
                assert!(lock.acquire_timeout(LONG).is_some());
                lock.release().unwrap();
                assert!(lock.release().is_err(), "once is enough");
            },
        );
    });
}

#[ganger::task]
fn use_semaphore(semaphore: Semaphore) {
    loop {
        let _guard = semaphore.lock().unwrap_or_else(|died| died.into_inner());
    }
}

#[test]
fn semaphore() {
    in_time("a semaphore", || {
        let semaphore = Semaphore::new(2).unwrap();
        killed_at_random(
            |pool| pool.submit(use_semaphore, semaphore.clone()).unwrap(),
            || {
                assert!(semaphore.acquire_timeout(LONG).is_some());
                semaphore.release().unwrap();
            },
        );
        let both = [semaphore.acquire_timeout(LONG), semaphore.acquire_timeout(LONG)];
        assert!(both.iter().all(Option::is_some) && semaphore.acquire_timeout(SHORT).is_none(), "two, and no more");
    });
}

/// Says each time when it was notified.
#[ganger::task]
fn use_condition(condition: Condition, progress: Semaphore) {
    loop {
        let guard = condition.lock().unwrap_or_else(|died| died.into_inner());
        let waited = condition.wait().unwrap();
        drop(guard);
        assert!(waited.notified);
        progress.release().unwrap();
    }
}

#[test]
fn condition() {
    in_time("a condition", || {
        let (condition, progress) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
        killed_at_random(
            |pool| pool.submit(use_condition, (condition.clone(), progress.clone())).unwrap(),
            // Who was notified may be killed before it says so.
            || {
                while progress.acquire_timeout(SHORT).is_none() {
                    let _guard = condition.lock_timeout(LONG).or_else(crate::killed::mended).unwrap();
                    condition.notify(1).unwrap();
                }
            },
        );
    });
}

/// A lock whose holder died is as good as another where nothing is behind it.
fn mended<G>(error: ganger::sync::LockError<G>) -> Result<G, &'static str> {
    match error {
        ganger::sync::LockError::OwnerDied(died) => Ok(died.into_inner()),
        ganger::sync::LockError::NotAcquired => Err("not to be had"),
    }
}

/// Says at every passage that it has passed.
#[ganger::task]
fn use_barrier(barrier: Barrier, progress: Semaphore) {
    loop {
        if barrier.wait().unwrap() == 0 {
            progress.release().unwrap();
        }
    }
}

#[test]
fn barrier() {
    in_time("a barrier", || {
        let (barrier, progress) = (Barrier::new(WORKERS).unwrap(), Semaphore::new(0).unwrap());
        killed_at_random(
            |pool| pool.submit(use_barrier, (barrier.clone(), progress.clone())).unwrap(),
            || {
                let before = progress.value();
                bounded("a passage", {
                    let progress = progress.clone();
                    move || {
                        while progress.value() <= before {
                            std::thread::yield_now()
                        }
                    }
                });
                assert!(!barrier.broken());
            },
        );
    });
}
