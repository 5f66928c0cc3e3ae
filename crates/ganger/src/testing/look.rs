//! What a test sees of a pool: its workers, and how often what has happened.

use ganger_machine::{End, WorkerStatus};
use ganger_proto::message::Verdict;
use ganger_proto::{TaskId, WorkerId};

use crate::engine::core::Core;
use crate::engine::member::Member;
use crate::pool::Pool;

/// One worker of a pool, as it is at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerView {
    /// Its place among the workers, from 1; a replacement inherits it.
    pub slot: u32,
    /// Its process; none if it is a thread, or has not come.
    pub pid: Option<u32>,
    /// What it is doing.
    pub state: WorkerState,
    /// The task that it says it is in.
    pub task: Option<TaskId>,
    /// How many had its slot before.
    pub restarts: u32,
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkerState {
    /// It is not ready yet.
    Starting,
    /// It has nothing to do.
    Idle,
    /// It has tasks.
    Busy,
    /// It was told to end.
    Leaving,
    /// It is being killed.
    Killed,
}

/// The workers of a pool, by slot; none of one whose tasks run in the caller.
///
/// ```
/// use ganger::testing::{WorkerState, eventually, workers};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # ganger::init();
/// let pool = ganger::Pool::new(2)?;
/// eventually(Duration::from_secs(30), || workers(&pool).iter().all(|worker| worker.state == WorkerState::Idle))?;
/// assert!(workers(&pool).iter().all(|worker| worker.pid.is_some() && worker.restarts == 0));
/// # Ok(()) }
/// ```
#[must_use]
pub fn workers(pool: &Pool) -> Vec<WorkerView> {
    let mut workers = pool.engine().map_or_else(Vec::new, |engine| engine.turn().views());
    workers.sort_unstable_by_key(|worker| worker.slot);
    workers
}

/// What has happened in a pool since it was built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tasks that returned.
    pub returned: u64,
    /// Tasks that failed by an error of their own.
    pub failed: u64,
    /// Tasks that panicked.
    pub panicked: u64,
    /// Tasks whose worker died under them, on every attempt.
    pub crashed: u64,
    /// Tasks that ran out of time.
    pub timed_out: u64,
    /// Tasks that were called off.
    pub cancelled: u64,
    /// Tasks that never ran.
    pub not_started: u64,
    /// Workers that have ended, and nobody had told them to; those that broke the protocol included.
    pub deaths: u64,
    /// How many workers have been started in each slot.
    starts: Vec<u32>,
}

impl Counts {
    /// How many tasks have an outcome.
    #[must_use]
    pub fn settled(&self) -> u64 {
        let ended = [self.returned, self.failed, self.panicked, self.crashed, self.timed_out];
        ended.iter().sum::<u64>() + self.cancelled + self.not_started
    }

    /// How many workers took the place of others.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.starts.iter().map(|starts| u64::from(starts.saturating_sub(1))).sum()
    }

    pub(crate) fn note(&mut self, end: &End, verdict: Option<Verdict>) {
        *match (end, verdict) {
            (End::Finished, Some(Verdict::Returned)) => &mut self.returned,
            (End::Finished, Some(Verdict::Failed)) => &mut self.failed,
            (End::Finished, Some(Verdict::Panicked)) => &mut self.panicked,
            (End::Finished, None) | (End::Cancelled, _) => &mut self.cancelled,
            (End::Crashed(_), _) => &mut self.crashed,
            (End::TimedOut(_), _) => &mut self.timed_out,
            (End::NotStarted(_), _) => &mut self.not_started,
        } += 1;
    }

    pub(crate) fn started(&mut self, slot: u32) {
        let at = slot as usize;
        if self.starts.len() <= at {
            self.starts.resize(at + 1, 0);
        }
        self.starts[at] += 1;
    }
}

/// What has happened in a pool since it was built; nothing in one whose tasks run in the caller, or elsewhere.
///
/// ```
/// #[ganger::task]
/// fn square(n: u64) -> u64 { n * n }
///
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// let pool = ganger::Pool::new(1)?;
/// pool.apply(square, 7)?;
/// let counts = ganger::testing::counts(&pool);
/// assert_eq!((counts.returned, counts.settled(), counts.deaths, counts.restarts()), (1, 1, 0, 0));
/// # Ok(()) }
/// ```
#[must_use]
pub fn counts(pool: &Pool) -> Counts {
    pool.engine().map(|engine| engine.turn().counts.clone()).unwrap_or_default()
}

impl Core {
    fn views(&self) -> Vec<WorkerView> {
        self.machine.workers().map(|worker| self.view(worker.id, worker.slot, worker.status)).collect()
    }

    fn view(&self, id: WorkerId, slot: u32, status: WorkerStatus) -> WorkerView {
        let member = self.gang.see(id);
        let state = match status {
            WorkerStatus::Starting => WorkerState::Starting,
            WorkerStatus::Idle => WorkerState::Idle,
            WorkerStatus::Busy => WorkerState::Busy,
            WorkerStatus::Leaving => WorkerState::Leaving,
            WorkerStatus::Killed => WorkerState::Killed,
        };
        let restarts = self.counts.starts.get(slot as usize).map_or(0, |starts| starts.saturating_sub(1));
        WorkerView { slot, pid: member.and_then(Member::pid), state, task: member.and_then(Member::current), restarts }
    }
}
