//! Attempts are over.

use rusqlite::params;

use super::Writing;
use super::turn::{Ended, Fate, Turn};
use crate::group::{INSERT_ATTEMPT, INSERT_OUTPUT, UPDATE_TASK, insert_attempt};
use crate::words::{JobId, QueueId, State, TaskId};

impl Writing<'_> {
    /// What attempts have printed, and how they ended.
    pub(super) fn settle(&mut self, turn: &Turn) -> rusqlite::Result<()> {
        let mut print = self.to.prepare_cached(INSERT_OUTPUT)?;
        for (attempt, stream, bytes) in &turn.printed {
            print.execute(params![attempt.0, *stream as i64, bytes])?;
        }
        turn.ended.iter().try_for_each(|ended| self.end(ended))
    }

    fn end(&mut self, ended: &Ended) -> rusqlite::Result<()> {
        let (to, claim) = (self.to, &ended.claim);
        insert_attempt(&mut *to.prepare_cached(INSERT_ATTEMPT)?, claim.run, &ended.attempt)?;
        to.prepare_cached("DELETE FROM running WHERE task = ?")?.execute([claim.task.0])?;
        let (state, tried) = match ended.fate {
            Fate::Over(state) => (state, None),
            Fate::Again | Fate::Back if self.is_cancelled(claim.job)? => (State::Stopped, None),
            Fate::Again => (State::Waiting, Some(claim.number)),
            Fate::Back => (State::Waiting, Some(claim.number - 1)),
        };
        if let Some(tried) = tried {
            let values = params![claim.queue.0, claim.rank, claim.task.0, tried];
            to.prepare_cached("INSERT INTO waiting (queue, rank, task, tried) VALUES (?, ?, ?, ?)")?.execute(values)?;
            self.waits(claim.queue, 1);
        }
        self.change(claim.job, claim.task, State::Running, state)
    }

    fn is_cancelled(&self, job: JobId) -> rusqlite::Result<bool> {
        self.to.prepare_cached("SELECT cancelled FROM served WHERE job = ?")?.query_row([job.0], |row| row.get(0))
    }

    /// So many more wait in a queue.
    pub(super) fn waits(&mut self, queue: QueueId, more: i64) {
        *self.done.depths.entry(queue).or_default() += more;
    }

    pub(super) fn change(&mut self, job: JobId, task: TaskId, from: State, to: State) -> rusqlite::Result<()> {
        self.to.prepare_cached(UPDATE_TASK)?.execute(params![to.word(), task.0])?;
        self.counts.moved(job, from, to, 1);
        Ok(())
    }
}
