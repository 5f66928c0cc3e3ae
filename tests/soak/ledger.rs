//! What a soak has done so far, what it holds, and whether that stays the same.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What was done, counted by whoever does it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    tasks: AtomicU64,
    kills: AtomicU64,
    restarts: AtomicU64,
}

impl Tally {
    /// So many tasks have the outcome that they ought to have, each once.
    pub(crate) fn tasks(&self, tasks: usize) {
        self.tasks.fetch_add(tasks as u64, Relaxed);
    }

    /// So many processes were killed, of any kind.
    pub(crate) fn kills(&self, kills: usize) {
        self.kills.fetch_add(kills as u64, Relaxed);
    }

    /// So many processes have taken another's place.
    pub(crate) fn restarts(&self, restarts: u64) {
        self.restarts.fetch_add(restarts, Relaxed);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [tasks, kills, restarts] = [&self.tasks, &self.kills, &self.restarts].map(|count| count.load(Relaxed));
        write!(f, "{tasks:>9} tasks {kills:>7} kills {restarts:>7} restarts")
    }
}

/// What this process has between two rounds, when nothing is under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Bytes.
    pub(crate) resident: u64,
    pub(crate) descriptors: usize,
}

impl Held {
    pub(crate) fn now() -> Self {
        let pages = std::fs::read_to_string("/proc/self/statm").expect("/proc");
        let pages: u64 = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
        Self { resident: pages * 4096, descriptors: std::fs::read_dir("/proc/self/fd").expect("/proc").count() }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6.1} MiB {:>3} descriptors", self.resident as f64 / f64::from(1 << 20), self.descriptors)
    }
}

/// The first minutes' allocations are the program's own: caches that fill, a heap that finds its size.
pub(crate) const WARM: usize = 5;

/// What it held at the least in each minute.
#[derive(Debug, Default)]
pub(crate) struct Minutes(Vec<Held>);

impl Minutes {
    pub(crate) fn end(&mut self, least: Held) {
        self.0.push(least);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// From the fifth minute to the last neither memory nor descriptors have grown. A heap breathes: a tenth is let through.
    pub(crate) fn are_flat(&self) -> Result<(), String> {
        let (Some(warm), Some(last)) = (self.0.get(WARM - 1), self.0.last()) else { return Ok(()) };
        if last.resident > warm.resident + warm.resident / 10 + (1 << 20) || last.descriptors > warm.descriptors {
            return Err(format!("it grows: {warm} in minute {WARM}, {last} in minute {}", self.0.len()));
        }
        Ok(())
    }
}
