//! `Lock` and `RLock`.

use ganger::StartMethod;
use ganger::sync::{Acquired, Lock, RLock};

use crate::deadline::bounded;
use crate::workers::{ALL, LONG, eventually, on_each, pool};

#[ganger::task]
fn acquire_lock(lock: Lock) {
    assert!(lock.acquire_timeout(LONG).is_some());
}

#[ganger::task]
fn release_lock(lock: Lock) -> Result<(), String> {
    lock.release().map_err(|e| format!("{e:?}"))
}

#[test]
fn anybody_may_release_a_lock() {
    on_each(ALL, |method| {
        let (pool, lock) = (pool(method, 1), Lock::new().unwrap());
        pool.apply(acquire_lock, lock.clone()).unwrap();
        assert!(lock.try_acquire().is_none(), "held by a worker that lives");
        assert_eq!(lock.release(), Ok(()));
        assert_eq!(lock.acquire(), Acquired::Clean);
        assert_eq!(pool.apply(release_lock, lock.clone()).unwrap(), Ok(()));
        assert_eq!(pool.apply(release_lock, lock.clone()).unwrap(), Err("NotHeld".to_owned()));
    });
}

#[test]
fn who_waits_gets_it_when_it_is_released() {
    on_each(ALL, |method| {
        let (pool, lock) = (pool(method, 2), Lock::new().unwrap());
        let guard = lock.lock().unwrap();
        let waiting = pool.submit(acquire_lock, lock.clone()).unwrap();
        eventually("it waits", || !pool.worker_pids().is_empty() || method == StartMethod::Thread);
        assert!(!waiting.done());
        drop(guard);
        waiting.result().unwrap();
        assert!(lock.locked());
    });
}

/// Adds to a count that is no atomic addition.
#[ganger::task]
fn count(lock: Lock, file: ganger::Descriptor, times: u64) {
    use std::os::unix::fs::FileExt;
    let file = std::fs::File::from(file.into_fd().unwrap());
    let mut bytes = [0; 8];
    for _ in 0..times {
        let _guard = lock.lock().unwrap();
        file.read_exact_at(&mut bytes, 0).unwrap();
        file.write_all_at(&(u64::from_ne_bytes(bytes) + 1).to_ne_bytes(), 0).unwrap();
    }
}

#[test]
fn one_holds_it_at_a_time() {
    use std::os::unix::fs::FileExt;
    on_each(ALL, |method| {
        let (pool, lock, file) = (pool(method, 4), Lock::new().unwrap(), tempfile::tempfile().unwrap());
        file.write_all_at(&[0; 8], 0).unwrap();
        let passed = ganger::Descriptor::from(file.try_clone().unwrap());
        pool.starmap(count, (0..4).map(|_| (lock.clone(), passed.clone(), 2000))).unwrap();
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(u64::from_ne_bytes(bytes), 8000);
    });
}

#[test]
fn a_thread_that_ends_with_a_recursive_lock_has_died() {
    bounded("take-over from a thread", || {
        let lock = RLock::new().unwrap();
        let holder = lock.clone();
        std::thread::spawn(move || assert_eq!(holder.acquire(), Acquired::Clean)).join().unwrap();
        assert!(lock.locked());
        assert_eq!(lock.acquire(), Acquired::OwnerDied);
        assert_eq!(lock.release(), Ok(()));
        assert_eq!(lock.acquire(), Acquired::Clean, "told once");
    });
}

#[test]
fn another_kind_of_object_is_refused() {
    use std::os::fd::AsFd;
    let lock = Lock::new().unwrap();
    let refused = RLock::open(lock.as_fd().try_clone_to_owned().unwrap()).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidData);
    let file = std::fs::File::open("/dev/null").unwrap();
    assert!(Lock::open(file.into()).is_err());
}
