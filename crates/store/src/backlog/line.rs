//! Which jobs stand in the line of their queue, and how they come to stand there.
//!
//! ```text
//!  due later, paused, needs others ──► nothing holds it ──► in line ──► claimed from, until no task of it waits
//!                                           ▲                                   │
//!                                           └──── a task of it waits again ◄────┘
//! ```
//!
//! [`Writing::place`] alone decides. Whatever changes one of its reasons notes the job in `touched`, and all of those are
//! placed before a claim, and once more at the end of the turn.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, params};

use super::Writing;
use crate::words::{JobId, QueueId};

/// Where a job stands, or would.
struct Place {
    queue: QueueId,
    rank: i64,
    is_held: bool,
}

impl Writing<'_> {
    pub(super) fn place_touched(&mut self) -> rusqlite::Result<()> {
        let touched: BTreeSet<JobId> = std::mem::take(&mut self.touched);
        touched.into_iter().try_for_each(|job| self.place(job))
    }

    /// Puts a job of which a task may wait where it belongs.
    fn place(&mut self, job: JobId) -> rusqlite::Result<()> {
        match self.place_of(job)? {
            Some(Place { is_held: true, queue, rank }) => self.leave(queue, rank, job),
            Some(Place { is_held: false, queue, rank }) => self.enter(queue, rank, job),
            None => Ok(()),
        }
    }

    fn place_of(&self, job: JobId) -> rusqlite::Result<Option<Place>> {
        let mut select = self.to.prepare_cached(
            "SELECT queue, rank, cancelled = 1 OR paused = 1 OR due IS NOT NULL OR needs > 0 FROM served WHERE job = ?",
        )?;
        let place = |row: &rusqlite::Row<'_>| {
            Ok(Place { queue: QueueId(row.get(0)?), rank: row.get(1)?, is_held: row.get(2)? })
        };
        select.query_row([job.0], place).optional()
    }

    fn enter(&mut self, queue: QueueId, rank: i64, job: JobId) -> rusqlite::Result<()> {
        let mut insert = self.to.prepare_cached("INSERT OR IGNORE INTO line (queue, rank, job) VALUES (?, ?, ?)")?;
        insert.execute(params![queue.0, rank, job.0])?;
        self.done.lines.insert(queue, true);
        Ok(())
    }

    pub(super) fn leave(&self, queue: QueueId, rank: i64, job: JobId) -> rusqlite::Result<()> {
        let mut delete = self.to.prepare_cached("DELETE FROM line WHERE queue = ? AND rank = ? AND job = ?")?;
        delete.execute(params![queue.0, rank, job.0]).map(drop)
    }
}
