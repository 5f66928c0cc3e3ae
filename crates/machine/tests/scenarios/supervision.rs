//! What follows a death.

use std::time::Duration;

use ganger_machine::{Action, End, Event};
use ganger_proto::outcome::{NotStarted, PoolFailure};

use crate::pool::{KILLED, MS, Pool, failure, policy, send, settle, started, t, take_back, w};

#[test]
fn the_healthy_are_replaced_at_once_and_the_young_after_a_growing_pause() {
    let mut pool = Pool::ready(policy(1));
    pool.now += 1001 * MS;
    let mut worker = started(&pool.gone(w(0), None)).expect("at once");
    for pause in [100, 200, 400] {
        pool.on(Event::Ready { worker });
        assert_eq!(started(&pool.gone(worker, None)), None);
        assert_eq!(started(&pool.pass((pause - 1) * MS)), None);
        worker = started(&pool.pass(2 * MS)).expect("after the pause");
    }
    // One that got something done begins the row anew.
    pool.on(Event::Ready { worker });
    pool.submit(1);
    pool.finish(worker, 1, 5);
    pool.gone(worker, None);
    assert!(started(&pool.pass(101 * MS)).is_some());
}

#[test]
fn too_many_deaths_without_one_finished_task_fail_the_pool() {
    let mut pool = Pool::ready(policy(1));
    pool.submit(1);
    pool.submit(2);
    let mut worker = w(0);
    for _ in 0..5 {
        assert_eq!(failure(&pool.gone(worker, None)), None);
        worker = started(&pool.pass(2000 * MS)).expect("replaced");
        pool.on(Event::Ready { worker });
    }
    let actions = pool.gone(worker, None);
    let why = PoolFailure::RestartIntensity { deaths: 6, window: Duration::from_secs(10), last: KILLED };
    let end = End::NotStarted(NotStarted::PoolFailed(why.clone()));
    assert_eq!(actions, [Action::Failed(why), settle(1, end.clone()), settle(2, end.clone()), Action::Closed]);
    assert_eq!(pool.submit(3), [settle(3, end)]);
}

#[test]
fn a_finished_task_forgives_the_deaths_before_it() {
    let mut pool = Pool::ready(policy(1));
    let mut worker = w(0);
    for n in 0..20 {
        pool.submit(n);
        if n % 4 == 0 {
            pool.finish(worker, n, 5);
        }
        assert_eq!(failure(&pool.gone(worker, None)), None);
        worker = started(&pool.pass(900 * MS)).expect("replaced");
        pool.on(Event::Ready { worker });
    }
}

#[test]
fn deaths_that_are_long_ago_do_not_count() {
    let mut pool = Pool::ready(policy(1));
    let mut worker = w(0);
    for _ in 0..20 {
        assert_eq!(failure(&pool.gone(worker, None)), None);
        worker = started(&pool.pass(11_000 * MS)).expect("replaced");
        pool.on(Event::Ready { worker });
    }
}

#[test]
fn what_a_worker_had_not_begun_comes_first_and_in_its_old_order() {
    let mut pool = Pool::ready(policy(1));
    pool.learn(w(0), 20);
    (1..=14).for_each(|n| drop(pool.submit(n)));
    assert_eq!((pool.machine.worker(w(0)).expect("ready").held.len(), pool.machine.queued()), (10, 4));
    pool.now += 2000 * MS;
    let worker = started(&pool.gone(w(0), Some(1))).expect("at once");
    let sent = pool.on(Event::Ready { worker });
    let expected: Vec<Action> = (1..=5).map(|n| send(worker, n, if n == 1 { 2 } else { 1 })).collect();
    assert_eq!(sent[..5], expected[..]);
}

#[test]
fn a_death_by_our_own_kill_costs_no_pause() {
    let mut pool = Pool::ready(policy(1));
    pool.submit(1);
    pool.on(Event::Cancelled { task: t(1) });
    assert_eq!(pool.on(Event::Kept { worker: w(0), task: t(1) }), [Action::Kill { worker: w(0) }]);
    assert!(started(&pool.gone(w(0), Some(1))).is_some());
}

#[test]
fn a_worker_that_goes_on_without_ending_a_cancelled_task_is_killed_after_the_grace() {
    let mut pool = Pool::ready(policy(1));
    pool.learn(w(0), 10);
    (1..=2).for_each(|n| drop(pool.submit(n)));
    pool.on(Event::Cancelled { task: t(1) });
    assert_eq!(pool.on(Event::Kept { worker: w(0), task: t(1) }), [take_back(w(0), 2)]);
    assert_eq!(pool.on(Event::Kept { worker: w(0), task: t(2) }), []);
    assert_eq!(pool.pass(9_999 * MS), []);
    assert_eq!(pool.pass(2 * MS), [Action::Kill { worker: w(0) }]);
    assert_eq!(pool.gone(w(0), Some(2))[0], settle(1, End::Cancelled));
}

#[test]
fn who_does_not_leave_within_the_grace_is_killed() {
    let mut pool = Pool::ready(policy(1));
    assert_eq!(pool.on(Event::Close), [Action::Retire { worker: w(0) }]);
    assert_eq!(pool.pass(9_999 * MS), []);
    assert_eq!(pool.pass(2 * MS), [Action::Kill { worker: w(0) }]);
    assert_eq!(pool.gone(w(0), None), [Action::Closed]);
}
