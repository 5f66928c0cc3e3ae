//! What came of tasks that are over.

use super::{Served, TaskFilter};
use crate::error::StoreError;
use crate::reader::Reader;
use crate::record::{Attempt, Task};
use crate::words::State;

/// A task that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The task.
    pub task: Task,
    /// The last attempt at it; none: it never ran.
    pub last: Option<Attempt>,
}

impl Reader {
    /// Tasks of a job that are over, from a number on, each with the last attempt at it.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn outcomes(&self, served: &Served, from: u64, limit: usize) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::new();
        for state in [State::Succeeded, State::Failed, State::Stopped] {
            for task in self.served_tasks(served, &TaskFilter { from, state: Some(state), limit })? {
                outcomes.push((task.number, task));
            }
        }
        outcomes.sort_by_key(|(number, _)| *number);
        outcomes.truncate(limit);
        let with_last = |(_, task): (u64, Task)| Ok(Outcome { last: self.last_attempt(task.id)?, task });
        outcomes.into_iter().map(with_last).collect()
    }
}
