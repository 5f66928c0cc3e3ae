//! Looking at what a service has accepted.

use rusqlite::{Row, params};

use crate::backlog::accept::words;
use crate::error::StoreError;
use crate::reader::{Reader, task};
use crate::record::{Job, Task};
use crate::store::job;
use crate::words::{AttemptId, JobId, Stream, TaskId};

/// A job that a service has accepted, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The job.
    pub job: Job,
    /// Where its tasks wait.
    pub queue: String,
    /// What is higher is claimed first.
    pub priority: i32,
    /// Whether nothing more of it may begin.
    pub cancelled: bool,
    /// The id of its first task; the others' follow.
    pub first: TaskId,
    /// How many tasks are in each state.
    pub tasks: Tally,
    grammar: String,
}

impl Served {
    /// The words that one of its tasks adds to its command.
    #[must_use]
    pub fn words(&self, task: &Task) -> Vec<Vec<u8>> {
        words(&task.input, &self.grammar)
    }
}

/// How many tasks are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Have not begun.
    pub waiting: u64,
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
        self.waiting + self.running + self.succeeded + self.failed + self.stopped
    }

    /// Whether nothing waits or runs.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.waiting + self.running == 0
    }
}

const SERVED: &str = "SELECT j.id, j.name, j.command, j.created, q.name, s.rank, s.cancelled, s.first,
        s.waiting, s.running, s.succeeded, s.failed, s.stopped, r.grammar
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

    /// The service's jobs before this one, the newest first.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn served_before(&self, job: JobId, limit: usize) -> Result<Vec<Served>, StoreError> {
        let sql = format!("{SERVED} WHERE s.job < ? ORDER BY s.job DESC LIMIT ?");
        self.all(&sql, params![job.0, limit as i64], served)
    }

    /// Tasks of a job of the service from this number on, in the order of their numbers.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn served_tasks(&self, served: &Served, from: u64, limit: usize) -> Result<Vec<Task>, StoreError> {
        let from = served.first.0.saturating_add(i64::try_from(from.max(1) - 1).unwrap_or(i64::MAX));
        let sql =
            "SELECT id, number, key, input, state FROM task NOT INDEXED WHERE id >= ? AND id < ? ORDER BY id LIMIT ?";
        let end = served.first.0 + served.tasks.total() as i64;
        self.all(sql, params![from, end, limit as i64], task)
    }

    /// The attempt at a task that is going on.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn running_attempt(&self, task: TaskId) -> Result<Option<AttemptId>, StoreError> {
        self.one("SELECT attempt FROM running WHERE task = ?", [task.0], |row| row.get(0).map(AttemptId))
    }

    /// All that an attempt has printed to a stream so far and is kept.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn printed(&self, attempt: AttemptId, stream: Stream) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT bytes FROM output WHERE attempt = ? AND stream = ? ORDER BY id";
        Ok(self.all(sql, params![attempt.0, stream as i64], |row| row.get::<_, Vec<u8>>(0))?.concat())
    }
}

fn served(row: &Row<'_>) -> rusqlite::Result<Served> {
    let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
    Ok(Served {
        job: job(row)?,
        queue: row.get(4)?,
        priority: row.get::<_, i64>(5).map(|rank| (-rank).clamp(i32::MIN.into(), i32::MAX.into()) as i32)?,
        cancelled: row.get(6)?,
        first: TaskId(row.get(7)?),
        tasks: Tally {
            waiting: count(8)?,
            running: count(9)?,
            succeeded: count(10)?,
            failed: count(11)?,
            stopped: count(12)?,
        },
        grammar: row.get(13)?,
    })
}
