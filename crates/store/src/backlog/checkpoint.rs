//! What was committed goes from the log to its place in the file, on a thread of its own.
//!
//! ```text
//!  commit ──► log (-wal) ──── this thread, while commits go on ────► file
//!                  ▲                          │ nearly all is there
//!                  └─ begun anew ◄── commit ◄─┘ moves the little that is left
//! ```
//!
//! Whoever commits would otherwise stand still for as long as sixteen megabytes take to their places. The log is only begun
//! anew when all of it is in the file, which a thread that runs behind never sees of a service that is busy: so the writer
//! does the rest, when little is left.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use crate::error::StoreError;
use crate::store::PATIENCE;

/// After so many rows have changed the log is looked at.
const ROWS: u64 = 10_000;
/// Above so many pages the log is begun anew: 16 MiB.
const PAGES: i64 = 4_096;
/// How often the thread looks whether it is still wanted.
const GLANCE: Duration = Duration::from_secs(60);

/// The thread, and what it tells the one who writes.
#[derive(Debug)]
pub(super) struct Checkpoints {
    thread: Option<JoinHandle<()>>,
    told: Arc<Told>,
    /// How many rows had changed when the thread was woken last.
    rows: u64,
}

#[derive(Debug, Default)]
struct Told {
    /// There is something to do.
    wanted: AtomicBool,
    /// The log is long, and nearly all of it is in the file.
    nearly: AtomicBool,
    over: AtomicBool,
}

impl Checkpoints {
    /// From now on a commit moves no pages.
    pub(super) fn take_over(connection: &Connection, file: &Path) -> Result<Self, StoreError> {
        connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(StoreError::sqlite(file))?;
        let told = Arc::new(Told::default());
        let pages = open(connection, file).map_err(StoreError::sqlite(file))?;
        let (theirs, thread) = (Arc::clone(&told), thread::Builder::new().name("ganger-store".to_owned()));
        let thread = thread.spawn(move || work(&pages, &theirs)).map_err(StoreError::io(file))?;
        Ok(Self { thread: Some(thread), told, rows: connection.total_changes() })
    }

    pub(super) fn after_commit(&mut self, connection: &Connection) {
        if self.told.nearly.swap(false, Ordering::Relaxed) {
            // A log that stays long for now is no fault: the next one shortens it.
            let _ = checkpoint(connection);
        }
        let rows = connection.total_changes();
        if rows.saturating_sub(self.rows) >= ROWS {
            self.rows = rows;
            self.wake(&self.told.wanted);
        }
    }

    fn wake(&self, why: &AtomicBool) {
        why.store(true, Ordering::Release);
        self.thread.iter().for_each(|thread| thread.thread().unpark());
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.wake(&self.told.over);
        // A thread that panicked has nothing to clean up.
        self.thread.take().map(JoinHandle::join);
    }
}

fn work(connection: &Connection, told: &Told) {
    while !told.over.load(Ordering::Acquire) {
        if told.wanted.swap(false, Ordering::Acquire) {
            // What the disk refuses, the writer is told as well.
            let pages = checkpoint(connection).unwrap_or(0);
            told.nearly.store(pages >= PAGES, Ordering::Relaxed);
        } else {
            thread::park_timeout(GLANCE);
        }
    }
}

/// A connection that asks as much of the disk as the writer's.
fn open(writer: &Connection, file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(PATIENCE)?;
    let synchronous: i64 = writer.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(connection)
}

/// Moves what nobody holds up; gives how many pages the log has.
fn checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
}
