//! Looking into a store, also while another process writes to it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};

use crate::error::{Kind, StoreError};
use crate::key::Key;
use crate::record::{Attempt, Job, Run, Setting, Task};
use crate::schema;
use crate::store::{PATIENCE, job, last_job, moment, split};
use crate::words::{AttemptId, End, JobId, RunId, State, Stream, TaskId, Usage};

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

/// A store, open for reading.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    file: PathBuf,
}

/// A connection that reads. It may have to make the files of the log, so it opens for writing where it can.
pub(crate) fn connect(file: &Path) -> Result<Connection, StoreError> {
    if !file.exists() {
        return Err(StoreError::new(file, Kind::Missing));
    }
    let failed = StoreError::sqlite(file);
    let open = |flags| Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection =
        open(OpenFlags::SQLITE_OPEN_READ_WRITE).or_else(|_| open(OpenFlags::SQLITE_OPEN_READ_ONLY)).map_err(&failed)?;
    connection.busy_timeout(PATIENCE).map_err(&failed)?;
    connection.pragma_update(None, "query_only", true).map_err(&failed)?;
    Ok(connection)
}

impl Reader {
    /// Opens a store.
    ///
    /// # Errors
    /// When there is none, when it is something else or newer, and those of the disk.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = connect(file)?;
        schema::check(&connection, file)?;
        Ok(Self { connection, file: file.to_owned() })
    }

    /// All jobs, the oldest first.
    ///
    /// # Errors
    /// Those of the disk, as everywhere here.
    pub fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.all("SELECT id, name, command, created FROM job ORDER BY id", [], job)
    }

    /// The last job of that name, or, if none has it, the one with that number.
    ///
    /// # Errors
    /// When there is none.
    pub fn job(&self, name: &str) -> Result<Job, StoreError> {
        let sql = "SELECT id, name, command, created FROM job WHERE id = ?";
        let numbered = || match name.parse::<i64>() {
            Ok(id) => self.connection.query_row(sql, [id], job).optional(),
            Err(_) => Ok(None),
        };
        let named = last_job(&self.connection, name);
        let found = named.and_then(|found| found.map_or_else(numbered, |job| Ok(Some(job))));
        let found = found.map_err(StoreError::sqlite(&self.file))?;
        found.ok_or_else(|| StoreError::new(&self.file, Kind::NoJob(name.to_owned())))
    }

    /// The job that was made last.
    ///
    /// # Errors
    /// When there is none.
    pub fn newest_job(&self) -> Result<Job, StoreError> {
        let sql = "SELECT id, name, command, created FROM job ORDER BY id DESC LIMIT 1";
        let found = self.connection.query_row(sql, [], job).optional().map_err(StoreError::sqlite(&self.file))?;
        found.ok_or_else(|| StoreError::new(&self.file, Kind::Empty))
    }

    /// A job's last run.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn last_run(&self, job: JobId) -> Result<Run, StoreError> {
        self.runs(job)?.pop().ok_or_else(|| StoreError::new(&self.file, Kind::Empty))
    }

    /// A job's runs, the first one first.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn runs(&self, job: JobId) -> Result<Vec<Run>, StoreError> {
        let sql = "SELECT id, began, ended, pid, host, words, variables, directory, environment
            FROM run WHERE job = ? ORDER BY id";
        self.all(sql, [job.0], |row| {
            Ok(Run {
                id: RunId(row.get(0)?),
                job,
                began: moment(row.get(1)?),
                ended: row.get::<_, Option<i64>>(2)?.map(moment),
                pid: row.get(3)?,
                host: row.get(4)?,
                setting: Setting {
                    words: split(&row.get::<_, Vec<u8>>(5)?),
                    variables: split(&row.get::<_, Vec<u8>>(6)?),
                    directory: row.get(7)?,
                    environment: split(&row.get::<_, Vec<u8>>(8)?),
                },
            })
        })
    }

    /// How many tasks of a job are in each state.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn counts(&self, job: JobId) -> Result<Vec<(State, u64)>, StoreError> {
        let sql = "SELECT state, count(*) FROM task WHERE job = ? GROUP BY state";
        self.all(sql, [job.0], |row| Ok((state(row, 0)?, row.get::<_, i64>(1)?.unsigned_abs())))
    }

    /// Tasks of a job, in the order of their ids.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn tasks(&self, job: JobId, filter: &Filter) -> Result<Vec<Task>, StoreError> {
        let sql = "SELECT id, number, key, input, state FROM task
            WHERE job = ?1 AND (?2 IS NULL OR state = ?2) AND id > ?3 ORDER BY id LIMIT ?4";
        let limit = filter.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let after = filter.after.map_or(0, |task| task.0);
        self.all(sql, params![job.0, filter.state.map(State::word), after, limit], task)
    }

    /// The attempts at a task, the first one first.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn attempts(&self, task: TaskId) -> Result<Vec<Attempt>, StoreError> {
        let sql = "SELECT id, number, slot, began, ended, wall, user, system, max_rss, printed, how, code, message
            FROM attempt WHERE task = ? ORDER BY id";
        self.all(sql, [task.0], |row| attempt(task, row))
    }

    /// What an attempt printed, in the order in which it came.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn output(&self, attempt: AttemptId) -> Result<Vec<(Stream, Vec<u8>)>, StoreError> {
        let sql = "SELECT stream, bytes FROM output WHERE attempt = ? ORDER BY id";
        self.all(sql, [attempt.0], |row| {
            let stream = Stream::of(row.get(0)?).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, row.get(0)?))?;
            Ok((stream, row.get(1)?))
        })
    }

    fn all<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let read = || self.connection.prepare_cached(sql)?.query_map(values, row)?.collect::<rusqlite::Result<_>>();
        read().map_err(StoreError::sqlite(&self.file))
    }
}

fn state(row: &Row<'_>, at: usize) -> rusqlite::Result<State> {
    let word = row.get_ref(at)?.as_str()?;
    State::of(word).ok_or_else(|| rusqlite::Error::InvalidColumnName(word.to_owned()))
}

fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: TaskId(row.get(0)?),
        number: row.get::<_, i64>(1)?.unsigned_abs(),
        key: Key(row.get(2)?),
        input: row.get(3)?,
        state: state(row, 4)?,
    })
}

fn attempt(task: TaskId, row: &Row<'_>) -> rusqlite::Result<Attempt> {
    let micros = |at| row.get::<_, i64>(at).map(|time| std::time::Duration::from_micros(time.unsigned_abs()));
    let how: String = row.get(10)?;
    Ok(Attempt {
        id: AttemptId(row.get(0)?),
        task,
        number: row.get(1)?,
        slot: row.get(2)?,
        began: moment(row.get(3)?),
        ended: moment(row.get(4)?),
        used: Usage {
            wall: micros(5)?,
            user: micros(6)?,
            system: micros(7)?,
            max_rss: row.get::<_, i64>(8)?.unsigned_abs(),
        },
        printed: row.get::<_, i64>(9)?.unsigned_abs(),
        end: End::of(&how, row.get(11)?, row.get(12)?).ok_or(rusqlite::Error::InvalidColumnName(how))?,
    })
}
