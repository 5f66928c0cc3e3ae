//! Attempts are over.

use rusqlite::{OptionalExtension as _, params};

use super::Writing;
use super::turn::{Ended, Fate, Turn};
use crate::group::{INSERT_ATTEMPT, INSERT_OUTPUT, UPDATE_TASK, insert_attempt};
use crate::record::Attempt;
use crate::store::time;
use crate::words::{JobId, State, TaskId};

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
        let claim = &ended.claim;
        // It is known by its place in the task's whole story; what counts for another try begins anew with each retry.
        let attempt = Attempt { number: self.tries(claim.task)? + 1, ..ended.attempt.clone() };
        insert_attempt(&mut *self.to.prepare_cached(INSERT_ATTEMPT)?, claim.run, &attempt)?;
        let is_cancelled = self.was_cancelled(claim.job, claim.task)?;
        let (state, tried) = match ended.fate {
            Fate::Over(state) => (state, 0),
            Fate::Again | Fate::Later(_) | Fate::Back if is_cancelled => (State::Stopped, 0),
            Fate::Again => (State::Waiting, claim.number),
            Fate::Later(_) => (State::Delayed, claim.number),
            Fate::Back => (State::Waiting, claim.number - 1),
        };
        if let (Fate::Later(due), State::Delayed) = (ended.fate, state) {
            self.delay(claim.task, time(due))?;
        }
        // There is no row of a first attempt.
        if tried > 0 || claim.number > 1 {
            self.note_tried(claim.task, tried)?;
        }
        if state == State::Waiting {
            self.touched.insert(claim.job);
        }
        self.change(claim.job, claim.task, State::Running, state)
    }

    /// How many attempts at a task are over.
    fn tries(&self, task: TaskId) -> rusqlite::Result<u32> {
        let mut select = self.to.prepare_cached("SELECT count(*) FROM attempt WHERE task = ?")?;
        select.query_row([task.0], |row| row.get(0))
    }

    /// Takes a task from those that run, and says whether nothing more of it may begin.
    fn was_cancelled(&self, job: JobId, task: TaskId) -> rusqlite::Result<bool> {
        let mut delete = self.to.prepare_cached("DELETE FROM running WHERE task = ? RETURNING cancelled")?;
        let alone: Option<bool> = delete.query_row([task.0], |row| row.get(0)).optional()?;
        let mut select = self.to.prepare_cached("SELECT cancelled FROM served WHERE job = ?")?;
        let with_job: Option<bool> = select.query_row([job.0], |row| row.get(0)).optional()?;
        Ok(alone.unwrap_or(false) || with_job.unwrap_or(true))
    }

    pub(super) fn note_tried(&self, task: TaskId, attempts: u32) -> rusqlite::Result<()> {
        let mut note = match attempts {
            0 => self.to.prepare_cached("DELETE FROM tried WHERE task = ?1 AND ?2 = 0")?,
            _ => self.to.prepare_cached("INSERT OR REPLACE INTO tried (task, attempts) VALUES (?1, ?2)")?,
        };
        note.execute(params![task.0, attempts]).map(drop)
    }

    fn delay(&self, task: TaskId, due: i64) -> rusqlite::Result<()> {
        let mut insert = self.to.prepare_cached("INSERT OR REPLACE INTO delayed (task, due) VALUES (?, ?)")?;
        insert.execute(params![task.0, due]).map(drop)
    }

    pub(super) fn change(&mut self, job: JobId, task: TaskId, from: State, to: State) -> rusqlite::Result<()> {
        self.to.prepare_cached(UPDATE_TASK)?.execute(params![to.word(), task.0])?;
        if from == State::Delayed {
            self.to.prepare_cached("DELETE FROM delayed WHERE task = ?")?.execute([task.0])?;
        }
        self.counts.moved(job, from, to, 1);
        Ok(())
    }
}
