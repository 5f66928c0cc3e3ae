//! Dead letters: tasks that have failed for good, and why.

use std::collections::HashMap;

use rusqlite::params;

use super::Served;
use crate::backlog::orders::ID_OF_NUMBER;
use crate::error::StoreError;
use crate::reader::{Reader, task};
use crate::record::{Attempt, Task};
use crate::words::{End, JobId, State};

/// A task that has failed and is not tried again, with its story.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// Its job.
    pub served: Served,
    /// The task.
    pub task: Task,
    /// All attempts at it, the first one first.
    pub attempts: Vec<Attempt>,
}

/// Which dead letters, the newest jobs' last tasks first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadPage {
    /// Those of a queue.
    pub queue: Option<String>,
    /// Those before this task, by its number in its job.
    pub before: Option<(JobId, u64)>,
    /// So many at most.
    pub limit: usize,
}

/// Tasks that have failed for the same cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// How the last attempt at each ended.
    pub end: End,
    /// How many there are.
    pub tasks: u64,
    /// The newest of them: its job, and its number in that.
    pub last: (JobId, u64),
}

/// Failed tasks by their causes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Causes {
    /// What there is most of first.
    pub causes: Vec<Cause>,
    /// Whether all failed tasks were looked at: of very many, only the newest are.
    pub complete: bool,
}

/// How many failed tasks are looked at for their causes.
const LOOK: usize = 10_000;

impl Reader {
    /// Dead letters. Jobs without any are not looked at.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn dead_letters(&self, page: &DeadPage) -> Result<Vec<DeadLetter>, StoreError> {
        let mut letters = Vec::new();
        for (job, tasks) in self.dead(page)? {
            let Some(served) = self.served(job)? else { continue };
            for task in tasks {
                let attempts = self.attempts(task.id)?;
                letters.push(DeadLetter { served: served.clone(), task, attempts });
            }
        }
        Ok(letters)
    }

    /// Failed tasks by how the last attempt at each ended.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn failures(&self, queue: Option<&str>) -> Result<Causes, StoreError> {
        let page = DeadPage { queue: queue.map(str::to_owned), before: None, limit: LOOK };
        let (mut causes, mut seen) = (HashMap::<(&str, String), Cause>::new(), 0);
        for (job, tasks) in self.dead(&page)? {
            seen += tasks.len();
            for task in tasks {
                let Some(Attempt { end, .. }) = self.last_attempt(task.id)? else { continue };
                let key = (end.kind(), format!("{end:?}"));
                causes.entry(key).or_insert(Cause { end, tasks: 0, last: (job, task.number) }).tasks += 1;
            }
        }
        let mut causes: Vec<Cause> = causes.into_values().collect();
        causes.sort_by_key(|cause| (std::cmp::Reverse(cause.tasks), std::cmp::Reverse(cause.last)));
        Ok(Causes { causes, complete: seen < LOOK })
    }

    /// Failed tasks, by job.
    fn dead(&self, page: &DeadPage) -> Result<Vec<(JobId, Vec<Task>)>, StoreError> {
        let (mut found, mut left) = (Vec::new(), page.limit);
        let mut below = match page.before {
            None => i64::MAX,
            Some((job, number)) => {
                left -= self.dead_of(job, number, left)?.map_or(0, |tasks| add(&mut found, job, tasks));
                job.0
            }
        };
        while left > 0
            && let Some(job) = self.job_with_dead(page.queue.as_deref(), below)?
        {
            left -= self.dead_of(job, u64::MAX, left)?.map_or(0, |tasks| add(&mut found, job, tasks));
            below = job.0;
        }
        Ok(found)
    }

    fn job_with_dead(&self, queue: Option<&str>, below: i64) -> Result<Option<JobId>, StoreError> {
        let sql = "SELECT job FROM served INDEXED BY served_failed WHERE failed > 0 AND job < ?1
            AND (?2 IS NULL OR queue = (SELECT id FROM queue WHERE name = ?2)) ORDER BY job DESC LIMIT 1";
        self.one(sql, params![below, queue], |row| row.get(0).map(JobId))
    }

    /// Failed tasks of a job below a number, the last one first. None: there is no such job any more.
    fn dead_of(&self, job: JobId, before: u64, limit: usize) -> Result<Option<Vec<Task>>, StoreError> {
        if !self.is_served(job)? {
            return Ok(None);
        }
        let sql = format!(
            "SELECT t.id, t.number, t.key, t.input, t.state FROM served s CROSS JOIN task t INDEXED BY task_of_job
             WHERE s.job = ?1 AND t.job = s.job AND t.state = ?3 AND (?2 = {last} OR t.id < {ID_OF_NUMBER})
             ORDER BY t.id DESC LIMIT ?4",
            last = i64::MAX
        );
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        self.all(&sql, params![job.0, before, State::Failed.word(), limit as i64], task).map(Some)
    }
}

fn add(found: &mut Vec<(JobId, Vec<Task>)>, job: JobId, tasks: Vec<Task>) -> usize {
    let more = tasks.len();
    found.push((job, tasks));
    more
}
