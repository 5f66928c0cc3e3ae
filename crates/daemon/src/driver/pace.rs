//! How many tasks of a queue may begin in a time: a bucket of tokens, which fills evenly.

use std::time::{Duration, Instant};

use crate::config::Rate;

/// The bucket holds what comes in this time, or one: so that nobody has to be woken for each.
const BUCKET: Duration = Duration::from_millis(100);

/// The tokens of one queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    interval: Duration,
    most: u32,
    /// When the bucket is, or was, empty but for what has come since.
    empty: Instant,
}

impl Pace {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        let interval = rate.interval().max(Duration::from_nanos(1));
        let most = u32::try_from(BUCKET.as_nanos() / interval.as_nanos()).unwrap_or(u32::MAX).max(1);
        let full = now.checked_sub(interval * most).unwrap_or(now);
        Self { interval, most, empty: full }
    }

    /// How many may begin now.
    pub(super) fn room(&self, now: Instant) -> usize {
        let since = now.saturating_duration_since(self.empty).as_nanos() / self.interval.as_nanos();
        usize::try_from(since).unwrap_or(usize::MAX).min(self.most as usize)
    }

    /// One begins.
    pub(super) fn take(&mut self, now: Instant) {
        let full = now.checked_sub(self.interval * self.most).unwrap_or(self.empty);
        self.empty = self.empty.max(full) + self.interval;
    }

    /// When the next may begin.
    pub(super) fn due(&self) -> Instant {
        self.empty + self.interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_time_no_more_begin_than_may() {
        for (count, per) in [(1, 1), (30, 60), (100, 1), (1_000_000, 1)] {
            let start = Instant::now();
            let (mut pace, per) =
                (Pace::new(Rate { count, per: Duration::from_secs(per) }, start), Duration::from_secs(per));
            let (mut now, mut begun) = (start, 0);
            while now < start + 10 * per && begun < 10_000 {
                (0..pace.room(now)).for_each(|_| pace.take(now));
                begun += pace.most;
                assert_eq!(pace.room(now), 0);
                now = pace.due() + pace.interval * (pace.most - 1);
                assert_eq!(pace.room(now), pace.most as usize, "{count} in {per:?}");
            }
            let allowed = (now - start).as_secs_f64() / per.as_secs_f64() * f64::from(count);
            assert!(f64::from(begun) <= allowed + 1e-6 * allowed + f64::from(pace.most), "{begun} of {allowed}");
            assert_eq!(
                pace.room(now + 100 * per),
                pace.most as usize,
                "who had a rest has no more than the bucket holds"
            );
        }
    }
}
