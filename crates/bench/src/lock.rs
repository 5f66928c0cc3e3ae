//! `lock`: a lock that nobody else wants, and one that two processes want all the time.

use ganger::sync::{Event, Lock};

use crate::figure::Figure;
use crate::{Measured, gang, timing};

const ALONE: u64 = 10_000_000;
const EACH: u64 = 1_000_000;

pub(crate) fn measure() -> Measured {
    let lock = Lock::new()?;
    let rate = timing::rate(ALONE, || Ok(use_lock(&lock, ALONE)?))?;
    Figure::new("lock", "ganger Lock uncontended", 1e9 / rate, "ns a pair").print()?;
    contended(&lock)
}

/// Acquires and releases.
fn use_lock(lock: &Lock, times: u64) -> Result<(), ganger::sync::SyncError> {
    for _ in 0..times {
        let _ = lock.acquire();
        lock.release()?;
    }
    Ok(())
}

#[ganger::task]
fn use_lock_too(lock: Lock, go: Event) -> Result<(), String> {
    go.wait();
    use_lock(&lock, EACH).map_err(|e| e.to_string())
}

fn contended(lock: &Lock) -> Measured {
    let pool = gang::ready(gang::builder(1))?;
    let rate = timing::rate(2 * EACH, || {
        let go = Event::new()?;
        let other = pool.submit(use_lock_too, (lock.clone(), go.clone()))?;
        go.set();
        use_lock(lock, EACH)?;
        Ok(other.result()??)
    })?;
    Ok(Figure::new("lock", "ganger Lock contended", rate, "pairs/s").with("processes", 2).print()?)
}
