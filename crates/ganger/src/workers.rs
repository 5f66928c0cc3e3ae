//! The workers of a pool: how many, who they are, and which is in which task.

use std::time::Instant;

use ganger_machine::{Event, WorkerView};
use ganger_proto::TaskId;

use crate::engine::core::Core;
use crate::engine::member::{Member, Phase};
use crate::pool::Pool;

/// A task that a worker is in.
///
/// ```
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// let pool = ganger::Pool::new(1)?;
/// assert!(pool.running().is_empty());
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Which.
    pub task: TaskId,
    /// Which try, from 1.
    pub attempt: u32,
    /// The worker's slot, from 1.
    pub slot: u32,
    /// The worker's process; none if it is a thread.
    pub worker: Option<u32>,
    /// When this attempt began, as far as can be told from outside.
    pub since: Instant,
}

impl Pool {
    /// What it is called, in log records and in what `ps` shows.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::Error> {
    /// # ganger::init();
    /// assert_eq!(ganger::Pool::builder().workers(1).name("resize").build()?.name(), "resize");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings().name
    }

    /// How many workers the pool keeps.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.engine().map_or(self.settings().policy.workers, |engine| engine.turn().machine.slots()) as usize
    }

    /// From now on there are this many workers, if that is more than before: those that are new start at once. No worker
    /// ever goes for there being fewer: whoever wants less done at a time submits less.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::Error> {
    /// # ganger::init();
    /// let pool = ganger::Pool::new(1)?;
    /// pool.grow(3);
    /// pool.grow(2);
    /// assert_eq!(pool.workers(), 3);
    /// # Ok(()) }
    /// ```
    pub fn grow(&self, workers: usize) {
        let workers = u32::try_from(workers).unwrap_or(u32::MAX);
        if let Some(engine) = self.engine() {
            engine.turn().event(Event::Grown { workers });
        }
    }

    /// The process ids of the workers that are there now, and have said hello.
    #[must_use]
    pub fn worker_pids(&self) -> Vec<u32> {
        let Some(engine) = self.engine() else { return Vec::new() };
        engine.turn().gang.iter().filter(|member| member.phase != Phase::Starting).filter_map(Member::pid).collect()
    }

    /// How many workers were started so far: those beyond [`workers`](Self::workers) have replaced others.
    #[must_use]
    pub fn worker_starts(&self) -> u64 {
        self.engine().map_or(0, |engine| engine.turn().starts)
    }

    /// How many tasks have no outcome yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        let elsewhere = || self.somewhere_else().map_or(0, |elsewhere| elsewhere.ledger.owed());
        self.engine().map_or_else(elsewhere, |engine| engine.turn().tasks.len())
    }

    /// What runs at this moment, by slot. It costs as much as there are workers, and holds up whoever submits meanwhile.
    #[must_use]
    pub fn running(&self) -> Vec<Running> {
        let Some(engine) = self.engine() else { return Vec::new() };
        let mut running = engine.turn().running();
        running.sort_unstable_by_key(|running| running.slot);
        running
    }
}

impl Core {
    fn running(&self) -> Vec<Running> {
        self.machine.workers().filter_map(|worker| self.in_hand(&worker)).collect()
    }

    /// What a worker says that it is in: it may not have begun what it holds.
    fn in_hand(&self, worker: &WorkerView<'_>) -> Option<Running> {
        let member = self.gang.see(worker.id)?;
        let task = member.current()?;
        let attempt = self.tasks.get(task)?.attempt;
        let since = self.instant(self.machine.in_pool_time(worker.began));
        Some(Running { task, attempt, slot: worker.slot, worker: member.pid(), since })
    }
}
