//! What clients want of jobs, tasks and queues is done.

use rusqlite::{OptionalExtension as _, params};

use super::Writing;
use super::accept::INSERT_KEY;
use super::chore::What;
use super::order::{Answer, Missing, Order};
use super::turn::Cancelled;
use crate::words::{JobId, QueueId, State, TaskId};

impl Writing<'_> {
    pub(super) fn carry_out(&mut self, orders: &[Order]) -> rusqlite::Result<()> {
        for order in orders {
            let answer = self.answer(order)?;
            self.done.answers.push(answer);
        }
        Ok(())
    }

    fn answer(&mut self, order: &Order) -> rusqlite::Result<Answer> {
        match order {
            Order::Submit(new) => self.submit(new),
            Order::Append { job, command, tasks, close } => self.append(*job, command.as_deref(), tasks, *close),
            Order::Close(job) => self.of_job(*job, Self::close),
            Order::Cancel(job) => self.of_job(*job, |writing, job| writing.cancel(job, None)),
            Order::Retry(job) => self.retry(*job),
            Order::Pause(job) => self.of_job(*job, |writing, job| writing.hold(job, true)),
            Order::Resume(job) => self.of_job(*job, |writing, job| writing.hold(job, false)),
            Order::Forget(job) => self.forget(*job),
            Order::CancelTask(job, number) => self.cancel_task(*job, *number),
            Order::RetryTask(job, number) => self.retry_task(*job, *number),
            Order::PauseQueue(queue) => self.hold_queue(*queue, true),
            Order::ResumeQueue(queue) => self.hold_queue(*queue, false),
            Order::Schedule(new) => self.schedule(new),
            Order::Unschedule(name) => self.unschedule(name),
            Order::PauseSchedule(name) => self.pause_schedule(name),
            Order::ResumeSchedule { name, next } => self.resume_schedule(name, *next),
            Order::Fire(firing) => self.fire(firing),
        }
    }

    fn of_job(
        &mut self,
        job: JobId,
        deed: impl FnOnce(&mut Self, JobId) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<Answer> {
        if !self.is_served(job)? {
            return Ok(Answer::Missing(Missing::Job(job)));
        }
        deed(self, job).map(|()| Answer::Done)
    }

    pub(super) fn is_served(&self, job: JobId) -> rusqlite::Result<bool> {
        self.to.prepare_cached("SELECT 1 FROM served WHERE job = ?")?.exists([job.0])
    }

    /// Of one that is over there is nothing to cancel.
    pub(super) fn cancel(&mut self, job: JobId, reason: Option<&str>) -> rusqlite::Result<()> {
        let mut update = self.to.prepare_cached(
            "UPDATE served SET cancelled = 1, open = 0, reason = ? WHERE job = ? AND ended IS NULL AND cancelled = 0",
        )?;
        if update.execute(params![reason, job.0])? > 0 {
            self.drop_chores(job)?;
            self.add_chore(job, What::Stop)?;
            self.touched.insert(job);
            self.done.cancelled.push(Cancelled::Job(job));
        }
        Ok(())
    }

    fn hold(&mut self, job: JobId, paused: bool) -> rusqlite::Result<()> {
        let mut update = self.to.prepare_cached("UPDATE served SET paused = ? WHERE job = ? AND ended IS NULL")?;
        update.execute(params![paused, job.0])?;
        self.touched.insert(job);
        Ok(())
    }

    fn hold_queue(&mut self, queue: QueueId, paused: bool) -> rusqlite::Result<Answer> {
        self.to.prepare_cached("UPDATE queue SET paused = ? WHERE id = ?")?.execute(params![paused, queue.0])?;
        self.done.lines.insert(queue, !paused);
        Ok(Answer::Done)
    }

    fn retry(&mut self, job: JobId) -> rusqlite::Result<Answer> {
        if !self.is_served(job)? {
            return Ok(Answer::Missing(Missing::Job(job)));
        }
        let mut select = self.to.prepare_cached("SELECT failed + stopped FROM served WHERE job = ?")?;
        if select.query_row([job.0], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(Answer::Conflict(format!("no task of job {} has failed or was stopped", job.0)));
        }
        if let Some(conflict) = self.revive(job)? {
            return Ok(conflict);
        }
        self.add_chore(job, What::Again(State::Failed))?;
        self.add_chore(job, What::Again(State::Stopped))?;
        Ok(Answer::Done)
    }

    /// A job that may be over is not any more, unless another one has its key now.
    fn revive(&mut self, job: JobId) -> rusqlite::Result<Option<Answer>> {
        let mut update = self.to.prepare_cached(
            "UPDATE served SET ended = NULL, cancelled = 0, reason = NULL WHERE job = ? RETURNING key",
        )?;
        let key: Option<String> = update.query_row([job.0], |row| row.get(0))?;
        if let Some(key) = key {
            self.to.prepare_cached(INSERT_KEY)?.execute(params![key, job.0])?;
            let mut select = self.to.prepare_cached("SELECT job FROM unique_key WHERE key = ?")?;
            let holder: i64 = select.query_row([&key], |row| row.get(0))?;
            if holder != job.0 {
                self.to.prepare_cached("UPDATE served SET ended = ? WHERE job = ?")?.execute([self.now, job.0])?;
                return Ok(Some(Answer::Conflict(format!("job {holder} has the key {key:?} now"))));
            }
        }
        self.to.prepare_cached("UPDATE run SET ended = NULL, how = NULL WHERE job = ?")?.execute([job.0])?;
        self.touched.insert(job);
        Ok(None)
    }

    fn cancel_task(&mut self, job: JobId, number: u64) -> rusqlite::Result<Answer> {
        let Some((task, state)) = self.numbered(job, number)? else {
            return Ok(Answer::Missing(Missing::Task(job, number)));
        };
        match state {
            State::Waiting | State::Delayed => {
                self.note_tried(task, 0)?;
                self.change(job, task, state, State::Stopped)?;
            }
            State::Running => {
                self.to.prepare_cached("UPDATE running SET cancelled = 1 WHERE task = ?")?.execute([task.0])?;
                self.done.cancelled.push(Cancelled::Task(task));
            }
            State::Succeeded | State::Failed | State::Stopped => {}
        }
        Ok(Answer::Done)
    }

    fn retry_task(&mut self, job: JobId, number: u64) -> rusqlite::Result<Answer> {
        let Some((task, state)) = self.numbered(job, number)? else {
            return Ok(Answer::Missing(Missing::Task(job, number)));
        };
        if matches!(state, State::Waiting | State::Running | State::Succeeded) {
            return Ok(Answer::Conflict(format!("task {number} of job {} is {}", job.0, state.word())));
        }
        if self.has_chores(job)? {
            return Ok(Answer::Conflict(format!("job {} is being stopped or retried: ask again", job.0)));
        }
        if let Some(conflict) = self.revive(job)? {
            return Ok(conflict);
        }
        self.again(job, task, state)?;
        Ok(Answer::Done)
    }

    /// A task waits, with fresh attempts.
    pub(super) fn again(&mut self, job: JobId, task: TaskId, state: State) -> rusqlite::Result<()> {
        self.note_tried(task, 0)?;
        self.touched.insert(job);
        self.change(job, task, state, State::Waiting)
    }

    fn numbered(&self, job: JobId, number: u64) -> rusqlite::Result<Option<(TaskId, State)>> {
        let mut select = self.to.prepare_cached(&format!(
            "SELECT t.id, t.state FROM served s JOIN task t ON t.id = {ID_OF_NUMBER} AND t.job = s.job AND t.number = ?2
             WHERE s.job = ?1"
        ))?;
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let task = |row: &rusqlite::Row<'_>| Ok((TaskId(row.get(0)?), crate::reader::state(row, 1)?));
        select.query_row([job.0, number], task).optional()
    }
}

/// The id of the task that has the number `?2` in the served job `s`, if it has so many.
pub(crate) const ID_OF_NUMBER: &str = "coalesce(
    (SELECT first + ?2 - number FROM span WHERE job = s.job AND number <= ?2 ORDER BY number DESC LIMIT 1),
    s.first + ?2 - 1)";
