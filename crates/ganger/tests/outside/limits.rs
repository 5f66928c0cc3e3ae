//! Time limits, attempts after failures, priorities.

use std::fs;
use std::thread;
use std::time::Duration;

use ganger::{Backoff, TaskOptions};
use tempfile::TempDir;

use crate::support::{ALL, Gate, PROCESSES, WORKERS, builder, ended_alone, hold, on_each, pool};
use crate::tasks::{nap, pid, square};

fn limit(milliseconds: u64) -> TaskOptions {
    TaskOptions::new().timeout(Duration::from_millis(milliseconds))
}

#[test]
fn a_time_limit_ends_its_task_and_no_other() {
    on_each(PROCESSES, |method| {
        let error = ended_alone(method, &limit(50), |_, _| {});
        assert!(error.is_timed_out() && error.to_string().contains("50ms"), "{error}");
    });
}

#[test]
fn a_task_within_its_limit_is_left_alone() {
    on_each(ALL, |method| {
        let pool = builder(method, 2).task_defaults(limit(60_000)).build().unwrap();
        let pids = pool.worker_pids();
        assert_eq!(pool.map(square, 0..200).unwrap()[199], 199 * 199);
        assert!(pool.apply(nap, 5).is_ok());
        assert!(pids.iter().all(|pid| pool.worker_pids().contains(pid)));
    });
}

#[test]
fn limits_hold_in_a_backlog() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 2), Gate::new());
        let futures: Vec<_> = (0..10).map(|_| pool.submit_with(&limit(30), hold, gate.path()).unwrap()).collect();
        assert!(futures.iter().all(|future| future.result().unwrap_err().is_timed_out()));
        assert_eq!(gate.begun(), 10, "the time of each began when it did");
        pool.apply(square, 2).unwrap();
    });
}

#[test]
fn waiting_is_not_running() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let running = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        let waiting: Vec<_> = (0..5).map(|_| pool.submit_with(&limit(2_000), pid, ()).unwrap()).collect();
        assert!(pool.submit(pid, ()).unwrap().result_timeout(Duration::from_millis(2_500)).is_err());
        gate.open();
        running.result().unwrap();
        assert!(waiting.iter().all(|future| future.result().is_ok()));
    });
}

#[test]
fn a_thread_beyond_its_limit_is_given_up() {
    on_each(&[ganger::StartMethod::Thread], |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let late = pool.submit_with(&limit(30), hold, gate.path()).unwrap();
        assert!(late.result().unwrap_err().is_timed_out());
        assert_eq!(pool.apply(square, 2).unwrap(), 4, "another thread has taken its place");
        gate.open();
    });
}

#[ganger::task]
fn until_asked() -> u32 {
    let current = ganger::current().unwrap();
    while !current.should_stop() {
        thread::sleep(Duration::from_millis(1));
    }
    current.attempt()
}

#[ganger::task]
fn is_asked() -> bool {
    ganger::current().unwrap().should_stop()
}

#[test]
fn a_soft_limit_asks_its_task_to_stop_and_no_other() {
    on_each(WORKERS, |method| {
        let pool = pool(method, 1);
        let soft = TaskOptions::new().soft_timeout(Duration::from_millis(30));
        for _ in 0..3 {
            assert_eq!(pool.submit_with(&soft, until_asked, ()).unwrap().result().unwrap(), 1);
            assert!(!pool.apply(is_asked, ()).unwrap());
        }
    });
}

#[test]
fn a_task_that_ignores_the_soft_limit_meets_the_hard_one() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let options = limit(60).soft_timeout(Duration::from_millis(10));
        let deaf = pool.submit_with(&options, hold, gate.path()).unwrap();
        assert!(deaf.result().unwrap_err().is_timed_out());
    });
}

/// Panics until it was tried so often.
#[ganger::task]
fn third_time_lucky(times: u32) -> u32 {
    let attempt = ganger::current().map_or(1, |current| current.attempt());
    assert!(attempt >= times, "not yet");
    attempt
}

#[test]
fn failures_are_tried_again_only_if_that_was_asked_for() {
    on_each(WORKERS, |method| {
        let pool = pool(method, 2);
        assert!(pool.apply(third_time_lucky, 2).is_err());
        for backoff in [Backoff::NONE, Backoff { first: Duration::from_millis(5), ..Backoff::NONE }] {
            let options = TaskOptions::new().failure_attempts(3).backoff(backoff);
            assert_eq!(pool.submit_with(&options, third_time_lucky, 3).unwrap().result().unwrap(), 3);
            let error = pool.submit_with(&options, third_time_lucky, 4).unwrap().result().unwrap_err();
            assert_eq!((error.attempts(), error.panic().unwrap().message.as_str()), (3, "not yet"));
        }
    });
}

#[test]
fn a_time_out_is_a_failure_that_may_be_tried_again() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let options = limit(50).failure_attempts(3);
        let error = pool.submit_with(&options, hold, gate.path()).unwrap().result().unwrap_err();
        assert!(error.is_timed_out(), "{error}");
        assert_eq!((error.attempts(), gate.begun()), (3, 3));
    });
}

/// Adds its name to a file.
#[ganger::task]
fn sign(file: String, name: String) {
    use std::io::Write as _;
    fs::File::options().append(true).create(true).open(file).unwrap().write_all(name.as_bytes()).unwrap();
}

#[test]
fn higher_priorities_go_first_and_equals_in_their_order() {
    on_each(WORKERS, |method| {
        let (pool, gate, dir) = (pool(method, 1), Gate::new(), TempDir::new().unwrap());
        let file = dir.path().join("signed").to_str().unwrap().to_owned();
        let running = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        let order = [(0, "e"), (5, "b"), (-3, "g"), (5, "c"), (9, "a"), (0, "f"), (1, "d"), (i32::MIN, "h")];
        let futures = order.map(|(priority, name)| {
            let options = TaskOptions::new().priority(priority);
            pool.submit_with(&options, sign, (file.clone(), name.to_owned())).unwrap()
        });
        gate.open();
        running.result().unwrap();
        assert!(futures.iter().all(|future| future.result().is_ok()));
        assert_eq!(fs::read_to_string(&file).unwrap(), "abcdefgh");
    });
}

#[ganger::task]
fn whoami() -> (u32, u32, String) {
    let current = ganger::current().unwrap();
    (current.slot(), current.attempt(), current.pool().to_owned())
}

#[test]
fn a_task_knows_where_it_runs() {
    on_each(WORKERS, |method| {
        let pool = builder(method, 3).name("surveyors").build().unwrap();
        for _ in 0..20 {
            let (slot, attempt, name) = pool.apply(whoami, ()).unwrap();
            assert!((1..=3).contains(&slot) && attempt == 1 && name == "surveyors", "{slot} {attempt} {name}");
        }
        assert!(ganger::current().is_none());
    });
}
