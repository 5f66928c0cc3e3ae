//! Who gets which task.

use std::time::Duration;

use ganger_machine::{Action, End, Event};
use ganger_proto::policy::{PoolPolicy, Recycle, TaskPolicy};

use crate::pool::{MS, Pool, policy, send, settle, started, t, take_back, w};

#[test]
fn long_tasks_are_spread_and_short_ones_kept_together() {
    let mut pool = Pool::ready(policy(3));
    assert_eq!(pool.submit(1), [send(w(0), 1, 1)]);
    assert_eq!(pool.submit(2), [send(w(1), 2, 1)]);
    assert_eq!(pool.submit(3), [send(w(2), 3, 1)]);
    assert_eq!(pool.submit(4), []);
    let mut pool = Pool::ready(policy(3));
    pool.learn(w(0), 1);
    // Twenty tasks of a microsecond are less than it takes to wake another worker.
    for n in 1..=20 {
        assert_eq!(pool.submit(n), [send(w(0), n, 1)]);
    }
    assert_eq!(pool.submit(21), [send(w(1), 21, 1)]);
}

#[test]
fn a_worker_that_is_stuck_is_not_given_more() {
    let mut pool = Pool::ready(policy(2));
    pool.learn(w(0), 1);
    assert_eq!(pool.submit(1), [send(w(0), 1, 1)]);
    pool.now += 100;
    assert_eq!(pool.submit(2), [send(w(1), 2, 1)]);
}

#[test]
fn half_of_a_backlog_goes_to_who_is_idle() {
    let mut pool = Pool::ready(policy(2));
    pool.learn(w(0), 1);
    (1..=5).for_each(|n| drop(pool.submit(n)));
    assert_eq!(pool.pass(2 * MS), [take_back(w(0), 5), take_back(w(0), 4)]);
    assert_eq!(pool.on(Event::TakenBack { worker: w(0), task: t(5) }), [send(w(1), 5, 1)]);
    assert_eq!(pool.on(Event::Kept { worker: w(0), task: t(4) }), []);
}

#[test]
fn the_longest_backlog_is_spread_first() {
    let mut pool = Pool::ready(policy(3));
    pool.learn(w(0), 1);
    (1..=23).for_each(|n| drop(pool.submit(n)));
    assert_eq!([0, 1, 2].map(|n| pool.machine.worker(w(n)).expect("ready").held.len()), [20, 3, 0]);
    let expected: Vec<Action> = (11..=20).rev().map(|n| take_back(w(0), n)).collect();
    assert_eq!(pool.pass(600), expected);
}

#[test]
fn nothing_waits_behind_a_stuck_worker_while_others_work() {
    let mut pool = Pool::ready(policy(2));
    pool.learn(w(0), 2);
    (1..=300).for_each(|n| drop(pool.submit(n)));
    let held = pool.machine.worker(w(0)).expect("ready").held.clone();
    assert!(held.len() > 1 && pool.machine.queued() > 0);
    let recalled = pool.pass(20 * MS);
    let expected: Vec<Action> =
        held.iter().skip(1).rev().map(|task| Action::TakeBack { worker: w(0), task: *task }).collect();
    let from_first: Vec<Action> = recalled
        .into_iter()
        .filter(|action| matches!(action, Action::TakeBack { worker, .. } if *worker == w(0)))
        .collect();
    assert_eq!(from_first, expected);
    for task in held.iter().skip(1).rev() {
        let actions = pool.on(Event::TakenBack { worker: w(0), task: *task });
        let again = actions.iter().any(|action| matches!(action, Action::Send { worker, .. } if *worker == w(0)));
        assert!(!again, "{actions:?}");
    }
    assert_eq!(pool.machine.worker(w(0)).expect("ready").held.len(), 1);
}

#[test]
fn a_queue_is_handed_out_in_fair_parts() {
    let mut pool = Pool::ready(policy(2));
    pool.learn(w(0), 10);
    (1..=45).for_each(|n| drop(pool.submit(n)));
    let depths = [0, 1].map(|n| pool.machine.worker(w(n)).expect("ready").held.len());
    assert_eq!((depths, pool.machine.queued()), ([20, 20], 5));
    for _ in 0..19 {
        let next = pool.machine.worker(w(0)).expect("ready").held[0].index() as u32;
        pool.finish(w(0), next, 10);
    }
    assert!(pool.machine.queued() < 5);
}

#[test]
fn workers_on_demand_start_when_a_task_finds_nobody() {
    let (mut pool, actions) = Pool::starting(PoolPolicy { eager: false, ..policy(3) });
    assert_eq!(actions, []);
    assert_eq!(pool.submit(1), [Action::Start { worker: w(0), slot: 1 }]);
    assert_eq!(pool.on(Event::Ready { worker: w(0) }), [send(w(0), 1, 1)]);
    assert_eq!(pool.submit(2), [Action::Start { worker: w(1), slot: 2 }]);
    assert_eq!(pool.finish(w(0), 1, 50 * MS), [settle(1, End::Finished), send(w(0), 2, 1)]);
    assert_eq!(pool.on(Event::Ready { worker: w(1) }), []);
    assert_eq!(pool.submit(3), [send(w(1), 3, 1)]);
}

#[test]
fn recycling_one_worker_after_each_task_never_stalls() {
    let recycle = Recycle { after_tasks: Some(1), ..Recycle::default() };
    let mut pool = Pool::ready(PoolPolicy { recycle, ..policy(1) });
    let next = Action::Start { worker: w(1), slot: 1 };
    assert_eq!(pool.submit(1), [send(w(0), 1, 1), next]);
    assert_eq!(pool.submit(2), []);
    // Ready, but its predecessor is still at work.
    assert_eq!(pool.on(Event::Ready { worker: w(1) }), []);
    let actions = pool.finish(w(0), 1, MS);
    assert_eq!(actions, [settle(1, End::Finished), Action::Retire { worker: w(0) }, send(w(1), 2, 1)]);
    // The slot is full until the first one is gone; then the third starts.
    let actions = pool.gone(w(0), None);
    assert!(matches!(actions[..], [Action::Start { slot: 1, .. }]), "{actions:?}");
}

#[test]
fn a_task_that_was_just_sent_is_cancelled_without_a_kill() {
    let mut pool = Pool::ready(policy(1));
    pool.submit(1);
    assert_eq!(pool.on(Event::Cancelled { task: t(1) }), [take_back(w(0), 1)]);
    assert_eq!(pool.on(Event::TakenBack { worker: w(0), task: t(1) }), [settle(1, End::Cancelled)]);
    assert_eq!(pool.submit(2), [send(w(0), 2, 1)]);
}

#[test]
fn a_cancel_kills_when_everybody_else_is_safe() {
    let mut pool = Pool::ready(policy(1));
    pool.learn(w(0), 10);
    (1..=3).for_each(|n| drop(pool.submit(n)));
    pool.on(Event::Cancelled { task: t(1) });
    let actions = pool.on(Event::Kept { worker: w(0), task: t(1) });
    assert_eq!(actions, [take_back(w(0), 2), take_back(w(0), 3)]);
    assert_eq!(pool.on(Event::TakenBack { worker: w(0), task: t(2) }), []);
    assert_eq!(pool.on(Event::TakenBack { worker: w(0), task: t(3) }), [Action::Kill { worker: w(0) }]);
    let actions = pool.gone(w(0), Some(1));
    assert!(matches!(actions[..], [Action::Settle { end: End::Cancelled, .. }, Action::Start { .. }]), "{actions:?}");
}

#[test]
fn without_kills_a_running_task_is_not_cancelled() {
    let mut pool = Pool::ready(PoolPolicy { can_kill: false, ..policy(1) });
    pool.submit(1);
    pool.on(Event::Cancelled { task: t(1) });
    assert_eq!(pool.on(Event::Kept { worker: w(0), task: t(1) }), []);
    assert_eq!(pool.finish(w(0), 1, 5), [settle(1, End::Finished)]);
}

#[test]
fn first_asked_to_stop_then_killed() {
    let limits = TaskPolicy {
        soft_timeout: Some(Duration::from_millis(10)),
        timeout: Some(Duration::from_millis(20)),
        failure_attempts: 2,
        ..TaskPolicy::default()
    };
    let mut pool = Pool::ready(policy(1));
    pool.submit_with(1, &limits);
    assert_eq!(pool.pass(9 * MS), []);
    pool.now += 1000 * MS;
    pool.on(Event::Stalled { time: Duration::from_secs(1) });
    assert_eq!(pool.pass(2 * MS), [Action::AskToStop { worker: w(0), task: t(1) }]);
    assert_eq!(pool.pass(8 * MS), []);
    assert_eq!(pool.pass(2 * MS), [Action::Kill { worker: w(0) }]);
    pool.gone(w(0), Some(1));
    let worker = pool.machine.workers().next().expect("replaced").id;
    assert_eq!(pool.on(Event::Ready { worker }), [send(worker, 1, 2)]);
    assert_eq!(pool.pass(21 * MS).last(), Some(&Action::Kill { worker }));
    assert_eq!(pool.gone(worker, Some(1))[0], settle(1, End::TimedOut(Duration::from_millis(20))));
}

#[test]
fn each_task_of_a_worker_is_asked_to_stop_for_itself() {
    let limit = TaskPolicy { soft_timeout: Some(Duration::from_millis(10)), ..TaskPolicy::default() };
    let mut pool = Pool::ready(policy(1));
    for n in 1..=3 {
        pool.submit_with(n, &limit);
        assert_eq!(pool.pass(11 * MS), [Action::AskToStop { worker: w(0), task: t(n) }]);
        assert_eq!(pool.pass(50 * MS), []);
        pool.finish(w(0), n, 61 * MS);
    }
}

#[test]
fn a_pool_that_grows_starts_workers_for_what_waits() {
    let mut pool = Pool::ready(policy(1));
    pool.submit(1);
    pool.pass(1000 * MS);
    let grown = pool.on(Event::Grown { workers: 3 });
    let slots = grown.iter().filter_map(|a| if let Action::Start { slot, .. } = a { Some(*slot) } else { None });
    assert_eq!((slots.collect::<Vec<_>>(), pool.machine.slots()), (vec![2, 3], 3));
    assert_eq!(pool.on(Event::Grown { workers: 2 }), [], "it never shrinks");
    pool.on(Event::Close);
    assert_eq!((started(&pool.on(Event::Grown { workers: 9 })), pool.machine.slots()), (None, 9));
}
