//! Waiting, never for ever: a hang is a failure that says where.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use ganger::StartMethod;

/// How long anything may take on a busy machine before it counts as a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until `condition` holds.
#[track_caller]
pub(crate) fn eventually(what: &str, condition: impl FnMut() -> bool) {
    eventually_within(PATIENCE, what, condition);
}

/// As [`eventually`], with a patience of its own.
#[track_caller]
pub(crate) fn eventually_within(patience: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Runs `test` on a thread of its own, which must end in time.
#[track_caller]
pub(crate) fn bounded<R: Send + 'static>(what: &str, test: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, ended) = channel();
    let running = thread::spawn(move || {
        let result = test();
        // Nobody listens any more if it was too late.
        let _ = done.send(());
        result
    });
    let hung = ended.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
    assert!(!hung, "{what} hangs: it has not ended within {PATIENCE:?}");
    running.join().unwrap_or_else(|_| panic!("failed: {what}"))
}

/// Runs `test` with each start method.
#[track_caller]
pub(crate) fn on_each(methods: &[StartMethod], test: fn(StartMethod)) {
    for method in methods.iter().copied() {
        bounded(&format!("{method:?}"), move || test(method));
    }
}
