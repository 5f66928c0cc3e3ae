//! What a soak consists of. An act's round makes what it needs, has it disturbed, looks at each promise, and clears up; it
//! panics when one is broken.

use std::time::Duration;

use ganger::{Backoff, Pool, PoolBuilder, Restart, TaskOptions};

use crate::PATIENCE;
use crate::chance::Chance;
use crate::ledger::Tally;

mod killer;
mod managers;
mod pools;
mod records;
mod runs;
mod services;
mod sharing;

/// One kind of round.
pub(crate) struct Act {
    pub(crate) name: &'static str,
    /// What stays when a round has ended is there before the first.
    pub(crate) prepare: fn(),
    pub(crate) round: fn(&mut Round<'_>),
}

/// Each kind in turn.
pub(crate) const ACTS: [Act; 5] = [pools::ACT, sharing::ACT, managers::ACT, runs::ACT, services::ACT];

/// What a round is given.
pub(crate) struct Round<'a> {
    pub(crate) chance: Chance,
    pub(crate) tally: &'a Tally,
    /// For a look, not for a soak.
    pub(crate) small: bool,
}

impl Round<'_> {
    /// Up to `most` of something; a few in a small round.
    pub(crate) fn some(&mut self, most: usize) -> usize {
        1 + self.chance.below(if self.small { most.div_ceil(10) } else { most })
    }
}

/// A pool in which no number of deaths is too many, for it or for a task.
fn dogged(workers: usize) -> PoolBuilder<Pool> {
    let restart = Restart { backoff: Backoff::NONE, intensity: u32::MAX, ..Restart::default() };
    let stop = Duration::from_millis(200);
    Pool::builder()
        .workers(workers)
        .restart(restart)
        .task_defaults(TaskOptions::new().crash_attempts(10_000))
        .stop_grace(stop)
}

/// Waits until it holds: it will, or something hangs.
#[track_caller]
fn eventually(what: &str, condition: impl FnMut() -> bool) {
    ganger::testing::eventually(PATIENCE, condition).unwrap_or_else(|overdue| panic!("{what}: {overdue}"));
}
