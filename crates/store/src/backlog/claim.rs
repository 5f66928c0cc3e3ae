//! Tasks begin.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::Writing;
use super::accept::words;
use super::new_job::{Backoff, Policy};
use super::turn::Claim;
use crate::store::{moment, split, time};
use crate::words::{AttemptId, JobId, QueueId, RunId, State, TaskId};

/// What [`claim`] reads, of a task `t` of a job that is served, `s`, in its run, `r`.
const CLAIM: &str = "t.id, t.job, s.run, s.queue, s.timeout, s.failures, s.losses, s.backoff_first, s.backoff_most, \
    r.words, r.grammar, t.input, r.directory, r.environment, r.began, t.number";

impl Writing<'_> {
    /// The first tasks of the jobs that stand first in each queue, as many as it may begin.
    pub(super) fn claim(&mut self, wanted: &[(QueueId, usize)]) -> rusqlite::Result<()> {
        wanted.iter().try_for_each(|(queue, limit)| self.claim_of(*queue, *limit))
    }

    fn claim_of(&mut self, queue: QueueId, limit: usize) -> rusqlite::Result<()> {
        let mut left = limit;
        while left > 0 {
            let Some((rank, job)) = self.first_of(queue)? else {
                self.done.lines.insert(queue, false);
                return Ok(());
            };
            let found = self.claim_from(job, left)?;
            if found < left {
                self.leave(queue, rank, job)?;
            }
            left -= found;
        }
        self.done.lines.insert(queue, true);
        Ok(())
    }

    /// Who stands first in a queue that is not paused.
    fn first_of(&self, queue: QueueId) -> rusqlite::Result<Option<(i64, JobId)>> {
        let mut select = self.to.prepare_cached(
            "SELECT l.rank, l.job FROM queue q CROSS JOIN line l ON l.queue = q.id
             WHERE q.id = ? AND q.paused = 0 ORDER BY l.rank, l.job LIMIT 1",
        )?;
        select.query_row([queue.0], |row| Ok((row.get(0)?, JobId(row.get(1)?)))).optional()
    }

    fn claim_from(&mut self, job: JobId, limit: usize) -> rusqlite::Result<usize> {
        let began = moment(self.now);
        let mut select = self.to.prepare_cached(&format!(
            "SELECT {CLAIM}, coalesce(d.attempts, 0) + 1 FROM task t INDEXED BY task_of_job
             CROSS JOIN served s ON s.job = t.job CROSS JOIN run r ON r.id = s.run LEFT JOIN tried d ON d.task = t.id
             WHERE t.job = ? AND t.state = 'waiting' ORDER BY t.id LIMIT ?"
        ))?;
        let rows = select.query_map(params![job.0, limit as i64], |row| claim(row, row.get(16)?, began))?;
        // All of them first: what is read must not change meanwhile.
        let claims = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let found = claims.len();
        claims.into_iter().try_for_each(|claim| self.begin(claim))?;
        Ok(found)
    }

    fn begin(&mut self, mut claim: Claim) -> rusqlite::Result<()> {
        claim.attempt = AttemptId(self.next.attempt);
        self.next.attempt = self.next.attempt.saturating_add(1);
        let mut insert =
            self.to.prepare_cached("INSERT INTO running (task, attempt, number, began) VALUES (?, ?, ?, ?)")?;
        insert.execute(params![claim.task.0, claim.attempt.0, claim.number, time(claim.began)])?;
        self.change(claim.job, claim.task, State::Waiting, State::Running)?;
        self.done.claimed.push(claim);
        Ok(())
    }
}

/// What runs, as the file says.
pub(super) fn running(connection: &Connection) -> rusqlite::Result<Vec<Claim>> {
    let mut select = connection.prepare(&format!(
        "SELECT {CLAIM}, n.number, n.began, n.attempt FROM running n CROSS JOIN task t ON t.id = n.task
         JOIN served s ON s.job = t.job JOIN run r ON r.id = s.run ORDER BY n.attempt"
    ))?;
    let rows = select.query_map([], |row| {
        let found = claim(row, row.get(16)?, moment(row.get(17)?))?;
        Ok(Claim { attempt: AttemptId(row.get(18)?), ..found })
    })?;
    rows.collect()
}

fn claim(row: &Row<'_>, number: u32, began: SystemTime) -> rusqlite::Result<Claim> {
    Ok(Claim {
        task: TaskId(row.get(0)?),
        job: JobId(row.get(1)?),
        task_number: row.get::<_, i64>(15)?.unsigned_abs(),
        run: RunId(row.get(2)?),
        queue: QueueId(row.get(3)?),
        // Whoever asks knows it better.
        attempt: AttemptId(0),
        number,
        handed_in: moment(row.get(14)?),
        began,
        policy: policy(row, 4)?,
        command: split(row.get_ref(9)?.as_blob()?),
        args: words(row.get_ref(11)?.as_blob()?, row.get_ref(10)?.as_str()?),
        directory: row.get(12)?,
        environment: split(row.get_ref(13)?.as_blob()?),
    })
}

/// From five columns, `timeout` and those behind it.
pub(crate) fn policy(row: &Row<'_>, at: usize) -> rusqlite::Result<Policy> {
    let micros = |time: i64| Duration::from_micros(time.unsigned_abs());
    let backoff = Backoff { first: row.get(at + 3).map(micros)?, most: row.get(at + 4).map(micros)? };
    let timeout = row.get::<_, Option<i64>>(at)?.map(micros);
    Ok(Policy { timeout, failures: row.get(at + 1)?, losses: row.get(at + 2)?, backoff })
}
