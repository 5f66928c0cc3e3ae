//! The world: simulated workers and a driver between them and the machine.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ganger_machine::{Event, Machine, Moment};
use ganger_proto::TaskId;
use ganger_proto::message::Verdict;
use ganger_proto::outcome::{Exit, StartError};
use ganger_proto::policy::{PoolPolicy, TaskPolicy};

use crate::model::{Case, Place};
use crate::policies;
use crate::sim::Sim;
use crate::step::{Chance, Deed, Step};

/// For how many workers there may be room; a pool has at most four slots, and two in each.
const ROOMS: [usize; 8] = [0, 1, 2, 3, 8, 8, 8, 8];

/// A take-back whose answer was not told yet; `taken` once the slot in the ring was looked at.
pub(crate) struct Ask {
    pub(crate) worker: usize,
    pub(crate) task: TaskId,
    pub(crate) taken: Option<bool>,
}

pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) policy: PoolPolicy,
    pub(crate) chance: Chance,
    pub(crate) now: Moment,
    pub(crate) lag: Duration,
    pub(crate) workers: Vec<Sim>,
    pub(crate) cases: Vec<Case>,
    ids: HashMap<TaskId, usize>,
    pub(crate) free_ids: Vec<TaskId>,
    pub(crate) asks: Vec<Ask>,
    /// 0 running, 1 closing, 2 interrupted, 3 terminated, 4 killed.
    pub(crate) rung: u8,
    pub(crate) terminated_at: Moment,
    read_at: Moment,
    pub(crate) failed: bool,
    pub(crate) understaffed: bool,
    pub(crate) closed: bool,
    pub(crate) liars: bool,
    pub(crate) early_answers: bool,
    /// One start in so many fails; 0 for none.
    flaky: u64,
    /// For so many workers there are descriptors, processes and memory.
    pub(crate) room: usize,
    fast: bool,
    policies: Vec<Arc<TaskPolicy>>,
    trace: Option<Vec<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, traced: bool) -> Self {
        let mut chance = Chance::new(!seed);
        let policy = policies::pool(&mut chance);
        Self {
            machine: Machine::new(policy.clone(), seed),
            policy,
            now: Moment::default(),
            lag: Duration::ZERO,
            workers: Vec::new(),
            cases: Vec::new(),
            ids: HashMap::new(),
            free_ids: Vec::new(),
            asks: Vec::new(),
            rung: 0,
            terminated_at: Moment::default(),
            read_at: Moment::default(),
            failed: false,
            understaffed: false,
            closed: false,
            liars: chance.one_in(5),
            early_answers: chance.one_in(2),
            flaky: [0, 0, 2, 5][chance.below(4) as usize],
            room: ROOMS[chance.below(8) as usize],
            fast: !chance.one_in(3),
            policies: (0..4).map(|_| Arc::new(policies::task(&mut chance))).collect(),
            trace: traced.then(Vec::new),
            chance,
        }
    }

    pub(crate) fn trace(&self) -> String {
        self.trace.as_deref().unwrap_or_default().join("\n")
    }

    pub(crate) fn case(&self, task: TaskId) -> Option<usize> {
        self.ids.get(&task).copied()
    }

    /// The steps, and then all that is left to do, until the pool is closed.
    pub(crate) fn live(&mut self, steps: &[Step]) -> Result<(), String> {
        let mut actions = Vec::new();
        self.machine.start(self.now, &mut actions);
        for action in actions {
            self.obey(action, &Event::Tick)?;
        }
        steps.iter().try_for_each(|step| self.step(*step))?;
        self.drain()
    }

    fn drain(&mut self) -> Result<(), String> {
        for _ in 0..20_000 {
            if self.closed {
                return self.check();
            }
            self.drain_once()?;
        }
        Err("no end".into())
    }

    /// A world that means well: everything that can go on goes on; if nothing can, time does.
    fn drain_once(&mut self) -> Result<(), String> {
        let mut busy = !self.asks.is_empty();
        self.answer(0)?;
        for w in 0..self.workers.len() {
            busy |= self.progress(w)?;
        }
        if busy {
            return Ok(());
        }
        let hung = self.workers.iter().find(|sim| !sim.gone && sim.hangs && sim.current.is_some());
        if let Some(task) = hung.and_then(|sim| sim.current)
            && self.case(task).is_some_and(|c| !self.cases[c].cancelled && self.policy.can_kill)
        {
            return self.cancel(task);
        }
        if self.rung == 0 && !self.failed {
            return self.stop();
        }
        match self.machine.next_deadline() {
            Some(_) if self.chance.one_in(1000) && self.rung < 4 => self.stop(),
            Some(at) => self.tick(at),
            None if self.rung < 4 && self.workers.iter().any(|sim| sim.hangs && !sim.gone) => self.stop(),
            None => Err("forgotten: nothing can happen any more".into()),
        }
    }

    fn progress(&mut self, w: usize) -> Result<bool, String> {
        let sim = &self.workers[w];
        if sim.gone {
            return Ok(false);
        }
        if sim.is_ended_by_us() || !sim.ready {
            self.end(w, 0)?;
            return Ok(true);
        }
        let worked = self.work(w, 3);
        let read = !self.workers[w].outbox.is_empty();
        self.read(w)?;
        Ok(worked || read)
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        let Step { deed, pick, param } = step;
        let live: Vec<usize> = (0..self.workers.len()).filter(|w| !self.workers[*w].gone).collect();
        let w = (!live.is_empty()).then(|| live[pick % live.len()]);
        self.pause(param % 7);
        match (deed, w) {
            (Deed::Submit, _) => (0..=param % 4).try_for_each(|n| self.submit(pick + n as usize)),
            (Deed::Cancel, _) if self.cases.is_empty() => Ok(()),
            (Deed::Cancel, _) => self.cancel(self.cases[self.cases.len() - 1 - pick % self.cases.len().min(8)].id),
            (Deed::Advance, _) if param == 255 => {
                self.room = ROOMS[pick % ROOMS.len()];
                Ok(())
            }
            (Deed::Advance, _) => {
                self.pause(if param < 200 { param * 3 } else { param * 400 });
                Ok(())
            }
            (Deed::Grow, _) => self.grow(param),
            (Deed::Tick, _) => self.tick(self.machine.next_deadline().unwrap_or(self.now)),
            (Deed::Stall, _) => {
                let time = Duration::from_millis(param);
                self.now = self.now + time;
                self.lag += time;
                self.feed(Event::Stalled { time })
            }
            (Deed::Stop, _) if pick < 60 => self.stop(),
            (Deed::Stop, _) => Ok(()),
            (Deed::Answer, _) => self.answer(pick),
            (_, None) => Ok(()),
            (Deed::Work, Some(w)) => {
                self.work(w, param);
                Ok(())
            }
            (Deed::Read, Some(w)) => self.read(w),
            (Deed::Boot, Some(w)) => {
                if self.workers[w].ready {
                    Ok(())
                } else {
                    self.end(w, param)
                }
            }
            (Deed::Die, Some(w)) if self.workers[w].ready => self.die(w, param),
            (Deed::End, Some(w)) if self.workers[w].is_ended_by_us() => self.end(w, param),
            (Deed::Die | Deed::End, Some(_)) => Ok(()),
            (Deed::Memory, Some(w)) => self.feed(Event::Memory { worker: self.workers[w].id, resident: param }),
            (Deed::Lie, Some(w)) => self.lie(w, param),
        }
    }

    fn submit(&mut self, pick: usize) -> Result<(), String> {
        let reused = (!self.free_ids.is_empty() && pick.is_multiple_of(2)).then(|| self.free_ids.swap_remove(0));
        let next = self.cases.len() as u32;
        let task = reused.map_or(TaskId::new(next, 0), |old| TaskId::new(old.index() as u32, old.generation() + 1));
        let policy = self.policies[pick % self.policies.len()].clone();
        self.ids.insert(task, self.cases.len());
        self.cases.push(Case::new(task, policy.clone(), self.rung > 0 || self.failed));
        self.feed(Event::Submitted { task, policy })?;
        let case = &self.cases[self.ids[&task]];
        if case.refused && case.place != Place::Settled { Err(format!("{task} was not refused")) } else { Ok(()) }
    }

    fn cancel(&mut self, task: TaskId) -> Result<(), String> {
        if let Some(c) = self.case(task) {
            self.cases[c].cancelled = true;
        }
        self.feed(Event::Cancelled { task })
    }

    /// The machine's next deadline has come, or the driver looks in without a reason.
    fn tick(&mut self, at: Moment) -> Result<(), String> {
        self.now = self.now.max(at);
        if self.clock().since(self.read_at) > Duration::from_millis(100) {
            self.read_all()?;
        }
        self.feed(Event::Tick)?;
        match self.machine.next_deadline() {
            Some(next) if next <= self.now => Err(format!("a busy loop: at {:?} wants {next:?}", self.now)),
            _ => Ok(()),
        }
    }

    fn stop(&mut self) -> Result<(), String> {
        self.rung = (self.rung + 1 + self.chance.below(4) as u8 / 3).min(4);
        let event = match self.rung {
            1 => Event::Close,
            2 => Event::Interrupt,
            3 => Event::Terminate,
            _ => Event::Kill,
        };
        if self.rung == 3 {
            self.terminated_at = self.clock();
        }
        self.feed(event)
    }

    fn work(&mut self, w: usize, param: u64) -> bool {
        let verdict = [Verdict::Failed, Verdict::Panicked, Verdict::Returned][(param % 8).min(2) as usize];
        let took = Duration::from_nanos(if self.fast { 500 + 100 * param } else { 40_000 * param });
        self.workers[w].ready && self.workers[w].work(verdict, took, param == 250)
    }

    fn read(&mut self, w: usize) -> Result<(), String> {
        let Some(word) = self.workers[w].outbox.pop_front() else { return Ok(()) };
        let (worker, task, verdict, took) = (self.workers[w].id, word.task, word.verdict, word.took);
        self.feed(Event::Finished { worker, task, verdict, took })
    }

    /// A driver may be late, but not by as much as a grace.
    fn read_all(&mut self) -> Result<(), String> {
        self.read_at = self.clock();
        for w in 0..self.workers.len() {
            while !self.workers[w].gone && !self.workers[w].outbox.is_empty() {
                self.read(w)?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, pick: usize) -> Result<(), String> {
        if self.asks.is_empty() {
            return Ok(());
        }
        let ask = self.asks.remove(pick % self.asks.len());
        let sim = &mut self.workers[ask.worker];
        if sim.gone {
            return Ok(());
        }
        let taken = ask.taken.unwrap_or_else(|| sim.take_back(ask.task));
        let (worker, task) = (sim.id, ask.task);
        self.feed(if taken { Event::TakenBack { worker, task } } else { Event::Kept { worker, task } })
    }

    /// What comes next for a worker that is starting, or that was told to end.
    fn end(&mut self, w: usize, param: u64) -> Result<(), String> {
        let crowded = self.workers.iter().filter(|sim| !sim.gone).count() > self.room;
        let sim = &mut self.workers[w];
        let worker = sim.id;
        if sim.ready {
            return self.die(w, param);
        }
        if crowded && !sim.killed {
            sim.gone = true;
            return self.feed(Event::StartFailed { worker, error: StartError::shortage("no room") });
        }
        if sim.killed || (self.flaky > 0 && param % self.flaky == 1) {
            sim.gone = true;
            let init = param.is_multiple_of(3) && !sim.killed;
            return self.feed(if init {
                Event::InitFailed { worker, error: "flaky".into() }
            } else {
                Event::StartFailed { worker, error: StartError::permanent("flaky") }
            });
        }
        sim.ready = true;
        self.feed(Event::Ready { worker })
    }

    /// Up to six workers; fewer than there are change nothing.
    fn grow(&mut self, param: u64) -> Result<(), String> {
        let workers = (param % 7) as u32;
        self.policy.workers = self.policy.workers.max(workers);
        self.feed(Event::Grown { workers })
    }

    /// A worker ends: all that it wrote is read first.
    fn die(&mut self, w: usize, param: u64) -> Result<(), String> {
        while !self.workers[w].outbox.is_empty() {
            self.read(w)?;
        }
        let sim = &mut self.workers[w];
        sim.gone = true;
        let (worker, mut current) = (sim.id, sim.current);
        if sim.liar && param.is_multiple_of(3) && !self.cases.is_empty() {
            current = Some(self.cases[param as usize % self.cases.len()].id);
        }
        self.feed(Event::WorkerGone { worker, current, exit: Exit::Code((param % 3) as i32) })
    }

    /// What no honest worker says. Of an honest one it is about tasks that it does not hold, or that are long over.
    fn lie(&mut self, w: usize, param: u64) -> Result<(), String> {
        if self.cases.is_empty() {
            return Ok(());
        }
        if param > 200 {
            return self.speak_of_the_dead(param);
        }
        let (worker, ready) = (self.workers[w].id, self.workers[w].ready);
        let case = &self.cases[param as usize % self.cases.len()];
        let (task, held) = (case.id, case.place == Place::Held(w));
        let took = Duration::from_micros(1 << (param % 30));
        if held && !self.workers[w].liar {
            return Ok(());
        }
        match param % 4 {
            0 => self.feed(Event::Finished { worker, task, verdict: Verdict::Failed, took }),
            1 if !held => self.feed(Event::TakenBack { worker, task }),
            2 if !held
                || self.asks.iter().any(|ask| ask.worker == w && ask.task == task && ask.taken != Some(true)) =>
            {
                self.asks.retain(|ask| ask.worker != w || ask.task != task);
                self.feed(Event::Kept { worker, task })
            }
            3 if ready => self.feed(Event::Ready { worker }),
            _ => Ok(()),
        }
    }

    /// Late news of workers that are gone, whose places others may have.
    fn speak_of_the_dead(&mut self, param: u64) -> Result<(), String> {
        let dead: Vec<_> = self.workers.iter().filter(|sim| sim.gone).map(|sim| sim.id).collect();
        let Some(worker) = dead.get(param as usize % dead.len().max(1)).copied() else { return Ok(()) };
        match param % 3 {
            0 => self.feed(Event::WorkerGone { worker, current: None, exit: Exit::Code(0) }),
            1 => self.feed(Event::StartFailed { worker, error: StartError::shortage("late") }),
            _ => self.feed(Event::Ready { worker }),
        }
    }

    /// Gives an event to the machine, and to the model what it must make of it; then checks all.
    fn feed(&mut self, event: Event) -> Result<(), String> {
        self.note(|| format!("{event:?}"));
        let must_settle = self.foresee(&event);
        let mut actions = Vec::new();
        self.machine.on(self.now, event.clone(), &mut actions);
        for action in actions {
            self.note(|| format!("    {action:?}"));
            self.obey(action, &event)?;
        }
        if let Some(c) = must_settle.into_iter().find(|c| self.cases[*c].place != Place::Settled) {
            return Err(format!("{} is not settled", self.cases[c].id));
        }
        self.check()
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        let now = self.now.since_start();
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{now:?} {}", text()));
        }
    }
}
