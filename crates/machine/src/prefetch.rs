//! How far ahead of a worker its tasks are handed out: deep for tasks of microseconds, one for tasks of seconds.
//!
//! ```text
//!   took ──► running mean ──► limit = work / mean       tasks a worker may hold
//!                        └──► hot   = wake_cost / mean  … and still be given one more rather than waking another
//! ```
//! Until the first task has ended nothing is known, and both are as for long tasks.

use std::time::Duration;

use ganger_proto::policy::Prefetch;

/// The running mean is of about so many tasks.
const MEMORY: u64 = 8;

/// Invariant: `limit` and `hot` were computed for a mean within an eighth of what it is now.
pub(crate) struct Pace {
    policy: Prefetch,
    /// [`MEMORY`] × the mean, in nanoseconds, so that small numbers do not vanish in a division.
    sum: Option<u64>,
    /// The sums, lowest and highest, that `limit` and `hot` are good for.
    good_for: (u64, u64),
    limit: usize,
    hot: usize,
}

impl Pace {
    pub(crate) fn new(policy: Prefetch) -> Self {
        Self { policy, sum: None, good_for: (u64::MAX, 0), limit: 1, hot: 1 }
    }

    /// How many tasks a worker may hold.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A busy worker that holds fewer than this has less to do than another one takes to wake.
    pub(crate) fn hot(&self) -> usize {
        self.hot
    }

    /// How long so many tasks are likely to take.
    pub(crate) fn estimate(&self, tasks: usize) -> Duration {
        Duration::from_nanos((self.sum.unwrap_or(0) / MEMORY).saturating_mul(tasks as u64))
    }

    pub(crate) fn learn(&mut self, took: Duration) {
        let took = nanos(took);
        let sum = self.sum.map_or(took.saturating_mul(MEMORY), |sum| (sum - sum / MEMORY).saturating_add(took));
        self.sum = Some(sum);
        if sum < self.good_for.0 || self.good_for.1 < sum {
            self.compute(sum);
        }
    }

    fn compute(&mut self, sum: u64) {
        self.good_for = (sum - sum / 8, sum.saturating_add(sum / 8));
        let mean = (sum / MEMORY).max(1);
        self.limit = clamp(nanos(self.policy.work) / mean, self.policy.most);
        self.hot = clamp(nanos(self.policy.wake_cost).div_ceil(mean), self.policy.most).min(self.limit);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn clamp(tasks: u64, most: u32) -> usize {
    tasks.clamp(1, u64::from(most.max(1))) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(took: Duration) -> (usize, usize) {
        let mut pace = Pace::new(Prefetch::default());
        (0..50).for_each(|_| pace.learn(took));
        (pace.limit(), pace.hot())
    }

    #[test]
    fn deep_for_microseconds_and_one_for_seconds() {
        assert_eq!((Pace::new(Prefetch::default()).limit(), Pace::new(Prefetch::default()).hot()), (1, 1));
        assert_eq!(after(Duration::from_micros(1)), (200, 20));
        assert_eq!(after(Duration::from_micros(50)), (4, 1));
        assert_eq!(after(Duration::from_secs(1)), (1, 1));
        assert_eq!(after(Duration::ZERO), (512, 512));
        assert_eq!(after(Duration::MAX), (1, 1));
    }

    #[test]
    fn the_mean_follows_the_tasks() {
        let mut pace = Pace::new(Prefetch::default());
        (0..50).for_each(|_| pace.learn(Duration::from_secs(1)));
        (0..300).for_each(|_| pace.learn(Duration::from_micros(2)));
        assert!((80..=120).contains(&pace.limit()), "{}", pace.limit());
    }
}
