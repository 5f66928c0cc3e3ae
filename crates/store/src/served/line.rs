//! Who stands in line.

use std::time::SystemTime;

use crate::error::StoreError;
use crate::reader::Reader;
use crate::store::moment;
use crate::words::QueueId;

/// The first job of each rank (there are few, and beyond a hundred nobody looks) is the oldest of it; one of which nothing
/// waits any more is still there until the next claim.
const OLDEST: &str = "
    WITH RECURSIVE ranks (rank) AS (
        SELECT min(rank) FROM line WHERE queue = ?1
        UNION ALL
        SELECT (SELECT min(rank) FROM line WHERE queue = ?1 AND rank > r.rank) FROM ranks r WHERE r.rank IS NOT NULL LIMIT 100
    )
    SELECT min(created) FROM job WHERE id IN (
        SELECT (
            SELECT l.job FROM line l CROSS JOIN served s ON s.job = l.job
            WHERE l.queue = ?1 AND l.rank = r.rank AND s.waiting > 0 ORDER BY l.job LIMIT 1
        ) FROM ranks r WHERE r.rank IS NOT NULL
    )";

impl Reader {
    /// When the oldest job of a queue was handed in of which a task may begin; none: there is no such job. It costs the same
    /// whatever waits.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn oldest_in_line(&self, queue: QueueId) -> Result<Option<SystemTime>, StoreError> {
        let created = self.one(OLDEST, [queue.0], |row| row.get::<_, Option<i64>>(0))?;
        Ok(created.flatten().map(moment))
    }
}
