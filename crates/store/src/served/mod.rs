//! Looking at what a service has accepted.

mod dead;
mod jobs;
mod line;
mod outcomes;
mod schedules;
mod tasks;

pub use dead::{Cause, Causes, DeadLetter, DeadPage};
pub use jobs::JobFilter;
pub use outcomes::Outcome;
pub use schedules::Schedule;
pub(crate) use schedules::{SCHEDULE, schedule};
pub use tasks::TaskFilter;

use std::time::{Duration, SystemTime};

use rusqlite::Row;

use crate::backlog::Policy;
use crate::backlog::accept::words;
use crate::backlog::claim::policy;
use crate::error::StoreError;
use crate::reader::Reader;
use crate::record::{Job, Task};
use crate::store::{job, moment};
use crate::words::{JobId, TaskId};

/// A job that a service has accepted, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The job.
    pub job: Job,
    /// Where its tasks wait.
    pub queue: String,
    /// Whether nothing of that queue begins.
    pub queue_paused: bool,
    /// What is higher is claimed first.
    pub priority: i32,
    /// Whether nothing more of it may begin.
    pub cancelled: bool,
    /// Why it was cancelled, if no client did.
    pub reason: Option<String>,
    /// How its tasks are run.
    pub policy: Policy,
    /// How many tasks are in each state.
    pub tasks: Tally,
    /// Nothing of it begins before.
    pub due: Option<SystemTime>,
    /// Whether nothing of it begins until it is resumed.
    pub paused: bool,
    /// Whether tasks may be added.
    pub open: bool,
    /// How many jobs must be over before it begins.
    pub needs: u64,
    /// The jobs that must be over before it begins, or had to.
    pub after: Vec<JobId>,
    /// What no other job may have at the same time.
    pub key: Option<String>,
    /// When the first of it began.
    pub started: Option<SystemTime>,
    /// When it was over.
    pub ended: Option<SystemTime>,
    /// How long it is remembered then, if it says so itself.
    pub keep: Option<Duration>,
    /// Whatever clients wanted to note, as JSON.
    pub meta: Option<String>,
    first: TaskId,
    grammar: String,
}

impl Served {
    /// The words that one of its tasks adds to its command.
    #[must_use]
    pub fn words(&self, task: &Task) -> Vec<Vec<u8>> {
        words(&task.input, &self.grammar)
    }

    /// Whether it is over, and can only be retried or forgotten.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// How far it is, in one word.
    #[must_use]
    pub fn state(&self) -> JobState {
        let Self { tasks, .. } = self;
        match self.is_over() {
            false if self.cancelled => JobState::Stopping,
            false if tasks.running > 0 => JobState::Running,
            false if self.paused => JobState::Held,
            false if self.needs > 0 => JobState::Blocked,
            false if self.due.is_some() => JobState::Delayed,
            false if tasks.waiting > 0 => JobState::Waiting,
            false if tasks.delayed > 0 => JobState::Delayed,
            false if self.open => JobState::Open,
            false => JobState::Waiting,
            true if self.cancelled || tasks.stopped > 0 => JobState::Stopped,
            true if tasks.failed > 0 => JobState::Failed,
            true => JobState::Succeeded,
        }
    }
}

/// How far a job of the service is: of one that is over, the worst of its tasks' states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Something of it may begin; nothing runs.
    Waiting,
    /// Nothing of it begins before some moment.
    Delayed,
    /// It is paused.
    Held,
    /// It needs jobs that are not over.
    Blocked,
    /// All that has come of it is over, and more may come.
    Open,
    /// Something of it runs.
    Running,
    /// It is cancelled, and not over.
    Stopping,
    /// All its tasks have succeeded.
    Succeeded,
    /// Some have failed.
    Failed,
    /// Some were cancelled.
    Stopped,
}

impl JobState {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Delayed,
        Self::Held,
        Self::Blocked,
        Self::Open,
        Self::Running,
        Self::Stopping,
        Self::Succeeded,
        Self::Failed,
        Self::Stopped,
    ];

    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delayed => "delayed",
            Self::Held => "held",
            Self::Blocked => "blocked",
            Self::Open => "open",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// How many tasks are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Have not begun.
    pub waiting: u64,
    /// Have failed, and are tried again later.
    pub delayed: u64,
    /// Have begun and are not over.
    pub running: u64,
    /// Ended with status 0.
    pub succeeded: u64,
    /// Ended otherwise.
    pub failed: u64,
    /// Were cancelled.
    pub stopped: u64,
}

impl Tally {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self { waiting, delayed, running, succeeded, failed, stopped } = *self;
        // A damaged file may say anything.
        [waiting, delayed, running, succeeded, failed, stopped].into_iter().fold(0, u64::saturating_add)
    }
}

/// The columns that [`served`] reads, of a served job `s` with its job `j`, its queue `q` and its run `r`.
const SERVED: &str = "SELECT j.id, j.name, j.command, j.created, q.name, s.rank, s.cancelled, s.reason,
        s.timeout, s.failures, s.losses, s.backoff_first, s.backoff_most,
        s.waiting, s.delayed, s.running, s.succeeded, s.failed, s.stopped,
        s.due, s.paused, s.open, s.needs, (SELECT group_concat(needed) FROM needs n WHERE n.job = s.job),
        s.key, s.started, s.ended, s.keep, s.meta, s.first, r.grammar, q.paused
    FROM served s JOIN job j ON j.id = s.job JOIN queue q ON q.id = s.queue JOIN run r ON r.id = s.run";

impl Reader {
    /// A job of the service. What it costs does not depend on how many tasks there are.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn served(&self, job: JobId) -> Result<Option<Served>, StoreError> {
        self.one(&format!("{SERVED} WHERE s.job = ?"), [job.0], served)
    }

    /// Whether a job is the service's, in a store of any version.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn is_served(&self, job: JobId) -> Result<bool, StoreError> {
        let there = self.one("SELECT 1 FROM sqlite_master WHERE name = 'served'", [], |_| Ok(()))?.is_some();
        Ok(there && self.one("SELECT 1 FROM served WHERE job = ?", [job.0], |_| Ok(()))?.is_some())
    }
}

fn served(row: &Row<'_>) -> rusqlite::Result<Served> {
    let time = |at| row.get::<_, Option<i64>>(at).map(|time| time.map(moment));
    let after = row.get::<_, Option<String>>(23)?.unwrap_or_default();
    Ok(Served {
        job: job(row)?,
        queue: row.get(4)?,
        priority: row.get::<_, i64>(5).map(priority)?,
        cancelled: row.get(6)?,
        reason: row.get(7)?,
        policy: policy(row, 8)?,
        tasks: tally(row, 13)?,
        due: time(19)?,
        paused: row.get(20)?,
        open: row.get(21)?,
        needs: row.get::<_, i64>(22)?.unsigned_abs(),
        after: after.split(',').filter_map(|id| id.parse().ok()).map(JobId).collect(),
        key: row.get(24)?,
        started: time(25)?,
        ended: time(26)?,
        keep: row.get::<_, Option<i64>>(27)?.map(|keep| Duration::from_micros(keep.unsigned_abs())),
        meta: row.get(28)?,
        first: TaskId(row.get(29)?),
        grammar: row.get(30)?,
        queue_paused: row.get(31)?,
    })
}

/// The file has what is lower first.
fn priority(rank: i64) -> i32 {
    let priority = rank.saturating_neg();
    i32::try_from(priority).unwrap_or(if priority < 0 { i32::MIN } else { i32::MAX })
}

/// From six columns, `waiting` and those behind it.
fn tally(row: &Row<'_>, at: usize) -> rusqlite::Result<Tally> {
    let count = |offset| row.get::<_, i64>(at + offset).map(i64::unsigned_abs);
    Ok(Tally {
        waiting: count(0)?,
        delayed: count(1)?,
        running: count(2)?,
        succeeded: count(3)?,
        failed: count(4)?,
        stopped: count(5)?,
    })
}
