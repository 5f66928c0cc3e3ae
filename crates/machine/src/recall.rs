//! Taking back, cancelling, and killing a worker for one task without hitting another.
//!
//! ```text
//!   cancel ─► TakeBack ─┬─ TakenBack ─► it never ran: Cancelled
//!                       └─ Kept ──┐
//!   time limit ──────────────────┴─► isolate: TakeBack everything behind it
//!                                      ├─ all TakenBack ─► Kill: nobody else can be hit
//!                                      └─ one Kept ─────► it is over already: its end is on the way, no Kill
//! ```
//! A front is "running" only as far as we can tell, so a cancel asks the worker's own word first: a task that was just
//! sent costs no worker. A time limit does not ask, or a worker that is stuck before its task would be sent it for ever.

use ganger_proto::{TaskId, WorkerId};

use crate::event::{Action, End};
use crate::machine::Machine;
use crate::task::{Doom, Recall, TaskState};
use crate::timers::Timer;
use crate::worker::{Killing, Stage};

impl Machine {
    pub(crate) fn on_cancelled(&mut self, task: TaskId, actions: &mut Vec<Action>) {
        let Some(state) = self.tasks.state(task) else { return };
        match state {
            TaskState::Queued => {
                self.settle(task, End::Cancelled, actions);
                let tasks = &self.tasks;
                self.queue.forget_one(|task| tasks.waits(task));
            }
            TaskState::Backoff { .. } => self.settle(task, End::Cancelled, actions),
            TaskState::Held { worker } => self.take_back(worker, task, Recall::ToCancel, actions),
            TaskState::TakingBack { worker, .. } => {
                self.tasks.set(task, TaskState::TakingBack { worker, why: Recall::ToCancel });
            }
            TaskState::Doomed { worker, .. } => {
                self.tasks.set(task, TaskState::Doomed { worker, why: Doom::Cancelled });
            }
        }
    }

    /// Whatever we think of the task: the worker has not got it any more.
    pub(crate) fn on_taken_back(&mut self, worker: WorkerId, task: TaskId, actions: &mut Vec<Action>) {
        let Some(place) = self.workers.find(worker) else { return };
        let Some(state) = self.release(place, task) else { return };
        if state.is_cancelled() {
            self.settle(task, End::Cancelled, actions);
        } else {
            self.give_back(task, actions);
        }
        // An idle worker comes before the one that it was taken from.
        self.pump(actions);
        self.on_released(place, actions);
    }

    pub(crate) fn on_kept(&mut self, worker: WorkerId, task: TaskId, actions: &mut Vec<Action>) {
        let Some((place, why)) = self.asked_back(worker, task) else { return };
        self.tasks.set(task, TaskState::Held { worker });
        if let Stage::Isolating { victim, .. } = self.workers[place].stage
            && self.is_behind(place, task, victim)
        {
            self.expect_end(place, victim);
        }
        match why {
            Recall::ToCancel if self.policy.can_kill => self.doom(place, task, Doom::Cancelled, actions),
            Recall::ToCancel | Recall::ToMove => self.arm(place),
        }
        self.check_isolation(place, actions);
        self.offer_room(place);
    }

    /// Asks a held task back.
    pub(crate) fn take_back(&mut self, worker: WorkerId, task: TaskId, why: Recall, actions: &mut Vec<Action>) {
        let Some(place) = self.workers.find(worker) else { return };
        self.tasks.set(task, TaskState::TakingBack { worker, why });
        match self.workers[place].stage {
            Stage::Ready { .. } | Stage::Isolating { .. } => actions.push(Action::TakeBack { worker, task }),
            // Its end is on the way, and settles the task.
            Stage::Starting { .. }
            | Stage::Retiring { .. }
            | Stage::Terminated
            | Stage::Killed { .. }
            | Stage::Gone => {}
        }
    }

    /// A task that has begun shall end with its worker: first of all, nobody else may be hit.
    pub(crate) fn doom(&mut self, place: usize, task: TaskId, why: Doom, actions: &mut Vec<Action>) {
        let worker = &self.workers[place];
        self.tasks.set(task, TaskState::Doomed { worker: worker.id, why });
        let (Stage::Ready { since } | Stage::Isolating { since, .. }) = worker.stage else { return };
        let behind = self.held_behind(place, task);
        if behind.iter().any(|(_, state)| matches!(state, TaskState::Doomed { .. })) {
            return self.expect_end(place, task);
        }
        self.workers[place].stage = Stage::Isolating { since, victim: task };
        for (other, state) in behind {
            if let TaskState::Held { worker } = state {
                self.take_back(worker, other, Recall::ToMove, actions);
            }
        }
        self.check_isolation(place, actions);
    }

    /// Kills a worker once its victim is alone; lets it go on if the victim has ended.
    pub(crate) fn check_isolation(&mut self, place: usize, actions: &mut Vec<Action>) {
        let Stage::Isolating { since, victim } = self.workers[place].stage else { return };
        if !self.workers[place].held.contains(&victim) {
            self.workers[place].stage = Stage::Ready { since };
        } else if self.held_behind(place, victim).is_empty() {
            self.kill(place, Killing::OurWish, actions);
        }
    }

    pub(crate) fn kill(&mut self, place: usize, why: Killing, actions: &mut Vec<Action>) {
        self.shun(place);
        self.workers[place].stage = Stage::Killed { why };
        actions.push(Action::Kill { worker: self.workers[place].id });
    }

    /// The worker has begun a task behind this one, so this one's end is on the way. A worker that lied about it is
    /// killed after the grace.
    fn expect_end(&mut self, place: usize, task: TaskId) {
        let at = self.now + self.policy.grace;
        let worker = &mut self.workers[place];
        if worker.passed.is_none() {
            worker.passed = Some((task, at));
            self.timers.push(at, Timer::Passed(worker.id));
        }
    }

    fn asked_back(&self, worker: WorkerId, task: TaskId) -> Option<(usize, Recall)> {
        let place = self.workers.find(worker)?;
        match self.tasks.state(task)? {
            TaskState::TakingBack { worker: holder, why } if holder == worker => Some((place, why)),
            TaskState::TakingBack { .. }
            | TaskState::Queued
            | TaskState::Backoff { .. }
            | TaskState::Held { .. }
            | TaskState::Doomed { .. } => None,
        }
    }

    fn is_behind(&self, place: usize, task: TaskId, other: TaskId) -> bool {
        self.held_behind(place, other).iter().any(|(behind, _)| *behind == task)
    }

    fn held_behind(&self, place: usize, task: TaskId) -> Vec<(TaskId, TaskState)> {
        let held = self.workers[place].held.iter().skip_while(|held| **held != task).skip(1);
        held.filter_map(|held| Some((*held, self.tasks.state(*held)?))).collect()
    }
}
