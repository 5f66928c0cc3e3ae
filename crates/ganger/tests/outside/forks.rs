//! Forks: of a task, which must not come back as if they were the worker; of a supervisor, whose pool is not theirs.
//!
//! `fork_sibling` stands for `fork`, which no safe code can call: the kernel copies a process in the same way for both.

use std::fs;
use std::os::fd::AsFd;

use ganger_sys::{Fork, fork_sibling, wait_readable};

use crate::support::alone::{Place, alone, here, start};
use crate::support::{Gate, PATIENCE, PROCESSES, eventually, pool, process};
use crate::tasks::{pid, square};

/// In the child 2. In the parent 1, when the child has ended; not for ever, if it does not.
#[ganger::task]
fn fork(child_panics: bool) -> u64 {
    match fork_sibling().unwrap() {
        Fork::Child => {
            assert!(!child_panics, "a child that panics");
            2
        }
        Fork::Sibling { pidfd, .. } => {
            wait_readable([pidfd.as_fd()], Some(PATIENCE / 4)).unwrap();
            1
        }
    }
}

/// Signs in at a gate, then forks.
#[ganger::task]
fn sign_and_fork(gate: String) -> u64 {
    tempfile::NamedTempFile::new_in(gate).unwrap().keep().unwrap();
    fork(false)
}

#[test]
fn a_forked_child_does_not_answer_for_its_worker() {
    alone("forks::a_forked_child_does_not_answer_for_its_worker", |_| {
        for method in PROCESSES {
            let pool = pool(*method, 1);
            let worker = pool.apply(pid, ()).unwrap();
            for child_panics in [false, true] {
                assert_eq!(pool.apply(fork, child_panics).unwrap(), 1);
                assert_eq!(pool.map(square, 0..1000).unwrap()[999], 999 * 999);
            }
            assert_eq!(pool.apply(pid, ()).unwrap(), worker, "forking is no crime");
            drop(pool);
            assert!(process::children(std::process::id()).is_empty());
        }
    });
}

#[test]
fn a_forked_child_does_not_go_on_with_the_items() {
    alone("forks::a_forked_child_does_not_go_on_with_the_items", |_| {
        for method in PROCESSES {
            let (pool, gate) = (pool(*method, 1), Gate::new());
            let items = std::iter::repeat_with(|| gate.path()).take(5);
            let results: Result<Vec<_>, _> = pool.imap(sign_and_fork, items).unwrap().chunk_size(5).collect();
            assert_eq!(results.unwrap(), [1; 5]);
            assert_eq!(gate.begun(), 5);
        }
    });
}

/// Goes on as a daemon, which is a fork, and tells what its parent's pool says to it.
fn goes_on_as_a_daemon(place: &Place) {
    let pool = pool(ganger::StartMethod::Zygote, 1);
    let (shared, future) = (pool.share(1).unwrap(), pool.submit(square, 3).unwrap());
    assert_eq!(pool.apply(square, 2).unwrap(), 4);
    nix::unistd::daemon(true, true).unwrap();
    let refused = pool.submit(square, 7).unwrap_err().to_string();
    let waited = std::panic::catch_unwind(|| pool.pending()).is_err();
    drop((shared, future, pool));
    fs::write(place.file("told.new"), format!("{refused}; {waited}")).unwrap();
    fs::rename(place.file("told.new"), place.file("told")).unwrap();
    std::process::exit(0);
}

#[test]
fn a_fork_of_the_supervisor_is_refused_its_pool() {
    let name = "forks::a_fork_of_the_supervisor_is_refused_its_pool";
    if let Some(place) = here(name) {
        return goes_on_as_a_daemon(&place);
    }
    let dir = tempfile::tempdir().unwrap();
    let mut parent = start(name, &std::env::current_exe().unwrap(), dir.path(), "");
    let pid = parent.id();
    assert!(parent.wait().unwrap().success());
    eventually("the daemon's word", || dir.path().join("told").exists());
    let told = fs::read_to_string(dir.path().join("told")).unwrap();
    let refused = format!("this process is a fork of process {pid}, whose pool this is: build a pool after the fork");
    assert_eq!(told, format!("{refused}; true"));
}
