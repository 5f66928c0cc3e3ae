//! The end of a pool, one rung after the other and never back.

use crate::event::{Action, Moment};
use crate::machine::Machine;
use crate::task::{Recall, TaskState};
use crate::timers::Timer;
use crate::worker::{Killing, Stage};

/// How far the end has come. The diagram is in the crate's docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rung {
    /// Tasks are accepted.
    Running,
    /// What was accepted is finished.
    Closing,
    /// What runs is finished.
    Interrupted,
    /// TERM was sent to all; KILL follows.
    Terminating { kill_at: Moment },
    /// KILL was sent to all.
    Killing,
    /// All is over.
    Closed,
}

impl Rung {
    /// Whether tasks that do not run may wait for a worker.
    pub(crate) fn retries(self) -> bool {
        match self {
            Self::Running | Self::Closing => true,
            Self::Interrupted | Self::Terminating { .. } | Self::Killing | Self::Closed => false,
        }
    }

    /// Whether tasks that run are to end without an outcome of their own.
    pub(crate) fn cancels(self) -> bool {
        match self {
            Self::Running | Self::Closing | Self::Interrupted => false,
            Self::Terminating { .. } | Self::Killing | Self::Closed => true,
        }
    }
}

impl Machine {
    pub(crate) fn on_close(&mut self) {
        if self.rung == Rung::Running {
            self.rung = Rung::Closing;
        }
    }

    pub(crate) fn on_interrupt(&mut self, actions: &mut Vec<Action>) {
        if !self.rung.retries() {
            return;
        }
        self.rung = Rung::Interrupted;
        self.end_all_waiting(actions);
        for place in self.workers.places() {
            if self.workers[place].is_starting() {
                self.kill(place, Killing::OurWish, actions);
            } else {
                self.recall_unbegun(place, actions);
            }
        }
    }

    pub(crate) fn on_terminate(&mut self, actions: &mut Vec<Action>) {
        if self.rung.cancels() {
            return;
        }
        let kill_at = self.now + self.policy.grace;
        self.rung = Rung::Terminating { kill_at };
        self.timers.push(kill_at, Timer::KillAll);
        self.end_all_waiting(actions);
        for place in self.workers.places() {
            match self.workers[place].stage {
                Stage::Starting { .. } => self.kill(place, Killing::OurWish, actions),
                Stage::Ready { .. } | Stage::Isolating { .. } | Stage::Retiring { .. } => {
                    self.shun(place);
                    self.workers[place].stage = Stage::Terminated;
                    actions.push(Action::Terminate { worker: self.workers[place].id });
                }
                Stage::Terminated | Stage::Killed { .. } | Stage::Gone => {}
            }
        }
    }

    pub(crate) fn on_kill(&mut self, actions: &mut Vec<Action>) {
        if matches!(self.rung, Rung::Killing | Rung::Closed) {
            return;
        }
        self.rung = Rung::Killing;
        self.end_all_waiting(actions);
        for place in self.workers.places() {
            if !matches!(self.workers[place].stage, Stage::Killed { .. }) {
                self.kill(place, Killing::OurWish, actions);
            }
        }
    }

    /// What follows for a pool that is ending when nothing is left to do.
    pub(crate) fn wind_down(&mut self, actions: &mut Vec<Action>) {
        if matches!(self.rung, Rung::Running | Rung::Closed) || self.tasks.live() > 0 {
            return;
        }
        for place in self.workers.places() {
            match self.workers[place].stage {
                Stage::Starting { .. } => self.kill(place, Killing::OurWish, actions),
                Stage::Ready { .. } => self.retire(place, actions),
                Stage::Isolating { .. }
                | Stage::Retiring { .. }
                | Stage::Terminated
                | Stage::Killed { .. }
                | Stage::Gone => {}
            }
        }
        if self.workers.live() == 0 {
            self.rung = Rung::Closed;
            actions.push(Action::Closed);
        }
    }

    /// Settles every task that no worker holds.
    fn end_all_waiting(&mut self, actions: &mut Vec<Action>) {
        for task in self.tasks.without_worker() {
            if let Some(end) = self.end_of_waiting(task) {
                self.settle(task, end, actions);
            }
        }
        self.queue.clear();
    }

    fn recall_unbegun(&mut self, place: usize, actions: &mut Vec<Action>) {
        let unbegun: Vec<_> = self.workers[place].held.iter().skip(1).copied().collect();
        for task in unbegun {
            if let Some(TaskState::Held { worker }) = self.tasks.state(task) {
                self.take_back(worker, task, Recall::ToMove, actions);
            }
        }
    }
}
