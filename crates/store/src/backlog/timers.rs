//! What is due: jobs that were handed in for later, tasks that are tried again, jobs that were kept for long enough.

use std::time::SystemTime;

use rusqlite::{Row, params};

use super::Writing;
use super::chore::SOME;
use crate::store::moment;
use crate::words::{JobId, State, TaskId};

/// How many jobs are forgotten in a turn.
const JOBS: i64 = 16;

impl Writing<'_> {
    /// Does what is due now; gives whether there is more of it.
    pub(super) fn look_at_the_clock(&mut self) -> rusqlite::Result<bool> {
        let jobs = self.due_jobs()?;
        let tasks = self.due_tasks()?;
        let expired = self.expired()?;
        let more = tasks.len() as i64 == SOME || expired.len() as i64 >= JOBS;
        self.touched.extend(jobs);
        tasks.into_iter().try_for_each(|(job, task)| {
            self.touched.insert(job);
            self.change(job, task, State::Delayed, State::Waiting)
        })?;
        expired.into_iter().try_for_each(|job| self.forget(job).map(drop))?;
        Ok(more)
    }

    fn due_jobs(&self) -> rusqlite::Result<Vec<JobId>> {
        let sql = "UPDATE served SET due = NULL WHERE due <= ? RETURNING job";
        self.to.prepare_cached(sql)?.query_map([self.now], |row| row.get(0).map(JobId))?.collect()
    }

    fn due_tasks(&self) -> rusqlite::Result<Vec<(JobId, TaskId)>> {
        let mut select = self.to.prepare_cached(
            "SELECT t.job, t.id FROM delayed d CROSS JOIN task t ON t.id = d.task WHERE d.due <= ? ORDER BY d.due LIMIT ?",
        )?;
        let task = |row: &Row<'_>| Ok((JobId(row.get(0)?), TaskId(row.get(1)?)));
        select.query_map([self.now, SOME], task)?.collect()
    }

    /// Jobs that were remembered for as long as they say, or their queue does.
    fn expired(&self) -> rusqlite::Result<Vec<JobId>> {
        let mut own = self.to.prepare_cached(
            "SELECT job FROM served WHERE ended IS NOT NULL AND keep IS NOT NULL AND ended + keep <= ? LIMIT ?",
        )?;
        let mut queues = self.to.prepare_cached(
            "SELECT s.job FROM queue q CROSS JOIN served s INDEXED BY served_ended ON s.queue = q.id
             WHERE q.keep IS NOT NULL AND s.ended IS NOT NULL AND s.keep IS NULL AND s.ended <= ?1 - q.keep LIMIT ?2",
        )?;
        let mut jobs = Vec::new();
        for select in [&mut own, &mut queues] {
            let found = select.query_map(params![self.now, JOBS], |row| row.get(0).map(JobId))?;
            jobs.extend(found.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        Ok(jobs)
    }

    /// When there is something to do next.
    pub(super) fn due(&self) -> rusqlite::Result<Option<SystemTime>> {
        let mut select = self.to.prepare_cached(
            "SELECT (SELECT min(due) FROM served WHERE due IS NOT NULL), (SELECT min(due) FROM delayed),
                (SELECT min(next) FROM schedule WHERE paused = 0 AND next IS NOT NULL),
                (SELECT min(ended + keep) FROM served WHERE ended IS NOT NULL AND keep IS NOT NULL),
                (SELECT min(q.keep + (SELECT min(ended) FROM served s INDEXED BY served_ended
                    WHERE s.queue = q.id AND s.ended IS NOT NULL AND s.keep IS NULL)) FROM queue q WHERE q.keep IS NOT NULL)",
        )?;
        let times = |row: &Row<'_>| (0..5).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<Option<i64>>>>();
        Ok(select.query_row([], times)?.into_iter().flatten().min().map(moment))
    }
}
