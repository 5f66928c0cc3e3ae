//! Clients that are killed at any moment, many times: nobody hangs, nothing is torn, and what they held comes free.
//!
//! `GANGER_KILLS` says how often each; 1,000 if it does not.

use std::time::Instant;

use ganger::manager::{
    BarrierProxy, ConditionProxy, JoinableQueueProxy, LockProxy, Manager, ManagerError, QueueProxy, SemaphoreProxy,
    SetProxy, ValueProxy,
};
use ganger::sync::SyncError;
use ganger::{Bytes, Process};

use crate::deadline::{PATIENCE, eventually};
use crate::victims::{VICTIMS, in_time, killed_at_random};
use crate::{LONG, SHORT};

/// More than a packet holds.
const LENGTH: usize = 100_000;

/// A value that says whether it is whole.
type Sealed = (u64, Bytes);

fn sealed(n: u64) -> Sealed {
    (n, Bytes::from(vec![n as u8; LENGTH]))
}

#[track_caller]
fn whole(item: &Sealed) -> u64 {
    assert!(*item == sealed(item.0), "torn");
    item.0
}

#[ganger::task]
fn use_lock(lock: LockProxy) {
    loop {
        let _guard = lock.lock().unwrap();
    }
}

#[test]
fn lock() {
    in_time("a lock", || {
        let manager = Manager::start().unwrap();
        let lock = manager.lock().unwrap();
        killed_at_random(
            || Process::new(use_lock, lock.clone()).unwrap(),
            || assert!(lock.lock_timeout(LONG).unwrap().is_some()),
        );
    });
}

#[ganger::task]
fn use_semaphore(semaphore: SemaphoreProxy) {
    loop {
        let _guard = semaphore.lock().unwrap();
    }
}

#[test]
fn semaphore() {
    in_time("a semaphore", || {
        let manager = Manager::start().unwrap();
        let semaphore = manager.semaphore(2).unwrap();
        killed_at_random(
            || Process::new(use_semaphore, semaphore.clone()).unwrap(),
            || assert!(semaphore.lock_timeout(LONG).unwrap().is_some()),
        );
        let both = (semaphore.lock_timeout(LONG).unwrap(), semaphore.lock_timeout(LONG).unwrap());
        assert!(both.0.is_some() && both.1.is_some() && semaphore.lock_timeout(SHORT).unwrap().is_none());
    });
}

/// Passes items on.
#[ganger::task]
fn pass_on(from: QueueProxy<Sealed>, to: QueueProxy<Sealed>) {
    loop {
        let item = from.get().unwrap();
        whole(&item);
        to.put(&item).unwrap();
    }
}

#[test]
fn queue() {
    in_time("a queue", || {
        let manager = Manager::start().unwrap();
        let (from, to) = (manager.queue(0).unwrap(), manager.queue(2).unwrap());
        let (mut sent, mut came) = (0, 0);
        killed_at_random(
            || Process::new(pass_on, (from.clone(), to.clone())).unwrap(),
            // An item is lost with one that has it in hand: then the next comes.
            || {
                let begun = Instant::now();
                loop {
                    assert!(begun.elapsed() < PATIENCE, "nothing comes through");
                    sent += 1;
                    from.put(&sealed(sent)).unwrap();
                    match to.get_timeout(SHORT) {
                        Ok(item) => {
                            assert!(whole(&item) <= sent);
                            came += 1;
                            break;
                        }
                        Err(ManagerError::Empty) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            },
        );
        assert!(came > 0 && sent >= came);
    });
}

/// Does items, of which each may be done twice.
#[ganger::task]
fn do_all(queue: JoinableQueueProxy<u64>, done: SetProxy<u64>) {
    loop {
        done.insert(&queue.get().unwrap()).unwrap();
        queue.task_done().unwrap();
    }
}

#[test]
fn joinable_queue() {
    in_time("a joinable queue", || {
        let manager = Manager::start().unwrap();
        let (queue, done) = (manager.joinable_queue(0).unwrap(), manager.set().unwrap());
        let mut put = 0;
        killed_at_random(
            || Process::new(do_all, (queue.clone(), done.clone())).unwrap(),
            || {
                (0..10).for_each(|n| queue.put(&(put + n)).unwrap());
                put += 10;
                queue.join_timeout(LONG).unwrap();
                assert_eq!(done.len().unwrap(), usize::try_from(put).unwrap(), "none is lost");
            },
        );
    });
}

/// Says each time when it was notified.
#[ganger::task]
fn use_condition(condition: ConditionProxy, progress: SemaphoreProxy) {
    loop {
        let guard = condition.lock().unwrap();
        condition.wait().unwrap();
        drop(guard);
        progress.release().unwrap();
    }
}

#[test]
fn condition() {
    in_time("a condition", || {
        let manager = Manager::start().unwrap();
        let (condition, progress) = (manager.condition().unwrap(), manager.semaphore(0).unwrap());
        killed_at_random(
            || Process::new(use_condition, (condition.clone(), progress.clone())).unwrap(),
            // Who was notified may be killed before it says so.
            || {
                while progress.acquire_timeout(SHORT).unwrap().is_none() {
                    let _guard = condition.lock_timeout(LONG).unwrap().unwrap();
                    condition.notify(1).unwrap();
                }
            },
        );
    });
}

/// Says at every passage that it has passed.
#[ganger::task]
fn use_barrier(barrier: BarrierProxy, passages: ValueProxy<u64>) {
    loop {
        if barrier.wait().unwrap() == 0 {
            passages.update(|passages| passages + 1).unwrap();
        }
    }
}

#[test]
fn barrier() {
    in_time("a barrier", || {
        let manager = Manager::start().unwrap();
        let (barrier, passages) = (manager.barrier(VICTIMS).unwrap(), manager.value(&0).unwrap());
        killed_at_random(
            || Process::new(use_barrier, (barrier.clone(), passages.clone())).unwrap(),
            || {
                let before = passages.get().unwrap();
                eventually("a passage", || passages.get().unwrap() > before);
                assert!(!barrier.broken().unwrap());
            },
        );
    });
}

/// Changes a value.
#[ganger::task]
fn change(value: ValueProxy<Sealed>) {
    loop {
        value.update(|seen| sealed(whole(seen) + 1)).unwrap();
    }
}

#[test]
fn value() {
    in_time("a value", || {
        let manager = Manager::start().unwrap();
        let value = manager.value(&sealed(0)).unwrap();
        killed_at_random(
            || Process::new(change, value.clone()).unwrap(),
            || {
                let before = whole(&value.get().unwrap());
                eventually("another value", || whole(&value.get().unwrap()) > before);
            },
        );
    });
}

#[test]
fn who_holds_nothing_cannot_release_what_a_dead_one_held() {
    let manager = Manager::start().unwrap();
    let lock = manager.rlock().unwrap();
    assert!(matches!(lock.release(), Err(ManagerError::Sync(SyncError::NotHeld))));
}
