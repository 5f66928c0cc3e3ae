//! Whose output is complete, in the order in which that happens, while it happens.

use std::collections::BTreeSet;

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
        let found = self.ended(id)?;
        if found.is_none() {
            cursor.open.insert(id);
        }
        Ok(found.filter(|found| found.run == cursor.run && found.last == piece).map(|found| found.attempt))
    }

    /// Those that were not over when their last piece was met.
    fn over_since(&self, cursor: &mut Cursor) -> Result<Vec<Attempt>, StoreError> {
        let mut over = Vec::new();
        for id in cursor.open.clone() {
            if let Some(found) = self.ended(id)? {
                cursor.open.remove(&id);
                let is_meant = found.run == cursor.run && found.last <= cursor.piece;
                over.extend(is_meant.then_some(found.attempt));
            }
        }
        Ok(over)
    }

    /// An attempt, if it is over.
    fn ended(&self, id: i64) -> Result<Option<Ended>, StoreError> {
        let sql = format!(
            "SELECT {ATTEMPT}, run, (SELECT max(id) FROM output WHERE attempt = ?1) AS last FROM attempt WHERE id = ?1"
        );
        self.one(&sql, [id], |row| {
            let last = row.get::<_, Option<i64>>("last")?.unwrap_or(0);
            Ok(Ended { run: row.get("run")?, attempt: attempt(row)?, last })
        })
    }
}

/// An attempt that is over.
struct Ended {
    /// Whose it is: of a service, others' stand between those of a run.
    run: i64,
    attempt: Attempt,
    /// The last piece that it printed.
    last: i64,
}
