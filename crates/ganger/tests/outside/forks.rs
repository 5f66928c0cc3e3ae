//! Tasks that fork: the child must not come back from the task as if it were the worker.
//!
//! `fork_sibling` stands for `fork`, which no safe code can call: the kernel copies a process in the same way for both.

use std::os::fd::AsFd;

use ganger_sys::{Fork, fork_sibling, wait_readable};

use crate::support::alone::alone;
use crate::support::{Gate, PATIENCE, PROCESSES, pool, process};
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
