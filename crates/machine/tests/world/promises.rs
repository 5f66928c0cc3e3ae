//! What each event means for the tasks, told independently of the machine; and what must hold after it.

use ganger_machine::{Event, WorkerStatus};
use ganger_proto::message::Verdict;
use ganger_proto::outcome::Exit;
use ganger_proto::{TaskId, WorkerId};

use crate::model::Place;
use crate::sim::Sim;
use crate::world::World;

impl World {
    /// What the event means for the tasks. Returns those that must be settled now.
    pub(crate) fn foresee(&mut self, event: &Event) -> Vec<usize> {
        match event {
            Event::Finished { worker, task, verdict, .. } => {
                let Some((_, c)) = self.holder(*worker, *task) else { return Vec::new() };
                self.let_go(c);
                let ends = *verdict == Verdict::Returned || self.fails(c);
                self.cases[c].put_back(true);
                if ends { vec![c] } else { Vec::new() }
            }
            Event::TakenBack { worker, task } => {
                let Some((_, c)) = self.holder(*worker, *task) else { return Vec::new() };
                self.let_go(c);
                self.cases[c].put_back(false);
                Vec::new()
            }
            Event::Kept { worker, task } => {
                let kept = self.holder(*worker, *task).filter(|_| !self.policy.can_kill && self.rung < 3);
                if let Some((_, c)) = kept {
                    self.cases[c].cancelled = false;
                }
                Vec::new()
            }
            Event::WorkerGone { worker, current, exit } => {
                self.asks.retain(|ask| self.workers[ask.worker].id != *worker);
                let Some(w) = self.workers.iter().position(|sim| sim.id == *worker) else { return Vec::new() };
                self.bury(w, *current, *exit);
                Vec::new()
            }
            Event::Submitted { .. }
            | Event::Cancelled { .. }
            | Event::Ready { .. }
            | Event::StartFailed { .. }
            | Event::InitFailed { .. }
            | Event::Memory { .. }
            | Event::Grown { .. }
            | Event::Tick
            | Event::Stalled { .. }
            | Event::Close
            | Event::Interrupt
            | Event::Terminate
            | Event::Kill => Vec::new(),
        }
    }

    fn holder(&self, worker: WorkerId, task: TaskId) -> Option<(usize, usize)> {
        let c = self.case(task)?;
        match self.cases[c].place {
            Place::Held(w) if self.workers[w].id == worker => Some((w, c)),
            Place::Held(_) | Place::Waiting | Place::Pausing | Place::Settled => None,
        }
    }

    /// One more failed attempt; whether it was the last.
    fn fails(&mut self, c: usize) -> bool {
        let ending = self.rung >= 2 || self.failed;
        let case = &mut self.cases[c];
        if case.cancelled || ending {
            return true;
        }
        case.failures += 1;
        case.failures >= case.policy.failure_attempts
    }

    fn bury(&mut self, w: usize, current: Option<TaskId>, exit: Exit) {
        let ours = self.workers[w].is_ended_by_us();
        for task in std::mem::take(&mut self.workers[w].held) {
            let Some(c) = self.case(task) else { continue };
            let victim = self.workers[w].victim == Some(task) && !self.cases[c].cancelled;
            let died = !ours && current == Some(task);
            if victim {
                self.cases[c].failures += 1;
            } else if died {
                self.cases[c].crashes.push(exit);
            }
            self.cases[c].put_back(victim || died);
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let mut held = 0;
        for sim in self.workers.iter().filter(|sim| !sim.gone) {
            let view = self.machine.worker(sim.id).ok_or(format!("{} was forgotten", sim.id))?;
            if !view.held.iter().eq(&sim.held) {
                return Err(format!("{} holds {:?}, not {:?}", sim.id, sim.held, view.held));
            }
            held += sim.held.len();
            if view.status == WorkerStatus::Idle && self.machine.queued() > 0 && !self.stands_by(sim) {
                return Err(format!("{} is idle beside a queue", sim.id));
            }
        }
        let live = self.workers.iter().filter(|sim| !sim.gone).count();
        if self.machine.workers().count() != live {
            return Err("a dead worker is kept".into());
        }
        self.check_slots()?;
        self.check_tasks(held)
    }

    fn check_slots(&self) -> Result<(), String> {
        let live = || self.workers.iter().filter(|sim| !sim.gone);
        let empty = (1..=self.policy.workers).any(|slot| live().all(|sim| sim.slot != slot));
        let moves = live().any(|sim| !sim.ready || sim.is_ended_by_us()) || self.machine.next_deadline().is_some();
        if self.policy.eager && self.rung == 0 && !self.failed && empty && !moves {
            return Err("a slot was forgotten".into());
        }
        Ok(())
    }

    fn check_tasks(&self, held: usize) -> Result<(), String> {
        let mut open = 0;
        for case in self.cases.iter().filter(|case| case.place != Place::Settled) {
            open += 1;
            if case.waits() && (case.cancelled || self.rung >= 2 || self.failed) {
                return Err(format!("{} is wanted ended, and waits", case.id));
            }
        }
        let (unsettled, queued) = (self.machine.unsettled(), self.machine.queued());
        if unsettled != open || held + queued > open {
            return Err(format!("{unsettled} unsettled, {queued} queued, {held} held; not {open}"));
        }
        Ok(())
    }

    fn stands_by(&self, sim: &Sim) -> bool {
        self.workers
            .iter()
            .any(|mate| mate.slot == sim.slot && mate.id != sim.id && !mate.gone && !mate.held.is_empty())
    }
}
