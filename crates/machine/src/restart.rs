//! Deaths: what they cost the tasks, when the dead are replaced, and when the pool gives up for them.

use std::collections::VecDeque;

use ganger_proto::outcome::{Exit, PoolFailure, StartError};
use ganger_proto::{TaskId, WorkerId};

use crate::crew::Occupant;
use crate::event::{Action, End, Moment};
use crate::ladder::Rung;
use crate::machine::Machine;
use crate::task::{Doom, Recall, TaskState};
use crate::worker::{Killing, Stage};

/// What went wrong since it last went well.
#[derive(Default)]
pub(crate) struct Restarts {
    /// The deaths without one finished task since. Those that are too long ago are dropped with the next one.
    deaths: VecDeque<Moment>,
}

impl Restarts {
    #[inline]
    pub(crate) fn finished(&mut self) {
        if !self.deaths.is_empty() {
            self.deaths.clear();
        }
    }
}

impl Machine {
    pub(crate) fn on_worker_gone(
        &mut self,
        worker: WorkerId,
        current: Option<TaskId>,
        exit: Exit,
        actions: &mut Vec<Action>,
    ) {
        let Some(place) = self.workers.find(worker) else { return };
        let since = match self.workers[place].stage {
            Stage::Starting { .. } | Stage::Killed { why: Killing::SlowStart } => {
                let error = StartError::permanent(format!("a worker ended before it was ready: {exit}"));
                return self.on_start_failed(worker, error, actions);
            }
            Stage::Ready { since } | Stage::Isolating { since, .. } => Some(since),
            Stage::Retiring { .. } | Stage::Terminated | Stage::Killed { .. } | Stage::Gone => None,
        };
        self.bury(place, current, since.map(|_| exit), actions);
        match since {
            Some(since) => self.on_death(place, since, exit, actions),
            None => self.vacate(place, Occupant::Nobody, actions),
        }
        self.fill(actions);
    }

    /// A worker died that we had not killed.
    fn on_death(&mut self, place: usize, ready_since: Moment, exit: Exit, actions: &mut Vec<Action>) {
        let healthy = self.now.since(ready_since) > self.policy.restart.healthy_after;
        if healthy || self.workers[place].useful {
            self.slots[self.workers[place].slot as usize].falls = 0;
        }
        let left = if healthy { Occupant::Nobody } else { self.fall(place) };
        self.vacate(place, left, actions);
        self.count_death(exit, actions);
    }

    /// One more fall in a row of a slot's workers: the slot pauses.
    pub(crate) fn fall(&mut self, place: usize) -> Occupant {
        let slot = &mut self.slots[self.workers[place].slot as usize];
        slot.falls = slot.falls.saturating_add(1);
        let falls = slot.falls;
        let pause = self.policy.restart.backoff.pause(falls, self.random.chance());
        Occupant::Pausing { until: self.now + pause }
    }

    fn count_death(&mut self, last: Exit, actions: &mut Vec<Action>) {
        let (now, restart) = (self.now, &self.policy.restart);
        let window = restart.window;
        let most = restart.intensity as usize * self.slots.len();
        let deaths = &mut self.restarts.deaths;
        deaths.push_back(now);
        while deaths.front().is_some_and(|death| now.since(*death) > window) {
            deaths.pop_front();
        }
        if deaths.len() > most {
            let deaths = deaths.len() as u32;
            self.fail(PoolFailure::RestartIntensity { deaths, window, last }, actions);
        }
    }

    /// Gives up.
    pub(crate) fn fail(&mut self, failure: PoolFailure, actions: &mut Vec<Action>) {
        match self.rung {
            Rung::Running | Rung::Closing => {
                self.failure = Some(failure.clone());
                actions.push(Action::Failed(failure));
                self.on_kill(actions);
            }
            // It is ending anyway.
            Rung::Interrupted | Rung::Terminating { .. } | Rung::Killing | Rung::Closed => {}
        }
    }

    /// Decides about each task that a worker leaves behind. `died` is how, if it was not our doing.
    pub(crate) fn bury(
        &mut self,
        place: usize,
        current: Option<TaskId>,
        died: Option<Exit>,
        actions: &mut Vec<Action>,
    ) {
        let mut held = std::mem::take(&mut self.workers[place].held);
        self.loaded -= usize::from(held.len() > 1);
        // From the back, so that the queue's front has them in their old order.
        for task in held.iter().rev() {
            self.bereave(*task, current == Some(*task), died, actions);
        }
        held.clear();
        self.workers[place].held = held;
    }

    fn bereave(&mut self, task: TaskId, in_hand: bool, died: Option<Exit>, actions: &mut Vec<Action>) {
        let Some(entry) = self.tasks.get(task) else { return };
        let (state, limit) = (entry.state, entry.policy.timeout);
        match (state, died) {
            _ if self.rung.cancels() && (in_hand || self.failure.is_none()) => {
                self.settle(task, End::Cancelled, actions);
            }
            (TaskState::TakingBack { why: Recall::ToCancel, .. }, _)
            | (TaskState::Doomed { why: Doom::Cancelled, .. }, _) => self.settle(task, End::Cancelled, actions),
            (TaskState::Doomed { why: Doom::TimedOut, .. }, died) if in_hand || died.is_none() => {
                self.failed(task, End::TimedOut(limit.unwrap_or_default()), actions);
            }
            (_, Some(exit)) if in_hand => self.crashed(task, exit, actions),
            (_, _) => self.give_back(task, actions),
        }
    }
}
