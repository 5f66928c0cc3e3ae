//! Workers that do not come to be.

use ganger_machine::{Action, Event};
use ganger_proto::WorkerId;
use ganger_proto::outcome::{PoolFailure, StartError};
use ganger_proto::policy::{PoolPolicy, Recycle};

use crate::pool::{MS, Pool, failure, policy, started, w};

fn short(pool: &mut Pool, worker: WorkerId) -> Vec<Action> {
    pool.on(Event::StartFailed { worker, error: StartError::shortage("no descriptors") })
}

fn understaffed(workers: u32) -> Action {
    Action::Understaffed { workers, error: "no descriptors".into() }
}

#[test]
fn initializers_that_fail_in_a_row_fail_the_pool() {
    let (mut pool, _) = Pool::starting(policy(1));
    pool.submit(1);
    let mut worker = w(0);
    let mut fail = |pool: &mut Pool| {
        let actions = pool.on(Event::InitFailed { worker, error: "no model".into() });
        worker = started(&pool.pass(1000 * MS)).unwrap_or(worker);
        (actions, worker)
    };
    assert_eq!(failure(&fail(&mut pool).0), None);
    let (actions, worker) = fail(&mut pool);
    assert_eq!(failure(&actions), None);
    pool.on(Event::Ready { worker });
    let mut worker = {
        pool.now += 2000 * MS;
        started(&pool.gone(worker, None)).expect("it was healthy")
    };
    for n in 1..=3 {
        let actions = pool.on(Event::InitFailed { worker, error: "no model".into() });
        let why = PoolFailure::Initializer { times: 3, error: "no model".into() };
        assert_eq!(failure(&actions), (n == 3).then_some(&why));
        worker = started(&pool.pass(1000 * MS)).unwrap_or(worker);
    }
}

#[test]
fn starts_that_fail_fail_the_pool_only_when_nobody_is_ready() {
    let (mut pool, _) = Pool::starting(policy(2));
    pool.on(Event::Ready { worker: w(0) });
    let mut worker = w(1);
    for _ in 0..9 {
        assert_eq!(failure(&pool.on(Event::StartFailed { worker, error: StartError::permanent("no memory") })), None);
        worker = started(&pool.pass(11_000 * MS)).expect("tried again");
    }
    let (mut pool, _) = Pool::starting(policy(1));
    let mut worker = w(0);
    for n in 1..=3 {
        let actions = pool.on(Event::StartFailed { worker, error: StartError::permanent("no such file") });
        assert_eq!(failure(&actions).is_some(), n == 3);
        worker = started(&pool.pass(1000 * MS)).unwrap_or(worker);
    }
}

#[test]
fn a_worker_that_becomes_ready_forgives_the_failed_starts_before_it() {
    let (mut pool, _) = Pool::starting(policy(1));
    let mut worker = w(0);
    for _ in 0..5 {
        for _ in 0..2 {
            assert_eq!(
                failure(&pool.on(Event::StartFailed { worker, error: StartError::permanent("no memory") })),
                None
            );
            worker = started(&pool.pass(11_000 * MS)).expect("tried again");
        }
        pool.on(Event::Ready { worker });
        pool.now += 2000 * MS;
        worker = started(&pool.gone(worker, None)).expect("it was healthy");
    }
}

#[test]
fn a_worker_that_is_never_ready_is_killed_and_counted() {
    let (mut pool, _) = Pool::starting(policy(1));
    let mut worker = w(0);
    for n in 1..=3 {
        assert_eq!(pool.pass(29_900 * MS), []);
        assert_eq!(pool.pass(101 * MS), [Action::Kill { worker }]);
        let actions = pool.gone(worker, None);
        assert_eq!(failure(&actions).is_some(), n == 3);
        if n < 3 {
            pool.pass(50 * n * MS);
            worker = started(&pool.pass(51 * n * MS)).expect("after the pause");
        }
    }
}

#[test]
fn what_there_is_too_little_of_may_be_free_when_nobody_else_is_starting() {
    let (mut pool, _) = Pool::starting(policy(4));
    assert_eq!(short(&mut pool, w(2)), []);
    assert_eq!(short(&mut pool, w(3)), []);
    assert_eq!(pool.on(Event::Ready { worker: w(0) }), []);
    // One after the other, and nothing is said as long as it goes well.
    let third = started(&pool.on(Event::Ready { worker: w(1) })).expect("at once");
    let fourth = started(&pool.on(Event::Ready { worker: third })).expect("at once");
    assert_eq!(pool.on(Event::Ready { worker: fourth }), []);
}

#[test]
fn one_whose_start_fails_in_another_way_gives_back_what_it_had() {
    for failed in [
        Event::InitFailed { worker: w(0), error: "no model".into() },
        Event::StartFailed { worker: w(0), error: StartError::permanent("no hello") },
    ] {
        let (mut pool, _) = Pool::starting(policy(2));
        assert_eq!(short(&mut pool, w(1)), []);
        assert!(started(&pool.on(failed)).is_some());
    }
}

#[test]
fn for_want_of_something_the_pool_goes_on_with_those_it_has() {
    let (mut pool, _) = Pool::starting(policy(3));
    short(&mut pool, w(1));
    short(&mut pool, w(2));
    let worker = started(&pool.on(Event::Ready { worker: w(0) })).expect("at once");
    let told = short(&mut pool, worker);
    assert_eq!(told[0], understaffed(1));
    let worker = started(&told).expect("the other one waits as well");
    assert_eq!(short(&mut pool, worker), []);
}

#[test]
fn a_slot_for_which_there_is_too_little_is_tried_again_for_ever() {
    let (mut pool, _) = Pool::starting(policy(2));
    let mut worker =
        started(&[short(&mut pool, w(1)), pool.on(Event::Ready { worker: w(0) })].concat()).expect("alone");
    assert_eq!(short(&mut pool, worker), [understaffed(1)]);
    for pause in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000] {
        assert_eq!(started(&pool.pass((pause - 1) * MS)), None);
        worker = started(&pool.pass(2 * MS)).expect("after the pause");
        assert_eq!(short(&mut pool, worker), []);
    }
}

#[test]
fn a_pool_that_never_had_a_worker_fails_at_once() {
    let (mut pool, _) = Pool::starting(policy(4));
    (0..3).for_each(|n| assert_eq!(short(&mut pool, w(n)), []));
    let mut actions = short(&mut pool, w(3));
    for _ in 0..2 {
        assert_eq!(failure(&actions), None);
        let worker = started(&actions).expect("those that wait");
        actions = short(&mut pool, worker);
    }
    let why = PoolFailure::Start { error: "no descriptors".into() };
    assert_eq!(actions, [Action::Failed(why), Action::Closed]);
}

#[test]
fn a_pool_that_had_a_worker_gives_up_after_the_time_that_a_start_may_take() {
    let mut pool = Pool::ready(policy(1));
    pool.now += 2000 * MS;
    let mut worker = started(&pool.gone(w(0), None)).expect("at once");
    let since = pool.now;
    loop {
        let actions = short(&mut pool, worker);
        assert_eq!(failure(&actions).is_some(), pool.now - since >= 30_000 * MS, "{}", pool.now - since);
        if failure(&actions).is_some() {
            return;
        }
        worker = started(&pool.pass(10_001 * MS)).expect("after the pause");
    }
}

#[test]
fn one_that_leaves_gives_back_what_its_successor_wants() {
    let recycle = Recycle { after_tasks: Some(1), ..Recycle::default() };
    let mut pool = Pool::ready(PoolPolicy { recycle, ..policy(1) });
    for n in 0..5 {
        let worker = WorkerId::new(0, n);
        let successor = started(&pool.submit(n)).expect("at once");
        assert_eq!(short(&mut pool, successor), []);
        pool.finish(worker, n, 5);
        let next = started(&pool.gone(worker, None)).expect("at once");
        pool.on(Event::Ready { worker: next });
    }
}
