//! Records that are committed together.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Statement, Transaction, params};

use crate::record::{Attempt, NewTask, Record};
use crate::store::time;
use crate::words::{AttemptId, JobId, RunId, State, Stream, TaskId};

/// What happened since the last commit. A task that was begun and has ended in one group is written once.
#[derive(Debug)]
pub(crate) struct Group {
    /// Whose the next records are.
    job: JobId,
    run: RunId,
    begun: Vec<(JobId, NewTask, State)>,
    /// Where in `begun`.
    places: HashMap<TaskId, usize>,
    /// Of tasks that are in the file.
    changed: HashMap<TaskId, State>,
    attempts: Vec<(RunId, Attempt)>,
    outdated: Vec<JobId>,
    unbegun: Vec<(RunId, Option<JobId>)>,
    printed: Vec<(AttemptId, Stream, Vec<u8>)>,
    /// Runs in which a task has failed, in this group or an earlier one.
    pub(crate) failed: HashSet<RunId>,
    pub(crate) weight: usize,
}

impl Group {
    pub(crate) fn new(job: JobId, run: RunId) -> Self {
        Self {
            job,
            run,
            begun: Vec::new(),
            places: HashMap::new(),
            changed: HashMap::new(),
            attempts: Vec::new(),
            outdated: Vec::new(),
            unbegun: Vec::new(),
            printed: Vec::new(),
            failed: HashSet::new(),
            weight: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.weight == 0
    }

    pub(crate) fn add(&mut self, record: Record) {
        self.weight += record.weight();
        match record {
            Record::Begun(task) => {
                self.places.insert(task.id, self.begun.len());
                self.begun.push((self.job, task, State::Running));
            }
            Record::Again(task) => self.change(task, State::Running),
            Record::Waits(task) => self.change(task, State::Waiting),
            Record::Printed { attempt, stream, bytes } => self.printed.push((attempt, stream, bytes)),
            Record::Ended { attempt, state } => {
                self.change(attempt.task, state);
                if state == State::Failed {
                    self.failed.insert(self.run);
                }
                self.attempts.push((self.run, attempt));
            }
            Record::Turn { run, job } => (self.run, self.job) = (run, job),
            Record::Outdated(job) => self.outdated.push(job),
            Record::Unbegun { run, job } => self.unbegun.push((run, job)),
        }
    }

    fn change(&mut self, task: TaskId, state: State) {
        match self.places.get(&task) {
            Some(place) => self.begun[*place].2 = state,
            None => _ = self.changed.insert(task, state),
        }
    }

    /// Writes all of it, or nothing.
    pub(crate) fn commit(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let transaction = connection.transaction()?;
        self.write_outdated(&transaction)?;
        self.write_tasks(&transaction)?;
        self.write_attempts(&transaction)?;
        self.write_printed(&transaction)?;
        self.forget_unbegun(&transaction)?;
        transaction.commit()
    }

    pub(crate) fn clear(&mut self) {
        self.begun.clear();
        self.places.clear();
        self.changed.clear();
        self.attempts.clear();
        self.outdated.clear();
        self.unbegun.clear();
        self.printed.clear();
        self.weight = 0;
    }

    /// Before the tasks: what of the job is done in this group is not meant.
    fn write_outdated(&self, to: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut update = to.prepare_cached("UPDATE task SET state = ? WHERE job = ? AND state = ?")?;
        for job in &self.outdated {
            update.execute(params![State::Waiting.word(), job.0, State::Succeeded.word()])?;
        }
        Ok(())
    }

    fn forget_unbegun(&self, to: &Transaction<'_>) -> rusqlite::Result<()> {
        for (run, job) in &self.unbegun {
            to.execute("DELETE FROM run WHERE id = ?", [run.0])?;
            to.execute("DELETE FROM job WHERE id = ?", [job.map(|job| job.0)])?;
        }
        Ok(())
    }

    fn write_tasks(&self, to: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut insert = to.prepare_cached(INSERT_TASK)?;
        for (job, task, state) in &self.begun {
            insert.execute(params![task.id.0, job.0, task.number as i64, task.key.0, task.input, state.word()])?;
        }
        let mut update = to.prepare_cached(UPDATE_TASK)?;
        for (task, state) in &self.changed {
            update.execute(params![state.word(), task.0])?;
        }
        Ok(())
    }

    fn write_attempts(&self, to: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut insert = to.prepare_cached(INSERT_ATTEMPT)?;
        self.attempts.iter().try_for_each(|(run, attempt)| insert_attempt(&mut insert, *run, attempt))
    }

    fn write_printed(&self, to: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut insert = to.prepare_cached(INSERT_OUTPUT)?;
        for (attempt, stream, bytes) in &self.printed {
            insert.execute(params![attempt.0, *stream as i64, bytes])?;
        }
        Ok(())
    }
}

pub(crate) const INSERT_TASK: &str = "INSERT INTO task (id, job, number, key, input, state) VALUES (?, ?, ?, ?, ?, ?)";
pub(crate) const UPDATE_TASK: &str = "UPDATE task SET state = ? WHERE id = ?";
pub(crate) const INSERT_OUTPUT: &str = "INSERT INTO output (attempt, stream, bytes) VALUES (?, ?, ?)";
pub(crate) const INSERT_ATTEMPT: &str =
    "INSERT INTO attempt (id, task, run, number, slot, began, ended, wall, user, system, max_rss, peak, printed, how, code, message)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// Writes an attempt with a statement made of [`INSERT_ATTEMPT`].
pub(crate) fn insert_attempt(insert: &mut Statement<'_>, run: RunId, attempt: &Attempt) -> rusqlite::Result<()> {
    let (how, code, message) = attempt.end.words();
    let used = &attempt.used;
    insert.execute(params![
        attempt.id.0,
        attempt.task.0,
        run.0,
        attempt.number,
        attempt.slot,
        time(attempt.began),
        time(attempt.ended),
        used.wall.as_micros() as i64,
        used.user.as_micros() as i64,
        used.system.as_micros() as i64,
        used.max_rss as i64,
        used.peak as i64,
        attempt.printed as i64,
        how,
        code,
        message
    ])?;
    Ok(())
}
