//! Which tasks of a job were done before.
//!
//! Keys are hashes, so in their order no two tasks are neighbours: an index that is kept while tasks are added touches a
//! page of the file for each, and costs more the more there are (measured, a million tasks, groups of a thousand: 30 to 220
//! µs a task, where a row at a table's end costs 4). So tasks are added without one. A resume sorts those that are not in it
//! yet, and merges them in one pass.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::StoreError;
use crate::key::Key;
use crate::reader;
use crate::store::Store;
use crate::words::{JobId, State, TaskId};

/// After so many equal tasks in a row, where the last one was is worth remembering.
const MANY: usize = 16;

/// The tasks of a job that were begun before, by key.
///
/// Of equal tasks, which have the same key, each is given out once, so that of ten equal inputs of which seven are done three
/// are left.
#[derive(Debug)]
pub struct Known {
    reader: Connection,
    file: std::path::PathBuf,
    job: JobId,
    /// One bit a task, 64 by 64: whether it was given out. Ids are dense, but what a file says of them is no size to trust.
    given: HashMap<i64, u64>,
    /// For keys with many tasks: the last one that was given out.
    cursors: HashMap<Key, TaskId>,
}

impl Store {
    /// The tasks of a job up to now. Takes time in proportion to those that were added since the last time.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn known(&mut self, job: JobId) -> Result<Known, StoreError> {
        merge(&mut self.connection, job).map_err(StoreError::sqlite(&self.file))?;
        Known::new(&self.file, job)
    }
}

fn merge(connection: &mut Connection, job: JobId) -> rusqlite::Result<()> {
    let merging = connection.transaction()?;
    let done = "SELECT task FROM known_to WHERE job = ?";
    let done: i64 = merging.query_row(done, [job.0], |row| row.get(0)).optional()?.unwrap_or(0);
    merging.execute(
        "INSERT INTO known (job, key, task) SELECT job, key, id FROM task WHERE id > ? AND job = ? ORDER BY key, id",
        params![done, job.0],
    )?;
    merging.execute("INSERT OR REPLACE INTO known_to (job, task) SELECT ?, coalesce(max(id), 0) FROM task", [job.0])?;
    merging.commit()
}

impl Known {
    fn new(file: &Path, job: JobId) -> Result<Self, StoreError> {
        let reader = reader::connect(file)?;
        Ok(Self { reader, file: file.to_owned(), job, given: HashMap::new(), cursors: HashMap::new() })
    }

    /// The next task of that key which was not given out yet, and what became of it.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn take(&mut self, key: Key) -> Result<Option<(TaskId, State)>, StoreError> {
        let after = self.cursors.get(&key).map_or(0, |task| task.0);
        let (found, passed) = self.find(key, after).map_err(StoreError::sqlite(&self.file))?;
        if let Some((task, _)) = found {
            *self.given.entry(task.0 >> 6).or_default() |= bit(task.0);
            if passed >= MANY {
                self.cursors.insert(key, task);
            }
        }
        Ok(found)
    }

    /// The first that was not given out, and how many before it were.
    fn find(&self, key: Key, after: i64) -> rusqlite::Result<(Option<(TaskId, State)>, usize)> {
        let sql = "SELECT task, state FROM known JOIN task ON task.id = known.task
            WHERE known.job = ? AND known.key = ? AND known.task > ? ORDER BY known.task";
        let mut statement = self.reader.prepare_cached(sql)?;
        let mut rows = statement.query(params![self.job.0, key.0, after])?;
        let mut passed = 0;
        while let Some(row) = rows.next()? {
            let task: i64 = row.get(0)?;
            if !self.is_given(task) {
                let state = State::of(row.get_ref(1)?.as_str()?).unwrap_or(State::Running);
                return Ok((Some((TaskId(task), state)), passed));
            }
            passed += 1;
        }
        Ok((None, passed))
    }

    fn is_given(&self, task: i64) -> bool {
        self.given.get(&(task >> 6)).is_some_and(|word| word & bit(task) != 0)
    }
}

/// A task's place among its 64.
fn bit(task: i64) -> u64 {
    1 << (task & 63)
}
