//! `_TestLock` and `_TestSemaphore` on managers.

mod test_lock {
    use ganger::manager::{LockProxy, ManagerError, RLockProxy};
    use ganger::sync::{Acquired, SyncError};

    use super::super::{SHORT, manager};
    use crate::away::{BOTH, away};
    use crate::deadline::on_each;

    fn not_held(result: Result<(), ManagerError>) -> bool {
        matches!(result, Err(ManagerError::Sync(SyncError::NotHeld)))
    }

    #[test]
    fn test_lock() {
        let manager = manager();
        let lock = manager.lock().unwrap();
        assert_eq!(lock.acquire().unwrap(), Acquired::Clean);
        assert!(lock.locked().unwrap() && lock.try_acquire().unwrap().is_none());
        assert!(lock.acquire_timeout(SHORT).unwrap().is_none());
        lock.release().unwrap();
        assert!(!lock.locked().unwrap() && not_held(lock.release()));
    }

    #[ganger::task]
    fn sees_locked(lock: LockProxy, rlock: RLockProxy) -> (bool, bool) {
        (lock.locked().unwrap(), rlock.locked().unwrap())
    }

    #[test]
    fn test_lock_locked_2processes() {
        on_each(BOTH, |method| {
            let manager = manager();
            let (lock, rlock) = (manager.lock().unwrap(), manager.rlock().unwrap());
            assert_eq!(away(method, sees_locked, (lock.clone(), rlock.clone())).join(), (false, false));
            let _held = lock.lock().unwrap();
            assert_eq!(away(method, sees_locked, (lock.clone(), rlock.clone())).join(), (true, false));
        });
    }

    #[test]
    fn test_rlock() {
        let manager = manager();
        let lock = manager.rlock().unwrap();
        (0..3).for_each(|_| assert_eq!(lock.acquire().unwrap(), Acquired::Clean));
        for held in [true, true, false] {
            lock.release().unwrap();
            assert_eq!(lock.locked().unwrap(), held);
        }
        assert!(not_held(lock.release()));
    }

    #[ganger::task]
    fn cannot_have(lock: RLockProxy) -> bool {
        let not_mine = matches!(lock.release(), Err(ManagerError::Sync(SyncError::NotOwner)));
        not_mine && lock.locked().unwrap() && lock.try_acquire().unwrap().is_none()
    }

    /// Another thread is another holder, also of the same process.
    #[test]
    fn test_rlock_locked_2processes() {
        on_each(BOTH, |method| {
            let manager = manager();
            let lock = manager.rlock().unwrap();
            let _held = lock.lock().unwrap();
            assert!(away(method, cannot_have, lock.clone()).join());
        });
    }

    #[test]
    fn test_lock_context() {
        let manager = manager();
        let lock = manager.lock().unwrap();
        let guard = lock.lock().unwrap();
        assert!(lock.locked().unwrap() && lock.lock_timeout(SHORT).unwrap().is_none());
        drop(guard);
        assert!(!lock.locked().unwrap());
    }

    #[test]
    fn test_rlock_context() {
        let manager = manager();
        let lock = manager.rlock().unwrap();
        let guards = (lock.lock().unwrap(), lock.lock_timeout(SHORT).unwrap());
        assert!(lock.locked().unwrap() && guards.1.is_some());
        drop(guards);
        assert!(!lock.locked().unwrap());
    }

    #[test]
    fn test_repr_lock() {
        let manager = manager();
        let (lock, rlock) = (manager.lock().unwrap(), manager.rlock().unwrap());
        let where_it_is = manager.address().to_string();
        for text in [format!("{lock:?}"), format!("{rlock:?}")] {
            assert!(text.contains("LockProxy") && text.contains(&where_it_is), "{text}");
        }
    }
}

mod test_semaphore {
    use std::time::Instant;

    use ganger::manager::ManagerError;
    use ganger::sync::{Acquired, SyncError};

    use super::super::{SHORT, manager};

    #[test]
    fn test_semaphore() {
        let manager = manager();
        let semaphore = manager.semaphore(2).unwrap();
        for left in [1, 0] {
            assert_eq!(semaphore.acquire().unwrap(), Acquired::Clean);
            assert_eq!(semaphore.value().unwrap(), left);
        }
        assert!(semaphore.try_acquire().unwrap().is_none());
        for there in [1, 2, 3, 4] {
            semaphore.release().unwrap();
            assert_eq!(semaphore.value().unwrap(), there);
        }
    }

    #[test]
    fn test_bounded_semaphore() {
        let manager = manager();
        let semaphore = manager.bounded_semaphore(2).unwrap();
        let guards = (semaphore.lock().unwrap(), semaphore.lock().unwrap());
        assert!(semaphore.try_acquire().unwrap().is_none());
        drop(guards);
        assert_eq!(semaphore.value().unwrap(), 2);
        assert!(matches!(semaphore.release(), Err(ManagerError::Sync(SyncError::OverRelease))));
    }

    #[test]
    fn test_timeout() {
        let manager = manager();
        let semaphore = manager.semaphore(0).unwrap();
        assert!(semaphore.try_acquire().unwrap().is_none());
        let begun = Instant::now();
        assert!(semaphore.acquire_timeout(SHORT).unwrap().is_none());
        assert!(begun.elapsed() >= SHORT);
        assert_eq!(semaphore.value().unwrap(), 0);
        semaphore.release().unwrap();
        assert!(semaphore.acquire_timeout(SHORT).unwrap().is_some(), "who gave up takes none");
    }
}
