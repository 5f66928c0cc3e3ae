//! `_TestCondition`, `_TestEvent` and `_TestBarrier` on managers.

mod test_condition {
    use std::time::Instant;

    use ganger::StartMethod;
    use ganger::manager::{ConditionProxy, Manager, ManagerError, SemaphoreProxy, ValueProxy};
    use ganger::sync::SyncError;

    use super::super::{LONG, SHORT, manager};
    use crate::away::{Away, BOTH, away};
    use crate::deadline::{eventually, on_each};

    /// Says that it will sleep, while it holds the lock: who gets the lock then knows that it sleeps.
    #[ganger::task]
    fn sleep(condition: ConditionProxy, sleeping: SemaphoreProxy, woken: SemaphoreProxy) -> bool {
        let held = condition.lock().unwrap();
        sleeping.release().unwrap();
        let notified = condition.wait_timeout(LONG).unwrap();
        drop(held);
        woken.release().unwrap();
        notified
    }

    fn six(
        method: StartMethod,
        manager: &Manager,
        condition: &ConditionProxy,
        woken: &SemaphoreProxy,
    ) -> Vec<Away<bool>> {
        let sleeping = manager.semaphore(0).unwrap();
        let args = || (condition.clone(), sleeping.clone(), woken.clone());
        let all = (0..6).map(|_| away(method, sleep, args())).collect();
        (0..6).for_each(|_| assert!(sleeping.acquire_timeout(LONG).unwrap().is_some()));
        all
    }

    fn notify(condition: &ConditionProxy, count: usize) {
        let _held = condition.lock().unwrap();
        condition.notify(count).unwrap();
    }

    fn wakes_by(method: StartMethod, steps: &[(usize, usize)]) {
        let manager = manager();
        let (condition, woken) = (manager.condition().unwrap(), manager.semaphore(0).unwrap());
        let all = six(method, &manager, &condition, &woken);
        for (count, awake) in steps {
            notify(&condition, *count);
            eventually("so many wake", || woken.value().unwrap() >= *awake);
            assert_eq!(woken.value().unwrap(), *awake);
        }
        assert!(all.into_iter().all(Away::join));
    }

    #[test]
    fn test_notify() {
        on_each(BOTH, |method| wakes_by(method, &[(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (1, 6)]));
    }

    #[test]
    fn test_notify_all() {
        on_each(BOTH, |method| wakes_by(method, &[(usize::MAX, 6)]));
        let manager = manager();
        let condition = manager.condition().unwrap();
        let held = condition.lock().unwrap();
        assert!(!condition.wait_timeout(SHORT).unwrap());
        drop(held);
    }

    #[test]
    fn test_notify_n() {
        on_each(BOTH, |method| wakes_by(method, &[(2, 2), (4, 6), (3, 6)]));
    }

    #[ganger::task]
    fn count(condition: ConditionProxy, value: ValueProxy<u32>) {
        for _ in 0..4 {
            let _held = condition.lock().unwrap();
            value.update(|seen| seen + 1).unwrap();
            condition.notify(1).unwrap();
        }
    }

    #[test]
    fn test_waitfor() {
        on_each(BOTH, |method| {
            let manager = manager();
            let (condition, value) = (manager.condition().unwrap(), manager.value(&0).unwrap());
            let held = condition.lock().unwrap();
            let child = away(method, count, (condition.clone(), value.clone()));
            assert!(condition.wait_for(|| Ok(value.get()? == 4)).unwrap());
            drop(held);
            child.join();
        });
    }

    #[test]
    fn test_waitfor_timeout() {
        let manager = manager();
        let condition = manager.condition().unwrap();
        let (_held, begun) = (condition.lock().unwrap(), Instant::now());
        assert!(!condition.wait_for_timeout(SHORT, || Ok(false)).unwrap());
        assert!(begun.elapsed() >= SHORT);
    }

    #[test]
    fn test_wait_result() {
        let manager = manager();
        let lock = manager.lock().unwrap();
        for condition in [manager.condition().unwrap(), manager.condition_with_lock(&lock).unwrap()] {
            let held = condition.lock().unwrap();
            assert!(!condition.wait_timeout(SHORT).unwrap());
            let other = condition.clone();
            let notifier = std::thread::spawn(move || notify(&other, 1));
            assert!(condition.wait_timeout(LONG).unwrap());
            drop(held);
            notifier.join().unwrap();
        }
        assert!(!lock.locked().unwrap());
    }

    #[test]
    fn without_the_lock_nothing_can_be_done() {
        let manager = manager();
        let condition = manager.condition().unwrap();
        let not_mine = |result| matches!(result, Err(ManagerError::Sync(SyncError::NotOwner)));
        assert!(not_mine(condition.wait()) && not_mine(condition.notify_all()));
        assert!(matches!(condition.release(), Err(ManagerError::Sync(SyncError::NotHeld))));
    }

    #[test]
    fn a_recursive_lock_is_released_wholly_and_comes_back_as_deep() {
        let manager = manager();
        let condition = manager.condition().unwrap();
        let guards = (condition.lock().unwrap(), condition.lock().unwrap());
        let other = condition.clone();
        let notifier = std::thread::spawn(move || notify(&other, 1));
        assert!(condition.wait_timeout(LONG).unwrap());
        drop(guards);
        assert!(matches!(condition.release(), Err(ManagerError::Sync(SyncError::NotHeld))));
        notifier.join().unwrap();
    }
}

mod test_event {
    use std::time::Instant;

    use ganger::manager::EventProxy;

    use super::super::{LONG, SHORT, manager};
    use crate::away::{BOTH, away};
    use crate::deadline::on_each;

    #[ganger::task]
    fn set(event: EventProxy) {
        event.set().unwrap();
    }

    #[test]
    fn test_event() {
        on_each(BOTH, |method| {
            let manager = manager();
            let (event, begun) = (manager.event().unwrap(), Instant::now());
            assert!(!event.is_set().unwrap() && !event.wait_timeout(SHORT).unwrap() && begun.elapsed() >= SHORT);
            event.set().unwrap();
            assert!(event.is_set().unwrap() && event.wait_timeout(SHORT).unwrap());
            event.wait().unwrap();
            event.clear().unwrap();
            assert!(!event.is_set().unwrap());
            let child = away(method, set, event.clone());
            assert!(event.wait_timeout(LONG).unwrap());
            child.join();
        });
    }

    #[test]
    fn test_repr() {
        let manager = manager();
        assert!(format!("{:?}", manager.event().unwrap()).starts_with("EventProxy of object"));
    }
}

mod test_barrier {
    use std::collections::BTreeSet;

    use ganger::StartMethod;
    use ganger::manager::{BarrierProxy, ManagerError};

    use super::super::{LONG, SHORT, manager};
    use crate::away::{Away, BOTH, away};
    use crate::deadline::{eventually, on_each};

    type Passed = Option<Vec<usize>>;

    /// Passes it so many times. The indices, or nothing if it broke.
    #[ganger::task]
    fn pass(barrier: BarrierProxy, times: usize) -> Option<Vec<usize>> {
        (0..times)
            .map(|_| match barrier.wait_timeout(LONG) {
                Ok(index) => Some(index),
                Err(ManagerError::Broken(_)) => None,
                Err(error) => panic!("{error}"),
            })
            .collect()
    }

    fn five(method: StartMethod, barrier: &BarrierProxy, times: usize) -> Vec<Away<Passed>> {
        (0..5).map(|_| away(method, pass, (barrier.clone(), times))).collect()
    }

    fn lockstep(method: StartMethod, times: usize) {
        let manager = manager();
        let barrier = manager.barrier(5).unwrap();
        let indices: Vec<Vec<usize>> =
            five(method, &barrier, times).into_iter().map(|one| one.join().unwrap()).collect();
        for round in 0..times {
            let of_this: BTreeSet<usize> = indices.iter().map(|of_one| of_one[round]).collect();
            assert_eq!(of_this, (0..5).collect(), "round {round}");
        }
        assert_eq!((barrier.n_waiting().unwrap(), barrier.broken().unwrap()), (0, false));
    }

    #[test]
    fn test_barrier() {
        on_each(BOTH, |method| lockstep(method, 1));
    }

    #[test]
    fn test_barrier_10() {
        on_each(BOTH, |method| lockstep(method, 10));
    }

    #[test]
    fn test_thousand() {
        on_each(&[StartMethod::Zygote], |method| lockstep(method, 1000));
    }

    #[test]
    fn test_wait_return() {
        on_each(BOTH, |method| {
            let manager = manager();
            let barrier = manager.barrier(5).unwrap();
            let first = five(method, &barrier, 1).into_iter().filter(|_| true).map(|one| one.join().unwrap()[0]);
            assert_eq!(first.filter(|index| *index == 0).count(), 1);
        });
    }

    #[test]
    fn test_abort() {
        on_each(BOTH, |method| {
            let manager = manager();
            let barrier = manager.barrier(6).unwrap();
            let waiting = five(method, &barrier, 1);
            eventually("five wait", || barrier.n_waiting().unwrap() == 5);
            barrier.abort().unwrap();
            assert!(waiting.into_iter().all(|one| one.join().is_none()));
            assert!(barrier.broken().unwrap());
            assert!(matches!(barrier.wait(), Err(ManagerError::Broken(_))));
        });
    }

    #[test]
    fn test_reset() {
        on_each(BOTH, |method| {
            let manager = manager();
            let barrier = manager.barrier(6).unwrap();
            let waiting = five(method, &barrier, 1);
            eventually("five wait", || barrier.n_waiting().unwrap() == 5);
            barrier.reset().unwrap();
            assert!(waiting.into_iter().all(|one| one.join().is_none()));
            assert!(!barrier.broken().unwrap());
            let again = five(method, &barrier, 1);
            assert!(barrier.wait().is_ok());
            assert!(again.into_iter().all(|one| one.join().is_some()));
        });
    }

    #[test]
    fn test_abort_and_reset() {
        let manager = manager();
        let barrier = manager.barrier(1).unwrap();
        barrier.abort().unwrap();
        assert!(matches!(barrier.wait(), Err(ManagerError::Broken(_))));
        barrier.reset().unwrap();
        assert_eq!(barrier.wait().unwrap(), 0);
    }

    #[test]
    fn test_timeout() {
        on_each(BOTH, |method| {
            let manager = manager();
            let barrier = manager.barrier(7).unwrap();
            let waiting = five(method, &barrier, 1);
            eventually("five wait", || barrier.n_waiting().unwrap() == 5);
            assert!(matches!(barrier.wait_timeout(SHORT), Err(ManagerError::Broken(_))));
            assert!(waiting.into_iter().all(|one| one.join().is_none()));
        });
    }

    #[test]
    fn test_single_thread() {
        let manager = manager();
        let barrier = manager.barrier(1).unwrap();
        assert_eq!([barrier.wait().unwrap(), barrier.wait().unwrap()], [0, 0]);
    }
}
