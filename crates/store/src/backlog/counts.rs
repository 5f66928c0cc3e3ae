//! How many tasks of a job are in each state, kept up to date in one update a job and turn.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Row, params};

use super::Writing;
use super::line::Hold;
use crate::words::{JobId, QueueId, State};

/// What a turn changes in the counts of jobs.
#[derive(Debug, Default)]
pub(super) struct Counts(
    /// By the place of a state among all.
    BTreeMap<JobId, [i64; State::ALL.len()]>,
);

impl Counts {
    pub(super) fn moved(&mut self, job: JobId, from: State, to: State, tasks: i64) {
        let counts = self.0.entry(job).or_default();
        counts[from as usize] -= tasks;
        counts[to as usize] += tasks;
    }

    /// So many new tasks wait.
    pub(super) fn added(&mut self, job: JobId, tasks: i64) {
        self.0.entry(job).or_default()[State::Waiting as usize] += tasks;
    }

    /// Something else has changed by which it may be over.
    pub(super) fn touch(&mut self, job: JobId) {
        self.0.entry(job).or_default();
    }

    /// How many tasks more a job has than before the turn.
    pub(super) fn more(&self, job: JobId) -> i64 {
        self.0.get(&job).map_or(0, |counts| counts.iter().sum())
    }
}

impl Writing<'_> {
    /// Writes what has changed, and ends the jobs that are over by that.
    pub(super) fn count(&mut self) -> rusqlite::Result<()> {
        for (job, counts) in std::mem::take(&mut self.counts).0 {
            if self.count_of(job, counts)? {
                self.end_job(job)?;
            }
        }
        Ok(())
    }

    /// Gives whether the job is over now.
    fn count_of(&mut self, job: JobId, counts: [i64; State::ALL.len()]) -> rusqlite::Result<bool> {
        let mut update = self.to.prepare_cached(
            "UPDATE served SET waiting = waiting + ?2, delayed = delayed + ?3, running = running + ?4,
                succeeded = succeeded + ?5, failed = failed + ?6, stopped = stopped + ?7,
                started = CASE WHEN ?4 > 0 THEN coalesce(started, ?8) ELSE started END
             WHERE job = ?1 RETURNING queue, hold, ended IS NULL AND open = 0 AND waiting + delayed + running = 0",
        )?;
        let [waiting, delayed, running, succeeded, failed, stopped] =
            [State::Waiting, State::Delayed, State::Running, State::Succeeded, State::Failed, State::Stopped]
                .map(|state| counts[state as usize]);
        let values = params![job.0, waiting, delayed, running, succeeded, failed, stopped, self.now];
        let changed = |row: &Row<'_>| Ok((QueueId(row.get(0)?), Hold::read(row, 1)?, row.get(2)?));
        let Some((queue, hold, is_idle)) = update.query_row(values, changed).optional()? else { return Ok(false) };
        let change = self.done.depths.entry(queue).or_default();
        *change.of(hold) += waiting;
        change.delayed += delayed;
        change.added += counts.iter().sum::<i64>().unsigned_abs();
        Ok(is_idle && !self.has_chores(job)?)
    }
}
