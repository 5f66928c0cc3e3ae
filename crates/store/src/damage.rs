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
    /// At so many places something could not be read.
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
        Ok(faults) if faults == ["ok"] => crate::schema::check(&connection, file).map(|_| Vec::new()),
        Ok(faults) => Ok(faults),
        Err(error) if error.is_damaged() => Ok(vec![error.to_string()]),
        Err(error) => Err(error),
    }
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
    let mut holes = 0;
    for table in ["job", "run", "task", "attempt", "output"] {
        holes += Copy { from, to: &to, table }.all()?;
    }
    to.execute_batch(MEND)?;
    let count = |table| to.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
    let [jobs, tasks, attempts, outputs] =
        [count("job")?, count("task")?, count("attempt")?, count("output")?].map(i64::unsigned_abs);
    to.commit()?;
    Ok(Salvaged { jobs, tasks, attempts, outputs, holes })
}

/// What a damaged page can have made of a row, no table refuses, and no reader takes.
const MEND: &str = "
    DELETE FROM task WHERE state NOT IN ('running', 'succeeded', 'failed', 'stopped') OR length(key) != 16;
    DELETE FROM attempt WHERE how NOT IN ('exit', 'signal', 'out of memory', 'time limit', 'cpu limit', 'crashed', 'error',
        'not started', 'stopped') OR how IN ('exit', 'signal') AND code IS NULL
        OR number NOT BETWEEN 0 AND 4294967295 OR slot NOT BETWEEN 0 AND 4294967295;
    DELETE FROM output WHERE stream NOT IN (1, 2);
    DELETE FROM run WHERE pid NOT BETWEEN 0 AND 4294967295;
    INSERT INTO job (id, name, command, created)
        SELECT DISTINCT job, 'salvaged-' || job, '', 0 FROM task WHERE job NOT IN (SELECT id FROM job);
    DELETE FROM run WHERE job NOT IN (SELECT id FROM job);
    DELETE FROM attempt WHERE task NOT IN (SELECT id FROM task);
    DELETE FROM output WHERE attempt NOT IN (SELECT id FROM attempt);
";

/// One table, in the order of its ids.
struct Copy<'a> {
    from: &'a Connection,
    to: &'a Connection,
    table: &'static str,
}

impl Copy<'_> {
    /// Gives at how many places something was passed over.
    fn all(&self) -> rusqlite::Result<u64> {
        let (mut after, mut holes) = (0, 0);
        while let Err(last) = self.up_to_fault(after)? {
            holes += 1;
            match self.beyond(last) {
                Some(next) => after = next - 1,
                None => break,
            }
        }
        Ok(holes)
    }

    /// Copies until the end, or to where reading fails: behind which id. Errors of writing are the outer ones.
    fn up_to_fault(&self, mut after: i64) -> rusqlite::Result<Result<(), i64>> {
        let Ok(mut select) = self.from.prepare(&self.select()) else { return Ok(Err(after)) };
        let width = select.column_count();
        let Ok(mut rows) = select.query([after]) else { return Ok(Err(after)) };
        loop {
            match rows.next() {
                Ok(None) => return Ok(Ok(())),
                Err(_) => return Ok(Err(after)),
                Ok(Some(row)) => {
                    after = row.get(0)?;
                    // Text that is none any more is no row.
                    if let Ok(values) = (0..width).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<Value>>>() {
                        self.insert(&values)?;
                    }
                }
            }
        }
    }

    fn select(&self) -> String {
        format!("SELECT * FROM {} NOT INDEXED WHERE id > ? ORDER BY id", self.table)
    }

    /// What a damaged page has made of a row may be none that the table takes: then it is left out.
    fn insert(&self, values: &[Value]) -> rusqlite::Result<()> {
        let marks = vec!["?"; values.len()].join(", ");
        let sql = format!("INSERT OR IGNORE INTO {} VALUES ({marks})", self.table);
        match self.to.prepare_cached(&sql)?.execute(params_from_iter(values)) {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => Ok(()),
            done => done.map(drop),
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
        let sql = format!("SELECT * FROM {} NOT INDEXED WHERE id >= ? ORDER BY id LIMIT 1", self.table);
        let read = || {
            let mut select = self.from.prepare_cached(&sql)?;
            let mut rows = select.query([id])?;
            rows.next()?.map(|row| row.get(0)).transpose()
        };
        read().map_err(|_: rusqlite::Error| ())
    }
}
