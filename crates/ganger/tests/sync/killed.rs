//! Holders and waiters that are killed at any moment, many times: nobody hangs, and nothing is lost.
//!
//! `GANGER_KILLS` says how often each; 100 if it does not.

use std::time::Duration;

use ganger::sync::{Barrier, Condition, Lock, RLock, Semaphore};
use ganger::{Future, Pool, StartMethod};

use crate::workers::{LONG, SHORT, bounded, pool};

const WORKERS: usize = 4;

fn kills() -> u64 {
    std::env::var("GANGER_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(100)
}

/// Lets tasks run that never end, and kills the workers of some; in between `check` says whether the rest goes on.
fn killed_at_random(begin: impl Fn(&Pool) -> Future<()>, mut check: impl FnMut()) {
    let pool = pool(StartMethod::Zygote, WORKERS);
    let mut running: Vec<Future<()>> = (0..WORKERS).map(|_| begin(&pool)).collect();
    for kill in 0..kills() {
        let random = kill.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let until = std::time::Instant::now() + Duration::from_nanos(random >> 42);
        while std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        check();
        let victim = std::mem::replace(&mut running[(random >> 20) as usize % WORKERS], begin(&pool));
        assert!(victim.cancel() || victim.cancelled(), "kill {kill}: it ended: {:?}", victim.result());
    }
    check();
    running.iter().for_each(|running| assert!(running.cancel()));
}

/// A run that hangs is a failure.
fn in_time(what: &str, test: impl FnOnce() + Send + 'static) {
    let patience = Duration::from_secs(60 + kills() / 5);
    let (done, ended) = std::sync::mpsc::channel();
    let running = std::thread::spawn(move || {
        test();
        // Nobody listens any more if it was too late.
        let _ = done.send(());
    });
    let hung = ended.recv_timeout(patience) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
    assert!(!hung, "{what} hangs: not done within {patience:?}");
    running.join().unwrap();
}

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
