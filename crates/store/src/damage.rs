//! A file that is damaged: where, and what can be saved of it.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use crate::durability::Durability;
use crate::error::{Kind, StoreError};
use crate::reader;
use crate::store::Store;

/// How many faults are told.
const FAULTS: usize = 100;

/// What was saved of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Jobs, those included of which only tasks were left.
    pub jobs: u64,
    /// Tasks.
    pub tasks: u64,
    /// Attempts.
    pub attempts: u64,
    /// Pieces of output.
    pub outputs: u64,
    /// So many rows of all kinds were read and are none: what is in them is no text, no state, of no task.
    pub left_out: u64,
    /// At so many places something could not be read at all.
    pub holes: u64,
}

/// Reads all of a store, and tells what is wrong with it: nothing, if it is whole.
///
/// # Errors
/// When there is no store, or it is none.
pub fn check(file: &Path) -> Result<Vec<String>, StoreError> {
    let connection = reader::connect(file)?;
    let faults = read_faults(&connection).map_err(StoreError::sqlite(file));
    match faults {
        Ok(faults) if faults == ["ok"] => match crate::schema::check(&connection, file)? {
            0 => Err(StoreError::new(file, Kind::Empty)),
            _ => nonsense(&connection).map_err(StoreError::sqlite(file)),
        },
        Ok(faults) => Ok(faults),
        Err(error) if error.is_damaged() => Ok(vec![error.to_string()]),
        Err(error) => Err(error),
    }
}

/// What SQLite finds nothing wrong with, and no reader takes.
fn nonsense(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push((table, unreadable(connection, table)?));
    }
    for (table, condition) in NONSENSE {
        rows.push((table, count(connection, &format!("{table} WHERE {condition}"))?));
    }
    let wrong = rows.iter().filter(|(_, rows)| *rows > 0);
    Ok(wrong.map(|(table, rows)| format!("rows of the table {table} that make no sense: {rows}")).collect())
}

/// How many rows have text that is none.
fn unreadable(connection: &Connection, table: &str) -> rusqlite::Result<u64> {
    let mut select = connection.prepare(&format!("SELECT * FROM {table}"))?;
    let (width, mut bad) = (select.column_count(), 0);
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        bad += u64::from((0..width).any(|at| row.get::<_, Value>(at).is_err()));
    }
    Ok(bad)
}

fn count(connection: &Connection, rows: &str) -> rusqlite::Result<u64> {
    connection.query_row(&format!("SELECT count(*) FROM {rows}"), [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

fn read_faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FAULTS})"))?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Copies what can be read of a damaged store into a new one, and leaves the damaged one as it is. What cannot be read is
/// passed over; attempts and outputs whose task is lost are left out; tasks whose job is get a new one.
///
/// # Errors
/// When there is something of the new name, when nothing can be read, and those of the disk.
pub fn salvage(file: &Path, new: &Path) -> Result<Salvaged, StoreError> {
    if !file.exists() {
        return Err(StoreError::new(file, Kind::Missing));
    }
    if new.exists() {
        return Err(StoreError::new(new, Kind::Exists));
    }
    // Reading alone: the end of the last connection that writes changes the file.
    let from = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(StoreError::sqlite(file))?;
    if let Some(error) = crate::schema::check(&from, file).err().filter(|error| !error.is_damaged()) {
        return Err(error);
    }
    // Where not even its tables can be found there is nothing to be had, and no new file.
    from.prepare("SELECT 1 FROM job, run, task, attempt, output").map_err(StoreError::sqlite(file))?;
    let mut store = Store::open(new, Durability::Off)?;
    let salvaged = copy_all(&from, &mut store.connection);
    salvaged.map_err(StoreError::sqlite(new))
}

fn copy_all(from: &Connection, store: &mut Connection) -> rusqlite::Result<Salvaged> {
    let to = store.transaction()?;
    let mut salvaged = Salvaged::default();
    for table in TABLES.into_iter().chain(served_tables(from)) {
        let mut copy = Copy { from, to: &to, table, left_out: 0 };
        salvaged.holes += copy.all()?;
        salvaged.left_out += copy.left_out;
    }
    let (nonsense, orphans) = NONSENSE.split_at(NONSENSE.len() - ORPHANS);
    salvaged.left_out += delete(&to, nonsense)?;
    to.execute_batch(ADOPT)?;
    salvaged.left_out += delete(&to, orphans)?;
    // What was printed by those that were killed has no attempt in any store.
    to.execute("DELETE FROM output WHERE attempt NOT IN (SELECT id FROM attempt)", [])?;
    to.execute_batch(MEND_SERVED)?;
    (salvaged.jobs, salvaged.tasks) = (count(&to, "job")?, count(&to, "task")?);
    (salvaged.attempts, salvaged.outputs) = (count(&to, "attempt")?, count(&to, "output")?);
    to.commit()?;
    Ok(salvaged)
}

fn delete(from: &Connection, what: &[(&str, &str)]) -> rusqlite::Result<u64> {
    let mut rows = 0;
    for (table, condition) in what {
        rows += from.execute(&format!("DELETE FROM {table} WHERE {condition}"), [])? as u64;
    }
    Ok(rows)
}

const TABLES: [&str; 5] = ["job", "run", "task", "attempt", "output"];

/// The service's, which a store of version 1 does not have. Which jobs stand in line follows from them.
fn served_tables(from: &Connection) -> impl Iterator<Item = &'static str> {
    let tables = ["queue", "served", "running", "tried", "delayed", "chore", "schedule"];
    tables.into_iter().filter(|table| from.table_exists(None, *table).unwrap_or(true))
}

/// How much waits and ran follows from the tasks as well. What ran, and is not known to, waits. A job that needs others is
/// held until somebody resumes it: which they were is not saved.
const MEND_SERVED: &str = "
    DELETE FROM served WHERE job NOT IN (SELECT id FROM job) OR run NOT IN (SELECT id FROM run)
        OR queue NOT IN (SELECT id FROM queue)
        OR failures NOT BETWEEN 0 AND 4294967295 OR losses NOT BETWEEN 0 AND 4294967295;
    DELETE FROM chore WHERE job NOT IN (SELECT id FROM job) OR what NOT IN ('stop', 'again', 'forget')
        OR what = 'again' AND coalesce(state, '') NOT IN ('failed', 'stopped');
    DELETE FROM tried WHERE attempts NOT BETWEEN 1 AND 4294967295 OR task NOT IN (SELECT id FROM task);
    DELETE FROM delayed WHERE task NOT IN (SELECT id FROM task WHERE state = 'delayed');
    INSERT INTO delayed SELECT id, 0 FROM task WHERE state = 'delayed' AND id NOT IN (SELECT task FROM delayed);
    DELETE FROM running WHERE number NOT BETWEEN 1 AND 4294967295
        OR task NOT IN (SELECT t.id FROM task t JOIN served s ON s.job = t.job WHERE t.state = 'running');
    UPDATE task SET state = 'waiting'
        WHERE state = 'running' AND job IN (SELECT job FROM served) AND id NOT IN (SELECT task FROM running);
    INSERT OR IGNORE INTO span SELECT t.job, t.number, t.id FROM task t JOIN served s ON s.job = t.job
        WHERE t.id <> s.first + t.number - 1
            AND NOT EXISTS (SELECT 1 FROM task p WHERE p.id = t.id - 1 AND p.job = t.job AND p.number = t.number - 1);
    INSERT OR IGNORE INTO tried SELECT t.id, count(*) FROM task t JOIN served s ON s.job = t.job
        JOIN attempt a ON a.task = t.id WHERE t.state IN ('waiting', 'delayed') GROUP BY t.id;
    UPDATE served SET paused = paused OR needs > 0, needs = 0,
        waiting = (SELECT count(*) FROM task t WHERE t.job = served.job AND t.state = 'waiting'),
        delayed = (SELECT count(*) FROM task t WHERE t.job = served.job AND t.state = 'delayed'),
        running = (SELECT count(*) FROM task t WHERE t.job = served.job AND t.state = 'running'),
        succeeded = (SELECT count(*) FROM task t WHERE t.job = served.job AND t.state = 'succeeded'),
        failed = (SELECT count(*) FROM task t WHERE t.job = served.job AND t.state = 'failed'),
        stopped = (SELECT count(*) FROM task t WHERE t.job = served.job AND t.state = 'stopped');
    UPDATE served SET ended = CASE WHEN waiting + delayed + running = 0 AND open = 0 THEN coalesce(ended, 0) END;
    INSERT OR IGNORE INTO unique_key SELECT key, job FROM served
        WHERE key IS NOT NULL AND (ended IS NULL OR mode = 'forgotten') ORDER BY job;
    UPDATE served SET hold = CASE WHEN cancelled = 1 OR paused = 1 THEN 'held' WHEN due IS NOT NULL THEN 'delayed' END;
    INSERT INTO line SELECT queue, rank, job FROM served WHERE hold IS NULL AND waiting > 0;
";

/// What a damaged page can have made of a row, no table refuses, and no reader takes.
const NONSENSE: [(&str, &str); 6] = [
    ("task", "state NOT IN ('running', 'succeeded', 'failed', 'stopped', 'waiting', 'delayed') OR length(key) != 16"),
    (
        "attempt",
        "how NOT IN ('exit', 'signal', 'out of memory', 'time limit', 'cpu limit', 'crashed', 'error', 'not started',
         'stopped') OR how IN ('exit', 'signal') AND code IS NULL
         OR number NOT BETWEEN 0 AND 4294967295 OR slot NOT BETWEEN 0 AND 4294967295",
    ),
    ("output", "stream NOT IN (1, 2)"),
    ("run", "pid NOT BETWEEN 0 AND 4294967295"),
    ("run", "job NOT IN (SELECT id FROM job)"),
    ("attempt", "task NOT IN (SELECT id FROM task)"),
];

/// So many of these, the last ones, are about what is missing elsewhere.
const ORPHANS: usize = 2;

/// Tasks whose job is lost get a new one.
const ADOPT: &str = "INSERT INTO job (id, name, command, created)
    SELECT DISTINCT job, 'salvaged-' || job, '', 0 FROM task WHERE job NOT IN (SELECT id FROM job)";

/// One table, in the order of its ids.
struct Copy<'a> {
    from: &'a Connection,
    to: &'a Connection,
    table: &'static str,
    /// How many rows were read and not taken.
    left_out: u64,
}

impl Copy<'_> {
    /// Gives at how many places something was passed over.
    fn all(&mut self) -> rusqlite::Result<u64> {
        let (mut after, mut holes) = (0, 0);
        while let Err(last) = self.up_to_fault(after)? {
            holes += 1;
            match self.beyond(last) {
                // An id that is damaged itself may lead back: each hole is left behind, or there would be no end.
                Some(next) => after = next.saturating_sub(1).max(last.saturating_add(1)),
                None => break,
            }
        }
        Ok(holes)
    }

    /// Copies until the end, or to where reading fails: behind which id. Errors of writing are the outer ones.
    fn up_to_fault(&mut self, mut after: i64) -> rusqlite::Result<Result<(), i64>> {
        let Ok(mut select) = self.from.prepare(&self.select()) else { return Ok(Err(after)) };
        let (width, columns) = (select.column_count(), select.column_names().collect::<Vec<_>>().join(", "));
        let Ok(mut rows) = select.query([after]) else { return Ok(Err(after)) };
        loop {
            match rows.next() {
                Ok(None) => return Ok(Ok(())),
                Err(_) => return Ok(Err(after)),
                Ok(Some(row)) => {
                    after = after.max(row.get(0)?);
                    // Text that is none any more is no row.
                    let values = (0..width).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<Value>>>();
                    let taken = values.map_or(Ok(false), |values| self.insert(&columns, &values))?;
                    self.left_out += u64::from(!taken);
                }
            }
        }
    }

    fn select(&self) -> String {
        format!("SELECT * FROM {} NOT INDEXED WHERE rowid > ? ORDER BY rowid", self.table)
    }

    /// What a damaged page has made of a row may be none that the table takes: then it is left out, and this false.
    fn insert(&self, columns: &str, values: &[Value]) -> rusqlite::Result<bool> {
        let marks = vec!["?"; values.len()].join(", ");
        let sql = format!("INSERT OR IGNORE INTO {} ({columns}) VALUES ({marks})", self.table);
        match self.to.prepare_cached(&sql)?.execute(params_from_iter(values)) {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => Ok(false),
            done => done.map(|rows| rows > 0),
        }
    }

    /// The next id that can be read, where the one behind `last` cannot: in growing steps, then back by halves.
    fn beyond(&self, last: i64) -> Option<i64> {
        let (mut unread, mut step) = (last.checked_add(1)?, 1_i64);
        let mut read = loop {
            let next = unread.checked_add(step)?;
            match self.first_from(next) {
                Ok(None) => return None,
                Ok(Some(_)) => break next,
                Err(()) => (unread, step) = (next, step.checked_mul(2)?),
            }
        };
        while unread + 1 < read {
            let middle = unread + (read - unread) / 2;
            let half = if self.first_from(middle).is_ok() { &mut read } else { &mut unread };
            *half = middle;
        }
        self.first_from(read).ok().flatten()
    }

    fn first_from(&self, id: i64) -> Result<Option<i64>, ()> {
        let sql = format!("SELECT * FROM {} NOT INDEXED WHERE rowid >= ? ORDER BY rowid LIMIT 1", self.table);
        let read = || {
            let mut select = self.from.prepare_cached(&sql)?;
            let mut rows = select.query([id])?;
            rows.next()?.map(|row| row.get(0)).transpose()
        };
        read().map_err(|_: rusqlite::Error| ())
    }
}
