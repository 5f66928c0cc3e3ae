//! `Condition`.

use ganger::sync::{Condition, Lock, SyncError};

use crate::workers::LONG;

#[test]
fn a_recursive_lock_is_released_wholly_and_comes_back_as_deep() {
    let condition = Condition::new().unwrap();
    let guards = (condition.lock().unwrap(), condition.lock().unwrap());
    let other = condition.clone();
    let notifier = std::thread::spawn(move || {
        let _held = other.lock().unwrap();
        other.notify(1).unwrap();
    });
    assert!(condition.wait_timeout(LONG).unwrap().notified);
    drop(guards);
    assert_eq!(condition.release(), Err(SyncError::NotHeld));
    notifier.join().unwrap();
}

#[test]
fn without_the_lock_nothing_can_be_done() {
    for condition in [Condition::new().unwrap(), Condition::with_lock(Lock::new().unwrap()).unwrap()] {
        assert_eq!(condition.wait(), Err(SyncError::NotOwner));
        assert_eq!(condition.wait_for(|| true), Err(SyncError::NotOwner));
        assert_eq!(condition.notify_all(), Err(SyncError::NotOwner));
        assert_eq!(condition.release(), Err(SyncError::NotHeld));
    }
}
