//! What attempts have printed, a piece at a time, while they print more.

use rusqlite::params;

use crate::error::StoreError;
use crate::reader::Reader;
use crate::words::{AttemptId, Stream, TaskId};

/// How many pieces are read at a time. Each is what was read at once from a pipe.
const PIECES: usize = 8;

/// How far what an attempt has printed was read.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    attempt: AttemptId,
    stream: Stream,
    /// The last piece that was read.
    piece: i64,
    /// How much of the next one is passed over, in bytes.
    skip: usize,
}

impl Place {
    /// At the beginning.
    #[must_use]
    pub fn of(attempt: AttemptId, stream: Stream) -> Self {
        Self { attempt, stream, piece: 0, skip: 0 }
    }

    /// Whose it is.
    #[must_use]
    pub fn attempt(&self) -> AttemptId {
        self.attempt
    }
}

impl Reader {
    /// How much an attempt has printed so far and is kept, in bytes.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn printed_length(&self, attempt: AttemptId, stream: Stream) -> Result<u64, StoreError> {
        let sql = "SELECT total(length(bytes)) FROM output WHERE attempt = ? AND stream = ?";
        let length = self.one(sql, params![attempt.0, stream as i64], |row| row.get::<_, f64>(0))?;
        Ok(length.unwrap_or_default() as u64)
    }

    /// The place so many bytes behind the beginning; behind all if there are fewer.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn printed_place(&self, attempt: AttemptId, stream: Stream, offset: u64) -> Result<Place, StoreError> {
        let sql = "SELECT id, ?3 - (ends - length) FROM
                (SELECT id, length(bytes) AS length, sum(length(bytes)) OVER (ORDER BY id) AS ends
                    FROM output WHERE attempt = ?1 AND stream = ?2)
            WHERE ends > ?3 ORDER BY id LIMIT 1";
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let found = self.one(sql, params![attempt.0, stream as i64, offset], |row| {
            Ok((row.get::<_, i64>(0)? - 1, row.get::<_, i64>(1)?.unsigned_abs() as usize))
        })?;
        let (piece, skip) = found.unwrap_or((i64::MAX, 0));
        Ok(Place { attempt, stream, piece, skip })
    }

    /// Some of what follows a place, which moves behind it. Nothing: there is no more at the moment.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn printed_after(&self, place: &mut Place) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT id, bytes FROM output WHERE attempt = ? AND stream = ? AND id > ? ORDER BY id LIMIT ?";
        let values = params![place.attempt.0, place.stream as i64, place.piece, PIECES as i64];
        let pieces = self.all(sql, values, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        let Some((last, _)) = pieces.last() else { return Ok(Vec::new()) };
        place.piece = *last;
        let mut bytes = pieces.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>().concat();
        bytes.drain(..std::mem::take(&mut place.skip).min(bytes.len()));
        Ok(bytes)
    }

    /// The attempt at a task with this number, from 1, whether it is over or not: of all that there were, so a retry goes on
    /// counting.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn attempt_numbered(&self, task: TaskId, number: u32) -> Result<Option<AttemptId>, StoreError> {
        let sql = "SELECT id FROM attempt WHERE task = ?1 AND number = ?2
            UNION ALL SELECT attempt FROM running WHERE task = ?1
                AND ?2 = 1 + (SELECT count(*) FROM attempt WHERE task = ?1)";
        self.one(sql, params![task.0, number], |row| row.get(0).map(AttemptId))
    }

    /// The first attempt at a task behind this one, whether it is over or not.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn attempt_after(&self, task: TaskId, attempt: AttemptId) -> Result<Option<AttemptId>, StoreError> {
        let sql = "SELECT min(id) FROM (SELECT id FROM attempt WHERE task = ?1 AND id > ?2
            UNION ALL SELECT attempt FROM running WHERE task = ?1 AND attempt > ?2)";
        Ok(self.one(sql, params![task.0, attempt.0], |row| row.get::<_, Option<i64>>(0))?.flatten().map(AttemptId))
    }

    /// The last attempt at a task, whether it is over or not.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn newest_attempt(&self, task: TaskId) -> Result<Option<AttemptId>, StoreError> {
        match self.running_attempt(task)? {
            Some(running) => Ok(Some(running)),
            None => Ok(self.last_attempt(task)?.map(|attempt| attempt.id)),
        }
    }

    /// Whether an attempt is over.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn attempt_is_over(&self, attempt: AttemptId) -> Result<bool, StoreError> {
        Ok(self.one("SELECT 1 FROM attempt WHERE id = ?", [attempt.0], |_| Ok(()))?.is_some())
    }
}
