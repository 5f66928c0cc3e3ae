//! Tasks and attempts by the page: a million are looked through in the memory of a few hundred.

use std::time::SystemTime;
use std::vec;

use rusqlite::params;

use crate::error::StoreError;
use crate::reader::{ATTEMPT, Reader, attempt, task};
use crate::record::{Attempt, Task};
use crate::store::moment;
use crate::words::{JobId, RunId, State, TaskId};

/// How many rows are read at a time.
const PAGE: usize = 500;

/// Which tasks of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those in this state only.
    pub state: Option<State>,
    /// Those behind this one, in the order of their ids.
    pub after: Option<TaskId>,
    /// So many at most.
    pub limit: Option<usize>,
}

impl Reader {
    /// Tasks of a job, in the order of their ids.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn tasks(&self, job: JobId, filter: &Filter) -> Result<Vec<Task>, StoreError> {
        let limit = filter.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let after = filter.after.map_or(0, |task| task.0);
        match filter.state {
            Some(state) => self.tasks_in(job, state, after, limit),
            None => self.tasks_of(job, after, limit),
        }
    }

    fn tasks_in(&self, job: JobId, state: State, after: i64, limit: i64) -> Result<Vec<Task>, StoreError> {
        let sql = "SELECT id, number, key, input, state FROM task INDEXED BY task_of_job
            WHERE job = ? AND state = ? AND id > ? ORDER BY id LIMIT ?";
        self.all(sql, params![job.0, state.word(), after, limit], task)
    }

    /// In the order of the table: by the index of jobs, SQLite would sort all that are left for each page.
    fn tasks_of(&self, job: JobId, after: i64, limit: i64) -> Result<Vec<Task>, StoreError> {
        let (first, last) = self.range(job)?;
        let sql = "SELECT id, number, key, input, state FROM task NOT INDEXED
            WHERE id > ? AND id <= ? AND job = ? ORDER BY id LIMIT ?";
        self.all(sql, params![after.max(first.saturating_sub(1)), last, job.0, limit], task)
    }

    /// The ids between which a job's tasks are; each state's ends stand in the index.
    fn range(&self, job: JobId) -> Result<(i64, i64), StoreError> {
        // One each: asked for both at once, SQLite walks from one end to the other.
        let sql = "SELECT (SELECT min(id) FROM task WHERE job = ?1 AND state = ?2),
            (SELECT max(id) FROM task WHERE job = ?1 AND state = ?2)";
        let mut range = (i64::MAX, 0);
        for state in State::ALL {
            let ends = self.one(sql, params![job.0, state.word()], |row| {
                Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?))
            })?;
            range = ends.flatten().map_or(range, |(first, last)| (range.0.min(first), range.1.max(last)));
        }
        Ok(range)
    }

    /// All tasks of a job, or those in one state, one after the other.
    pub fn each_task(&self, job: JobId, state: Option<State>) -> Tasks<'_> {
        let filter = Filter { state, after: None, limit: Some(PAGE) };
        Tasks { reader: self, job, filter, page: Vec::new().into_iter() }
    }

    /// The attempts of a run that are over, one after the other.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn each_attempt(&self, run: RunId) -> Result<Attempts<'_>, StoreError> {
        let job = if self.runs_mix()? {
            self.one("SELECT job FROM run WHERE id = ?", [run.0], |row| row.get(0).map(JobId))?
        } else {
            None
        };
        let behind = match job {
            Some(job) => Behind::Task(job, TaskId(0)),
            None => Behind::Attempt(self.first_attempt(run)?.saturating_sub(1)),
        };
        Ok(Attempts { reader: self, run, behind, page: Vec::new().into_iter() })
    }

    /// Whether attempts of different runs stand between one another: a service has several jobs at a time.
    fn runs_mix(&self) -> Result<bool, StoreError> {
        let there = self.one("SELECT 1 FROM sqlite_master WHERE name = 'served'", [], |_| Ok(()))?.is_some();
        Ok(there && self.one("SELECT 1 FROM served LIMIT 1", [], |_| Ok(()))?.is_some())
    }

    /// When the last attempt of a run was over, as far as it is known: for a run that was killed.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn last_ended(&self, run: RunId) -> Result<Option<SystemTime>, StoreError> {
        if self.runs_mix()? {
            let ends = self.each_attempt(run)?.map(|attempt| attempt.map(|attempt| attempt.ended));
            return Ok(ends.collect::<Result<Vec<_>, _>>()?.into_iter().max());
        }
        let next = self.first_attempt(RunId(run.0.saturating_add(1)))?;
        let sql = "SELECT ended, run FROM attempt WHERE id < ? ORDER BY id DESC LIMIT 1";
        let last = self.one(sql, [next], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        Ok(last.filter(|(_, of)| *of == run.0).map(|(ended, _)| moment(ended)))
    }

    fn lowest_attempt(&self, run: RunId) -> Result<i64, StoreError> {
        let sql = "SELECT min(a.id) FROM run r CROSS JOIN task t ON t.job = r.job CROSS JOIN attempt a ON a.task = t.id
            WHERE r.id = ?1 AND a.run = ?1";
        Ok(self.one(sql, [run.0], |row| row.get::<_, Option<i64>>(0))?.flatten().unwrap_or(i64::MAX))
    }

    /// The id from which on attempts may be of this run. Where no service was, one process wrote at a time, so
    /// runs do not mix and no index is needed: it is looked for by halves.
    pub(crate) fn first_attempt(&self, run: RunId) -> Result<i64, StoreError> {
        if self.runs_mix()? {
            return self.lowest_attempt(run);
        }
        let last: Option<i64> = self.one("SELECT max(id) FROM attempt", [], |row| row.get(0))?.flatten();
        let (mut low, mut high) = (1, last.unwrap_or(0).saturating_add(1));
        while low < high {
            let middle = low + (high - low) / 2;
            let sql = "SELECT run FROM attempt WHERE id >= ? ORDER BY id LIMIT 1";
            let of: Option<i64> = self.one(sql, [middle], |row| row.get(0))?;
            if of.is_none_or(|of| of >= run.0) { high = middle } else { low = middle + 1 }
        }
        Ok(low)
    }
}

/// Tasks of a job, in the order of their ids: see [`Reader::each_task`].
#[derive(Debug)]
pub struct Tasks<'a> {
    reader: &'a Reader,
    job: JobId,
    filter: Filter,
    page: vec::IntoIter<Task>,
}

impl Iterator for Tasks<'_> {
    type Item = Result<Task, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 {
            match self.reader.tasks(self.job, &self.filter) {
                Ok(page) => self.page = page.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
        let task = self.page.next()?;
        self.filter.after = Some(task.id);
        Some(Ok(task))
    }
}

/// Attempts of a run, in the order of their ids, or of their tasks' where runs mix: see [`Reader::each_attempt`].
#[derive(Debug)]
pub struct Attempts<'a> {
    reader: &'a Reader,
    run: RunId,
    behind: Behind,
    page: vec::IntoIter<Attempt>,
}

/// How far attempts were read.
#[derive(Clone, Copy, Debug)]
enum Behind {
    /// All up to this one.
    Attempt(i64),
    /// All of a job's tasks up to this one.
    Task(JobId, TaskId),
}

impl Attempts<'_> {
    fn read(&mut self) -> Result<(), StoreError> {
        self.page = match self.behind {
            Behind::Attempt(after) => self.read_rows(after)?,
            Behind::Task(job, after) => self.read_tasks(job, after)?,
        }
        .into_iter();
        Ok(())
    }

    /// Ends at the first attempt of a later run.
    fn read_rows(&mut self, after: i64) -> Result<Vec<Attempt>, StoreError> {
        let sql = format!("SELECT {ATTEMPT}, run FROM attempt WHERE id > ? ORDER BY id LIMIT {PAGE}");
        let rows = self.reader.all(&sql, [after], |row| Ok((attempt(row)?, row.get::<_, i64>("run")?)))?;
        let of_run = rows.into_iter().take_while(|(_, run)| *run == self.run.0).map(|(attempt, _)| attempt);
        let page: Vec<Attempt> = of_run.collect();
        self.behind = Behind::Attempt(page.last().map_or(after, |attempt| attempt.id.0));
        Ok(page)
    }

    /// Ends with the last task.
    fn read_tasks(&mut self, job: JobId, mut after: TaskId) -> Result<Vec<Attempt>, StoreError> {
        let sql = format!("SELECT {ATTEMPT} FROM attempt WHERE task = ? AND run = ? ORDER BY id");
        let mut page = Vec::new();
        while page.is_empty() {
            let tasks = self.reader.tasks(job, &Filter { state: None, after: Some(after), limit: Some(PAGE) })?;
            let Some(last) = tasks.last() else { break };
            after = last.id;
            for task in &tasks {
                page.extend(self.reader.all(&sql, [task.id.0, self.run.0], attempt)?);
            }
        }
        self.behind = Behind::Task(job, after);
        Ok(page)
    }
}

impl Iterator for Attempts<'_> {
    type Item = Result<Attempt, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0
            && let Err(error) = self.read()
        {
            return Some(Err(error));
        }
        self.page.next().map(Ok)
    }
}
