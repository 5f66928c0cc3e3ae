//! Initializers and preloads: before the first task, in the right process, and what if they fail.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use ganger::{Backoff, Pool, PoolFailure, Restart, StartMethod};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::support::{ALL, Gate, PROCESSES, WORKERS, at_once, builder, eventually, hold, on_each, process};
use crate::tasks::{Death, die, panics, pid, square};

thread_local! {
    static PREPARED: Cell<u64> = const { Cell::new(0) };
}

#[ganger::task]
fn prepare(with: u64) {
    PREPARED.set(PREPARED.get() + with);
}

#[ganger::task]
fn prepared() -> u64 {
    PREPARED.get()
}

#[test]
fn each_worker_is_initialised_once_before_its_first_task() {
    on_each(WORKERS, |method| {
        let pool = builder(method, 3).initializer(prepare, 7).build().unwrap();
        let all: Vec<_> = (0..200).map(|_| pool.submit(prepared, ()).unwrap()).collect();
        assert!(all.iter().all(|future| future.result().unwrap() == 7));
    });
}

#[test]
fn a_replacement_is_initialised_too() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 1).initializer(prepare, 7).restart(at_once()).build().unwrap();
        for _ in 0..3 {
            assert_eq!(pool.apply(prepared, ()).unwrap(), 7);
            process::signal(pool.apply(pid, ()).unwrap(), Signal::SIGKILL);
        }
    });
}

static LOADED: AtomicU32 = AtomicU32::new(0);

#[ganger::task]
fn load(n: u32) {
    LOADED.store(LOADED.load(Relaxed) * 10 + n + std::process::id() * 1000, Relaxed);
}

#[ganger::task]
fn loaded() -> u32 {
    LOADED.load(Relaxed)
}

/// By the preload, then by the initializer; each start method has numbers of its own.
static FIRST: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

#[ganger::task]
fn note_preload(n: u32) {
    FIRST[0].store(n, Relaxed);
}

#[ganger::task]
fn note_initializer(n: u32) {
    FIRST[1].store(FIRST[0].load(Relaxed) + n, Relaxed);
}

#[ganger::task]
fn noted() -> [u32; 2] {
    FIRST.each_ref().map(|first| first.load(Relaxed))
}

#[test]
fn the_preload_and_then_the_initializer_run_with_each_start_method() {
    on_each(ALL, |method| {
        let n = method as u32 * 100 + 7;
        let pool = builder(method, 1).preload(note_preload, n).initializer(note_initializer, 1).build().unwrap();
        assert_eq!(pool.apply(noted, ()).unwrap(), [n, n + 1]);
    });
}

#[test]
fn where_this_process_prepares_itself_a_failure_is_an_error_of_build() {
    let refused = builder(StartMethod::Inline, 1).initializer(refuse, "no model".to_owned()).build().unwrap_err();
    assert!(refused.to_string().contains("no model"), "{refused}");
    let refused = builder(StartMethod::Thread, 1).preload(panics, 3).build().unwrap_err();
    assert!(refused.pool_failure().is_some(), "{refused}");
}

#[test]
fn preloads_run_in_order_once_for_all_workers() {
    on_each(&[StartMethod::Zygote], |method| {
        let pool = builder(method, 3).preload(load, 1).preload(load, 2).build().unwrap();
        eventually("three workers", || pool.worker_pids().len() == 3);
        let all: Vec<u32> = pool.imap(loaded_late, [5; 30]).unwrap().map(Result::unwrap).collect();
        assert!(all.iter().all(|value| *value == all[0]), "one process has loaded it for all: {all:?}");
        assert_ne!(pool.apply(loaded, ()).unwrap(), 0);
    });
}

#[ganger::task]
fn loaded_late(milliseconds: u64) -> u32 {
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
    loaded()
}

/// The pool gives up; who waits is told why, and so is the next.
fn gives_up(pool: &Pool, words: &[&str]) -> PoolFailure {
    let told = match pool.submit(square, 3) {
        Ok(waiting) => waiting.result().unwrap_err().to_string(),
        Err(refused) => refused.to_string(),
    };
    for word in words {
        assert!(told.contains(word), "{word} is not in: {told}");
    }
    let refused = pool.submit(square, 3).unwrap_err();
    pool.join(None).unwrap();
    refused.error.pool_failure().unwrap().clone()
}

#[ganger::task]
fn refuse(why: String) -> Result<(), String> {
    Err(why)
}

#[test]
fn an_initializer_that_fails_three_times_fails_the_pool() {
    on_each(WORKERS, |method| {
        let failing = builder(method, 2).initializer(refuse, "no model".to_owned()).build().unwrap();
        let failure = gives_up(&failing, &["initializer failed 3 times", "refuse", "no model"]);
        assert!(matches!(failure, PoolFailure::Initializer { times: 3, .. }), "{failure:?}");
        let panicking = builder(method, 1).initializer(panics, 3).build().unwrap();
        gives_up(&panicking, &["panicked at", "no threes"]);
    });
}

#[test]
fn an_initializer_that_kills_its_worker_fails_the_pool() {
    on_each(PROCESSES, |method| {
        for (death, name) in [(Death::Segv, "SIGSEGV"), (Death::Exit(0), "exit code 0"), (Death::Kill, "SIGKILL")] {
            let pool = builder(method, 1).initializer(die, death).restart(at_once()).build().unwrap();
            gives_up(&pool, &["initializer", name]);
        }
    });
}

/// Fails as often as there are files to take away.
#[ganger::task]
fn refuse_a_while(dir: String) -> Result<(), String> {
    match fs::read_dir(dir).unwrap().next() {
        Some(file) => fs::remove_file(file.unwrap().path()).map_err(|e| e.to_string()).and(Err("not yet".to_owned())),
        None => Ok(()),
    }
}

#[test]
fn an_initializer_may_fail_twice() {
    on_each(WORKERS, |method| {
        let dir = TempDir::new().unwrap();
        (0..2).for_each(|n| fs::write(dir.path().join(n.to_string()), "").unwrap());
        let path = dir.path().to_str().unwrap().to_owned();
        let pool = builder(method, 1).initializer(refuse_a_while, path).restart(at_once()).build().unwrap();
        assert_eq!(pool.apply(square, 3).unwrap(), 9);
        assert!(Path::new(dir.path()).read_dir().unwrap().next().is_none());
    });
}

#[test]
fn a_preload_that_fails_fails_the_pool() {
    on_each(&[StartMethod::Zygote], |method| {
        let pool = builder(method, 1).preload(refuse, "no model".to_owned()).restart(at_once()).build().unwrap();
        gives_up(&pool, &["refuse", "no model"]);
        let pool = builder(method, 1).preload(die, Death::Abort).restart(at_once()).build().unwrap();
        gives_up(&pool, &["SIGABRT"]);
    });
}

#[test]
fn a_storm_of_deaths_fails_the_pool() {
    on_each(PROCESSES, |method| {
        let restart = Restart { backoff: Backoff::NONE, intensity: 2, ..Restart::default() };
        let dogged = ganger::TaskOptions::new().crash_attempts(u32::MAX);
        let gate = Gate::new();
        let pool = builder(method, 2).restart(restart).task_defaults(dogged).build().unwrap();
        let poison: Vec<_> = (0..4).map(|_| pool.submit(die, Death::Kill).unwrap()).collect();
        let waiting: Vec<_> = (0..20).map_while(|_| pool.submit(hold, gate.path()).ok()).collect();
        assert!(poison.iter().all(|future| future.result().is_err()));
        assert!(waiting.iter().all(|future| future.exception().unwrap().to_string().contains("workers died")));
        let failure = gives_up(&pool, &["workers died within", "SIGKILL"]);
        assert!(matches!(failure, PoolFailure::RestartIntensity { deaths: 5.., .. }), "{failure:?}");
    });
}
