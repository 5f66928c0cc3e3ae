//! Whose output is complete, in the order in which that happens, while it happens.

use std::collections::BTreeSet;

use rusqlite::params;

use crate::error::StoreError;
use crate::reader::{ATTEMPT, Reader, attempt};
use crate::record::Attempt;
use crate::words::RunId;

/// How many pieces of output are looked at in one step.
const PAGE: usize = 1_000;

/// How far a run's output was read.
///
/// An attempt stands in the file when it is over, and then all that it printed does. So it is told where its last piece
/// of output is met; if it was not over by then, later.
#[derive(Debug)]
pub struct Cursor {
    run: i64,
    /// The last piece that was looked at.
    piece: i64,
    /// Attempts that have printed and were not over yet.
    open: BTreeSet<i64>,
}

impl Reader {
    /// From the beginning of a run.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn cursor(&self, run: RunId) -> Result<Cursor, StoreError> {
        // Of an earlier run's last pieces some may be behind this one: they are passed over.
        let before = "SELECT id FROM output WHERE attempt < ? ORDER BY attempt DESC, id DESC LIMIT 1";
        let piece = self.one(before, [self.first_attempt(run)?], |row| row.get(0))?.unwrap_or(0);
        Ok(Cursor { run: run.0, piece, open: BTreeSet::new() })
    }

    /// Attempts of the cursor's run that are over since and have printed something. None: no more at the moment.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn follow(&self, cursor: &mut Cursor) -> Result<Vec<Attempt>, StoreError> {
        loop {
            let mut over = self.over_since(cursor)?;
            let sql = format!("SELECT id, attempt FROM output WHERE id > ? ORDER BY id LIMIT {PAGE}");
            let pieces = self.all(&sql, [cursor.piece], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
            for &(piece, id) in &pieces {
                over.extend(self.met(cursor, piece, id)?);
            }
            if pieces.is_empty() || !over.is_empty() {
                return Ok(over);
            }
        }
    }

    /// The attempt, if it is over and this was the last that it printed.
    fn met(&self, cursor: &mut Cursor, piece: i64, id: i64) -> Result<Option<Attempt>, StoreError> {
        cursor.piece = piece;
        let found = self.ended(cursor.run, id)?;
        if found.is_none() {
            cursor.open.insert(id);
        }
        Ok(found.filter(|(_, last)| *last == piece).map(|(attempt, _)| attempt))
    }

    /// Those that were not over when their last piece was met.
    fn over_since(&self, cursor: &mut Cursor) -> Result<Vec<Attempt>, StoreError> {
        let mut over = Vec::new();
        for id in cursor.open.clone() {
            if let Some((attempt, last)) = self.ended(cursor.run, id)? {
                cursor.open.remove(&id);
                over.extend((last <= cursor.piece).then_some(attempt));
            }
        }
        Ok(over)
    }

    /// An attempt of a run that is over, and its last piece of output.
    fn ended(&self, run: i64, id: i64) -> Result<Option<(Attempt, i64)>, StoreError> {
        let sql = format!(
            "SELECT {ATTEMPT}, (SELECT max(id) FROM output WHERE attempt = ?1) AS last FROM attempt
             WHERE id = ?1 AND run = ?2"
        );
        self.one(&sql, params![id, run], |row| Ok((attempt(row)?, row.get::<_, Option<i64>>("last")?.unwrap_or(0))))
    }
}
