//! Too few descriptors for all workers: a pool goes on with those that could be started, and has more when it can.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use ganger_sys::limits::{Limit, Resource, limit, set_limit};

use crate::starting::fails_with;
use crate::support::alone::alone;
use crate::support::{PROCESSES, WORKERS, builder, eventually, pool};
use crate::tasks::{Death, die, square};

/// Counts the warnings of pools that have fewer workers than they were to have.
struct Warnings(AtomicUsize);

static WARNINGS: Warnings = Warnings(AtomicUsize::new(0));

impl log::Log for Warnings {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = record.args().to_string();
        if text.contains("of 30 workers could be started: too many open files; raise `ulimit -n`") {
            assert_eq!(record.level(), log::Level::Warn);
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn flush(&self) {}
}

/// Leaves room for so many descriptors more.
fn leave(more: u64) {
    let lowest = File::open("/dev/null").unwrap().as_raw_fd() as u64;
    let hard = limit(Resource::OpenFiles).unwrap().hard;
    set_limit(Resource::OpenFiles, Limit { soft: lowest + more, hard }).unwrap();
}

#[test]
fn a_pool_goes_on_with_fewer_workers_until_it_can_have_all() {
    alone("shortage::a_pool_goes_on_with_fewer_workers_until_it_can_have_all", |_| {
        log::set_logger(&WARNINGS).unwrap();
        log::set_max_level(log::LevelFilter::Warn);
        for (pools, method) in (1..).zip(PROCESSES) {
            leave(50);
            let pool = pool(*method, 30);
            let squares: Vec<u64> = (0..100).map(|n| n * n).collect();
            assert_eq!(pool.map(square, 0..100).unwrap(), squares);
            eventually("it is told", || WARNINGS.0.load(Ordering::SeqCst) == pools);
            assert!((1..30).contains(&pool.worker_pids().len()), "{method:?}: {:?}", pool.worker_pids());
            assert!(pool.apply(die, Death::Exit(0)).is_err());
            assert_eq!(pool.map(square, 0..100).unwrap(), squares);
            leave(500);
            eventually("all are there", || pool.worker_pids().len() == 30);
            assert_eq!(WARNINGS.0.load(Ordering::SeqCst), pools, "{method:?}: told once");
        }
    });
}

#[test]
fn a_pool_that_cannot_have_one_worker_fails_and_names_the_limit() {
    alone("shortage::a_pool_that_cannot_have_one_worker_fails_and_names_the_limit", |_| {
        for method in WORKERS {
            leave(12);
            let limit = limit(Resource::OpenFiles).unwrap().soft;
            let told = format!("no worker could be started: too many open files; raise `ulimit -n` ({limit})");
            fails_with(&pool(*method, 4), &[&told]);
            leave(500);
            assert_eq!(pool(*method, 4).apply(square, 3).unwrap(), 9);
        }
    });
}

#[test]
fn a_pool_that_cannot_be_made_names_the_limit() {
    alone("shortage::a_pool_that_cannot_be_made_names_the_limit", |_| {
        for method in WORKERS {
            leave(2);
            let error = builder(*method, 1).build().unwrap_err().to_string();
            assert!(error.contains(": too many open files; raise `ulimit -n` ("), "{error}");
        }
    });
}
