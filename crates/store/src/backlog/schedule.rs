//! Jobs that are handed in by the clock: what was due, the job of it, and when it is due again are one turn.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Writing;
use super::order::{Answer, Firing, Missing, NewSchedule, Next, Overlap};
use crate::served::{SCHEDULE, Schedule, schedule};
use crate::store::time;
use crate::words::JobId;

impl Writing<'_> {
    pub(super) fn schedule(&mut self, new: &NewSchedule) -> rusqlite::Result<Answer> {
        let NewSchedule { name, cron, zone, queue, job, overlap, paused, next } = new;
        self.to
            .prepare_cached(
                "INSERT INTO schedule (name, cron, zone, queue, job, overlap, paused, next) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, zone = excluded.zone, queue = excluded.queue,
                    job = excluded.job, overlap = excluded.overlap, paused = excluded.paused, next = excluded.next,
                    trouble = NULL",
            )?
            .execute(params![name, cron, zone, queue, job, overlap.word(), paused, next.map(time)])?;
        Ok(Answer::Done)
    }

    pub(super) fn unschedule(&mut self, name: &str) -> rusqlite::Result<Answer> {
        self.of_schedule("DELETE FROM schedule WHERE name = ?1 AND ?2 IS NULL", name, None)
    }

    pub(super) fn pause_schedule(&mut self, name: &str) -> rusqlite::Result<Answer> {
        self.of_schedule("UPDATE schedule SET paused = 1 WHERE name = ?1 AND ?2 IS NULL", name, None)
    }

    pub(super) fn resume_schedule(&mut self, name: &str, next: Option<SystemTime>) -> rusqlite::Result<Answer> {
        self.of_schedule("UPDATE schedule SET paused = 0, next = ?2 WHERE name = ?1", name, next.map(time))
    }

    fn of_schedule(&self, sql: &str, name: &str, value: Option<i64>) -> rusqlite::Result<Answer> {
        let found = self.to.prepare_cached(sql)?.execute(params![name, value])? > 0;
        Ok(if found { Answer::Done } else { Answer::Missing(Missing::Schedule(name.to_owned())) })
    }

    /// A schedule that is gone or paused meanwhile hands nothing in.
    pub(super) fn fire(&mut self, firing: &Firing) -> rusqlite::Result<Answer> {
        let name = &firing.name;
        let mut select = self.to.prepare_cached("SELECT overlap, last_job, paused FROM schedule WHERE name = ?")?;
        let found = select.query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((overlap, last, is_paused)): Option<(String, Option<i64>, bool)> = found else {
            return Ok(Answer::Missing(Missing::Schedule(name.clone())));
        };
        let by_clock = match firing.next {
            Next::At(_) if is_paused => return Ok(Answer::Conflict(format!("the schedule {name:?} is paused"))),
            Next::At(next) => {
                let mut update = self.to.prepare_cached("UPDATE schedule SET next = ? WHERE name = ?")?;
                update.execute(params![next.map(time), name])?;
                true
            }
            Next::Unchanged => false,
        };
        let last = last.map(JobId).filter(|_| by_clock && Overlap::of(&overlap) == Overlap::Skip);
        if let Some(last) = last.filter(|last| self.goes_on(*last).unwrap_or(true)) {
            return Ok(Answer::Conflict(format!("its last job, {}, is not over", last.0)));
        }
        self.hand_in(firing)
    }

    fn hand_in(&mut self, firing: &Firing) -> rusqlite::Result<Answer> {
        let answer = match &firing.job {
            Ok(job) => self.submit(job)?,
            Err(why) => Answer::Conflict(why.clone()),
        };
        let mut update = self.to.prepare_cached(
            "UPDATE schedule SET last = ?2, last_job = coalesce(?3, last_job), trouble = ?4 WHERE name = ?1",
        )?;
        let (job, trouble) = match &answer {
            Answer::Accepted(accepted) => (Some(accepted.job.0), None),
            Answer::Missing(missing) => (None, Some(missing.to_string())),
            Answer::Conflict(why) => (None, Some(why.clone())),
            Answer::Done | Answer::Appended(_) => (None, None),
        };
        update.execute(params![firing.name, self.now, job, trouble])?;
        Ok(answer)
    }

    fn goes_on(&self, job: JobId) -> rusqlite::Result<bool> {
        self.to.prepare_cached("SELECT 1 FROM served WHERE job = ? AND ended IS NULL")?.exists([job.0])
    }
}

/// Schedules that are due.
pub(super) fn due(connection: &Connection, now: SystemTime) -> rusqlite::Result<Vec<Schedule>> {
    const SOME: i64 = 100;
    let sql = format!("{SCHEDULE} WHERE paused = 0 AND next IS NOT NULL AND next <= ? ORDER BY next LIMIT ?");
    connection.prepare_cached(&sql)?.query_map([time(now), SOME], schedule)?.collect()
}
