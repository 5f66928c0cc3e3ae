//! Jobs come in.

use std::time::SystemTime;

use rusqlite::params;

use super::Writing;
use super::turn::{Accepted, NewJob, Policy};
use crate::group::INSERT_TASK;
use crate::key::Key;
use crate::store::{host, joined, time};
use crate::words::{JobId, RunId, State, TaskId};

/// How a job's words are read: as they are, with a task's own at their end.
const GRAMMAR: &str = r#"{"width":null,"no_shell":true}"#;
/// The same where no task has any of its own: an empty input is otherwise one empty word.
const BARE: &str = r#"{"width":null,"no_shell":true,"append":false}"#;

/// A task's own words, from its input and its run's grammar.
pub(crate) fn words(input: &[u8], grammar: &str) -> Vec<Vec<u8>> {
    if grammar == BARE { Vec::new() } else { input.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect() }
}

impl Writing<'_> {
    pub(super) fn accept(&mut self, jobs: &[NewJob]) -> rusqlite::Result<()> {
        jobs.iter().try_for_each(|job| self.accept_job(job))
    }

    fn accept_job(&mut self, new: &NewJob) -> rusqlite::Result<()> {
        let job = self.insert_job(new)?;
        let run = self.insert_run(job, new)?;
        self.insert_served(job, run, new)?;
        let first = TaskId(self.next.task);
        self.insert_tasks(job, new)?;
        self.waits(new.queue, new.tasks.len() as i64);
        self.done.accepted.push(Accepted { job, first });
        Ok(())
    }

    fn insert_job(&self, new: &NewJob) -> rusqlite::Result<JobId> {
        let mut insert = self.to.prepare_cached("INSERT INTO job (name, command, created) VALUES (?, ?, ?)")?;
        let command = String::from_utf8_lossy(&new.command.join(&b' ')).into_owned();
        insert.insert(params![new.name, command, time(SystemTime::now())]).map(JobId)
    }

    fn insert_run(&self, job: JobId, new: &NewJob) -> rusqlite::Result<RunId> {
        let mut insert = self.to.prepare_cached(
            "INSERT INTO run (job, began, pid, host, words, grammar, variables, directory, environment)
             VALUES (?, ?, ?, ?, ?, ?, x'', ?, ?)",
        )?;
        let (began, pid) = (time(SystemTime::now()), std::process::id());
        let (words, environment) = (joined(&new.command), joined(&new.environment));
        let grammar = if new.tasks.iter().all(Vec::is_empty) { BARE } else { GRAMMAR };
        insert.insert(params![job.0, began, pid, host(), words, grammar, new.directory, environment]).map(RunId)
    }

    fn insert_served(&self, job: JobId, run: RunId, new: &NewJob) -> rusqlite::Result<()> {
        let mut insert = self.to.prepare_cached(
            "INSERT INTO served (job, run, queue, first, rank, timeout, failures, losses, cancelled, waiting, running, succeeded, failed, stopped)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, 0, 0)",
        )?;
        let timeout = new.policy.timeout.map(|limit| limit.as_micros() as i64);
        let Policy { failures, losses, .. } = new.policy;
        let (first, tasks) = (self.next.task, new.tasks.len() as i64);
        insert.execute(params![job.0, run.0, new.queue.0, first, new.rank(), timeout, failures, losses, tasks])?;
        Ok(())
    }

    fn insert_tasks(&mut self, job: JobId, new: &NewJob) -> rusqlite::Result<()> {
        let mut insert = self.to.prepare_cached(INSERT_TASK)?;
        let mut wait = self.to.prepare_cached("INSERT INTO waiting (queue, rank, task, tried) VALUES (?, ?, ?, 0)")?;
        for (words, number) in new.tasks.iter().zip(1_i64..) {
            let task = self.next.task;
            let key = Key::of(new.command.iter().chain(words).map(Vec::as_slice));
            insert.execute(params![task, job.0, number, key.0, words.join(&0), State::Waiting.word()])?;
            wait.execute(params![new.queue.0, new.rank(), task])?;
            self.next.task += 1;
        }
        Ok(())
    }
}

impl NewJob {
    fn rank(&self) -> i64 {
        -i64::from(self.priority)
    }
}
