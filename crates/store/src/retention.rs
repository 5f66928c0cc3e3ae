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
    let head = connection.transaction()?;
    forget_head(&head, job)?;
    head.commit()?;
    while connection.execute(KNOWN, [job.0, CHUNK])? > 0 {}
    let mut tasks = 0;
    loop {
        let chunk = connection.transaction()?;
        let deleted = forget_some(&chunk, job, CHUNK)?;
        chunk.commit()?;
        tasks += deleted as u64;
        if deleted == 0 {
            break;
        }
    }
    let rest = connection.transaction()?;
    forget_rest(&rest, job)?;
    rest.commit()?;
    Ok(tasks)
}

const KNOWN: &str =
    "DELETE FROM known WHERE (job, key, task) IN (SELECT job, key, task FROM known WHERE job = ? LIMIT ?)";

/// What makes a job known: a resume, a claim or a client must not find what is about to go.
pub(crate) fn forget_head(to: &Connection, job: JobId) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM known_to WHERE job = ?",
        "DELETE FROM line WHERE job = ?1 AND (queue, rank) IN (SELECT queue, rank FROM served WHERE job = ?1)",
        "DELETE FROM unique_key WHERE job = ?1 AND key IN (SELECT key FROM served WHERE job = ?1)",
        "DELETE FROM needs WHERE (needed, job) IN (SELECT needed, job FROM needs WHERE job = ?)",
        "DELETE FROM chore WHERE job = ?",
        "DELETE FROM span WHERE job = ?",
        "DELETE FROM served WHERE job = ?",
    ] {
        to.prepare_cached(sql)?.execute([job.0])?;
    }
    Ok(())
}

/// Deletes so many tasks of a job at most, with all that is theirs; gives how many.
pub(crate) fn forget_some(to: &Connection, job: JobId, limit: i64) -> rusqlite::Result<usize> {
    const SOME: &str = "SELECT id FROM task WHERE job = ? ORDER BY state, id LIMIT ?";
    let attempts = format!("SELECT id FROM attempt WHERE task IN ({SOME})");
    for sql in [
        format!("DELETE FROM output WHERE attempt IN ({attempts})"),
        format!("DELETE FROM attempt WHERE task IN ({SOME})"),
        format!("DELETE FROM running WHERE task IN ({SOME})"),
        format!("DELETE FROM delayed WHERE task IN ({SOME})"),
        format!("DELETE FROM tried WHERE task IN ({SOME})"),
    ] {
        to.prepare_cached(&sql)?.execute([job.0, limit])?;
    }
    to.prepare_cached(&format!("DELETE FROM task WHERE id IN ({SOME})"))?.execute([job.0, limit])
}

/// What is left of a job without tasks.
pub(crate) fn forget_rest(to: &Connection, job: JobId) -> rusqlite::Result<()> {
    to.execute("DELETE FROM run WHERE job = ?", [job.0])?;
    to.execute("DELETE FROM job WHERE id = ?", [job.0])?;
    // The last ids may be given to other tasks, and a resume must not take them for known.
    to.execute("UPDATE known_to SET task = min(task, (SELECT coalesce(max(id), 0) FROM task))", []).map(drop)
}
