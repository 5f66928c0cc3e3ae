//! How many tasks of a job are in each state, kept up to date in one update a job and turn.

use std::collections::BTreeMap;
use std::time::SystemTime;

use rusqlite::params;

use super::Writing;
use crate::store::time;
use crate::words::{JobId, RunEnd, State};

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
}

impl Writing<'_> {
    /// Writes what has changed, and finds the jobs that are over by that.
    pub(super) fn count(&mut self) -> rusqlite::Result<()> {
        let mut update = self.to.prepare_cached(
            "UPDATE served SET waiting = waiting + ?2, running = running + ?3, succeeded = succeeded + ?4,
                failed = failed + ?5, stopped = stopped + ?6 WHERE job = ?1 RETURNING waiting + running = 0",
        )?;
        let mut end = self.to.prepare_cached("UPDATE run SET ended = ?, how = ? WHERE job = ?")?;
        for (job, counts) in std::mem::take(&mut self.counts).0 {
            let [waiting, running, succeeded, failed, stopped] =
                [State::Waiting, State::Running, State::Succeeded, State::Failed, State::Stopped]
                    .map(|state| counts[state as usize]);
            let changed = params![job.0, waiting, running, succeeded, failed, stopped];
            let over = update.query_row(changed, |row| row.get(0))?;
            if over {
                end.execute(params![time(SystemTime::now()), RunEnd::Complete.word(), job.0])?;
                self.done.over.push(job);
            }
        }
        Ok(())
    }
}
