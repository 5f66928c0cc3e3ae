//! ④ What becomes of a task whose attempt ended: an outcome, or another attempt.

use std::time::Duration;

use ganger_proto::message::Verdict;
use ganger_proto::outcome::{Exit, NotStarted};
use ganger_proto::{TaskId, WorkerId};

use crate::event::{Action, End};
use crate::ladder::Rung;
use crate::machine::Machine;
use crate::task::{Task, TaskState};
use crate::timers::Timer;

impl Machine {
    pub(crate) fn on_finished(
        &mut self,
        worker: WorkerId,
        task: TaskId,
        verdict: Verdict,
        took: Duration,
        actions: &mut Vec<Action>,
    ) {
        let Some(place) = self.workers.find(worker) else { return };
        let Some(state) = self.release(place, task) else { return };
        self.workers[place].useful = true;
        self.pace.learn(took);
        self.restarts.finished();
        match verdict {
            Verdict::Returned => self.settle(task, End::Finished, actions),
            Verdict::Failed | Verdict::Panicked if state.is_cancelled() => self.settle(task, End::Finished, actions),
            Verdict::Failed | Verdict::Panicked => self.failed(task, End::Finished, actions),
        }
        self.on_released(place, actions);
    }

    /// An attempt failed, panicked or ran out of time.
    pub(crate) fn failed(&mut self, task: TaskId, end: End, actions: &mut Vec<Action>) {
        let Some(entry) = self.tasks.get_mut(task) else { return };
        entry.failures += 1;
        if entry.failures < entry.policy.failure_attempts && self.rung.retries() {
            self.try_again(task, actions);
        } else {
            self.settle(task, end, actions);
        }
    }

    /// An attempt ended with its worker.
    pub(crate) fn crashed(&mut self, task: TaskId, exit: Exit, actions: &mut Vec<Action>) {
        let Some(entry) = self.tasks.get_mut(task) else { return };
        entry.add_exit(exit);
        if (entry.exits().len() as u32) < entry.policy.crash_attempts && self.rung.retries() {
            self.try_again(task, actions);
        } else {
            let end = End::Crashed(entry.exits().to_vec());
            self.settle(task, end, actions);
        }
    }

    fn try_again(&mut self, task: TaskId, actions: &mut Vec<Action>) {
        let chance = self.random.chance();
        let Some(entry) = self.tasks.get_mut(task) else { return };
        let pause = entry.policy.backoff.pause(entry.charged(), chance);
        if pause.is_zero() {
            return self.give_back(task, actions);
        }
        let until = self.now + pause;
        entry.state = TaskState::Backoff { until };
        self.timers.push(until, Timer::Again(task));
    }

    /// The one place where an accepted task ends.
    pub(crate) fn settle(&mut self, task: TaskId, end: End, actions: &mut Vec<Action>) {
        if self.tasks.remove(task).is_some() {
            actions.push(Action::Settle { task, end });
        }
    }

    /// Why a task would be refused now.
    pub(crate) fn refusal(&self) -> Option<NotStarted> {
        match (&self.failure, self.rung) {
            (Some(failure), _) => Some(NotStarted::PoolFailed(failure.clone())),
            (None, Rung::Running) => None,
            (None, _) => Some(NotStarted::Terminated),
        }
    }

    /// How a task ends that must not wait any more; none if it may.
    pub(crate) fn end_of_waiting(&self, task: TaskId) -> Option<End> {
        if self.rung.retries() {
            return None;
        }
        let exits = self.tasks.get(task).map_or(&[][..], Task::exits);
        Some(match &self.failure {
            None => End::Cancelled,
            Some(_) if !exits.is_empty() => End::Crashed(exits.to_vec()),
            Some(failure) => End::NotStarted(NotStarted::PoolFailed(failure.clone())),
        })
    }

    /// Takes a task off its worker's list and tells what state it was in; none if that worker does not hold it.
    #[inline]
    pub(crate) fn release(&mut self, place: usize, task: TaskId) -> Option<TaskState> {
        let state = self.tasks.state(task)?;
        let worker = &mut self.workers[place];
        if state.worker() != Some(worker.id) {
            return None;
        }
        let is_front = worker.held.front() == Some(&task);
        if is_front {
            worker.held.pop_front();
        } else {
            let position = worker.held.iter().position(|held| *held == task)?;
            worker.held.remove(position);
        }
        worker.passed = worker.passed.filter(|(passed, _)| *passed != task);
        self.loaded -= usize::from(worker.held.len() == 1);
        if is_front && !worker.held.is_empty() {
            self.begin(place);
        }
        Some(state)
    }

    /// What follows for a worker from which a task was released, whatever became of the task.
    pub(crate) fn on_released(&mut self, place: usize, actions: &mut Vec<Action>) {
        self.check_isolation(place, actions);
        if self.workers[place].held.is_empty() {
            self.on_empty(place, actions);
        } else {
            self.refill(place, actions);
            self.offer_room(place);
        }
        if !self.queue.is_empty() && !self.idle.is_empty() {
            self.pump(actions);
        }
    }
}
