//! How far a run is, noted by one thread and read by another: without a lock, as it is noted for every command.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ganger_batch::{Counts, Progress, Waiting};

/// The last [`Progress`] that was noted, nearly: its numbers need not be of the very same moment.
pub(crate) struct Gauge {
    succeeded: AtomicU64,
    failed: AtomicU64,
    stopped: AtomicU64,
    skipped: AtomicU64,
    retried: AtomicU64,
    running: AtomicU64,
    slots: AtomicU64,
    total: AtomicU64,
    paused: AtomicBool,
    /// What it waits for: nothing, the load, memory; and the two numbers of that.
    waiting: [AtomicU64; 3],
}

/// The total is not known yet.
const UNKNOWN: u64 = u64::MAX;

impl Default for Gauge {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            succeeded: zero(),
            failed: zero(),
            stopped: zero(),
            skipped: zero(),
            retried: zero(),
            running: zero(),
            slots: zero(),
            total: AtomicU64::new(UNKNOWN),
            paused: AtomicBool::new(false),
            waiting: [zero(), zero(), zero()],
        }
    }
}

impl Gauge {
    pub(crate) fn note(&self, progress: &Progress) {
        let Counts { succeeded, failed, stopped, skipped, .. } = progress.counts;
        let numbers = [
            (&self.succeeded, succeeded),
            (&self.failed, failed),
            (&self.stopped, stopped),
            (&self.skipped, skipped),
            (&self.retried, progress.retried),
            (&self.running, progress.running as u64),
            (&self.slots, progress.slots as u64),
            (&self.total, progress.total.unwrap_or(UNKNOWN)),
        ];
        numbers.iter().for_each(|(place, number)| place.store(*number, Ordering::Relaxed));
        let waiting = match progress.waiting {
            None => [0, 0, 0],
            Some(Waiting::Load { runs, limit }) => [1, runs, limit.to_bits()],
            Some(Waiting::Memory { available, wanted }) => [2, available, wanted],
        };
        self.waiting.iter().zip(waiting).for_each(|(place, number)| place.store(number, Ordering::Relaxed));
        self.paused.store(progress.paused, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Progress {
        let read = |place: &AtomicU64| place.load(Ordering::Relaxed);
        let counts = Counts {
            succeeded: read(&self.succeeded),
            failed: read(&self.failed),
            stopped: read(&self.stopped),
            skipped: read(&self.skipped),
            // Jobs, which are told of by themselves.
            unreached: 0,
        };
        Progress {
            counts,
            total: Some(read(&self.total)).filter(|total| *total != UNKNOWN),
            retried: read(&self.retried),
            running: read(&self.running) as usize,
            slots: read(&self.slots) as usize,
            paused: self.paused.load(Ordering::Relaxed),
            waiting: match self.waiting.each_ref().map(read) {
                [1, runs, limit] => Some(Waiting::Load { runs, limit: f64::from_bits(limit) }),
                [2, available, wanted] => Some(Waiting::Memory { available, wanted }),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read() {
        let gauge = Gauge::default();
        assert_eq!(gauge.read().total, None);
        let counts = Counts { succeeded: 1, failed: 2, stopped: 3, skipped: 4, unreached: 0 };
        let progress =
            Progress { counts, total: Some(5), retried: 6, running: 7, slots: 8, paused: true, waiting: None };
        let waits = [Waiting::Load { runs: 9, limit: 2.5 }, Waiting::Memory { available: 10, wanted: 11 }];
        for waiting in [None, Some(waits[0]), Some(waits[1])] {
            let progress = Progress { waiting, ..progress };
            gauge.note(&progress);
            assert_eq!(gauge.read(), progress);
        }
    }
}
