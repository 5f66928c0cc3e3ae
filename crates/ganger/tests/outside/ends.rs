//! What is left of a pool when it has ended, in whatever way: nothing.

use std::collections::HashSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use ganger::{Pool, StartMethod};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::support::alone::{self, Place, alone};
use crate::support::process::{Holdings, children, lives, signal};
use crate::support::{Gate, PROCESSES, at_once, builder, eventually, hold, pool};
use crate::tasks::{Death, die, echo, nap, square};

/// A life of a pool, from its making to its end.
type Life = fn(StartMethod);

const LIVES: &[(&str, Life)] = &[
    ("closed", |method| {
        let pool = working(method);
        pool.close();
        pool.join(None).unwrap();
    }),
    ("terminated", |method| {
        let (pool, gate) = (working(method), Gate::new());
        let future = pool.submit(square, 1).unwrap();
        future.add_done_callback(|_| ());
        gate.open();
        drop((0..100).map(|_| pool.submit(hold, gate.path()).unwrap()).collect::<Vec<_>>());
        pool.terminate();
        pool.join(None).unwrap();
    }),
    ("killed", |method| {
        let pool = working(method);
        pool.kill();
        pool.join(None).unwrap();
    }),
    ("dropped", |method| drop(working(method))),
    ("dropped before it was ready", |method| drop(pool(method, 3))),
    ("refused", |method| drop(builder(method, 1).worker_program("/no/such/program").build().unwrap_err())),
    ("failed", |method| {
        if method != StartMethod::Thread {
            let pool = builder(method, 2).initializer(die, Death::Abort).restart(at_once()).build().unwrap();
            pool.submit(square, 1).map(|future| future.exception()).ok();
            pool.join(None).unwrap();
        }
    }),
    ("bereaved", |method| {
        if method != StartMethod::Thread {
            let pool = builder(method, 2).restart(at_once()).build().unwrap();
            assert!(pool.apply(die, Death::Kill).is_err());
        }
    }),
];

fn working(method: StartMethod) -> Pool {
    let pool = pool(method, 3);
    assert_eq!(pool.map(square, 0..500).unwrap()[499], 499 * 499);
    pool
}

/// The first life of each kind may leave what a process has once, however many pools: thread-local state, lazy statics.
fn nothing_is_left(place: &Place, method: StartMethod) {
    let files = || fs::read_dir(place.temporary()).unwrap().count();
    for (name, life) in LIVES {
        life(method);
        let mut before = (Holdings::now(), files());
        eventually("a quiet process", || {
            let now = (Holdings::now(), files());
            std::mem::replace(&mut before, now.clone()) == now && now.0.children == 0 && now.0.threads <= 2
        });
        (0..5).for_each(|_| life(method));
        eventually(&format!("{method:?}: nothing left of pools that were {name}: {before:?}"), || {
            (Holdings::now(), files()) == before
        });
    }
}

#[test]
fn nothing_is_left_of_zygote_pools() {
    alone("ends::nothing_is_left_of_zygote_pools", |place| nothing_is_left(place, StartMethod::Zygote));
}

#[test]
fn nothing_is_left_of_spawn_pools() {
    alone("ends::nothing_is_left_of_spawn_pools", |place| nothing_is_left(place, StartMethod::Spawn));
}

#[test]
fn nothing_is_left_of_thread_pools() {
    alone("ends::nothing_is_left_of_thread_pools", |place| nothing_is_left(place, StartMethod::Thread));
}

/// What the supervisor's workers are at when it is killed.
const SCENES: &[&str] = &["idle", "busy", "stopped", "writing", "closing"];

/// Computes for ever.
#[ganger::task]
fn compute() -> u64 {
    let mut sum = 0u64;
    loop {
        sum = std::hint::black_box(sum.wrapping_add(1));
    }
}

/// A supervisor that says who its workers are, and waits for its death.
fn supervise(place: &Place, word: &str) {
    let (method, scene) = word.split_once(' ').unwrap();
    let pool = pool(if method == "Spawn" { StartMethod::Spawn } else { StartMethod::Zygote }, 3);
    // One that is stopped in its first instants, before it asked for its death signal, would be left behind.
    let mut answered = HashSet::new();
    eventually("three workers have answered", || {
        answered.extend(pool.map(nap, [5; 6]).unwrap());
        answered.len() == 3
    });
    let gate = Gate::new();
    match scene {
        "busy" | "stopped" | "closing" => (0..9).for_each(|_| drop(pool.submit(compute, ()).unwrap())),
        "writing" => (0..9).for_each(|_| drop(pool.submit(echo, vec![1; 32 << 20].into()).unwrap())),
        _ => {}
    }
    if scene == "stopped" {
        pool.worker_pids().into_iter().for_each(|worker| signal(worker, Signal::SIGSTOP));
    }
    if scene == "closing" {
        pool.terminate();
    }
    fs::write(place.file("begun"), "").unwrap();
    let forever = pool.submit(hold, gate.path()).ok();
    eventually("death", || forever.as_ref().is_some_and(|future| future.done()));
}

fn nobody_outlives(name: &str) {
    if let Some(place) = alone::here(name) {
        return supervise(&place, &alone::word());
    }
    for method in ["Zygote", "Spawn"] {
        for scene in SCENES {
            let dir = TempDir::new().unwrap();
            let own = std::env::current_exe().unwrap();
            let mut supervisor = alone::start(name, &own, dir.path(), &format!("{method} {scene}"));
            eventually("the scene is set", || dir.path().join("begun").exists());
            let workers = children(supervisor.id());
            assert!(*scene == "closing" || workers.len() >= 3, "{method} {scene}: {workers:?}");
            supervisor.kill().unwrap();
            assert_eq!(supervisor.wait().unwrap().signal(), Some(9));
            let death = Instant::now();
            eventually(&format!("{method} {scene}: nobody of {workers:?}"), || !workers.iter().any(|pid| lives(*pid)));
            assert!(death.elapsed() < Duration::from_secs(1), "{method} {scene}: {:?}", death.elapsed());
        }
    }
}

#[test]
fn no_worker_outlives_a_supervisor_that_is_killed() {
    nobody_outlives("ends::no_worker_outlives_a_supervisor_that_is_killed");
}

#[test]
fn a_process_that_exits_without_dropping_its_pool_leaves_nobody() {
    let name = "ends::a_process_that_exits_without_dropping_its_pool_leaves_nobody";
    if let Some(place) = alone::here(name) {
        let pool = pool(StartMethod::Zygote, 3);
        eventually("three workers", || pool.worker_pids().len() == 3);
        let everyone: Vec<String> = children(std::process::id()).iter().map(ToString::to_string).collect();
        fs::write(place.file("begun"), everyone.join(" ")).unwrap();
        std::process::exit(3);
    }
    let dir = TempDir::new().unwrap();
    let mut process = alone::start(name, &std::env::current_exe().unwrap(), dir.path(), "");
    assert_eq!(process.wait().unwrap().code(), Some(3));
    let everyone = fs::read_to_string(dir.path().join("begun")).unwrap();
    let everyone: Vec<u32> = everyone.split(' ').map(|pid| pid.parse().unwrap()).collect();
    assert!(everyone.len() >= 3);
    eventually("nobody", || !everyone.iter().any(|pid| lives(*pid)));
}

#[test]
fn what_a_task_leaves_behind_goes_with_its_worker() {
    for method in PROCESSES {
        let pool = pool(*method, 1);
        let grandchild = pool.apply(leave_behind, ()).unwrap();
        assert!(lives(grandchild));
        pool.terminate();
        pool.join(None).unwrap();
        eventually("the grandchild is gone", || !lives(grandchild));
    }
}

#[ganger::task]
fn leave_behind() -> u32 {
    std::process::Command::new("sleep").arg("1000").spawn().unwrap().id()
}
