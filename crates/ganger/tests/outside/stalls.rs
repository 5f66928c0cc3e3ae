//! A supervisor that is stopped and goes on: its workers have gone on without it, and its deadlines stood still.

use std::fs;
use std::time::{Duration, Instant};

use ganger::{StartMethod, TaskOptions};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::support::alone::{self, Place};
use crate::support::process::signal;
use crate::support::{Gate, eventually, hold, pool};
use crate::tasks::pid;

const LIMIT: Duration = Duration::from_secs(3);

/// Longer than the limit, and by more than a supervisor may be late without having been stopped.
const STOPPED: Duration = Duration::from_millis(4500);

/// A supervisor whose task is still in its time when the supervisor goes on.
fn supervise(place: &Place) {
    let (pool, gate) = (pool(StartMethod::Zygote, 2), Gate::new());
    let limited = pool.submit_with(&TaskOptions::new().timeout(LIMIT), hold, gate.path()).unwrap();
    gate.await_begun(1);
    let idle = pool.apply(pid, ()).unwrap();
    let known = pool.worker_pids();
    fs::write(place.file("idle"), idle.to_string()).unwrap();
    // When it can start a replacement for the one that dies meanwhile, it has looked at all deadlines again.
    eventually("a replacement", || pool.worker_pids().iter().any(|pid| !known.contains(pid)));
    gate.open();
    limited.result().unwrap();
}

#[test]
fn deadlines_stand_still_while_the_supervisor_is_stopped() {
    let name = "stalls::deadlines_stand_still_while_the_supervisor_is_stopped";
    if let Some(place) = alone::here(name) {
        return supervise(&place);
    }
    let dir = TempDir::new().unwrap();
    let mut supervisor = alone::start(name, &std::env::current_exe().unwrap(), dir.path(), "");
    let mut idle = None;
    eventually("the task has begun", || {
        idle = fs::read_to_string(dir.path().join("idle")).ok().and_then(|pid| pid.parse().ok());
        idle.is_some()
    });
    signal(supervisor.id(), Signal::SIGSTOP);
    let stopped = Instant::now();
    signal(idle.unwrap(), Signal::SIGKILL);
    eventually("more than the limit has passed", || stopped.elapsed() > STOPPED);
    signal(supervisor.id(), Signal::SIGCONT);
    assert!(supervisor.wait().unwrap().success());
}
