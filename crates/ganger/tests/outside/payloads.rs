//! What crosses, and what cannot: large, undecodable, above the limit, cut off by a death in the middle.

use std::time::Duration;

use ganger::{Bytes, FailureKind, Pool};
use nix::sys::signal::Signal;

use crate::support::{ALL, Gate, PROCESSES, at_once, bounded, builder, hold, on_each, pool, process};
use crate::tasks::{echo, pid, square};
use crate::traps::{Coming, Going, Trap, give_coming, give_going, take_coming, take_going};

fn is_whole(pool: &Pool) {
    assert_eq!(pool.map(square, 0..50).unwrap()[49], 49 * 49);
}

#[test]
fn arguments_that_cannot_be_encoded_come_back() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let refused = pool.submit(take_going, Going(Trap::Fails)).unwrap_err();
        assert_eq!(refused.args.0, Trap::Fails);
        assert!(refused.to_string().contains("cannot encode") && refused.to_string().contains("a trap"), "{refused}");
        is_whole(&pool);
    });
}

#[test]
fn arguments_that_cannot_be_decoded_fail_their_task() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        for _ in 0..20 {
            let error = pool.apply(take_coming, Coming(Trap::Fails)).unwrap_err();
            let failure = error.task().unwrap().failure().unwrap();
            assert_eq!(failure.kind, FailureKind::Arguments);
            assert!(error.to_string().contains("take_coming could not be done: cannot decode"), "{error}");
        }
        is_whole(&pool);
    });
}

#[test]
fn a_panic_while_arguments_are_decoded_is_the_tasks_own() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let error = pool.apply(take_coming, Coming(Trap::Panics)).unwrap_err();
        assert_eq!(error.task().unwrap().panic().unwrap().message, "a trap", "{error}");
        let results: Vec<_> = pool.imap(take_coming, [Coming(Trap::Panics)]).unwrap().collect();
        assert!(results[0].as_ref().unwrap_err().task().unwrap().panic().is_some());
        is_whole(&pool);
    });
}

#[test]
fn a_death_while_arguments_are_decoded_is_the_tasks_own() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 1).restart(at_once()).build().unwrap();
        let error = pool.apply(take_coming, Coming(Trap::Dies)).unwrap_err();
        assert_eq!(error.task().unwrap().crashes().unwrap().len(), 3, "{error}");
        is_whole(&pool);
    });
}

#[test]
fn results_that_cannot_be_encoded_fail_their_task() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        for _ in 0..20 {
            let error = pool.apply(give_going, Trap::Fails as u8).unwrap_err();
            assert_eq!(error.task().unwrap().failure().unwrap().kind, FailureKind::Result);
            let error = pool.apply(give_going, Trap::Panics as u8).unwrap_err();
            assert_eq!(error.task().unwrap().panic().unwrap().message, "a trap");
        }
        is_whole(&pool);
    });
}

#[test]
fn in_a_mapping_too_each_item_answers_for_itself() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        for trap in [Trap::Fails, Trap::Panics] {
            let items = [0, trap as u8, 0, 0];
            let results: Vec<_> = pool.imap(give_going, items).unwrap().chunk_size(4).map(|r| r.is_ok()).collect();
            assert_eq!(results, [true, false, true, true], "{trap:?} in results");
            let items = [Trap::None, trap, Trap::None, Trap::None].map(Coming);
            let results: Vec<_> = pool.imap(take_coming, items).unwrap().chunk_size(4).map(|r| r.is_ok()).collect();
            assert_eq!(results, [true, false, true, true], "{trap:?} in arguments");
        }
        is_whole(&pool);
    });
}

#[test]
fn a_death_while_results_are_encoded_is_the_tasks_own() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 1).restart(at_once()).build().unwrap();
        let error = pool.apply(give_going, Trap::Dies as u8).unwrap_err();
        assert_eq!(error.task().unwrap().crashes().unwrap().len(), 3, "{error}");
        is_whole(&pool);
    });
}

#[test]
fn results_that_cannot_be_decoded_are_an_error_of_their_reader() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let error = pool.apply(give_coming, Trap::Fails as u8).unwrap_err();
        assert!(error.to_string().contains("cannot be read here"), "{error}");
        let error = pool.apply(give_coming, Trap::Panics as u8).unwrap_err();
        assert!(error.to_string().contains("panic: a trap"), "{error}");
        is_whole(&pool);
    });
}

#[test]
fn payloads_above_the_limit_are_refused_by_name() {
    on_each(ALL, |method| {
        let pool = builder(method, 1).payload_limit(1 << 20).build().unwrap();
        let refused = pool.submit(echo, Bytes::from(vec![1; 2 << 20])).unwrap_err();
        assert_eq!(refused.args.len(), 2 << 20);
        assert!(refused.to_string().contains("payload_limit()"), "{refused}");
        let error = pool.apply(swell, 2 << 20).unwrap_err();
        assert_eq!(error.task().unwrap().failure().unwrap().kind, FailureKind::Result);
        assert!(error.to_string().contains("payload_limit()"), "{error}");
        assert_eq!(pool.apply(swell, 1 << 19).unwrap().len(), 1 << 19);
        is_whole(&pool);
    });
}

#[ganger::task]
fn swell(bytes: usize) -> Bytes {
    Bytes::from(vec![9; bytes])
}

/// A large result, given after it has signed in at a gate that is open.
#[ganger::task]
fn swell_at(gate: String, bytes: usize) -> Bytes {
    hold(gate);
    Bytes::from(vec![9; bytes])
}

fn not_registered(n: u64) -> u64 {
    n
}

#[test]
fn functions_that_are_not_registered_are_refused() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        assert_eq!(not_registered(1), 1);
        let refused = pool.submit(not_registered, 5).unwrap_err();
        assert!(refused.error.is_unregistered() && refused.args == 5);
        assert!(refused.to_string().contains("not_registered is not registered: add #[ganger::task]"), "{refused}");
        assert!(pool.imap(not_registered, 0..5).err().unwrap().is_unregistered());
        assert!(pool.map(not_registered, 0..5).unwrap_err().is_unregistered());
        assert!(builder(method, 1).initializer(not_registered, 5).build().unwrap_err().is_unregistered());
    });
}

const LARGE: usize = 64 << 20;

#[test]
fn a_worker_that_dies_while_a_large_argument_is_on_its_way() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (builder(method, 1).restart(at_once()).build().unwrap(), Gate::new());
        let held = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        let large = pool.submit(echo, Bytes::from(vec![5; LARGE])).unwrap();
        process::signal(pool.worker_pids()[0], Signal::SIGKILL);
        gate.open();
        held.result().unwrap();
        assert!(large.result().unwrap().iter().all(|byte| *byte == 5));
        is_whole(&pool);
    });
}

#[test]
fn a_large_argument_on_its_way_can_be_cancelled() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let held = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        let large = pool.submit(echo, Bytes::from(vec![5; LARGE])).unwrap();
        assert!(large.cancel());
        assert!(large.result().unwrap_err().is_cancelled());
        gate.open();
        held.result().unwrap();
        is_whole(&pool);
    });
}

#[test]
fn a_worker_that_dies_while_a_large_result_is_on_its_way() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 1).restart(at_once()).build().unwrap();
        for _ in 0..5 {
            let gate = Gate::new();
            gate.open();
            let large = pool.submit(swell_at, (gate.path(), LARGE)).unwrap();
            gate.await_begun(1);
            pool.worker_pids().into_iter().for_each(|worker| process::signal(worker, Signal::SIGKILL));
            assert_eq!(large.result().unwrap().len(), LARGE);
        }
        is_whole(&pool);
    });
}

#[test]
fn both_rings_full_at_once_do_not_lock_each_other() {
    on_each(PROCESSES, |method| {
        let pool = pool(method, 2);
        let futures: Vec<_> = (0..40).map(|n| pool.submit(echo, Bytes::from(vec![n; 3 << 20])).unwrap()).collect();
        let whole = futures.iter().zip(0..).all(|(future, n)| future.result().unwrap().iter().all(|byte| *byte == n));
        assert!(whole && pool.apply(pid, ()).is_ok());
    });
}

#[test]
fn a_task_that_waits_for_a_large_one_is_not_forgotten() {
    on_each(PROCESSES, |method| {
        let pool = pool(method, 1);
        let futures: Vec<_> =
            (0..30).map(|n| pool.submit(echo, Bytes::from(vec![n; 1 << (n % 24)])).unwrap()).collect();
        let small: Vec<_> = (0..100).map(|n| pool.submit(square, n).unwrap()).collect();
        let patience = Duration::from_secs(30);
        bounded("all", move || {
            assert!(futures.iter().all(|future| future.result_timeout(patience).is_ok()));
            assert!(small.iter().all(|future| future.result_timeout(patience).is_ok()));
        });
    });
}
