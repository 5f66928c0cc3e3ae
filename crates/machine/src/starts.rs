//! Starts that fail: when they are tried again, and when the pool gives up for them.
//!
//! ```text
//!                  others are starting, or the slot's last worker leaves        they are not any more
//!             ┌── for want of something ──────────────────────────────► Waiting ────────────────┐
//!  Starting ──┤                                                                                  ├─► Starting
//!             └── for want of something, though not; or for any other reason ─► Pausing ─────────┘
//! ```
//!
//! What is wanted is descriptors, processes or memory. As long as the pool has a worker, it goes on with those it has, and
//! says so once.

use std::time::Duration;

use ganger_proto::WorkerId;
use ganger_proto::outcome::{PoolFailure, StartError, StartErrorKind};

use crate::crew::{Occupant, Slot};
use crate::event::{Action, Moment};
use crate::machine::Machine;
use crate::worker::{Killing, Stage, Worker};

/// What went wrong since a worker was last ready.
#[derive(Default)]
pub(crate) struct Starts {
    /// Failed starts in a row. One for want of something counts if the pool had no other worker.
    failed: u32,
    /// Failed initializers in a row.
    initializers: u32,
    /// Since when starts fail for want of something and the pool has no worker.
    deserted: Option<Moment>,
    /// Whether any worker was ever ready.
    succeeded: bool,
    /// Whether it was told that there are fewer workers than wanted.
    told: bool,
}

impl Starts {
    /// A worker is ready.
    pub(crate) fn succeed(&mut self) {
        *self = Self { succeeded: true, told: self.told, ..Self::default() };
    }
}

impl Machine {
    pub(crate) fn on_start_failed(&mut self, worker: WorkerId, error: StartError, actions: &mut Vec<Action>) {
        let Some(place) = self.workers.find(worker) else { return };
        match error.kind {
            _ if !self.was_to_start(place) => self.see_off(place, Occupant::Nobody, actions),
            StartErrorKind::Permanent => self.on_start_error(place, self.why(place, error.message), actions),
            StartErrorKind::Shortage => self.on_shortage(place, error.message, actions),
        }
        self.end_waiting(actions);
        self.fill(actions);
    }

    pub(crate) fn on_init_failed(&mut self, worker: WorkerId, error: String, actions: &mut Vec<Action>) {
        let Some(place) = self.workers.find(worker) else { return };
        if self.was_to_start(place) {
            self.on_init_error(place, self.why(place, error), actions);
        } else {
            self.see_off(place, Occupant::Nobody, actions);
        }
        self.end_waiting(actions);
        self.fill(actions);
    }

    /// Why a worker never was ready. Of one that we killed for being slow the world only knows that it died.
    fn why(&self, place: usize, told: String) -> String {
        let limit = self.policy.start_timeout;
        match self.workers[place].stage {
            Stage::Killed { why: Killing::SlowStart } => {
                format!("a worker was killed, since it was not ready after {limit:?}, the start time-out")
            }
            Stage::Starting { .. }
            | Stage::Ready { .. }
            | Stage::Isolating { .. }
            | Stage::Retiring { .. }
            | Stage::Terminated
            | Stage::Killed { why: Killing::OurWish }
            | Stage::Gone => told,
        }
    }

    /// Whether the end of a worker that never was ready is a failure, and not our doing.
    fn was_to_start(&self, place: usize) -> bool {
        match self.workers[place].stage {
            Stage::Starting { .. } | Stage::Killed { why: Killing::SlowStart } => true,
            Stage::Ready { .. }
            | Stage::Isolating { .. }
            | Stage::Retiring { .. }
            | Stage::Terminated
            | Stage::Killed { why: Killing::OurWish }
            | Stage::Gone => false,
        }
    }

    fn on_start_error(&mut self, place: usize, error: String, actions: &mut Vec<Action>) {
        let left = self.fall(place);
        self.see_off(place, left, actions);
        self.starts.failed += 1;
        let nobody = !self.workers.iter().any(Worker::is_ready);
        if self.starts.failed >= self.policy.init_failures && nobody {
            self.fail(PoolFailure::Start { error }, actions);
        }
    }

    fn on_init_error(&mut self, place: usize, error: String, actions: &mut Vec<Action>) {
        let left = self.fall(place);
        self.see_off(place, left, actions);
        self.starts.initializers += 1;
        let times = self.starts.initializers;
        if times >= self.policy.init_failures {
            self.fail(PoolFailure::Initializer { times, error }, actions);
        }
    }

    fn on_shortage(&mut self, place: usize, error: String, actions: &mut Vec<Action>) {
        if self.may_be_freed(place) {
            return self.see_off(place, Occupant::Waiting, actions);
        }
        let left = self.fall(place);
        self.see_off(place, left, actions);
        if self.workers.live() > 0 {
            self.tell_shortage(error, actions);
        } else if self.is_deserted_for_good() {
            self.fail(PoolFailure::Start { error }, actions);
        }
    }

    /// Whether what a worker could not have may be had soon, as others have it only for a moment: those who start take
    /// more than those who are ready, and one that leaves gives back all.
    fn may_be_freed(&self, place: usize) -> bool {
        let slot = self.workers[place].slot;
        let leaves = self.slots[slot as usize].leaving.is_some();
        leaves || self.workers.iter().any(|other| other.is_starting() && other.slot != slot)
    }

    /// One more start has failed for want of something, and there is no other worker. A pool that had one before may have
    /// one again: it is given as long as a start may take.
    fn is_deserted_for_good(&mut self) -> bool {
        let starts = &mut self.starts;
        starts.failed += 1;
        let since = *starts.deserted.get_or_insert(self.now);
        let patience = if starts.succeeded { self.policy.start_timeout } else { Duration::ZERO };
        starts.failed >= self.policy.init_failures && self.now.since(since) >= patience
    }

    fn tell_shortage(&mut self, error: String, actions: &mut Vec<Action>) {
        let has_worker = |slot: &&Slot| matches!(slot.current, Occupant::Worker(_));
        let workers = self.slots.iter().filter(has_worker).count() as u32;
        if workers > 0 && !std::mem::replace(&mut self.starts.told, true) {
            actions.push(Action::Understaffed { workers, error });
        }
    }

    /// Sees off a worker that never was ready.
    fn see_off(&mut self, place: usize, left: Occupant, actions: &mut Vec<Action>) {
        // What it should not hold is not lost even so.
        self.bury(place, None, None, actions);
        self.vacate(place, left, actions);
    }

    /// Tries to fill the slots that wait, one after the other: the next when the one before has a worker.
    pub(crate) fn end_waiting(&mut self, actions: &mut Vec<Action>) {
        let waits = |slot: &Slot| slot.current == Occupant::Waiting && slot.leaving.is_none();
        while let Some(slot) = self.slots.iter().position(waits)
            && !self.workers.iter().any(Worker::is_starting)
        {
            self.end_pause(slot as u32, actions);
        }
    }
}
