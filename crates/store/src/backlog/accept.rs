//! Jobs come in, and more tasks to those that are open.

use rusqlite::{OptionalExtension as _, params};

use super::new_job::{NewJob, Policy, Unique};
use super::order::{Accepted, Answer, Missing};
use super::{Writing, micros};
use crate::group::INSERT_TASK;
use crate::key::Key;
use crate::store::{host, joined, split, time};
use crate::words::{JobId, RunId, State};

/// How a job's words are read: as they are, with a task's own at their end.
const GRAMMAR: &str = r#"{"width":null,"no_shell":true}"#;
/// The same where no task has any of its own: an empty input is otherwise one empty word.
const BARE: &str = r#"{"width":null,"no_shell":true,"append":false}"#;
/// The same where a task's input is one word, whatever bytes are in it.
const RAW: &str = r#"{"width":null,"no_shell":true,"raw":true}"#;

/// A task's own words, from its input and its run's grammar.
pub(crate) fn words(input: &[u8], grammar: &str) -> Vec<Vec<u8>> {
    match grammar {
        BARE => Vec::new(),
        RAW => vec![input.to_vec()],
        _ => input.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect(),
    }
}

/// The words of tasks.
type Tasks = [Vec<Vec<u8>>];

/// Why these tasks cannot be of a job whose words are read so.
fn misfit(tasks: &Tasks, grammar: &str) -> Option<&'static str> {
    match grammar {
        BARE => tasks.iter().any(|words| !words.is_empty()).then_some("its tasks have no words of their own"),
        RAW => tasks.iter().any(|words| words.len() != 1).then_some("each of its tasks has one word"),
        _ => tasks.iter().any(Vec::is_empty).then_some("each of its tasks has words of its own"),
    }
}

/// Why these are not the tasks of a job, by what their words begin with.
fn differs(command: Option<&[Vec<u8>]>, of_job: &[Vec<u8>]) -> Option<String> {
    let shown = |words: &[Vec<u8>]| String::from_utf8_lossy(&words.join(&b' ')).into_owned();
    let other = command.filter(|command| *command != of_job)?;
    Some(format!("its tasks begin with {:?}, and these with {:?}", shown(of_job), shown(other)))
}

impl NewJob {
    pub(super) fn rank(&self) -> i64 {
        -i64::from(self.priority)
    }

    fn grammar(&self) -> &'static str {
        match self.tasks.iter().all(Vec::is_empty) {
            _ if self.raw => RAW,
            true if !self.tasks.is_empty() => BARE,
            _ => GRAMMAR,
        }
    }
}

impl Writing<'_> {
    pub(super) fn submit(&mut self, new: &NewJob) -> rusqlite::Result<Answer> {
        if let Some(existing) = self.with_key(new.unique.as_ref())? {
            return Ok(Answer::Accepted(existing));
        }
        for needed in &new.needs.jobs {
            if !self.is_served(*needed)? {
                return Ok(Answer::Missing(Missing::Job(*needed)));
            }
        }
        self.accept(new).map(Answer::Accepted)
    }

    pub(super) fn accept(&mut self, new: &NewJob) -> rusqlite::Result<Accepted> {
        let job = self.insert_job(new)?;
        let run = self.insert_run(job, new)?;
        self.insert_served(job, run, new)?;
        if let Some(Unique { key, .. }) = &new.unique {
            self.to.prepare_cached(INSERT_KEY)?.execute(params![key, job.0])?;
        }
        self.insert_tasks(job, &new.command, 1, &new.tasks)?;
        self.wait_for(job, &new.needs)?;
        self.counts.touch(job);
        self.touched.insert(job);
        Ok(Accepted { job, tasks: new.tasks.len() as u64, existing: false })
    }

    /// The job that has a key.
    fn with_key(&self, unique: Option<&Unique>) -> rusqlite::Result<Option<Accepted>> {
        let Some(Unique { key, .. }) = unique else { return Ok(None) };
        let mut select = self.to.prepare_cached(
            "SELECT k.job, s.waiting + s.delayed + s.running + s.succeeded + s.failed + s.stopped
             FROM unique_key k JOIN served s ON s.job = k.job WHERE k.key = ?",
        )?;
        let accepted = |row: &rusqlite::Row<'_>| {
            Ok(Accepted { job: JobId(row.get(0)?), tasks: row.get::<_, i64>(1)?.unsigned_abs(), existing: true })
        };
        let found = select.query_row([key], accepted).optional()?;
        // It may be of this turn.
        let so_far = |found: Accepted| found.tasks.saturating_add_signed(self.counts.more(found.job));
        Ok(found.map(|found| Accepted { tasks: so_far(found), ..found }))
    }

    fn insert_job(&self, new: &NewJob) -> rusqlite::Result<JobId> {
        let mut insert = self.to.prepare_cached("INSERT INTO job (name, command, created) VALUES (?, ?, ?)")?;
        let command = String::from_utf8_lossy(&new.command.join(&b' ')).into_owned();
        insert.insert(params![new.name, command, self.now]).map(JobId)
    }

    fn insert_run(&self, job: JobId, new: &NewJob) -> rusqlite::Result<RunId> {
        let mut insert = self.to.prepare_cached(
            "INSERT INTO run (job, began, pid, host, words, grammar, variables, directory, environment)
             VALUES (?, ?, ?, ?, ?, ?, x'', ?, ?)",
        )?;
        let pid = std::process::id();
        let (words, environment) = (joined(&new.command), joined(&new.environment));
        let values = params![job.0, self.now, pid, host(), words, new.grammar(), new.directory, environment];
        insert.insert(values).map(RunId)
    }

    fn insert_served(&self, job: JobId, run: RunId, new: &NewJob) -> rusqlite::Result<()> {
        let mut insert = self.to.prepare_cached(
            "INSERT INTO served (job, run, queue, first, rank, timeout, failures, losses, cancelled, waiting, running,
                succeeded, failed, stopped, due, paused, open, key, mode, backoff_first, backoff_most, keep, meta)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        let Policy { timeout, failures, losses, backoff } = new.policy;
        let due = new.due.map(time).filter(|due| *due > self.now);
        let (key, mode) = new.unique.as_ref().map(|unique| (&unique.key, unique.until.word())).unzip();
        insert.execute(params![
            job.0,
            run.0,
            new.queue.0,
            self.next.task,
            new.rank(),
            timeout.map(micros),
            failures,
            losses,
            due,
            new.paused,
            new.open,
            key,
            mode,
            micros(backoff.first),
            micros(backoff.most),
            new.keep.map(micros),
            new.meta
        ])?;
        Ok(())
    }

    /// Tasks that wait, numbered from `number` on.
    fn insert_tasks(&mut self, job: JobId, command: &[Vec<u8>], number: i64, tasks: &Tasks) -> rusqlite::Result<()> {
        let mut insert = self.to.prepare_cached(INSERT_TASK)?;
        for (words, number) in tasks.iter().zip(number..) {
            let key = Key::of(command.iter().chain(words).map(Vec::as_slice));
            let values = params![self.next.task, job.0, number, key.0, words.join(&0), State::Waiting.word()];
            insert.execute(values)?;
            self.next.task = self.next.task.saturating_add(1);
        }
        self.counts.added(job, tasks.len() as i64);
        Ok(())
    }

    /// Adds tasks to a job that is open.
    pub(super) fn append(
        &mut self,
        job: JobId,
        command: Option<&[Vec<u8>]>,
        tasks: &Tasks,
        close: bool,
    ) -> rusqlite::Result<Answer> {
        let Some(open) = self.open_job(job)? else { return Ok(Answer::Missing(Missing::Job(job))) };
        if !open.is_open {
            return Ok(Answer::Conflict(format!("job {} is closed: hand another one in", job.0)));
        }
        if let Some(why) = differs(command, &open.command).or(misfit(tasks, &open.grammar).map(str::to_owned)) {
            return Ok(Answer::Conflict(format!("job {}: {why}", job.0)));
        }
        let number = open.tasks.saturating_add(self.counts.more(job)).saturating_add(1);
        let mut span = self.to.prepare_cached("INSERT OR REPLACE INTO span (job, number, first) VALUES (?, ?, ?)")?;
        span.execute(params![job.0, number, self.next.task])?;
        self.insert_tasks(job, &open.command, number, tasks)?;
        self.touched.insert(job);
        if close {
            self.close(job)?;
        }
        Ok(Answer::Appended(number.unsigned_abs()))
    }

    fn open_job(&self, job: JobId) -> rusqlite::Result<Option<Open>> {
        let mut select = self.to.prepare_cached(
            "SELECT s.open, s.waiting + s.delayed + s.running + s.succeeded + s.failed + s.stopped, r.words, r.grammar
             FROM served s JOIN run r ON r.id = s.run WHERE s.job = ?",
        )?;
        let open = |row: &rusqlite::Row<'_>| {
            let command = split(row.get_ref(2)?.as_blob()?);
            Ok(Open { is_open: row.get(0)?, tasks: row.get(1)?, command, grammar: row.get(3)? })
        };
        select.query_row([job.0], open).optional()
    }

    pub(super) fn close(&mut self, job: JobId) -> rusqlite::Result<()> {
        self.to.prepare_cached("UPDATE served SET open = 0 WHERE job = ?")?.execute([job.0])?;
        // It may be over by that.
        self.counts.touch(job);
        Ok(())
    }
}

pub(super) const INSERT_KEY: &str = "INSERT OR IGNORE INTO unique_key (key, job) VALUES (?, ?)";

/// What is asked of a job before tasks are added to it.
struct Open {
    is_open: bool,
    tasks: i64,
    command: Vec<Vec<u8>>,
    grammar: String,
}
