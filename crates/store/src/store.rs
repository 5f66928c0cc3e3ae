//! A store in the hands of the one who writes to it.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::durability::Durability;
use crate::error::{Kind, StoreError};
use crate::lock::Lock;
use crate::record::{Job, Run, Setting};
use crate::schema;
use crate::unsynced::{self, Heard};
use crate::words::{AttemptId, JobId, RunId, TaskId};

/// How long one waits for another connection's lock: a reader's, for an instant, or a tool's.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How many pages the log has before they go to their places in the file: 16 MiB.
const CHECKPOINT: c_int = 4096;

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
    /// What checkpoints have found out since the last commit.
    pub(crate) heard: Heard,
}

impl Store {
    /// Opens a store, and makes it if there is none.
    ///
    /// # Errors
    /// When another process writes to it, when it is something else or newer, and those of the disk.
    pub fn open(file: &Path, durability: Durability) -> Result<Self, StoreError> {
        let lock = Lock::take(file).map_err(|error| tell_holder(file, error))?;
        let mut connection = Connection::open(file).map_err(StoreError::sqlite(file))?;
        connection.busy_timeout(PATIENCE).map_err(StoreError::sqlite(file))?;
        let heard = Heard::default();
        prepare(&mut connection, file, durability, heard.clone())
            .map_err(|error| unsynced::heed(&connection, error))?;
        Ok(Self { connection, file: file.to_owned(), lock, heard })
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

    /// A run of a job begins, in this process and on this machine.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn begin_run(&mut self, job: JobId, setting: Setting) -> Result<Run, StoreError> {
        let (began, pid, host) = (SystemTime::now(), std::process::id(), host());
        self.execute(
            "INSERT INTO run (job, began, pid, host, words, grammar, variables, directory, environment)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                job.0,
                time(began),
                pid,
                host,
                joined(&setting.words),
                setting.grammar,
                joined(&setting.variables),
                setting.directory,
                joined(&setting.environment)
            ],
        )?;
        let id = RunId(self.connection.last_insert_rowid());
        Ok(Run { id, job, began, ended: None, how: None, pid, host, setting })
    }

    /// The ids that come next. An attempt that was killed with its process may have left output, and no row.
    pub(crate) fn next_ids(&self) -> Result<(TaskId, AttemptId), StoreError> {
        let task = self.last("SELECT max(id) FROM task")?;
        let attempt = self.last("SELECT max(id) FROM attempt")?.max(self.last("SELECT max(attempt) FROM output")?);
        // Of a file that says that it has the last there is, SQLite refuses what comes.
        Ok((TaskId(task.saturating_add(1)), AttemptId(attempt.saturating_add(1))))
    }

    fn last(&self, sql: &str) -> Result<i64, StoreError> {
        let last = self.connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        last.map(Option::unwrap_or_default).map_err(self.failed())
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, StoreError> {
        self.connection.execute(sql, values).map_err(self.failed())
    }

    pub(crate) fn failed(&self) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        |error| unsynced::heed(&self.connection, StoreError::sqlite(&self.file)(error))
    }
}

fn prepare(connection: &mut Connection, file: &Path, durability: Durability, heard: Heard) -> Result<(), StoreError> {
    // Before anything that would change another program's file.
    schema::check(connection, file)?;
    log_ahead(connection, file)?;
    configure(connection, durability, heard).map_err(StoreError::sqlite(file))?;
    schema::migrate(connection, file)
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

/// SQLite goes on without a log where there can be none, and says so here alone.
fn log_ahead(connection: &Connection, file: &Path) -> Result<(), StoreError> {
    let switch = || {
        let mut switch = connection.prepare("PRAGMA journal_mode = WAL")?;
        // To its end: what it has told is committed only then.
        switch.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
    };
    let modes = switch().map_err(StoreError::sqlite(file))?;
    if modes == ["wal"] { Ok(()) } else { Err(StoreError::new(file, Kind::Unlogged)) }
}

fn configure(connection: &mut Connection, durability: Durability, heard: Heard) -> rusqlite::Result<()> {
    // Who alone writes, and writes what it has just made, need not look each reference up: a tenth of the cost of a task.
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.wal_hook(Some(unsynced::checkpoint_at(CHECKPOINT, heard)))?;
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

/// What this machine is called.
pub(crate) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.map_or_else(|_| String::new(), |name| name.trim_end().to_owned())
}
