//! Jobs of which nothing more may begin.
//!
//! A job may have a million tasks, and a turn must be short: so the first turn notes that it is cancelled, and each that
//! follows stops some of them.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::Writing;
use crate::words::{JobId, QueueId, State, TaskId};

/// How many tasks are stopped in one turn.
pub(super) const SOME: i64 = 2_000;

impl Writing<'_> {
    /// Notes those that are new, and goes on with one of all that are not done.
    pub(super) fn cancel(&mut self, new: &[JobId], all: &mut BTreeSet<JobId>) -> rusqlite::Result<()> {
        let mut note =
            self.to.prepare_cached("UPDATE served SET cancelled = 1 WHERE job = ? AND waiting + running > 0")?;
        for job in new {
            if note.execute([job.0])? > 0 {
                all.insert(*job);
            }
        }
        let Some(job) = all.first().copied() else { return Ok(()) };
        if self.stop_some(job)? < SOME {
            all.remove(&job);
        }
        Ok(())
    }

    fn stop_some(&mut self, job: JobId) -> rusqlite::Result<i64> {
        let (queue, rank) = self.place(job)?;
        let mut select = self.to.prepare_cached(
            "SELECT id FROM task INDEXED BY task_of_job WHERE job = ? AND state = 'waiting' ORDER BY id LIMIT ?",
        )?;
        let tasks = select.query_map([job.0, SOME], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
        let mut forget = self.to.prepare_cached("DELETE FROM waiting WHERE queue = ? AND rank = ? AND task = ?")?;
        for task in &tasks {
            forget.execute(params![queue.0, rank, task])?;
            self.change(job, TaskId(*task), State::Waiting, State::Stopped)?;
        }
        self.waits(queue, -(tasks.len() as i64));
        Ok(tasks.len() as i64)
    }

    fn place(&self, job: JobId) -> rusqlite::Result<(QueueId, i64)> {
        let sql = "SELECT queue, rank FROM served WHERE job = ?";
        self.to.query_row(sql, [job.0], |row| Ok((QueueId(row.get(0)?), row.get(1)?)))
    }
}

/// Cancelled jobs of which tasks wait, as the file says.
pub(super) fn unfinished(connection: &Connection) -> rusqlite::Result<BTreeSet<JobId>> {
    let mut select = connection.prepare("SELECT job FROM served WHERE cancelled = 1 AND waiting > 0")?;
    select.query_map([], |row| row.get(0).map(JobId))?.collect()
}
