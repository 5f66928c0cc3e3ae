//! Tasks begin.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Row, params};

use super::Writing;
use super::accept::words;
use super::turn::{Claim, Policy};
use crate::store::{moment, split, time};
use crate::words::{AttemptId, JobId, QueueId, RunId, State, TaskId};

/// What [`claim`] reads, of a task `t` of a job that is served, `s`, in its run, `r`.
const CLAIM: &str = "t.id, t.job, s.run, s.queue, s.rank, s.timeout, s.failures, s.losses, r.words, t.input, r.directory, r.environment, r.grammar";

impl Writing<'_> {
    /// The first tasks of each queue, as many as it may begin.
    ///
    /// Tasks of a cancelled job that stand before them are passed over: `more` of such, while there is any. Looking at no more
    /// than these keeps a turn short; if all are cancelled, the next turn, which has stopped some, claims.
    pub(super) fn claim(&mut self, wanted: &[(QueueId, usize)], more: usize) -> rusqlite::Result<()> {
        wanted.iter().try_for_each(|(queue, limit)| self.claim_of(*queue, *limit, more))
    }

    fn claim_of(&mut self, queue: QueueId, limit: usize, more: usize) -> rusqlite::Result<()> {
        let (began, from) = (SystemTime::now(), self.next.attempt);
        let mut select = self.to.prepare_cached(&format!(
            "SELECT {CLAIM}, w.tried FROM (SELECT * FROM waiting WHERE queue = ? ORDER BY rank, task LIMIT ?) w
             CROSS JOIN task t ON t.id = w.task JOIN served s ON s.job = t.job JOIN run r ON r.id = s.run
             WHERE s.cancelled = 0 ORDER BY w.rank, w.task LIMIT ?"
        ))?;
        let values = params![queue.0, (limit + more) as i64, limit as i64];
        let rows = select.query_map(values, |row| claim(row, row.get::<_, u32>(13)? + 1, began))?;
        // All of them first: what is read must not change meanwhile.
        let claims = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut numbered = claims.into_iter().zip(from..);
        numbered.try_for_each(|(claim, attempt)| self.begin(Claim { attempt: AttemptId(attempt), ..claim }))
    }

    fn begin(&mut self, claim: Claim) -> rusqlite::Result<()> {
        let to = self.to;
        let (task, queue, rank) = (claim.task.0, claim.queue.0, claim.rank);
        to.prepare_cached("DELETE FROM waiting WHERE queue = ? AND rank = ? AND task = ?")?
            .execute(params![queue, rank, task])?;
        to.prepare_cached("INSERT INTO running (task, attempt, number, began) VALUES (?, ?, ?, ?)")?
            .execute(params![task, claim.attempt.0, claim.number, time(claim.began)])?;
        self.change(claim.job, claim.task, State::Waiting, State::Running)?;
        self.waits(claim.queue, -1);
        self.next.attempt = claim.attempt.0 + 1;
        self.done.claimed.push(claim);
        Ok(())
    }
}

/// What runs, as the file says.
pub(super) fn running(connection: &Connection) -> rusqlite::Result<Vec<Claim>> {
    let mut select = connection.prepare(&format!(
        "SELECT {CLAIM}, n.attempt, n.number, n.began FROM running n CROSS JOIN task t ON t.id = n.task
         JOIN served s ON s.job = t.job JOIN run r ON r.id = s.run ORDER BY n.attempt"
    ))?;
    let rows = select.query_map([], |row| {
        let found = claim(row, row.get(14)?, moment(row.get(15)?))?;
        Ok(Claim { attempt: AttemptId(row.get(13)?), ..found })
    })?;
    rows.collect()
}

fn claim(row: &Row<'_>, number: u32, began: SystemTime) -> rusqlite::Result<Claim> {
    let micros = |time: i64| Duration::from_micros(time.unsigned_abs());
    Ok(Claim {
        task: TaskId(row.get(0)?),
        job: JobId(row.get(1)?),
        run: RunId(row.get(2)?),
        queue: QueueId(row.get(3)?),
        rank: row.get(4)?,
        // Whoever asks knows it better.
        attempt: AttemptId(0),
        number,
        began,
        policy: Policy {
            timeout: row.get::<_, Option<i64>>(5)?.map(micros),
            failures: row.get(6)?,
            losses: row.get(7)?,
        },
        command: split(row.get_ref(8)?.as_blob()?),
        args: words(row.get_ref(9)?.as_blob()?, row.get_ref(12)?.as_str()?),
        directory: row.get(10)?,
        environment: split(row.get_ref(11)?.as_blob()?),
    })
}
