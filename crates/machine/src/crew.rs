//! The slots and who fills them: starting, replacing, recycling, retiring.
//!
//! ```text
//!             ┌───────────────────────── one slot ─────────────────────────┐
//!  vacant ──► │ Starting ──► Ready ──► spent ──► Retiring ──► gone          │
//!    ▲        │                 (its successor is Starting, then Ready,     │
//!    │        │                  and takes tasks when it holds none)        │
//!    ├─ pause ◄── died, or could not start                                  │
//!    └─ waits ◄── could not start for want of what others may give back     │
//!             └──────────────────────────────────────────────────────────────┘
//! ```
//! Whether somebody is missing is read off the slots, never off a count of tokens that a death could take along.

use ganger_proto::WorkerId;

use crate::event::{Action, Moment};
use crate::ladder::Rung;
use crate::machine::Machine;
use crate::timers::Timer;
use crate::worker::Stage;

/// A place for one worker, and for one more that is about to leave it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slot {
    pub(crate) current: Occupant,
    /// Its last worker, which has been handed its last task. While it holds any, the current one is sent none: so no
    /// more tasks run at a time than there are slots, and no more than two workers live in one.
    pub(crate) leaving: Option<WorkerId>,
    /// How many of its workers in a row died young or could not start.
    pub(crate) falls: u32,
}

/// Who fills a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Occupant {
    /// Nobody; the slot is in the list of vacant ones.
    #[default]
    Nobody,
    /// Nobody before this moment, after a death or a failed start.
    Pausing { until: Moment },
    /// Nobody while others are starting or its last worker leaves: they may have what there was too little of.
    Waiting,
    /// A worker.
    Worker(WorkerId),
}

impl Machine {
    pub(crate) fn on_ready(&mut self, worker: WorkerId, actions: &mut Vec<Action>) {
        let Some(place) = self.workers.find(worker).filter(|place| self.workers[*place].is_starting()) else { return };
        self.workers[place].stage = Stage::Ready { since: self.now };
        self.starts.succeed();
        self.rest(place);
        self.pump(actions);
        self.end_waiting(actions);
    }

    pub(crate) fn on_memory(&mut self, worker: WorkerId, resident: u64, actions: &mut Vec<Action>) {
        let Some(place) = self.workers.find(worker) else { return };
        let above = self.policy.recycle.memory.is_some_and(|mark| resident > mark);
        let worker = &mut self.workers[place];
        if above && worker.is_ready() && !worker.is_spent() {
            worker.quota = worker.sent;
            self.recycle(place, actions);
            if self.workers[place].held.is_empty() {
                self.retire(place, actions);
                self.let_successor_work(place, actions);
            }
        }
    }

    /// More slots, at the end. None is ever taken away: whoever wants fewer workers busy hands out less.
    pub(crate) fn on_grown(&mut self, workers: u32, actions: &mut Vec<Action>) {
        let before = self.slots.len() as u32;
        self.slots.resize_with((workers.max(before)) as usize, Slot::default);
        // The lowest is taken first, and those that were vacant before stay ahead of the new ones.
        self.vacant.splice(0..0, (before..workers.max(before)).rev());
        self.fill(actions);
    }

    /// Fills vacant slots: all of an eager pool, otherwise as many as there are tasks that find nobody.
    pub(crate) fn staff(&mut self, actions: &mut Vec<Action>) {
        while !self.vacant.is_empty() && self.wants_worker() {
            if let Some(slot) = self.vacant.pop() {
                self.hire(slot, actions);
            }
        }
    }

    fn wants_worker(&self) -> bool {
        match self.rung {
            Rung::Running if self.policy.eager => true,
            Rung::Running | Rung::Closing => {
                let wanted = self.finding_nobody();
                wanted > 0 && self.idle.is_empty() && self.coming() < wanted
            }
            Rung::Interrupted | Rung::Terminating { .. } | Rung::Killing | Rung::Closed => false,
        }
    }

    fn finding_nobody(&self) -> usize {
        self.queue.len() + usize::from(self.loaded > 0)
    }

    /// How many workers will take tasks as soon as they are ready.
    fn coming(&self) -> usize {
        let starting = self.workers.iter().filter(|worker| worker.is_starting());
        starting.filter(|worker| self.slots[worker.slot as usize].leaving.is_none()).count()
    }

    fn hire(&mut self, slot: u32, actions: &mut Vec<Action>) {
        let until = self.now + self.policy.start_timeout;
        let quota = self.draw_quota();
        let place = self.workers.add(slot, quota, until);
        let worker = self.workers[place].id;
        self.slots[slot as usize].current = Occupant::Worker(worker);
        self.arm(place);
        actions.push(Action::Start { worker, slot: slot + 1 });
    }

    fn draw_quota(&mut self) -> u32 {
        let recycle = &self.policy.recycle;
        recycle.after_tasks.map_or(u32::MAX, |tasks| tasks.max(1).saturating_add(self.random.up_to(recycle.jitter)))
    }

    /// A worker has been handed its last task: its successor starts at once, so as to be ready before it goes.
    pub(crate) fn recycle(&mut self, place: usize, actions: &mut Vec<Action>) {
        self.shun(place);
        let worker = &self.workers[place];
        let (id, number) = (worker.id, worker.slot);
        let slot = &mut self.slots[number as usize];
        if slot.current != Occupant::Worker(id) || slot.leaving.is_some() {
            return;
        }
        *slot = Slot { current: Occupant::Nobody, leaving: Some(id), ..*slot };
        if self.rung == Rung::Running {
            self.hire(number, actions);
        } else {
            self.vacant.push(number);
            self.staff(actions);
        }
    }

    /// Tells a worker that holds nothing to end.
    pub(crate) fn retire(&mut self, place: usize, actions: &mut Vec<Action>) {
        self.shun(place);
        self.workers[place].stage = Stage::Retiring { until: self.now + self.policy.grace };
        self.arm(place);
        actions.push(Action::Retire { worker: self.workers[place].id });
    }

    pub(crate) fn takes_tasks(&self, place: usize) -> bool {
        let worker = &self.workers[place];
        worker.is_ready() && !worker.is_spent() && !self.stands_by(place)
    }

    /// Whether a worker waits for its predecessor's last tasks.
    fn stands_by(&self, place: usize) -> bool {
        let worker = &self.workers[place];
        let leaving = self.slots[worker.slot as usize].leaving.filter(|leaving| *leaving != worker.id);
        leaving.and_then(|id| self.workers.find(id)).is_some_and(|leaving| !self.workers[leaving].held.is_empty())
    }

    /// The worker at `place` holds nothing any more: who waited for that may begin.
    pub(crate) fn let_successor_work(&mut self, place: usize, actions: &mut Vec<Action>) {
        let worker = &self.workers[place];
        let slot = self.slots[worker.slot as usize];
        let Occupant::Worker(successor) = slot.current else { return };
        if slot.leaving == Some(worker.id)
            && let Some(successor) = self.workers.find(successor)
            && !self.idle.contains(&successor)
        {
            self.rest(successor);
            self.pump(actions);
        }
    }

    /// A worker is gone. Its slot, if it was still its own, is now in this state.
    pub(crate) fn vacate(&mut self, place: usize, left: Occupant, actions: &mut Vec<Action>) {
        self.shun(place);
        let (id, number) = (self.workers[place].id, self.workers[place].slot);
        self.workers.remove(place);
        let slot = &mut self.slots[number as usize];
        if slot.current == Occupant::Worker(id) {
            self.leave_empty(number, left);
        } else if slot.leaving == Some(id) {
            slot.leaving = None;
            self.on_left(number, actions);
        }
    }

    /// Lets others have what a worker left behind.
    pub(crate) fn fill(&mut self, actions: &mut Vec<Action>) {
        self.pump(actions);
        self.staff(actions);
    }

    fn leave_empty(&mut self, number: u32, left: Occupant) {
        self.slots[number as usize].current = left;
        match left {
            Occupant::Nobody => self.vacant.push(number),
            Occupant::Pausing { until } => self.timers.push(until, Timer::Slot(number)),
            Occupant::Waiting | Occupant::Worker(_) => {}
        }
    }

    /// The slot's old worker is gone for good: the current one may work, and may have a successor of its own.
    fn on_left(&mut self, number: u32, actions: &mut Vec<Action>) {
        let Occupant::Worker(current) = self.slots[number as usize].current else { return self.end_waiting(actions) };
        let Some(place) = self.workers.find(current) else { return };
        if self.workers[place].is_spent() {
            self.recycle(place, actions);
        } else if !self.idle.contains(&place) {
            self.rest(place);
        }
    }

    /// A slot may have a worker again.
    pub(crate) fn end_pause(&mut self, number: u32, actions: &mut Vec<Action>) {
        self.leave_empty(number, Occupant::Nobody);
        self.staff(actions);
    }
}
