//! What the machine wants done, checked before it is done.

use std::time::Duration;

use ganger_machine::{Action, End, Event};
use ganger_proto::outcome::{NotStarted, StartErrorKind};
use ganger_proto::{TaskId, WorkerId};

use crate::model::Place;
use crate::sim::Sim;
use crate::world::{Ask, World};

/// The first promise that does not hold.
macro_rules! ensure {
    ($holds:expr, $($said:tt)*) => { if !$holds { return Err(format!($($said)*)); } };
}

fn is_shortage(cause: &Event) -> bool {
    matches!(cause, Event::StartFailed { error, .. } if error.kind == StartErrorKind::Shortage)
}

impl World {
    pub(crate) fn obey(&mut self, action: Action, cause: &Event) -> Result<(), String> {
        ensure!(!self.closed || matches!(action, Action::Settle { .. }), "{action:?} after Closed");
        match action {
            Action::Start { worker, slot } => self.obey_start(worker, slot),
            Action::Send { worker, task, attempt } => self.obey_send(worker, task, attempt),
            Action::TakeBack { worker, task } => self.obey_take_back(worker, task),
            Action::AskToStop { worker, task } => self.obey_ask_to_stop(worker, task),
            Action::Retire { worker } => self.obey_retire(worker),
            Action::Terminate { worker } => self.obey_terminate(worker),
            Action::Kill { worker } => self.obey_kill(worker),
            Action::Settle { task, end } => self.obey_settle(task, end, cause),
            Action::Understaffed { workers, .. } => self.obey_understaffed(workers, cause),
            Action::Failed(_) => {
                ensure!(!self.failed && self.rung < 2, "failed twice, or while ending");
                let alone = self.workers.iter().all(|sim| sim.gone);
                ensure!(alone || !is_shortage(cause), "failed for want of something, with a worker");
                self.failed = true;
                Ok(())
            }
            Action::Closed => {
                ensure!(self.rung > 0 || self.failed, "closed though nobody asked");
                ensure!(self.workers.iter().all(|sim| sim.gone), "closed with workers");
                ensure!(self.cases.iter().all(|case| case.place == Place::Settled), "closed with tasks");
                self.closed = true;
                Ok(())
            }
        }
    }

    fn obey_understaffed(&mut self, workers: u32, cause: &Event) -> Result<(), String> {
        ensure!(!std::mem::replace(&mut self.understaffed, true), "understaffed twice");
        let live = self.workers.iter().filter(|sim| !sim.gone).count() as u32;
        ensure!(is_shortage(cause) && (1..self.policy.workers.min(live + 1)).contains(&workers), "not understaffed");
        Ok(())
    }

    fn living(&self, worker: WorkerId) -> Result<usize, String> {
        let found = self.workers.iter().position(|sim| sim.id == worker && !sim.gone);
        found.ok_or(format!("{worker} is not there"))
    }

    fn obey_start(&mut self, worker: WorkerId, slot: u32) -> Result<(), String> {
        ensure!(self.workers.iter().all(|sim| sim.id != worker), "{worker} is not new");
        ensure!((1..=self.policy.workers).contains(&slot), "no slot {slot}");
        let mates = self.workers.iter().filter(|sim| !sim.gone && sim.slot == slot);
        let recycle = &self.policy.recycle;
        let is_spent =
            |sim: &Sim| recycle.memory.is_some() || recycle.after_tasks.is_some_and(|tasks| sim.sent >= tasks);
        let spent = mates.clone().all(is_spent);
        ensure!(mates.count() <= 1 && spent, "slot {slot} is crowded");
        ensure!(self.rung < 2 && !self.failed, "a start while ending");
        let liar = self.liars && self.chance.one_in(2);
        self.workers.push(Sim::new(worker, slot, self.clock(), liar));
        Ok(())
    }

    fn obey_send(&mut self, worker: WorkerId, task: TaskId, attempt: u32) -> Result<(), String> {
        let w = self.living(worker)?;
        let c = self.case(task).ok_or("no such task")?;
        let (clock, most, recycle) = (self.clock(), self.policy.prefetch.most.max(1), &self.policy.recycle);
        let quota = recycle.after_tasks.map_or(u32::MAX, |tasks| tasks + recycle.jitter);
        let (sim, case) = (&self.workers[w], &self.cases[c]);
        ensure!(sim.ready && !sim.is_ended_by_us(), "{worker} takes no tasks");
        ensure!(sim.held.len() < most as usize, "{worker} holds too much");
        ensure!(sim.sent < quota, "{worker} has had its quota");
        ensure!(case.waits() && !case.cancelled && !case.refused, "{task} does not wait: {:?}", case.place);
        ensure!(attempt == case.charged() + 1 || self.liars, "{task}: attempt {attempt}, charged {}", case.charged());
        let tries = case.policy.crash_attempts + case.policy.failure_attempts - 1;
        ensure!(attempt <= tries, "{task}: attempt {attempt} of {tries}");
        let mate = self.workers.iter().find(|mate| mate.slot == sim.slot && mate.id != sim.id && !mate.held.is_empty());
        ensure!(mate.is_none_or(|mate| mate.gone), "{worker} works beside its predecessor");
        self.check_order(c)?;
        // Its end overtook the answer, which nobody needs any more.
        self.asks.retain(|ask| ask.worker != w || ask.task != task);
        let sim = &mut self.workers[w];
        sim.ring.push_back(task);
        sim.held.push(task);
        sim.sent += 1;
        let case = &mut self.cases[c];
        (case.place, case.sent_at, case.asked) = (Place::Held(w), clock, false);
        Ok(())
    }

    /// The highest priority first; first come, first served among equals.
    fn check_order(&self, c: usize) -> Result<(), String> {
        let sent = &self.cases[c];
        for (n, other) in self.cases.iter().enumerate().filter(|(n, other)| *n != c && other.place == Place::Waiting) {
            let (ours, theirs) = (sent.policy.priority, other.policy.priority);
            ensure!(theirs <= ours, "{} overtakes {}", sent.id, other.id);
            let fresh = !sent.returned && !other.returned && ours == theirs;
            ensure!(!fresh || c < n, "{} came after {}", sent.id, other.id);
        }
        Ok(())
    }

    fn obey_take_back(&mut self, worker: WorkerId, task: TaskId) -> Result<(), String> {
        let w = self.living(worker)?;
        let sim = &mut self.workers[w];
        ensure!(sim.held.contains(&task), "{worker} does not hold {task}");
        ensure!(!self.asks.iter().any(|ask| ask.worker == w && ask.task == task), "{task} was asked back before");
        let taken = self.early_answers.then(|| sim.take_back(task));
        self.asks.push(Ask { worker: w, task, taken });
        Ok(())
    }

    fn obey_ask_to_stop(&mut self, worker: WorkerId, task: TaskId) -> Result<(), String> {
        let w = self.living(worker)?;
        let c = self.case(task).ok_or("no such task")?;
        let clock = self.clock();
        let case = &mut self.cases[c];
        let soft = case.policy.soft_timeout.ok_or("no soft limit")?;
        ensure!(case.place == Place::Held(w) && !case.asked, "{task} is not to be asked");
        ensure!(clock.since(case.sent_at) >= soft, "{task} is asked too early");
        case.asked = true;
        Ok(())
    }

    fn obey_retire(&mut self, worker: WorkerId) -> Result<(), String> {
        let (w, clock) = (self.living(worker)?, self.clock());
        let sim = &mut self.workers[w];
        ensure!(sim.ready && !sim.is_ended_by_us() && sim.held.is_empty(), "{worker} is not to retire");
        sim.retired = Some(clock);
        Ok(())
    }

    fn obey_terminate(&mut self, worker: WorkerId) -> Result<(), String> {
        let w = self.living(worker)?;
        ensure!(self.rung == 3 && !self.workers[w].killed, "TERM without a reason");
        self.workers[w].terminated = true;
        Ok(())
    }

    fn obey_kill(&mut self, worker: WorkerId) -> Result<(), String> {
        let w = self.living(worker)?;
        ensure!(!self.workers[w].killed, "{worker} is killed twice");
        let victim = self.victim(w)?;
        let sim = &mut self.workers[w];
        sim.killed = true;
        sim.victim = victim;
        Ok(())
    }

    /// For whom a worker is being killed, if it is for a task. No other task may be hit.
    fn victim(&self, w: usize) -> Result<Option<TaskId>, String> {
        let (sim, clock) = (&self.workers[w], self.clock());
        let overdue = |since| clock.since(since) >= self.policy.grace;
        if self.rung >= 4 || self.failed || (self.rung == 3 && overdue(self.terminated_at)) {
            return Ok(None);
        }
        if !sim.ready {
            let slow = clock.since(sim.started) >= self.policy.start_timeout;
            ensure!(slow || self.rung > 0, "{} may still start", sim.id);
            return Ok(None);
        }
        if let Some(since) = sim.retired {
            ensure!(overdue(since), "{} still has grace", sim.id);
            return Ok(None);
        }
        if sim.liar {
            return Ok(sim.held.last().copied());
        }
        let victim = *sim.held.last().ok_or(format!("{} is killed for nothing", sim.id))?;
        let case = &self.cases[self.case(victim).ok_or("no such task")?];
        let late = case.policy.timeout.is_some_and(|limit| clock.since(case.sent_at) >= limit);
        ensure!(late || (case.cancelled && self.policy.can_kill), "{victim} has done nothing");
        ensure!(sim.ring.iter().all(|task| *task == victim), "a kill for {victim} hits what {} has not begun", sim.id);
        ensure!(sim.current.is_none_or(|task| task == victim), "a kill for {victim} hits {:?}", sim.current);
        Ok(Some(victim))
    }

    fn obey_settle(&mut self, task: TaskId, end: End, cause: &Event) -> Result<(), String> {
        let c = self.case(task).ok_or("no such task")?;
        let ending = self.rung >= 2 || self.failed;
        let case = &self.cases[c];
        ensure!(case.place != Place::Settled, "{task} settles twice");
        let right = match &end {
            End::Finished => matches!(cause, Event::Finished { task: finished, .. } if *finished == task),
            End::Cancelled => case.cancelled || ending,
            End::TimedOut(limit) => case.policy.timeout == Some(*limit),
            End::Crashed(exits) => {
                let all = exits.len() == case.policy.crash_attempts as usize || ending;
                let told = case.policy.timeout.is_some() || self.liars || *exits == case.crashes;
                all && told && !exits.is_empty()
            }
            End::NotStarted(NotStarted::PoolFailed(_)) => self.failed,
            End::NotStarted(NotStarted::Terminated) => case.refused && !self.failed,
        };
        ensure!(right && (!case.refused || matches!(end, End::NotStarted(_))), "{task} cannot end with {end:?}");
        self.let_go(c);
        self.cases[c].place = Place::Settled;
        self.free_ids.push(task);
        Ok(())
    }

    /// The task is in nobody's list any more.
    pub(crate) fn let_go(&mut self, c: usize) {
        if let Place::Held(w) = self.cases[c].place {
            let task = self.cases[c].id;
            self.workers[w].held.retain(|held| *held != task);
        }
    }

    pub(crate) fn clock(&self) -> ganger_machine::Moment {
        self.now - self.lag
    }

    pub(crate) fn pause(&mut self, micros: u64) {
        self.now = self.now + Duration::from_micros(micros);
    }
}
