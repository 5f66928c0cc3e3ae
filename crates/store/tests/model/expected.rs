//! What a backlog should say, in as few words as possible: no file, no chunks, no indices.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use ganger_store::{Fate, How, State};

pub(crate) const QUEUES: usize = 2;

/// What a store should say of a task.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) state: State,
    pub(crate) tried: u32,
    pub(crate) due: u64,
    pub(crate) cancelled: bool,
}

impl Task {
    pub(crate) fn new() -> Self {
        Self { state: State::Waiting, tried: 0, due: 0, cancelled: false }
    }

    pub(crate) fn is_over(&self) -> bool {
        !matches!(self.state, State::Waiting | State::Delayed | State::Running)
    }
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) queue: usize,
    pub(crate) rank: i32,
    pub(crate) tasks: Vec<Task>,
    pub(crate) due: u64,
    pub(crate) cancelled: bool,
    pub(crate) paused: bool,
    pub(crate) open: bool,
    pub(crate) over: bool,
    pub(crate) key: Option<String>,
    pub(crate) unmet: BTreeMap<i64, How>,
}

impl Job {
    pub(crate) fn is_held(&self) -> bool {
        self.cancelled || self.paused || self.due > 0 || !self.unmet.is_empty()
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.cancelled || self.tasks.iter().any(|task| matches!(task.state, State::Failed | State::Stopped))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) jobs: BTreeMap<i64, Job>,
    pub(crate) paused: [bool; QUEUES],
    /// Seconds since 1970.
    pub(crate) now: u64,
}

impl Model {
    /// What waits in each queue: for a slot, for a moment, for other jobs, for somebody.
    pub(crate) fn depths(&self) -> [[i64; 4]; QUEUES] {
        let mut depths = [[0; 4]; QUEUES];
        for job in self.jobs.values() {
            let count = |state| job.tasks.iter().filter(|task| task.state == state).count() as i64;
            let at = match job {
                Job { cancelled: true, .. } | Job { paused: true, .. } => 3,
                job if !job.unmet.is_empty() => 2,
                job if job.due > 0 => 1,
                _ => 0,
            };
            depths[job.queue][at] += count(State::Waiting);
            depths[job.queue][1] += count(State::Delayed);
        }
        depths
    }

    /// Nothing that waits of it begins.
    pub(crate) fn cancel(&mut self, id: i64) {
        let Some(job) = self.jobs.get_mut(&id).filter(|job| !job.over) else { return };
        (job.cancelled, job.open) = (true, false);
        for task in job.tasks.iter_mut().filter(|task| matches!(task.state, State::Waiting | State::Delayed)) {
            (task.state, task.tried) = (State::Stopped, 0);
        }
    }

    /// What the clock and the ends of jobs lead to, until nothing more follows.
    pub(crate) fn settle(&mut self) {
        for job in self.jobs.values_mut() {
            job.due = if job.due <= self.now { 0 } else { job.due };
            for task in job.tasks.iter_mut().filter(|task| task.state == State::Delayed && task.due <= self.now) {
                task.state = State::Waiting;
            }
        }
        while let Some(id) = self.next_over() {
            self.end(id);
        }
    }

    pub(crate) fn next_over(&self) -> Option<i64> {
        let is_new = |job: &Job| !job.over && !job.open && job.tasks.iter().all(Task::is_over);
        self.jobs.iter().find(|(_, job)| is_new(job)).map(|(id, _)| *id)
    }

    pub(crate) fn end(&mut self, id: i64) {
        self.jobs.get_mut(&id).unwrap().over = true;
        self.meet(id);
    }

    /// Tells those that need a job which is over.
    pub(crate) fn meet(&mut self, id: i64) {
        let badly = self.jobs[&id].has_failed();
        let waiting: Vec<_> = self.jobs.iter().filter_map(|(of, job)| Some((*of, *job.unmet.get(&id)?))).collect();
        for (of, how) in waiting {
            if badly && how == How::Succeeded {
                self.cancel(of);
            } else {
                self.jobs.get_mut(&of).unwrap().unmet.remove(&id);
            }
        }
    }

    pub(crate) fn holder(&self, key: &str) -> Option<i64> {
        self.jobs.iter().find(|(_, job)| !job.over && job.key.as_deref() == Some(key)).map(|(id, _)| *id)
    }

    /// A job that may be over goes on, if nobody has its key.
    pub(crate) fn revive(&mut self, id: i64) -> bool {
        let holder = self.jobs[&id].key.clone().and_then(|key| self.holder(&key));
        if holder.is_some_and(|holder| holder != id) {
            return false;
        }
        let job = self.jobs.get_mut(&id).unwrap();
        (job.over, job.cancelled) = (false, false);
        true
    }

    pub(crate) fn retry(&mut self, id: i64) {
        let retried = |task: &Task| matches!(task.state, State::Failed | State::Stopped);
        if self.jobs[&id].tasks.iter().any(retried) && self.revive(id) {
            let job = self.jobs.get_mut(&id).unwrap();
            job.tasks.iter_mut().filter(|task| retried(task)).for_each(|task| *task = Task::new());
        }
    }

    pub(crate) fn retry_task(&mut self, id: i64, number: usize) {
        let retried = |task: &Task| matches!(task.state, State::Failed | State::Stopped | State::Delayed);
        if self.jobs[&id].tasks.get(number - 1).is_some_and(retried) && self.revive(id) {
            self.jobs.get_mut(&id).unwrap().tasks[number - 1] = Task::new();
        }
    }

    pub(crate) fn cancel_task(&mut self, id: i64, number: usize) {
        let Some(task) = self.jobs.get_mut(&id).unwrap().tasks.get_mut(number - 1) else { return };
        match task.state {
            State::Waiting | State::Delayed => (task.state, task.tried) = (State::Stopped, 0),
            State::Running => task.cancelled = true,
            State::Succeeded | State::Failed | State::Stopped => {}
        }
    }

    /// What a queue hands out: job, number, attempt.
    pub(crate) fn claim(&mut self, queue: usize, limit: usize) -> Vec<(i64, u64, u32)> {
        if self.paused[queue] {
            return Vec::new();
        }
        let mut order: Vec<_> = self.jobs.iter_mut().filter(|(_, job)| job.queue == queue && !job.is_held()).collect();
        order.sort_by_key(|(id, job)| (job.rank, **id));
        let mut claimed = Vec::new();
        for (id, job) in order {
            for (task, number) in job.tasks.iter_mut().zip(1..).filter(|(task, _)| task.state == State::Waiting) {
                if claimed.len() < limit {
                    task.state = State::Running;
                    claimed.push((*id, number, task.tried + 1));
                }
            }
        }
        claimed
    }

    pub(crate) fn ended(&mut self, id: i64, number: u64, attempt: u32, fate: Fate) {
        let job = self.jobs.get_mut(&id).unwrap();
        let task = &mut job.tasks[number as usize - 1];
        let stopped = job.cancelled || std::mem::take(&mut task.cancelled);
        (task.state, task.tried) = match fate {
            Fate::Over(state) => (state, 0),
            Fate::Again | Fate::Later(_) | Fate::Back if stopped => (State::Stopped, 0),
            Fate::Again => (State::Waiting, attempt),
            Fate::Back => (State::Waiting, attempt - 1),
            Fate::Later(due) => {
                task.due = due.duration_since(UNIX_EPOCH).unwrap().as_secs();
                (State::Delayed, attempt)
            }
        };
    }
}
