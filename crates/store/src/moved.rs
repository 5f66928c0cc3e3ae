//! A store that was deleted or replaced under its writer: what is written goes where nobody looks for it.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::error::{Kind, StoreError};
use crate::reader::{beside, log};

/// Takes our log away, which has its name from the place: it would be laid over the file that stands there now. All that is
/// in it goes to our file first, which may only be called otherwise.
pub(crate) fn leave(connection: &Connection, file: &Path) -> StoreError {
    // If our file is gone for good, nothing is lost by what fails.
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    if log(file).metadata().is_ok_and(|log| log.len() == 0) {
        let _ = fs::remove_file(log(file));
        let _ = fs::remove_file(beside(file, "-shm"));
    }
    StoreError::new(file, Kind::Moved)
}
