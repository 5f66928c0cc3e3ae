//! `Lock` and `RLock`.

use ganger::StartMethod;
use ganger::sync::{Acquired, Lock, LockError, RLock, SyncError};

use crate::workers::{ALL, LONG, PROCESSES, SHORT, bounded, eventually, on_each, pool};

#[ganger::task]
fn acquire_lock(lock: Lock) {
    assert!(lock.acquire_timeout(LONG).is_some());
}

#[ganger::task]
fn acquire_rlock_twice(lock: RLock) -> bool {
    let _guards = (lock.lock(), lock.lock());
    lock.locked()
}

#[ganger::task]
fn release_lock(lock: Lock) -> Result<(), String> {
    lock.release().map_err(|e| format!("{e:?}"))
}

#[ganger::task]
fn release_rlock(lock: RLock) -> Result<(), String> {
    lock.release().map_err(|e| format!("{e:?}"))
}

#[ganger::task]
fn sees_locked(lock: Lock, rlock: RLock) -> (bool, bool) {
    (lock.locked(), rlock.locked())
}

#[test]
fn test_lock() {
    let lock = Lock::new().unwrap();
    assert_eq!(lock.acquire(), Acquired::Clean);
    assert!(lock.locked() && lock.try_acquire().is_none());
    assert!(lock.acquire_timeout(SHORT).is_none());
    assert_eq!(lock.release(), Ok(()));
    assert!(!lock.locked());
    assert_eq!(lock.release(), Err(SyncError::NotHeld));
}

#[test]
fn test_lock_locked_2processes() {
    on_each(PROCESSES, |method| {
        let (pool, lock, rlock) = (pool(method, 1), Lock::new().unwrap(), RLock::new().unwrap());
        let seen = || pool.starmap(sees_locked, [(lock.clone(), rlock.clone())]).unwrap()[0];
        assert_eq!(seen(), (false, false));
        let _guards = (lock.lock(), rlock.lock());
        assert_eq!(seen(), (true, true));
    });
}

#[test]
fn test_rlock() {
    let lock = RLock::new().unwrap();
    assert_eq!([lock.acquire(), lock.acquire(), lock.acquire()], [Acquired::Clean; 3]);
    for held in [true, true, false] {
        assert_eq!(lock.release(), Ok(()));
        assert_eq!(lock.locked(), held);
    }
    assert_eq!(lock.release(), Err(SyncError::NotHeld));
}

#[test]
fn test_rlock_locked_2processes() {
    on_each(ALL, |method| {
        let (pool, lock) = (pool(method, 1), RLock::new().unwrap());
        assert!(pool.apply(acquire_rlock_twice, lock.clone()).unwrap());
        assert!(!lock.locked());
        let _guard = lock.lock().unwrap();
        assert_eq!(pool.apply(release_rlock, lock.clone()).unwrap(), Err("NotOwner".to_owned()));
        assert!(lock.locked());
    });
}

#[test]
fn test_lock_context() {
    let lock = Lock::new().unwrap();
    let guard = lock.lock().unwrap();
    assert!(lock.locked() && matches!(lock.try_lock(), Err(LockError::NotAcquired)));
    drop(guard);
    assert!(!lock.locked());
}

#[test]
fn test_rlock_context() {
    let lock = RLock::new().unwrap();
    let guards = (lock.lock().unwrap(), lock.try_lock().unwrap(), lock.lock_timeout(SHORT).unwrap());
    assert!(lock.locked());
    drop(guards);
    assert!(!lock.locked());
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
