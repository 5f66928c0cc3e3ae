//! A machine that has too little of something, and a scheduler that takes its time.

use std::thread;

use ganger::Pool;

use crate::sandbox::Sandbox;
use crate::strace::{self, was_injected};
use crate::tools::{Need, can_run};

#[test]
fn f23_what_is_refused_for_a_while_is_had_later() {
    if !can_run("f23", &[Need::Strace]) {
        return;
    }
    let inputs: String = (1..=30).map(|n| format!("{n}\n")).collect();
    for inject in [
        "memfd_create:error=EMFILE:when=4+3",
        "memfd_create:error=ENOMEM:when=4+3",
        "eventfd2:error=ENFILE:when=4+3",
        "ftruncate:error=ENOSPC:when=3+2",
        "clone,clone3:error=EAGAIN:when=4+3",
    ] {
        println!("{inject}");
        let sandbox = Sandbox::new();
        sandbox.write("inputs", &inputs);
        let run = ["run", "-k", "-j4", "-a", "inputs", "sleep 0.01; echo {}"];
        let done = strace::ganger(&sandbox, inject, None, &run).done();
        assert_eq!((done.code(), &done.stdout), (0, &inputs), "{done:#?}");
        assert!(was_injected(&sandbox));
    }
}

#[test]
fn f23_what_is_refused_for_good_is_named() {
    if !can_run("f23", &[Need::Strace]) {
        return;
    }
    for (inject, told) in [
        ("memfd_create:error=EMFILE", "too many open files; raise `ulimit -n`"),
        ("pidfd_open:error=ENFILE", "too many open files"),
        ("epoll_create1:error=EMFILE", "too many open files; raise `ulimit -n`"),
        ("memfd_create:error=ENOMEM", "memory"),
        ("clone3:error=EAGAIN", "too many processes"),
    ] {
        println!("{inject}");
        let sandbox = Sandbox::new();
        let done = strace::ganger(&sandbox, inject, None, &["run", "-j4", "echo", ":::", "1", "2"]).done();
        done.told(255, told);
        assert!(!done.stderr.contains("panicked"), "{done:#?}");
    }
}

#[ganger::task]
fn next(n: u64) -> u64 {
    n + 1
}

/// Callers that wait, that follow one who waits, that only look now and then: a wake-up that is missed is one that hangs. What
/// orders of memory can do is shown for each protocol by loom (`crates/shm/tests/loom.rs`); this is all of them together.
#[test]
fn f30_no_wake_up_is_lost_among_many_who_wait() {
    let pool = Pool::builder().workers(2).build().expect("a pool");
    thread::scope(|scope| {
        for caller in 0..8_u64 {
            let pool = &pool;
            scope.spawn(move || {
                for n in 0..400 {
                    assert_eq!(pool.apply(next, n).expect("an outcome"), n + 1);
                    let many: Vec<_> = (0..caller).map(|n| pool.submit(next, n).expect("accepted")).collect();
                    let sum: u64 = many.iter().map(|future| future.result().expect("an outcome")).sum();
                    assert_eq!(sum, caller * (caller + 1) / 2);
                }
            });
        }
    });
    pool.close();
    pool.join(None).expect("it ends");
}
