//! Lists of the service's jobs.

use rusqlite::params;

use super::{JobState, SERVED, Served, served};
use crate::error::StoreError;
use crate::reader::Reader;
use crate::words::JobId;

/// Which jobs of the service, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Those before this one.
    pub before: Option<JobId>,
    /// Those of a queue.
    pub queue: Option<String>,
    /// Those that are so far.
    pub state: Option<JobState>,
    /// Those that are called so.
    pub name: Option<String>,
    /// So many at most.
    pub limit: usize,
}

impl Reader {
    /// The service's jobs that a filter lets through, the newest first. Of those that are not over, that have failed or were stopped, of a
    /// name or of a queue no others are looked at.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn served_jobs(&self, filter: &JobFilter) -> Result<Vec<Served>, StoreError> {
        let JobFilter { before, queue, state, name, limit } = filter;
        let before = before.map_or(i64::MAX, |job| job.0);
        // Each condition that is there can be met by an index, and none stands in its way.
        let mut sql = format!("{SERVED} WHERE s.job < ?1");
        sql += if queue.is_some() { " AND q.name = ?2" } else { " AND ?2 IS NULL" };
        sql += if name.is_some() { " AND j.name = ?3" } else { " AND ?3 IS NULL" };
        if let Some(state) = state {
            sql = format!("{sql} AND {}", condition(*state));
        }
        // The same number: by the index of names, they come in its order.
        let number = if name.is_some() { "j.id" } else { "s.job" };
        sql = format!("{sql} ORDER BY {number} DESC LIMIT ?4");
        self.all(&sql, params![before, queue, name, i64::try_from(*limit).unwrap_or(i64::MAX)], served)
    }
}

/// What [`Served::state`] says, for SQLite.
fn condition(state: JobState) -> &'static str {
    match state {
        JobState::Stopping => "s.ended IS NULL AND s.cancelled = 1",
        JobState::Running => "s.ended IS NULL AND s.cancelled = 0 AND s.running > 0",
        JobState::Held => "s.ended IS NULL AND s.cancelled = 0 AND s.running = 0 AND s.paused = 1",
        JobState::Blocked => "s.ended IS NULL AND s.cancelled = 0 AND s.running = 0 AND s.paused = 0 AND s.needs > 0",
        JobState::Delayed => {
            "s.ended IS NULL AND s.cancelled = 0 AND s.running = 0 AND s.paused = 0 AND s.needs = 0
                AND (s.due IS NOT NULL OR s.waiting = 0 AND s.delayed > 0)"
        }
        JobState::Waiting => {
            "s.ended IS NULL AND s.cancelled = 0 AND s.running = 0 AND s.paused = 0 AND s.needs = 0
                AND s.due IS NULL AND (s.waiting > 0 OR s.delayed = 0 AND s.open = 0)"
        }
        JobState::Open => {
            "s.ended IS NULL AND s.cancelled = 0 AND s.running = 0 AND s.paused = 0 AND s.needs = 0
                AND s.due IS NULL AND s.waiting = 0 AND s.delayed = 0 AND s.open = 1"
        }
        JobState::Stopped => "s.ended IS NOT NULL AND (s.cancelled = 1 OR s.stopped > 0)",
        JobState::Failed => "s.ended IS NOT NULL AND s.cancelled = 0 AND s.stopped = 0 AND s.failed > 0",
        JobState::Succeeded => "s.ended IS NOT NULL AND s.cancelled = 0 AND s.stopped = 0 AND s.failed = 0",
    }
}
