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

use rusqlite::{OptionalExtension as _, Row, params};

use super::Writing;
use crate::words::{JobId, QueueId};

/// What keeps the tasks of a job from beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// It is paused, or cancelled.
    Held,
    /// It needs other jobs.
    Blocked,
    /// Its time has not come.
    Delayed,
}

impl Hold {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Held, "held"), (Self::Blocked, "blocked"), (Self::Delayed, "delayed")];

    /// From a column of `served`.
    pub(super) fn read(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Self>> {
        let word: Option<String> = row.get(at)?;
        Ok(Self::ALL.into_iter().find_map(|(hold, known)| (word.as_deref() == Some(known)).then_some(hold)))
    }
}

/// What holds a job of `served`, by all its reasons.
const HOLD: &str = "CASE WHEN cancelled = 1 OR paused = 1 THEN 'held' WHEN needs > 0 THEN 'blocked'
    WHEN due IS NOT NULL THEN 'delayed' END";

/// Where a job stands, or would.
struct Place {
    queue: QueueId,
    rank: i64,
    hold: Option<Hold>,
    /// What has held it so far: so it is counted.
    before: Option<Hold>,
    waiting: i64,
}

impl Writing<'_> {
    pub(super) fn place_touched(&mut self) -> rusqlite::Result<()> {
        let touched: BTreeSet<JobId> = std::mem::take(&mut self.touched);
        touched.into_iter().try_for_each(|job| self.place(job))
    }

    /// Puts a job of which a task may wait where it belongs.
    fn place(&mut self, job: JobId) -> rusqlite::Result<()> {
        let Some(place) = self.place_of(job)? else { return Ok(()) };
        if place.hold != place.before {
            self.hold_by(job, &place)?;
        }
        match place {
            Place { hold: Some(_), queue, rank, .. } => self.leave(queue, rank, job),
            Place { hold: None, queue, rank, .. } => self.enter(queue, rank, job),
        }
    }

    /// What waits of it is counted elsewhere from now on; what this turn adds to that, [`count`](Self::count) does there.
    fn hold_by(&mut self, job: JobId, place: &Place) -> rusqlite::Result<()> {
        let mut update = self.to.prepare_cached(&format!("UPDATE served SET hold = {HOLD} WHERE job = ?"))?;
        update.execute([job.0])?;
        let change = self.done.depths.entry(place.queue).or_default();
        *change.of(place.before) -= place.waiting;
        *change.of(place.hold) += place.waiting;
        Ok(())
    }

    fn place_of(&self, job: JobId) -> rusqlite::Result<Option<Place>> {
        let mut select =
            self.to.prepare_cached(&format!("SELECT queue, rank, {HOLD}, hold, waiting FROM served WHERE job = ?"))?;
        let place = |row: &Row<'_>| {
            let (queue, rank, waiting) = (QueueId(row.get(0)?), row.get(1)?, row.get(4)?);
            Ok(Place { queue, rank, hold: Hold::read(row, 2)?, before: Hold::read(row, 3)?, waiting })
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
