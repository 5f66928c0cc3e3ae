//! Processes that are killed at any moment, many times.
//!
//! `GANGER_KILLS` says how often; 1,000 if it does not.

use std::thread;
use std::time::{Duration, Instant};

use ganger::Process;

/// How many there are at a time.
pub(crate) const VICTIMS: usize = 4;

fn kills() -> u64 {
    std::env::var("GANGER_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(1000)
}

fn started(process: Process) -> Process {
    process.start().unwrap();
    process
}

/// Starts processes that never end, and kills some; in between `check` says whether the rest goes on.
pub(crate) fn killed_at_random(make: impl Fn() -> Process, mut check: impl FnMut()) {
    let mut running: Vec<Process> = (0..VICTIMS).map(|_| started(make())).collect();
    for kill in 0..kills() {
        let random = kill.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let until = Instant::now() + Duration::from_nanos(random >> 42);
        while Instant::now() < until {
            thread::yield_now();
        }
        check();
        let victim = std::mem::replace(&mut running[(random >> 20) as usize % VICTIMS], started(make()));
        assert_eq!(victim.exit_status().unwrap(), None, "kill {kill}: it ended");
        victim.kill().unwrap();
        victim.join(None).unwrap();
    }
    check();
    for victim in running {
        victim.kill().unwrap();
    }
}

/// A run that hangs is a failure.
pub(crate) fn in_time(what: &str, test: impl FnOnce() + Send + 'static) {
    let patience = Duration::from_secs(120 + kills() / 2);
    let (done, ended) = std::sync::mpsc::channel();
    let running = thread::spawn(move || {
        test();
        // Nobody listens any more if it was too late.
        let _ = done.send(());
    });
    let hung = ended.recv_timeout(patience) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
    assert!(!hung, "{what} hangs: not done within {patience:?}");
    running.join().unwrap();
}
