//! `_TestCondition`: on processes and on threads.

mod test_condition {
    use std::time::Instant;

    use ganger::sync::{Condition, Lock, Semaphore};
    use ganger::{Exit, Future, Process};

    use crate::workers::{ALL, LONG, SHORT, eventually, on_each, pool};

    /// Says that it will sleep, while it holds the lock: who gets the lock then knows that it sleeps.
    #[ganger::task]
    fn await_condition(condition: Condition, sleeping: Semaphore, woken: Semaphore) -> bool {
        let held = condition.lock().unwrap();
        sleeping.release().unwrap();
        let waited = condition.wait_timeout(LONG).unwrap();
        drop(held);
        woken.release().unwrap();
        waited.notified
    }

    fn six_waiters(pool: &ganger::Pool, condition: &Condition, woken: &Semaphore) -> Vec<Future<bool>> {
        let sleeping = Semaphore::new(0).unwrap();
        let args = || (condition.clone(), sleeping.clone(), woken.clone());
        let waiters = (0..6).map(|_| pool.submit(await_condition, args()).unwrap()).collect();
        (0..6).for_each(|_| assert!(sleeping.acquire_timeout(LONG).is_some()));
        waiters
    }

    fn notify(condition: &Condition, count: usize) {
        let _held = condition.lock().unwrap();
        condition.notify(count).unwrap();
    }

    fn wakes_by(method: ganger::StartMethod, steps: &[(usize, u64)]) {
        let (pool, condition, woken) = (pool(method, 6), Condition::new().unwrap(), Semaphore::new(0).unwrap());
        let waiters = six_waiters(&pool, &condition, &woken);
        for (count, awake) in steps {
            notify(&condition, *count);
            eventually("so many wake", || woken.value() >= *awake);
            assert_eq!(woken.value(), *awake);
        }
        assert!(waiters.iter().all(|waiter| waiter.result().unwrap()));
    }

    #[test]
    fn test_notify() {
        on_each(ALL, |method| wakes_by(method, &[(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (1, 6)]));
    }

    #[test]
    fn test_notify_all() {
        on_each(ALL, |method| wakes_by(method, &[(usize::MAX, 6)]));
    }

    #[test]
    fn test_notify_n() {
        on_each(ALL, |method| wakes_by(method, &[(2, 2), (4, 6), (3, 6)]));
    }

    #[ganger::task]
    fn change(condition: Condition, value: Semaphore) {
        for _ in 0..4 {
            let _held = condition.lock().unwrap();
            value.release().unwrap();
            condition.notify(1).unwrap();
        }
    }

    #[test]
    fn test_waitfor() {
        on_each(ALL, |method| {
            let (pool, condition, value) = (pool(method, 1), Condition::new().unwrap(), Semaphore::new(0).unwrap());
            let held = condition.lock().unwrap();
            let changing = pool.submit(change, (condition.clone(), value.clone())).unwrap();
            assert!(condition.wait_for(|| value.value() == 4).unwrap().notified);
            drop(held);
            changing.result().unwrap();
        });
    }

    #[test]
    fn test_waitfor_timeout() {
        let condition = Condition::new().unwrap();
        let _held = condition.lock().unwrap();
        let begun = Instant::now();
        assert!(!condition.wait_for_timeout(SHORT, || false).unwrap().notified);
        assert!(begun.elapsed() >= SHORT);
    }

    #[test]
    fn test_wait_result() {
        for condition in [Condition::new().unwrap(), Condition::with_lock(Lock::new().unwrap()).unwrap()] {
            let held = condition.lock().unwrap();
            assert!(!condition.wait_timeout(SHORT).unwrap().notified);
            let other = condition.clone();
            let notifier = std::thread::spawn(move || notify(&other, 1));
            assert!(condition.wait_timeout(LONG).unwrap().notified);
            drop(held);
            notifier.join().unwrap();
        }
        an_interrupt_ends_who_waits();
    }

    #[ganger::task]
    fn wait_for_ever(condition: Condition, waiting: Semaphore) {
        let _held = condition.lock().unwrap();
        waiting.release().unwrap();
        let _ = condition.wait();
    }

    /// A signal ends who waits; who catches it waits on.
    fn an_interrupt_ends_who_waits() {
        let (condition, waiting) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
        let process = Process::new(wait_for_ever, (condition.clone(), waiting.clone())).unwrap();
        process.start().unwrap();
        assert!(waiting.acquire_timeout(LONG).is_some());
        drop(condition.lock());
        process.interrupt().unwrap();
        assert_eq!(process.join(None).unwrap(), Some(Exit::Signal { number: 2, core: false }));
        let held = condition.lock().unwrap_or_else(|died| died.into_inner());
        condition.notify_all().unwrap();
        assert_eq!(format!("{condition:?}"), "Condition(RLock(held by this thread))");
        drop(held);
    }
}
