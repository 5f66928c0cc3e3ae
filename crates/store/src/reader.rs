//! Looking into a store, also while another process writes to it.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row};

use crate::error::{Kind, StoreError};
use crate::key::Key;
use crate::lock::{Watch, check_kind};
use crate::record::{Attempt, Job, Run, Setting, Task};
use crate::schema;
use crate::store::{PATIENCE, host, job, last_job, moment, split};
use crate::words::{AttemptId, End, JobId, RunEnd, RunId, State, Stream, TaskId, Usage};

/// A store, open for reading.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: Connection,
    pub(crate) file: PathBuf,
    // After the connection: see the lock.
    watch: Watch,
}

/// A connection that reads. It may have to make the files of the log, so it opens for writing where it can.
pub(crate) fn connect(file: &Path) -> Result<Connection, StoreError> {
    if !file.exists() {
        return Err(StoreError::new(file, Kind::Missing));
    }
    check_kind(file)?;
    let failed = StoreError::sqlite(file);
    let open = |flags| Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let opened = open(OpenFlags::SQLITE_OPEN_READ_WRITE).or_else(|_| open(OpenFlags::SQLITE_OPEN_READ_ONLY));
    let mut connection = opened.map_err(&failed)?;
    if !can_read(&connection) && log(file).metadata().map_or(0, |data| data.len()) == 0 {
        connection = open_unchanging(file).unwrap_or(connection);
    }
    connection.busy_timeout(PATIENCE).map_err(&failed)?;
    connection.pragma_update(None, "query_only", true).map_err(&failed)?;
    Ok(connection)
}

/// Whether the files of the log are there or can be made.
fn can_read(connection: &Connection) -> bool {
    const NO_LOG: [ErrorCode; 2] = [ErrorCode::ReadOnly, ErrorCode::CannotOpen];
    let read = connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0));
    read.err().and_then(|error| error.sqlite_error_code()).is_none_or(|code| !NO_LOG.contains(&code))
}

/// Where a directory may not be written to and there is no log, nobody writes: the file is read as it is.
fn open_unchanging(file: &Path) -> rusqlite::Result<Connection> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let path: String = file.as_os_str().as_bytes().iter().fold(String::new(), |path, byte| match plain(byte) {
        true => path + &char::from(*byte).to_string(),
        false => path + &format!("%{byte:02x}"),
    });
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{path}?immutable=1"), flags)
}

/// The log beside a store, which is there while it is open, and after a crash.
pub(crate) fn log(file: &Path) -> PathBuf {
    beside(file, "-wal")
}

/// A file of SQLite's that goes with a store.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl Reader {
    /// Opens a store.
    ///
    /// # Errors
    /// When there is none, when it is something else or newer, and those of the disk.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = connect(file)?;
        if schema::check(&connection, file)? == 0 {
            return Err(StoreError::new(file, Kind::Empty));
        }
        let watch = Watch::open(file)?;
        Ok(Self { connection, file: file.to_owned(), watch })
    }

    /// All jobs, the oldest first.
    ///
    /// # Errors
    /// Those of the disk, as everywhere here.
    pub fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.all("SELECT id, name, command, created FROM job ORDER BY id", [], job)
    }

    /// The jobs that were made last, the newest first.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn newest_jobs(&self, limit: usize) -> Result<Vec<Job>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all("SELECT id, name, command, created FROM job ORDER BY id DESC LIMIT ?", [limit], job)
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
        let sql = "SELECT id, began, ended, how, pid, host, words, grammar, variables, directory, environment
            FROM run WHERE job = ? ORDER BY id";
        self.all(sql, [job.0], |row| run(job, row))
    }

    /// Whether a run goes on: a process writes to the store, and it is that run's.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn is_running(&self, run: &Run) -> Result<bool, StoreError> {
        if run.ended.is_some() || !self.watch.is_held() {
            return Ok(false);
        }
        // Several runs may go on in one process, and then nobody else has begun one since.
        let later = "SELECT id FROM run WHERE id > ? AND (pid <> ? OR host <> ?) LIMIT 1";
        let later: Option<i64> = self.one(later, (run.id.0, run.pid, &run.host), |row| row.get(0))?;
        // Whoever holds the lock may also be one that forgets jobs, while the last run was killed.
        let elsewhere = host() != run.host;
        Ok(later.is_none() && (elsewhere || Path::new("/proc").join(run.pid.to_string()).exists()))
    }

    /// The run of the last attempt at a task; of one without an attempt, its job's last.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn run_of(&self, task: TaskId, job: JobId) -> Result<Run, StoreError> {
        let last =
            self.one("SELECT run FROM attempt WHERE task = ? ORDER BY id DESC LIMIT 1", [task.0], |row| row.get(0))?;
        let found = self.runs(job)?.into_iter().rfind(|run| last.is_none_or(|last: i64| run.id.0 == last));
        found.ok_or_else(|| StoreError::new(&self.file, Kind::Empty))
    }

    /// How many tasks of a job are in each state.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn counts(&self, job: JobId) -> Result<Vec<(State, u64)>, StoreError> {
        let sql = "SELECT state, count(*) FROM task WHERE job = ? GROUP BY state";
        self.all(sql, [job.0], |row| Ok((state(row, 0)?, row.get::<_, i64>(1)?.unsigned_abs())))
    }

    /// A task of a job, by its number in the store.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn task(&self, job: JobId, id: TaskId) -> Result<Option<Task>, StoreError> {
        let sql = "SELECT id, number, key, input, state FROM task WHERE id = ? AND job = ?";
        self.one(sql, [id.0, job.0], task)
    }

    /// The tasks of a job whose input had that number when it was first seen: one as a rule, more where a resume had
    /// other inputs. Looks at each task of the job.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn tasks_numbered(&self, job: JobId, number: u64) -> Result<Vec<Task>, StoreError> {
        let sql = "SELECT id, number, key, input, state FROM task WHERE job = ? AND number = ? ORDER BY id";
        self.all(sql, [job.0, i64::try_from(number).unwrap_or(i64::MAX)], task)
    }

    /// The first that an attempt printed to a stream and is kept, at most `limit` bytes.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn beginning(&self, attempt: AttemptId, stream: Stream, limit: u32) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT substr(bytes, 1, ?) FROM output WHERE attempt = ? AND stream = ? ORDER BY id LIMIT 1";
        let found = self.one(sql, (limit, attempt.0, stream as i64), |row| row.get(0))?;
        Ok(found.unwrap_or_default())
    }

    /// The attempts at a task, the first one first.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn attempts(&self, task: TaskId) -> Result<Vec<Attempt>, StoreError> {
        let sql = format!("SELECT {ATTEMPT} FROM attempt WHERE task = ? ORDER BY id");
        self.all(&sql, [task.0], attempt)
    }

    /// The last attempt at a task that is over.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn last_attempt(&self, task: TaskId) -> Result<Option<Attempt>, StoreError> {
        let sql = format!("SELECT {ATTEMPT} FROM attempt WHERE task = ? ORDER BY id DESC LIMIT 1");
        self.one(&sql, [task.0], attempt)
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

    pub(crate) fn one<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let read = || self.connection.prepare_cached(sql)?.query_row(values, row).optional();
        read().map_err(StoreError::sqlite(&self.file))
    }

    pub(crate) fn all<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let read = || self.connection.prepare_cached(sql)?.query_map(values, row)?.collect::<rusqlite::Result<_>>();
        read().map_err(StoreError::sqlite(&self.file))
    }
}

pub(crate) fn state(row: &Row<'_>, at: usize) -> rusqlite::Result<State> {
    let word = row.get_ref(at)?.as_str()?;
    State::of(word).ok_or_else(|| rusqlite::Error::InvalidColumnName(word.to_owned()))
}

pub(crate) fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: TaskId(row.get(0)?),
        number: row.get::<_, i64>(1)?.unsigned_abs(),
        key: Key(row.get(2)?),
        input: row.get(3)?,
        state: state(row, 4)?,
    })
}

fn run(job: JobId, row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        id: RunId(row.get(0)?),
        job,
        began: moment(row.get(1)?),
        ended: row.get::<_, Option<i64>>(2)?.map(moment),
        how: row.get::<_, Option<String>>(3)?.and_then(|word| RunEnd::of(&word)),
        pid: row.get(4)?,
        host: row.get(5)?,
        setting: Setting {
            words: split(&row.get::<_, Vec<u8>>(6)?),
            grammar: row.get(7)?,
            variables: split(&row.get::<_, Vec<u8>>(8)?),
            directory: row.get(9)?,
            environment: split(&row.get::<_, Vec<u8>>(10)?),
        },
    })
}

/// The columns that [`attempt`] reads.
pub(crate) const ATTEMPT: &str =
    "id, task, number, slot, began, ended, wall, user, system, max_rss, peak, printed, how, code, message";

pub(crate) fn attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    let micros = |at| row.get::<_, i64>(at).map(|time| std::time::Duration::from_micros(time.unsigned_abs()));
    let how: String = row.get(12)?;
    Ok(Attempt {
        id: AttemptId(row.get(0)?),
        task: TaskId(row.get(1)?),
        number: row.get(2)?,
        slot: row.get(3)?,
        began: moment(row.get(4)?),
        ended: moment(row.get(5)?),
        used: Usage {
            wall: micros(6)?,
            user: micros(7)?,
            system: micros(8)?,
            max_rss: row.get::<_, i64>(9)?.unsigned_abs(),
            peak: row.get::<_, i64>(10)?.unsigned_abs(),
        },
        printed: row.get::<_, i64>(11)?.unsigned_abs(),
        end: End::of(&how, row.get(13)?, row.get(14)?).ok_or(rusqlite::Error::InvalidColumnName(how))?,
    })
}
