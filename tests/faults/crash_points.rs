//! Killed at every system call, one after the other, until there are no more.
//!
//! A process that dies between two calls has left the same behind as one that dies at the second of them: so these are all the
//! places at which it can die, as far as anybody else can tell. Each is a run that is killed at its Nth call of a kind, and then
//! resumed. CI takes a few of them; all, with `GANGER_SOAK=1`.

use std::fs;

use crate::books::{assert_each_once, assert_whole, effects, successes};
use crate::sandbox::{Sandbox, eventually};
use crate::strace;
use crate::tools::{Need, can_run};

/// The Ns that are looked at: all, or more and more thinly.
fn points() -> Box<dyn Iterator<Item = usize>> {
    if std::env::var_os("GANGER_SOAK").is_some() {
        return Box::new(1..);
    }
    Box::new(std::iter::successors(Some(1), |n| Some(n + 1 + n * 2 / 3)))
}

const TASKS: usize = 6;

/// Kills a run at its Nth call of these, for each N; what was recorded before is there after, and a resume does the rest.
fn killed_at_each(calls: &str, only: Option<&str>, durable: &str) {
    for n in points() {
        println!("{calls} {n}");
        let sandbox = Sandbox::new();
        let arguments = ["--store", "s.db", "--durable", durable, "-j1"];
        let command = ["echo {} >>effects", ":::", "1", "2", "3", "4", "5", "6"];
        let inject = format!("{calls}:signal=KILL:when={n}");
        let done = strace::ganger(&sandbox, &inject, only, &[&["run"], &arguments[..], &command].concat()).done();
        if done.code() == 0 {
            assert!(n > 1, "{calls}: none was made");
            return;
        }
        assert_eq!(done.code(), 128 + 9, "{done:#?}");
        eventually("nothing outlives it", || sandbox.processes().is_empty());
        sandbox.forget_temporary_files();
        assert_goes_on(&sandbox, &[&["--resume"], &arguments[..], &command].concat());
    }
}

/// The next run takes over whatever was left.
#[track_caller]
fn assert_goes_on(sandbox: &Sandbox, resume: &[&str]) {
    let before = if is_begun(sandbox) { successes(sandbox, "s.db") } else { Default::default() };
    let done = before.iter().filter(|(_, times)| **times == 1).map(|(input, _)| input.clone());
    let done: Vec<String> = done.collect();
    let ran = effects(sandbox, "effects");
    assert!(done.iter().all(|input| ran.contains_key(input)), "recorded is what has run: {done:?}, {ran:?}");
    let again = sandbox.run(resume).done();
    assert_eq!(again.code(), 0, "{again:#?}");
    assert_each_once(sandbox, "s.db", TASKS);
    assert_whole(sandbox, "s.db");
    let after = effects(sandbox, "effects");
    assert!(done.iter().all(|input| after[input] == ran[input]), "what was recorded does not run again");
}

/// Whether there are tables yet.
fn is_begun(sandbox: &Sandbox) -> bool {
    fs::metadata(sandbox.path("s.db")).is_ok_and(|file| file.len() > 0)
        && ganger_store::Reader::open(&sandbox.path("s.db")).is_ok_and(|reader| reader.jobs().is_ok())
}

#[test]
fn f28_a_store_survives_a_kill_at_every_write() {
    if !can_run("f28", &[Need::Strace]) {
        return;
    }
    killed_at_each("pwrite64", None, "process");
}

#[test]
fn f28_a_store_survives_a_kill_at_every_sync_and_change_of_names() {
    if !can_run("f28", &[Need::Strace]) {
        return;
    }
    killed_at_each("fsync,fdatasync", None, "full");
    killed_at_each("ftruncate,unlink,rename,flock", None, "full");
}

#[test]
fn f28_a_run_survives_a_kill_at_every_call_of_its_supervisor() {
    if !can_run("f28", &[Need::Strace]) {
        return;
    }
    // What only a supervisor calls.
    for calls in ["epoll_pwait2,epoll_ctl", "sendmsg", "memfd_create,eventfd2,socketpair", "pidfd_send_signal,fchown"] {
        killed_at_each(calls, None, "process");
    }
}
