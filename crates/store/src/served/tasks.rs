//! Tasks of the service's jobs, by their numbers.

use std::time::SystemTime;

use rusqlite::params;

use super::Served;
use crate::backlog::orders::ID_OF_NUMBER;
use crate::error::StoreError;
use crate::reader::{Reader, task};
use crate::record::Task;
use crate::store::moment;
use crate::words::{AttemptId, State, Stream, TaskId};

/// Which tasks of a job of the service, in the order of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Those from this number on.
    pub from: u64,
    /// Those in this state.
    pub state: Option<State>,
    /// So many at most.
    pub limit: usize,
}

/// Tasks whose ids follow one another.
struct Span {
    /// The first one's number and id.
    number: i64,
    first: i64,
    /// The number behind the last one.
    end: i64,
}

impl Reader {
    /// Tasks of a job of the service, in the order of their numbers. Of those in one state no others are looked at.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn served_tasks(&self, served: &Served, filter: &TaskFilter) -> Result<Vec<Task>, StoreError> {
        let (from, limit) = (number(filter.from.max(1)), i64::try_from(filter.limit).unwrap_or(i64::MAX));
        match filter.state {
            Some(state) => self.tasks_in_state(served, state, from, limit),
            None => self.tasks_from(served, from, limit),
        }
    }

    /// A task of a job of the service, by its number.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn served_task(&self, served: &Served, number: u64) -> Result<Option<Task>, StoreError> {
        let filter = TaskFilter { from: number, state: None, limit: 1 };
        let found = self.served_tasks(served, &filter)?.pop();
        Ok(found.filter(|task| task.number == number))
    }

    fn tasks_in_state(&self, served: &Served, state: State, from: i64, limit: i64) -> Result<Vec<Task>, StoreError> {
        // Numbers and ids grow together in a job.
        let sql = format!(
            "SELECT t.id, t.number, t.key, t.input, t.state FROM served s CROSS JOIN task t INDEXED BY task_of_job
             WHERE s.job = ?1 AND t.job = s.job AND t.state = ?3 AND t.id >= {ID_OF_NUMBER} ORDER BY t.id LIMIT ?4"
        );
        self.all(&sql, params![served.job.id.0, from, state.word(), limit], task)
    }

    fn tasks_from(&self, served: &Served, from: i64, limit: i64) -> Result<Vec<Task>, StoreError> {
        let (mut tasks, mut from) = (Vec::new(), from);
        let total = number(served.tasks.total());
        while from <= total && (tasks.len() as i64) < limit {
            let span = self.span(served, from, total)?;
            let some = self.tasks_of_span(served, &span, from, limit - tasks.len() as i64)?;
            tasks.extend(some);
            // Of a file that counts to the end of all numbers there is no next one.
            if span.end <= from {
                break;
            }
            from = span.end;
        }
        Ok(tasks)
    }

    fn tasks_of_span(&self, served: &Served, span: &Span, from: i64, limit: i64) -> Result<Vec<Task>, StoreError> {
        let sql = "SELECT id, number, key, input, state FROM task NOT INDEXED
            WHERE id >= ? AND id < ? AND job = ? ORDER BY id LIMIT ?";
        let id = |number: i64| span.first.saturating_add(number.saturating_sub(span.number));
        self.all(sql, params![id(from), id(span.end), served.job.id.0, limit], task)
    }

    /// The span in which a number is.
    fn span(&self, served: &Served, number: i64, total: i64) -> Result<Span, StoreError> {
        let at = "SELECT number, first FROM span WHERE job = ? AND number <= ? ORDER BY number DESC LIMIT 1";
        let next = "SELECT number FROM span WHERE job = ? AND number > ? ORDER BY number LIMIT 1";
        let values = [served.job.id.0, number];
        let found = self.one(at, values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (number, first) = found.unwrap_or((1, served.first.0));
        let end: Option<i64> = self.one(next, values, |row| row.get(0))?;
        Ok(Span { number, first, end: end.unwrap_or(total.saturating_add(1)) })
    }

    /// The attempt at a task that is going on.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn running_attempt(&self, task: TaskId) -> Result<Option<AttemptId>, StoreError> {
        self.one("SELECT attempt FROM running WHERE task = ?", [task.0], |row| row.get(0).map(AttemptId))
    }

    /// All that an attempt has printed to a stream so far and is kept.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn printed(&self, attempt: AttemptId, stream: Stream) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT bytes FROM output WHERE attempt = ? AND stream = ? ORDER BY id";
        Ok(self.all(sql, params![attempt.0, stream as i64], |row| row.get::<_, Vec<u8>>(0))?.concat())
    }

    /// When a task that was tried is tried again.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn delayed_until(&self, task: TaskId) -> Result<Option<SystemTime>, StoreError> {
        self.one("SELECT due FROM delayed WHERE task = ?", [task.0], |row| row.get(0).map(moment))
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
