//! Jobs that others need: what becomes of those when one is over.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Writing;
use super::new_job::{How, Needs, Until};
use crate::words::{JobId, RunEnd};

/// How a job ended, for those that need it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Well,
    Badly,
}

impl Writing<'_> {
    /// A job begins when those that it needs are over, of which some may be.
    pub(super) fn wait_for(&mut self, job: JobId, needs: &Needs) -> rusqlite::Result<()> {
        let mut insert =
            self.to.prepare_cached("INSERT OR IGNORE INTO needs (needed, job, how, met) VALUES (?, ?, ?, 0)")?;
        for needed in &needs.jobs {
            if insert.execute(params![needed.0, job.0, needs.how.word()])? > 0 {
                self.need(job, 1)?;
            }
        }
        for needed in &needs.jobs {
            if let Some(over) = self.how_it_ended(*needed)? {
                self.meet(*needed, job, needs.how.word(), over)?;
            }
        }
        Ok(())
    }

    /// None: it is not over.
    fn how_it_ended(&self, job: JobId) -> rusqlite::Result<Option<Over>> {
        let mut select = self
            .to
            .prepare_cached("SELECT ended IS NULL, failed + stopped + cancelled = 0 FROM served WHERE job = ?")?;
        let ended = select.query_row([job.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(match ended {
            Some((true, _)) => None,
            Some((false, true)) => Some(Over::Well),
            // Whoever needs one that was forgotten waits for nothing.
            Some((false, false)) | None => Some(Over::Badly),
        })
    }

    fn need(&self, job: JobId, more: i64) -> rusqlite::Result<()> {
        let mut update = self.to.prepare_cached("UPDATE served SET needs = needs + ? WHERE job = ?")?;
        update.execute(params![more, job.0]).map(drop)
    }

    fn meet(&mut self, needed: JobId, job: JobId, how: &str, over: Over) -> rusqlite::Result<()> {
        if over == Over::Badly && how != How::Over.word() {
            return self.cancel(job, Some(&format!("job {}, which it needs, has not succeeded", needed.0)));
        }
        let mut met = self.to.prepare_cached("UPDATE needs SET met = 1 WHERE needed = ? AND job = ? AND met = 0")?;
        if met.execute([needed.0, job.0])? > 0 {
            self.need(job, -1)?;
            self.touched.insert(job);
        }
        Ok(())
    }

    /// A job is over: its key is free, and those that need it may begin, or never will.
    pub(super) fn end_job(&mut self, job: JobId) -> rusqlite::Result<()> {
        let mut end =
            self.to.prepare_cached("UPDATE served SET ended = ? WHERE job = ? RETURNING run, failed > 0, key, mode")?;
        let (run, has_failed, key, mode): (i64, bool, Option<String>, Option<String>) =
            end.query_row([self.now, job.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let how = if has_failed { RunEnd::Failed } else { RunEnd::Complete };
        let mut update = self.to.prepare_cached("UPDATE run SET ended = ?, how = ? WHERE id = ?")?;
        update.execute(params![self.now, how.word(), run])?;
        if let Some(key) = key.filter(|_| mode.as_deref() == Some(Until::Over.word())) {
            self.free_key(&key, job)?;
        }
        self.tell_dependents(job)?;
        self.done.over.push(job);
        Ok(())
    }

    pub(super) fn free_key(&self, key: &str, job: JobId) -> rusqlite::Result<()> {
        let mut free = self.to.prepare_cached("DELETE FROM unique_key WHERE key = ? AND job = ?")?;
        free.execute(params![key, job.0]).map(drop)
    }

    pub(super) fn tell_dependents(&mut self, job: JobId) -> rusqlite::Result<()> {
        let Some(over) = self.how_it_ended(job)? else { return Ok(()) };
        let mut select = self.to.prepare_cached("SELECT job, how FROM needs WHERE needed = ? AND met = 0")?;
        let waiting = select.query_map([job.0], |row| Ok((JobId(row.get(0)?), row.get::<_, String>(1)?)))?;
        let waiting = waiting.collect::<rusqlite::Result<Vec<_>>>()?;
        waiting.into_iter().try_for_each(|(dependent, how)| self.meet(job, dependent, &how, over))
    }
}

/// Jobs that are needed and are not there: another program has forgotten them.
pub(super) fn lost(connection: &Connection) -> rusqlite::Result<Vec<JobId>> {
    let sql = "SELECT DISTINCT needed FROM needs WHERE met = 0 AND needed NOT IN (SELECT job FROM served)";
    connection.prepare(sql)?.query_map([], |row| row.get(0).map(JobId))?.collect()
}
