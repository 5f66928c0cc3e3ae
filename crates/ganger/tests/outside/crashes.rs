//! Workers that die: in a task, between tasks, at the worst time. One task is affected, and it tells the story.

use ganger::{Exit, StartMethod, TaskOptions};
use nix::sys::signal::Signal;

use crate::support::alone::alone;
use crate::support::{Gate, PROCESSES, at_once, builder, eventually, hold, on_each, pool, process};
use crate::tasks::{Death, die, kills, nap, pid, square};

fn signal(number: Signal) -> impl Fn(&Exit) -> bool {
    move |exit| matches!(exit, Exit::Signal { number: n, .. } if *n == number as i32)
}

fn code(expected: i32) -> impl Fn(&Exit) -> bool {
    move |exit| *exit == Exit::Code(expected)
}

fn dies_as(method: StartMethod, how: Death, expected: &dyn Fn(&Exit) -> bool) {
    let pool = builder(method, 2).restart(at_once()).build().unwrap();
    let others: Vec<_> = (0..50).map(|n| pool.submit(square, n).unwrap()).collect();
    let error = pool.apply(die, how).unwrap_err();
    let error = error.task().unwrap();
    let exits = error.crashes().unwrap_or_else(|| panic!("{how:?}: {error}"));
    assert!(exits.len() == 3 && exits.iter().all(expected), "{how:?}: {exits:?}");
    assert_eq!((error.attempts(), error.worker_pid().is_some()), (3, true));
    assert!(error.to_string().contains("tasks::die killed its worker on every attempt: "), "{error}");
    assert!(others.iter().zip(0..).all(|(future, n)| future.result().unwrap() == n * n));
    assert_eq!(pool.apply(square, 9).unwrap(), 81);
}

#[test]
fn every_death_is_told_by_its_name() {
    on_each(PROCESSES, |method| {
        dies_as(method, Death::Kill, &signal(Signal::SIGKILL));
        dies_as(method, Death::Segv, &signal(Signal::SIGSEGV));
        dies_as(method, Death::Abort, &signal(Signal::SIGABRT));
        dies_as(method, Death::Exit(0), &code(0));
        dies_as(method, Death::Exit(3), &code(3));
    });
}

#[test]
fn no_stack_and_no_memory_left_are_deaths_too() {
    on_each(PROCESSES, |method| {
        let lethal = |exit: &Exit| matches!(exit, Exit::Signal { number: 6 | 11, .. });
        dies_as(method, Death::StackOverflow, &lethal);
        dies_as(method, Death::OutOfMemory, &lethal);
    });
}

#[test]
fn a_killed_task_is_tried_again() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let future = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        let first = pool.worker_pids()[0];
        process::signal(first, Signal::SIGKILL);
        gate.await_begun(2);
        gate.open();
        assert_ne!(future.result().unwrap(), first);
    });
}

#[test]
fn attempts_are_as_many_as_were_allowed() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 1).restart(at_once()).build().unwrap();
        for attempts in [1, 2, 5] {
            let options = TaskOptions::new().crash_attempts(attempts).name("poison");
            let error = pool.submit_with(&options, die, Death::Exit(1)).unwrap().result().unwrap_err();
            assert_eq!(error.crashes().unwrap().len(), attempts as usize);
            assert!(error.to_string().starts_with("poison killed its worker"), "{error}");
            pool.apply(square, 1).unwrap();
        }
    });
}

#[test]
fn poison_is_set_aside_while_others_go_on() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 3).restart(at_once()).build().unwrap();
        let futures: Vec<_> = (0..300).map(|n| pool.submit(kills, n % 30).unwrap()).collect();
        for (n, future) in futures.iter().enumerate() {
            match future.result() {
                Ok(same) => assert_eq!(same, n as u64 % 30),
                Err(error) => assert_eq!((error.crashes().unwrap().len(), n % 30), (3, 3)),
            }
        }
        assert_eq!(futures.iter().filter(|future| future.result().is_err()).count(), 10);
    });
}

#[test]
fn what_a_dead_worker_had_not_begun_counts_no_attempt() {
    on_each(PROCESSES, |method| {
        let once = TaskOptions::new().crash_attempts(1);
        let (pool, gate) = (builder(method, 1).restart(at_once()).task_defaults(once).build().unwrap(), Gate::new());
        pool.map(square, 0..10_000).unwrap();
        let held = pool.submit(hold, gate.path()).unwrap();
        let behind: Vec<_> = (0..200).map(|n| pool.submit(square, n).unwrap()).collect();
        gate.await_begun(1);
        process::signal(pool.worker_pids()[0], Signal::SIGKILL);
        assert_eq!(held.result().unwrap_err().crashes().unwrap().len(), 1);
        assert!(behind.iter().zip(0..).all(|(future, n)| future.result().unwrap() == n * n));
    });
}

#[test]
fn an_idle_worker_that_dies_is_replaced() {
    on_each(PROCESSES, |method| {
        let pool = pool(method, 2);
        eventually("two workers", || pool.worker_pids().len() == 2);
        pool.map(nap, [1; 10]).unwrap();
        for victim in pool.worker_pids() {
            process::signal(victim, Signal::SIGKILL);
            eventually("a replacement", || pool.worker_pids().len() == 2 && !pool.worker_pids().contains(&victim));
        }
        assert_eq!(pool.map(square, 0..100).unwrap()[99], 99 * 99);
    });
}

#[test]
fn a_worker_that_dies_after_its_task_loses_no_result() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 2).restart(at_once()).build().unwrap();
        for n in 0..50 {
            let future = pool.submit(pid, ()).unwrap();
            let worker = future.result().unwrap();
            process::signal(worker, Signal::SIGKILL);
            assert_eq!(pool.apply(square, n).unwrap(), n * n);
        }
    });
}

#[test]
fn the_zygote_may_die() {
    alone("crashes::the_zygote_may_die", |_| {
        let pool = pool(StartMethod::Zygote, 1);
        let worker = pool.apply(pid, ()).unwrap();
        let zygote = process::children(std::process::id()).into_iter().find(|child| *child != worker).unwrap();
        process::signal(zygote, Signal::SIGKILL);
        eventually("it is gone", || !process::lives(zygote));
        assert_eq!(pool.apply(pid, ()).unwrap(), worker, "workers do not need it");
        process::signal(worker, Signal::SIGKILL);
        eventually("a new one forks the replacement", || pool.worker_pids().iter().any(|pid| *pid != worker));
        assert_ne!(pool.apply(pid, ()).unwrap(), worker);
    });
}

#[test]
fn deaths_while_closing_do_not_keep_the_pool() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 2).restart(at_once()).build().unwrap();
        let futures: Vec<_> = (0..40).map(|n| pool.submit(kills, n % 10).unwrap()).collect();
        pool.close();
        pool.join(None).unwrap();
        assert_eq!(futures.iter().filter(|future| future.result().is_err()).count(), 4);
        let pool = builder(method, 1).build().unwrap();
        let future = pool.submit(die, Death::Segv).unwrap();
        pool.interrupt();
        pool.join(None).unwrap();
        assert!(future.result().is_err());
    });
}

#[test]
fn a_stopped_worker_can_be_cancelled_and_killed() {
    on_each(PROCESSES, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let future = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        process::signal(pool.worker_pids()[0], Signal::SIGSTOP);
        future.cancel();
        assert!(future.result().unwrap_err().is_cancelled());
        assert_eq!(pool.apply(square, 4).unwrap(), 16);
    });
}
