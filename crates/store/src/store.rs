//! A store in the hands of the one who writes to it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::durability::Durability;
use crate::error::{Kind, StoreError};
use crate::lock::Lock;
use crate::record::{Job, Run, Setting};
use crate::schema;
use crate::words::{AttemptId, JobId, RunId, TaskId};

/// How long one waits for another connection's lock: a reader's, for an instant, or a tool's.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A store, open for writing: one process has it at a time.
///
/// ```
/// use ganger_store::{Durability, Store};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let place = tempfile::tempdir()?;
/// let mut store = Store::open(&place.path().join("jobs.db"), Durability::Process)?;
/// let job = store.create_job("compress", "gzip {}")?;
/// assert_eq!(store.last_job("compress")?.expect("made just now").id, job.id);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Store {
    // Before the lock, which must go last.
    pub(crate) connection: Connection,
    pub(crate) file: PathBuf,
    pub(crate) lock: Lock,
}

impl Store {
    /// Opens a store, and makes it if there is none.
    ///
    /// # Errors
    /// When another process writes to it, when it is something else or newer, and those of the disk.
    pub fn open(file: &Path, durability: Durability) -> Result<Self, StoreError> {
        let lock = Lock::take(file).map_err(|error| tell_holder(file, error))?;
        let mut connection = Connection::open(file).map_err(StoreError::sqlite(file))?;
        configure(&connection, durability).map_err(StoreError::sqlite(file))?;
        schema::migrate(&mut connection, file)?;
        Ok(Self { connection, file: file.to_owned(), lock })
    }

    /// A new job. From now on it is meant by its name, and no longer an earlier one that is called the same.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn create_job(&mut self, name: &str, command: &str) -> Result<Job, StoreError> {
        let created = SystemTime::now();
        self.execute(
            "INSERT INTO job (name, command, created) VALUES (?, ?, ?)",
            params![name, command, time(created)],
        )?;
        let id = JobId(self.connection.last_insert_rowid());
        Ok(Job { id, name: name.to_owned(), command: command.to_owned(), created })
    }

    /// The last job of that name.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn last_job(&self, name: &str) -> Result<Option<Job>, StoreError> {
        last_job(&self.connection, name).map_err(self.failed())
    }

    /// A run of a job begins, in this process.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn begin_run(&mut self, job: JobId, host: &str, setting: Setting) -> Result<Run, StoreError> {
        let (began, pid) = (SystemTime::now(), std::process::id());
        self.execute(
            "INSERT INTO run (job, began, pid, host, words, variables, directory, environment)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                job.0,
                time(began),
                pid,
                host,
                joined(&setting.words),
                joined(&setting.variables),
                setting.directory,
                joined(&setting.environment)
            ],
        )?;
        let (id, host) = (RunId(self.connection.last_insert_rowid()), host.to_owned());
        Ok(Run { id, job, began, ended: None, pid, host, setting })
    }

    /// The ids that come next.
    pub(crate) fn next_ids(&self) -> Result<(TaskId, AttemptId), StoreError> {
        let last = |table: &str| {
            let sql = format!("SELECT coalesce(max(id), 0) FROM {table}");
            self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map_err(self.failed())
        };
        Ok((TaskId(last("task")? + 1), AttemptId(last("attempt")? + 1)))
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, StoreError> {
        self.connection.execute(sql, values).map_err(self.failed())
    }

    pub(crate) fn failed(&self) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        StoreError::sqlite(&self.file)
    }
}

/// Says who has the lock: the process of the run that has begun last.
fn tell_holder(file: &Path, error: StoreError) -> StoreError {
    if !error.is_locked() {
        return error;
    }
    let last = "SELECT pid FROM run WHERE ended IS NULL ORDER BY id DESC LIMIT 1";
    let asked = crate::reader::connect(file)
        .and_then(|reader| reader.query_row(last, [], |row| row.get(0)).optional().map_err(StoreError::sqlite(file)));
    StoreError::new(file, Kind::Locked { by: asked.ok().flatten() })
}

fn configure(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", durability.synchronous())
}

pub(crate) fn last_job(connection: &Connection, name: &str) -> rusqlite::Result<Option<Job>> {
    let sql = "SELECT id, name, command, created FROM job WHERE name = ? ORDER BY id DESC LIMIT 1";
    connection.query_row(sql, [name], job).optional()
}

/// A row with a job's id, name, command and creation.
pub(crate) fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job { id: JobId(row.get(0)?), name: row.get(1)?, command: row.get(2)?, created: moment(row.get(3)?) })
}

/// Microseconds since 1970.
pub(crate) fn time(moment: SystemTime) -> i64 {
    moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

pub(crate) fn moment(time: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(time.max(0).unsigned_abs())
}

/// Strings that hold no NUL, with one behind each.
pub(crate) fn joined(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for part in parts {
        joined.extend_from_slice(part);
        joined.push(0);
    }
    joined
}

pub(crate) fn split(joined: &[u8]) -> Vec<Vec<u8>> {
    joined.split_inclusive(|byte| *byte == 0).map(|part| part.strip_suffix(b"\0").unwrap_or(part).to_vec()).collect()
}
