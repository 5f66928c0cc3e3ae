//! `_TestLock`: on processes, and where it says so on threads.

mod test_lock {
    use ganger::sync::{Acquired, Lock, LockError, RLock, SyncError};

    use crate::workers::{ALL, PROCESSES, SHORT, on_each, pool};

    #[ganger::task]
    fn acquire_rlock_twice(lock: RLock) -> bool {
        let _guards = (lock.lock(), lock.lock());
        lock.locked()
    }

    #[ganger::task]
    fn release_rlock(lock: RLock) -> Result<(), String> {
        lock.release().map_err(|e| format!("{e:?}"))
    }

    #[ganger::task]
    fn sees_locked(lock: Lock, rlock: RLock) -> (bool, bool) {
        (lock.locked(), rlock.locked())
    }

    #[ganger::task]
    fn shown(lock: Lock, rlock: RLock) -> (String, String) {
        (format!("{lock:?}"), format!("{rlock:?}"))
    }

    #[test]
    fn test_repr_lock() {
        on_each(PROCESSES, |method| {
            let (pool, lock, rlock) = (pool(method, 1), Lock::new().unwrap(), RLock::new().unwrap());
            let here = || (format!("{lock:?}"), format!("{rlock:?}"));
            let there = || pool.apply(shown, (lock.clone(), rlock.clone())).unwrap();
            let elsewhere = || std::thread::scope(|scope| scope.spawn(here).join().unwrap());
            let both = |lock: &str, rlock: &str| (lock.to_owned(), rlock.to_owned());
            assert_eq!((here(), there()), (both("Lock(free)", "RLock(free)"), both("Lock(free)", "RLock(free)")));
            let _guards = (lock.lock(), rlock.lock(), rlock.lock());
            assert_eq!(here(), both("Lock(held by this process)", "RLock(held by this thread, 2 times)"));
            let (process, thread) = (std::process::id(), nix::unistd::gettid());
            let other = format!("RLock(held by thread {thread}, 2 times)");
            assert_eq!(elsewhere(), both("Lock(held by this process)", &other));
            assert_eq!(there(), both(&format!("Lock(held by process {process})"), &other));
        });
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
}
