//! Which jobs are kept, and what becomes of their room.

use std::time::SystemTime;

use rusqlite::Connection;

use crate::error::StoreError;
use crate::store::{Store, time};
use crate::words::JobId;

/// How many tasks are deleted in one transaction: so that no log grows, and who reads waits for an instant at most.
const CHUNK: i64 = 2_000;

/// Which jobs are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forget {
    /// Those whose last run began before that moment.
    Before(SystemTime),
    /// All but so many, the newest.
    AllBut(usize),
}

impl Store {
    /// The jobs that a rule is about, the oldest first.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn forgettable(&self, rule: Forget) -> Result<Vec<JobId>, StoreError> {
        let (sql, value) = match rule {
            Forget::Before(moment) => (
                "SELECT id FROM job WHERE coalesce((SELECT max(began) FROM run WHERE run.job = job.id), created) < ?
                 ORDER BY id",
                time(moment),
            ),
            Forget::AllBut(kept) => (
                "SELECT id FROM (SELECT id FROM job ORDER BY id DESC LIMIT -1 OFFSET ?) ORDER BY id",
                i64::try_from(kept).unwrap_or(i64::MAX),
            ),
        };
        let read = || {
            self.connection
                .prepare(sql)?
                .query_map([value], |row| row.get(0).map(JobId))?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed())
    }

    /// Deletes the oldest jobs, so that so many are left; those that are spared are not deleted.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn keep(&mut self, jobs: usize, spared: &[JobId]) -> Result<(), StoreError> {
        let old = self.forgettable(Forget::AllBut(jobs))?;
        old.into_iter().filter(|job| !spared.contains(job)).try_for_each(|job| self.forget(job).map(drop))
    }

    /// Deletes a job with all its tasks, a chunk at a time; gives how many tasks that were. Killed in the middle, it leaves
    /// a job with fewer tasks. The room is used again; [`vacuum`](Self::vacuum) gives it back.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn forget(&mut self, job: JobId) -> Result<u64, StoreError> {
        forget(&mut self.connection, job).map_err(self.failed())
    }

    /// Writes the file anew without the room of what was deleted, and empties the log. Needs as much room again meanwhile.
    /// Output of attempts that were killed with their process goes.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn vacuum(&mut self) -> Result<(), StoreError> {
        let sql = "DELETE FROM output WHERE attempt NOT IN (SELECT id FROM attempt);
            PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);";
        self.connection.execute_batch(sql).map_err(self.failed())
    }
}

fn forget(connection: &mut Connection, job: JobId) -> rusqlite::Result<u64> {
    // A resume must not find what is about to go.
    connection.execute("DELETE FROM known_to WHERE job = ?", [job.0])?;
    while connection.execute(KNOWN, [job.0, CHUNK])? > 0 {}
    let mut tasks = 0;
    loop {
        let deleted = forget_some(connection, job)?;
        tasks += deleted as u64;
        if deleted == 0 {
            break;
        }
    }
    let rest = connection.transaction()?;
    rest.execute("DELETE FROM run WHERE job = ?", [job.0])?;
    rest.execute("DELETE FROM job WHERE id = ?", [job.0])?;
    // The last ids may be given to other tasks, and a resume must not take them for known.
    rest.execute("UPDATE known_to SET task = min(task, (SELECT coalesce(max(id), 0) FROM task))", [])?;
    rest.commit()?;
    Ok(tasks)
}

const KNOWN: &str =
    "DELETE FROM known WHERE (job, key, task) IN (SELECT job, key, task FROM known WHERE job = ? LIMIT ?)";

fn forget_some(connection: &mut Connection, job: JobId) -> rusqlite::Result<usize> {
    const SOME: &str = "SELECT id FROM task WHERE job = ? ORDER BY state, id LIMIT ?";
    let attempts = format!("SELECT id FROM attempt WHERE task IN ({SOME})");
    let some = [job.0, CHUNK];
    let chunk = connection.transaction()?;
    chunk.prepare_cached(&format!("DELETE FROM output WHERE attempt IN ({attempts})"))?.execute(some)?;
    chunk.prepare_cached(&format!("DELETE FROM attempt WHERE task IN ({SOME})"))?.execute(some)?;
    let deleted = chunk.prepare_cached(&format!("DELETE FROM task WHERE id IN ({SOME})"))?.execute(some)?;
    chunk.commit()?;
    Ok(deleted)
}
