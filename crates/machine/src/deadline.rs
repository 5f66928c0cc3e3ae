//! What happens when a deadline comes.
//!
//! A worker has one entry of its own among the timers. It may be earlier than the worker's deadline (a task ended before
//! its limit): then it comes to nothing and is put in again. So a task with a time limit costs no timer of its own.

use crate::crew::Occupant;
use crate::event::{Action, Moment};
use crate::ladder::Rung;
use crate::machine::Machine;
use crate::task::{Doom, TaskState};
use crate::timers::Timer;
use crate::worker::{Killing, Stage};

impl Machine {
    pub(crate) fn on_tick(&mut self, actions: &mut Vec<Action>) {
        while let Some((at, timer)) = self.timers.pop_due(self.now) {
            if self.holds(at, timer) {
                self.on_timer(timer, actions);
            }
        }
        if self.timers.is_crowded() {
            self.sweep_timers();
        }
    }

    fn on_timer(&mut self, timer: Timer, actions: &mut Vec<Action>) {
        match timer {
            Timer::Worker(worker) => {
                if let Some(place) = self.workers.find(worker) {
                    self.on_worker_timer(place, actions);
                }
            }
            Timer::Passed(worker) => {
                if let Some(place) = self.workers.find(worker) {
                    self.workers[place].passed = None;
                    self.kill(place, Killing::OurWish, actions);
                }
            }
            Timer::Again(task) => {
                self.give_back(task, actions);
                self.fill(actions);
            }
            Timer::Slot(slot) => self.end_pause(slot, actions),
            Timer::Balance => {
                self.balance_at = None;
                self.balance(actions);
            }
            Timer::KillAll => self.on_kill(actions),
        }
    }

    fn on_worker_timer(&mut self, place: usize, actions: &mut Vec<Action>) {
        self.workers[place].armed = None;
        if self.deadline_of(place).is_some_and(|at| at <= self.now) {
            match self.workers[place].stage {
                Stage::Starting { .. } => self.kill(place, Killing::SlowStart, actions),
                Stage::Retiring { .. } => self.kill(place, Killing::OurWish, actions),
                Stage::Ready { .. } | Stage::Isolating { .. } => self.enforce_limits(place, actions),
                Stage::Terminated | Stage::Killed { .. } | Stage::Gone => {}
            }
        }
        self.arm(place);
    }

    /// A limit of the front has passed: the hard one, or the soft one.
    fn enforce_limits(&mut self, place: usize, actions: &mut Vec<Action>) {
        let worker = &mut self.workers[place];
        let Some(front) = worker.held.front().copied() else { return };
        let Some(policy) = self.tasks.get(front).map(|task| &task.policy) else { return };
        if policy.timeout.is_some_and(|limit| worker.began + limit <= self.now) {
            self.doom(place, front, Doom::TimedOut, actions);
        } else {
            worker.asked = true;
            actions.push(Action::AskToStop { worker: worker.id, task: front });
        }
    }

    /// When a worker's stage, or the task that it is in, wants to be looked at.
    fn deadline_of(&self, place: usize) -> Option<Moment> {
        let worker = &self.workers[place];
        match worker.stage {
            Stage::Starting { until } | Stage::Retiring { until } => Some(until),
            Stage::Ready { .. } | Stage::Isolating { .. } => {
                // One that is being taken back is looked at again when the answer is there.
                let front = self.tasks.get(*worker.held.front()?)?;
                let TaskState::Held { .. } = front.state else { return None };
                let soft = front.policy.soft_timeout.filter(|_| !worker.asked);
                let limit = [soft, front.policy.timeout].into_iter().flatten().min()?;
                Some(worker.began + limit)
            }
            Stage::Terminated | Stage::Killed { .. } | Stage::Gone => None,
        }
    }

    /// Sees to it that the worker's entry is there, and not later than its deadline.
    pub(crate) fn arm(&mut self, place: usize) {
        let Some(at) = self.deadline_of(place) else { return };
        let worker = &mut self.workers[place];
        if worker.armed.is_none_or(|armed| at < armed) {
            worker.armed = Some(at);
            self.timers.push(at, Timer::Worker(worker.id));
            if self.timers.is_crowded() {
                self.sweep_timers();
            }
        }
    }

    /// A worker begins its front now, as far as we can tell.
    pub(crate) fn begin(&mut self, place: usize) {
        let worker = &mut self.workers[place];
        worker.began = self.now;
        worker.asked = false;
        if self.timed {
            self.arm(place);
        }
    }

    fn sweep_timers(&mut self) {
        let mut timers = std::mem::take(&mut self.timers);
        timers.retain(|at, timer| self.holds(at, timer));
        self.timers = timers;
    }

    /// Whether a deadline still means something.
    fn holds(&self, at: Moment, timer: Timer) -> bool {
        let worker = |id| self.workers.find(id).map(|place| &self.workers[place]);
        match timer {
            Timer::Worker(id) => worker(id).is_some_and(|worker| worker.armed == Some(at)),
            Timer::Passed(id) => worker(id).is_some_and(|worker| {
                !matches!(worker.stage, Stage::Killed { .. }) && worker.passed.is_some_and(|(_, due)| due == at)
            }),
            Timer::Again(task) => self.tasks.state(task) == Some(TaskState::Backoff { until: at }),
            Timer::Slot(slot) => self.slots[slot as usize].current == Occupant::Pausing { until: at },
            Timer::Balance => self.balance_at == Some(at),
            Timer::KillAll => self.rung == Rung::Terminating { kill_at: at },
        }
    }
}
