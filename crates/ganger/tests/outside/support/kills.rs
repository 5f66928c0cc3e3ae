//! Tasks that are killed at any moment, many times.
//!
//! `GANGER_KILLS` says how often; 1,000 if it does not.

use std::time::Duration;

use ganger::{Backoff, Future, Pool, Restart, StartMethod};

/// How many tasks run at a time.
pub(crate) const WORKERS: usize = 4;

pub(crate) fn kills() -> u64 {
    std::env::var("GANGER_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(1000)
}

/// Lets tasks run that never end, and kills the workers of some; in between `check` says whether the rest goes on.
pub(crate) fn killed_at_random(begin: impl Fn(&Pool) -> Future<()>, mut check: impl FnMut()) {
    let restart = Restart { backoff: Backoff::NONE, ..Restart::default() };
    let pool = Pool::builder().workers(WORKERS).start_method(StartMethod::Zygote).restart(restart).build().unwrap();
    let mut running: Vec<Future<()>> = (0..WORKERS).map(|_| begin(&pool)).collect();
    for kill in 0..kills() {
        let random = kill.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let until = std::time::Instant::now() + Duration::from_nanos(random >> 42);
        while std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        check();
        let victim = std::mem::replace(&mut running[(random >> 20) as usize % WORKERS], begin(&pool));
        assert!(victim.cancel() || victim.cancelled(), "kill {kill}: it ended: {:?}", victim.result());
    }
    check();
    running.iter().for_each(|running| assert!(running.cancel()));
}

/// A run that hangs is a failure.
pub(crate) fn in_time(what: &str, test: impl FnOnce() + Send + 'static) {
    let patience = Duration::from_secs(60 + kills() / 5);
    let (done, ended) = std::sync::mpsc::channel();
    let running = std::thread::spawn(move || {
        test();
        // Nobody listens any more if it was too late.
        let _ = done.send(());
    });
    let hung = ended.recv_timeout(patience) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
    assert!(!hung, "{what} hangs: not done within {patience:?}");
    running.join().unwrap();
}
