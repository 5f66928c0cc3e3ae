//! The tables, and the way from each version to the next.

use std::path::Path;

use rusqlite::Connection;

use crate::error::{Kind, StoreError};

/// "gngr": what `file` and SQLite's own tools see, and what keeps us from another program's database.
const APPLICATION: i32 = 0x676e_6772;

/// What leads from version *n* to *n* + 1. What was released is never changed, only followed.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/v1.sql"),
    include_str!("schema/v2.sql"),
    include_str!("schema/v3.sql"),
    include_str!("schema/v4.sql"),
];

/// The version that this program writes.
pub(crate) const VERSION: u32 = MIGRATIONS.len() as u32;

/// Whose file it is, and of which version.
enum Found {
    Nothing,
    Ours(u32),
    Theirs,
}

/// Brings a file that may be written to this version; an empty one from nothing.
pub(crate) fn migrate(connection: &mut Connection, file: &Path) -> Result<(), StoreError> {
    let failed = StoreError::sqlite(file);
    let version = check(connection, file)?;
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(version as usize) {
        let transaction = connection.transaction().map_err(&failed)?;
        transaction.execute_batch(sql).map_err(&failed)?;
        transaction.pragma_update(None, "user_version", step as u32 + 1).map_err(&failed)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
    }
    Ok(())
}

/// The version of a file, if we may read it.
pub(crate) fn check(connection: &Connection, file: &Path) -> Result<u32, StoreError> {
    match found(connection).map_err(StoreError::sqlite(file))? {
        Found::Nothing => Ok(0),
        Found::Ours(version) if version <= VERSION => Ok(version),
        Found::Ours(version) => Err(StoreError::new(file, Kind::Newer { version, known: VERSION })),
        Found::Theirs => Err(StoreError::new(file, Kind::NotAStore("it is another program's database"))),
    }
}

fn found(connection: &Connection) -> rusqlite::Result<Found> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    Ok(match application {
        APPLICATION => Found::Ours(version as u32),
        0 if tables == 0 => Found::Nothing,
        _ => Found::Theirs,
    })
}
