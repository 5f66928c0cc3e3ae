//! Long work, some of it in each turn.
//!
//! A job may have a million tasks, and a turn must be short: so the first turn notes what is to be done, and each that follows
//! does some of it. What is noted survives a crash.

use rusqlite::{OptionalExtension as _, Row, params};

use super::Writing;
use super::order::{Answer, Missing};
use crate::retention::{forget_head, forget_rest, forget_some};
use crate::words::{JobId, State, TaskId};

/// How many tasks are changed in one turn.
pub(super) const SOME: i64 = 2_000;
/// How many are deleted: what they have printed goes with them,
const FEW: i64 = 500;
/// of which no more than this is begun with, in bytes.
const PRINTED: i64 = 8 << 20;

/// What is to be done with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// What waits is stopped.
    Stop,
    /// What is in this state waits again.
    Again(State),
    /// All of it is deleted.
    Forget,
}

/// Some work that is not done.
struct Chore {
    id: i64,
    job: JobId,
    what: What,
    after: TaskId,
}

impl Writing<'_> {
    pub(super) fn add_chore(&mut self, job: JobId, what: What) -> rusqlite::Result<()> {
        let (word, state) = match what {
            What::Stop => ("stop", None),
            What::Again(state) => ("again", Some(state.word())),
            What::Forget => ("forget", None),
        };
        let mut insert = self.to.prepare_cached("INSERT INTO chore (job, what, state, after) VALUES (?, ?, ?, 0)")?;
        insert.execute(params![job.0, word, state])?;
        // A job is not over before its chores are.
        self.counts.touch(job);
        Ok(())
    }

    pub(super) fn drop_chores(&self, job: JobId) -> rusqlite::Result<()> {
        self.to.prepare_cached("DELETE FROM chore WHERE job = ?")?.execute([job.0]).map(drop)
    }

    pub(super) fn has_chores(&self, job: JobId) -> rusqlite::Result<bool> {
        self.to.prepare_cached("SELECT 1 FROM chore WHERE job = ?")?.exists([job.0])
    }

    /// Does some of what was noted first.
    pub(super) fn do_chore(&mut self) -> rusqlite::Result<()> {
        let sql = "SELECT id, job, what, state, after FROM chore ORDER BY id LIMIT 1";
        let Some(chore) = self.to.prepare_cached(sql)?.query_row([], chore).optional()? else { return Ok(()) };
        let after = match chore.what {
            What::Stop => self.stop_some(chore.job)?,
            What::Again(state) => self.again_some(chore.job, state, chore.after)?,
            What::Forget => self.delete_some(chore.job)?,
        };
        match after {
            Some(after) => {
                let mut update = self.to.prepare_cached("UPDATE chore SET after = ? WHERE id = ?")?;
                update.execute([after.0, chore.id])?;
            }
            None => _ = self.to.prepare_cached("DELETE FROM chore WHERE id = ?")?.execute([chore.id])?,
        }
        self.counts.touch(chore.job);
        Ok(())
    }

    /// Whether a turn should follow for what is left.
    pub(super) fn has_any_chore(&self) -> rusqlite::Result<bool> {
        self.to.prepare_cached("SELECT 1 FROM chore")?.exists([])
    }

    fn stop_some(&mut self, job: JobId) -> rusqlite::Result<Option<TaskId>> {
        for state in [State::Waiting, State::Delayed] {
            let tasks = self.some(job, state, TaskId(0))?;
            for task in &tasks {
                self.note_tried(*task, 0)?;
                self.change(job, *task, state, State::Stopped)?;
            }
            if tasks.len() as i64 >= SOME {
                return Ok(tasks.last().copied());
            }
        }
        Ok(None)
    }

    fn again_some(&mut self, job: JobId, state: State, after: TaskId) -> rusqlite::Result<Option<TaskId>> {
        let tasks = self.some(job, state, after)?;
        tasks.iter().try_for_each(|task| self.again(job, *task, state))?;
        Ok(tasks.last().copied().filter(|_| tasks.len() as i64 >= SOME))
    }

    fn some(&self, job: JobId, state: State, after: TaskId) -> rusqlite::Result<Vec<TaskId>> {
        let mut select = self.to.prepare_cached(
            "SELECT id FROM task INDEXED BY task_of_job WHERE job = ? AND state = ? AND id > ? ORDER BY id LIMIT ?",
        )?;
        let values = params![job.0, state.word(), after.0, SOME];
        select.query_map(values, |row| row.get(0).map(TaskId))?.collect()
    }

    /// A job that is over is no longer shown, and deleted in what follows.
    pub(super) fn forget(&mut self, job: JobId) -> rusqlite::Result<Answer> {
        let mut select = self.to.prepare_cached("SELECT ended IS NOT NULL FROM served WHERE job = ?")?;
        match select.query_row([job.0], |row| row.get(0)).optional()? {
            None => Ok(Answer::Missing(Missing::Job(job))),
            Some(false) => Ok(Answer::Conflict(format!("job {} is not over: cancel it first", job.0))),
            Some(true) => {
                forget_head(self.to, job)?;
                self.add_chore(job, What::Forget)?;
                Ok(Answer::Done)
            }
        }
    }

    fn delete_some(&mut self, job: JobId) -> rusqlite::Result<Option<TaskId>> {
        if forget_some(self.to, job, self.few(job)?)? > 0 {
            return Ok(Some(TaskId(0)));
        }
        forget_rest(self.to, job)?;
        Ok(None)
    }

    /// So many tasks are deleted now: one at least, and then as many as have not printed too much. What is long is not read
    /// for that.
    fn few(&self, job: JobId) -> rusqlite::Result<i64> {
        let mut select = self.to.prepare_cached(
            "SELECT (SELECT coalesce(sum(length(o.bytes)), 0) FROM attempt a JOIN output o ON o.attempt = a.id
                WHERE a.task = t.id) FROM task t WHERE t.job = ? ORDER BY t.state, t.id LIMIT ?",
        )?;
        let (mut tasks, mut printed) = (0, 0);
        let mut rows = select.query([job.0, FEW])?;
        while let Some(row) = rows.next()?.filter(|_| printed < PRINTED) {
            printed += row.get::<_, i64>(0)?;
            tasks += 1;
        }
        Ok(tasks.max(1))
    }
}

fn chore(row: &Row<'_>) -> rusqlite::Result<Chore> {
    let what = match row.get_ref(2)?.as_str()? {
        "again" => What::Again(crate::reader::state(row, 3)?),
        "forget" => What::Forget,
        _ => What::Stop,
    };
    Ok(Chore { id: row.get(0)?, job: JobId(row.get(1)?), what, after: TaskId(row.get(4)?) })
}
