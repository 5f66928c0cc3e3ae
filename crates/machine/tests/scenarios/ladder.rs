//! The end of a pool.

use std::time::Duration;

use ganger_machine::{Action, End, Event};
use ganger_proto::message::Verdict;
use ganger_proto::outcome::{NotStarted, StartError};
use ganger_proto::policy::TaskPolicy;

use crate::pool::{MS, Pool, policy, send, settle, t, take_back, w};

#[test]
fn close_finishes_what_was_accepted_and_replaces_the_dead_for_it() {
    let mut pool = Pool::ready(policy(1));
    pool.submit(1);
    pool.submit(2);
    assert_eq!(pool.on(Event::Close), []);
    assert_eq!(pool.submit(3), [settle(3, End::NotStarted(NotStarted::Terminated))]);
    pool.now += 2000 * MS;
    let actions = pool.gone(w(0), Some(1));
    let [Action::Start { worker, .. }] = actions[..] else { panic!("{actions:?}") };
    assert_eq!(pool.on(Event::Ready { worker }), [send(worker, 1, 2)]);
    pool.finish(worker, 1, MS);
    assert_eq!(pool.finish(worker, 2, MS), [settle(2, End::Finished), Action::Retire { worker }]);
    assert_eq!(pool.gone(worker, None), [Action::Closed]);
    assert!(pool.machine.is_closed());
}

#[test]
fn a_worker_that_is_still_starting_is_not_waited_for() {
    for event in [Event::Close, Event::Interrupt, Event::Terminate, Event::Kill] {
        let (mut pool, _) = Pool::starting(policy(1));
        assert_eq!(pool.on(event), [Action::Kill { worker: w(0) }]);
        assert_eq!(
            pool.on(Event::StartFailed { worker: w(0), error: StartError::permanent("killed") }),
            [Action::Closed]
        );
    }
}

#[test]
fn interrupt_lets_only_what_runs_finish() {
    let mut pool = Pool::ready(policy(1));
    pool.learn(w(0), 60);
    let again = TaskPolicy { failure_attempts: 9, ..TaskPolicy::default() };
    (1..=4).for_each(|n| drop(pool.submit_with(n, &again)));
    assert_eq!(pool.on(Event::Interrupt), [settle(4, End::Cancelled), take_back(w(0), 2), take_back(w(0), 3)]);
    assert_eq!(pool.on(Event::TakenBack { worker: w(0), task: t(2) }), [settle(2, End::Cancelled)]);
    assert_eq!(pool.on(Event::Kept { worker: w(0), task: t(3) }), []);
    pool.finish(w(0), 1, 5);
    let failed = Event::Finished { worker: w(0), task: t(3), verdict: Verdict::Failed, took: Duration::ZERO };
    assert_eq!(pool.on(failed), [settle(3, End::Finished), Action::Retire { worker: w(0) }]);
}

#[test]
fn terminate_asks_all_and_kills_after_the_grace() {
    let mut pool = Pool::ready(policy(2));
    (1..=3).for_each(|n| drop(pool.submit(n)));
    let [first, second] = [0, 1].map(|n| Action::Terminate { worker: w(n) });
    assert_eq!(pool.on(Event::Terminate), [settle(3, End::Cancelled), first, second]);
    assert_eq!(pool.on(Event::Interrupt), []);
    assert_eq!(pool.finish(w(0), 1, MS), [settle(1, End::Finished)]);
    assert_eq!(pool.gone(w(0), None), []);
    assert_eq!(pool.pass(9_999 * MS), []);
    assert_eq!(pool.pass(2 * MS), [Action::Kill { worker: w(1) }]);
    assert_eq!(pool.gone(w(1), Some(2)), [settle(2, End::Cancelled), Action::Closed]);
}

#[test]
fn kill_does_not_wait() {
    let mut pool = Pool::ready(policy(1));
    pool.submit(1);
    assert_eq!(pool.on(Event::Kill), [Action::Kill { worker: w(0) }]);
    assert_eq!(pool.on(Event::Terminate), []);
    assert_eq!(pool.gone(w(0), Some(1)), [settle(1, End::Cancelled), Action::Closed]);
    assert_eq!(pool.on(Event::Close), []);
}
