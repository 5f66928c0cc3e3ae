//! A disk that could not keep what was written (`fsync` failed). That is the end of the store in this process: the kernel has
//! marked the pages as written, so a second attempt would succeed and mean nothing. Whoever opens the file next reads what is
//! there, and the log's checksums tell how far it is whole.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, ffi};

use crate::error::StoreError;

/// Whether it is that: the file's own `fsync`, or that of its directory.
pub(crate) fn is_unsynced(error: &rusqlite::Error) -> bool {
    let codes = [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC];
    error.sqlite_error().is_some_and(|error| codes.contains(&error.extended_code))
}

/// Lets an error go on its way. If it is that, the connection's end moves no pages out of a log of which nobody knows how much
/// the disk has.
pub(crate) fn heed(connection: &Connection, error: StoreError) -> StoreError {
    if error.is_unsynced() {
        // It fails of no connection that is open.
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }
    error
}

/// What a checkpoint has found out, for the next one who commits: nobody waits for a checkpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Mutex<Option<rusqlite::Error>>>);

impl Heard {
    /// What came of a checkpoint, or nothing: whatever else hindered it, a reader or a full disk, the next one will do.
    pub(crate) fn note<T>(&self, checkpoint: rusqlite::Result<T>) -> Option<T> {
        checkpoint.map_err(|error| is_unsynced(&error).then(|| *self.lock() = Some(error))).ok()
    }

    /// # Errors
    /// The disk has not kept what was written.
    pub(crate) fn told(&self) -> rusqlite::Result<()> {
        self.lock().take().map_or(Ok(()), Err)
    }

    fn lock(&self) -> MutexGuard<'_, Option<rusqlite::Error>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What SQLite does by itself when the log has so many pages; but it keeps what the disk then says to itself.
pub(crate) fn checkpoint_at(pages: c_int, heard: Heard) -> impl FnMut(&mut Wal, c_int) -> rusqlite::Result<()> {
    move |log, length| {
        if length >= pages {
            heard.note(log.checkpoint());
        }
        Ok(())
    }
}
