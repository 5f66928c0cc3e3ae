//! Policy is data: how often, how long, how many. The machine interprets it; nothing else decides.

use std::time::Duration;

/// How one task is treated. Most tasks of a pool share one.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskPolicy {
    /// Tasks of a higher priority are handed out first; among equals, the first submitted.
    pub priority: i32,
    /// How often the task may be tried when its worker died under it (1 or more).
    pub crash_attempts: u32,
    /// How often the task may be tried when it failed or panicked by itself, or ran out of time (1 or more).
    pub failure_attempts: u32,
    /// The pause before the next attempt.
    pub backoff: Backoff,
    /// After this time of running the task is asked to stop.
    pub soft_timeout: Option<Duration>,
    /// After this time of running its worker is killed.
    pub timeout: Option<Duration>,
}

impl Default for TaskPolicy {
    fn default() -> Self {
        Self {
            priority: 0,
            crash_attempts: 3,
            failure_attempts: 1,
            backoff: Backoff::NONE,
            soft_timeout: None,
            timeout: None,
        }
    }
}

/// A pause that doubles from `first` up to `max`, each time shortened by a random part of up to `jitter`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub max: Duration,
    /// The share of the pause that chance may take away: 0.0 to 1.0.
    pub jitter: f64,
}

impl Backoff {
    /// No pause at all.
    pub const NONE: Self = Self { first: Duration::ZERO, max: Duration::ZERO, jitter: 0.0 };

    /// The pause before try number `again` (1 is the first repetition). `chance` is a random number in 0.0 ..= 1.0.
    #[must_use]
    pub fn pause(&self, again: u32, chance: f64) -> Duration {
        let doublings = again.saturating_sub(1).min(30);
        let full = self.first.saturating_mul(1 << doublings).min(self.max);
        full.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) * chance.clamp(0.0, 1.0))
    }
}

/// How a pool treats its workers.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolPolicy {
    /// How many workers the pool keeps (1 or more).
    pub workers: u32,
    /// Start all workers at once, or only when a task finds none idle.
    pub eager: bool,
    /// A worker that is not ready after this time is killed, and counted as a death.
    pub start_timeout: Duration,
    /// How long a worker may take to end after it was asked to, before it is killed.
    pub grace: Duration,
    /// When and how fast the dead are replaced.
    pub restart: Restart,
    /// After so many failed initializers in a row the pool fails.
    pub init_failures: u32,
    /// When a worker is replaced though it did nothing wrong.
    pub recycle: Recycle,
    /// How far ahead of a worker its tasks are handed out.
    pub prefetch: Prefetch,
    /// Whether a worker can be killed: processes can, threads cannot. Without it a cancel of a running task is ignored,
    /// and to kill a worker means to abandon it.
    pub can_kill: bool,
}

impl Default for PoolPolicy {
    fn default() -> Self {
        Self {
            workers: 1,
            eager: true,
            start_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            restart: Restart::default(),
            init_failures: 3,
            recycle: Recycle::default(),
            prefetch: Prefetch::default(),
            can_kill: true,
        }
    }
}

/// The replacement of workers that died (OTP's restart intensity, with s6's "was ready for over a second").
#[derive(Clone, Debug, PartialEq)]
pub struct Restart {
    /// A worker that had been ready for longer than this is replaced at once.
    pub healthy_after: Duration,
    /// The pause before any other is replaced; it grows with each such death in a row.
    pub backoff: Backoff,
    /// More than `intensity` × workers deaths in `window` without one finished task: the pool fails.
    pub intensity: u32,
    /// The time that `intensity` looks back over.
    pub window: Duration,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            healthy_after: Duration::from_secs(1),
            backoff: Backoff { first: Duration::from_millis(100), max: Duration::from_secs(10), jitter: 0.25 },
            intensity: 5,
            window: Duration::from_secs(10),
        }
    }
}

/// Planned replacement: no failure, and the replacement is ready before the old worker goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recycle {
    /// After so many tasks (1 or more).
    pub after_tasks: Option<u32>,
    /// A random number of tasks up to this is added for each worker, so that they do not all go at once.
    pub jitter: u32,
    /// Above so many bytes of resident memory, looked at after a task.
    pub memory: Option<u64>,
}

/// Prefetch: tasks wait in a worker's own queue, so that it need not ask for the next. What a worker has not begun can
/// be taken back, so prefetch costs neither cancellation nor balance.
#[derive(Clone, Debug, PartialEq)]
pub struct Prefetch {
    /// Hand a worker about so much work ahead, by the running mean of task durations.
    pub work: Duration,
    /// … but never more than so many tasks, the running one included (1 switches prefetch off).
    pub most: u32,
    /// A worker whose backlog is shorter than this is given the next task rather than waking an idle one.
    pub wake_cost: Duration,
    /// How long a backlog may lie behind one worker while another is idle, before it is spread.
    pub balance: Duration,
}

impl Default for Prefetch {
    fn default() -> Self {
        Self {
            work: Duration::from_micros(200),
            most: 512,
            wake_cost: Duration::from_micros(20),
            balance: Duration::from_micros(500),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_maximum() {
        let backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(10), jitter: 0.0 };
        let pauses: Vec<u128> = [1, 2, 3, 8, 1000].map(|n| backoff.pause(n, 0.5).as_millis()).to_vec();
        assert_eq!(pauses, [100, 200, 400, 10_000, 10_000]);
    }

    #[test]
    fn jitter_only_shortens() {
        let backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(1), jitter: 0.5 };
        assert_eq!(backoff.pause(1, 0.0).as_millis(), 100);
        assert_eq!(backoff.pause(1, 1.0).as_millis(), 50);
    }
}
