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

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use crate::error::StoreError;
use crate::store::PATIENCE;
use crate::unsynced::Heard;

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
    heard: Heard,
}

impl Checkpoints {
    /// From now on a commit moves no pages.
    pub(super) fn take_over(connection: &mut Connection, file: &Path, heard: Heard) -> Result<Self, StoreError> {
        connection.wal_hook(None::<fn(&mut Wal, c_int) -> rusqlite::Result<()>>).map_err(StoreError::sqlite(file))?;
        let told = Arc::new(Told { heard, ..Told::default() });
        let pages = open(connection, file).map_err(StoreError::sqlite(file))?;
        let (theirs, thread) = (Arc::clone(&told), thread::Builder::new().name("ganger-store".to_owned()));
        let thread = thread.spawn(move || work(&pages, &theirs)).map_err(StoreError::io(file))?;
        Ok(Self { thread: Some(thread), told, rows: connection.total_changes() })
    }

    /// Has the thread woken when there is enough for it.
    ///
    /// # Errors
    /// When a checkpoint has found that the disk does not keep what is written.
    pub(super) fn after_commit(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.told.nearly.swap(false, Ordering::Relaxed) {
            self.told.pages(checkpoint(connection));
        }
        let rows = connection.total_changes();
        if rows.saturating_sub(self.rows) >= ROWS {
            self.rows = rows;
            self.wake(&self.told.wanted);
        }
        self.told.heard.told()
    }

    fn wake(&self, why: &AtomicBool) {
        why.store(true, Ordering::Release);
        self.thread.iter().for_each(|thread| thread.thread().unpark());
    }
}

impl Told {
    /// How many pages the log has, or none to move: what else the disk refuses, the writer is told as well, and a log that stays
    /// long for now is no fault.
    fn pages(&self, moved: rusqlite::Result<i64>) -> i64 {
        self.heard.note(moved).unwrap_or(0)
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
            let pages = told.pages(checkpoint(connection));
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
