//! Worlds of threads that wait for each other: callers that lead, follow and give up, a driver, workers. Whoever is asleep when all
//! are has missed a wake-up.
//!
//! Everything of a pool is behind one lock, so what can come in between is a turn: each step here is one, or one look at a
//! bell, by the code that ships. Time does not pass. So no sleep ends by itself but a nap, and a wake-up that is lost costs
//! not half a second, but is found.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use ganger_proto::policy::TaskPolicy;
use ganger_proto::spec::Function;
use ganger_proto::{TaskId, WorkerId};
use ganger_sys::{Interest, wait_readable};
use smallvec::SmallVec;

use super::Engine;
use super::fuzzing::{Puppet, settings};
use super::start;
use super::table::{Payload, Work};
use super::watch::Ear;
use crate::slot::SlotRef;

/// So many worlds, each of so many callers, who each want so much.
const WORLDS: u64 = 800;
const CALLERS: usize = 3;
const TASKS: usize = 4;

/// No world takes as many steps.
const MOST: usize = 20_000;

/// Where a caller is.
#[derive(Debug)]
enum Caller {
    Idle,
    Waits,
    Follows,
    Looks,
    LiesDown,
    Sleeps,
    GetsUp(Vec<u64>),
    /// It has what it wanted, or no more time.
    Leaves,
}

/// Where the driver is.
#[derive(Debug)]
enum Driver {
    Awake,
    Decides,
    Decided { naps: bool },
    Sleeps { listens: bool, naps: bool },
}

/// Where a worker is.
#[derive(Debug)]
enum At {
    Outside,
    Idle,
    Works(TaskId),
    /// It has spoken, and not looked whether to ring.
    Spoke,
}

struct Worker {
    puppet: Puppet,
    at: At,
}

struct World {
    engine: Arc<Engine>,
    random: u64,
    driver: Driver,
    callers: Vec<(Caller, Option<SlotRef>, usize)>,
    workers: Vec<Worker>,
}

fn is_ringing(bells: impl AsFd) -> bool {
    wait_readable([bells.as_fd()], Some(Duration::ZERO)).expect("they can be polled") == [true]
}

impl World {
    fn new(seed: u64) -> Self {
        let engine = Engine::without_driver(Arc::new(settings())).expect("descriptors");
        engine.turn().start();
        let callers = (0..CALLERS).map(|_| (Caller::Idle, None, TASKS)).collect();
        Self { engine, random: seed, driver: Driver::Awake, callers, workers: Vec::new() }
    }

    fn random(&mut self, below: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % below
    }

    /// Until every caller has all that it wanted.
    fn run(&mut self) {
        for _ in 0..MOST {
            if self.callers.iter().all(|(at, slot, left)| matches!((at, slot, left), (Caller::Idle, None, 0))) {
                return;
            }
            let actors = 1 + self.callers.len() + self.workers.len();
            let first = self.random(actors);
            let moved = (0..actors).any(|next| self.step((first + next) % actors));
            assert!(moved, "all are asleep: {:?}, {:?}, {:?}", self.driver, self.states(), self.at());
        }
        panic!("nobody gets anywhere: {:?}, {:?}, {:?}", self.driver, self.states(), self.at());
    }

    fn states(&self) -> Vec<(&Caller, bool)> {
        let filled = |slot: &Option<SlotRef>| slot.as_ref().is_some_and(|slot| slot.is_filled());
        self.callers.iter().map(|(at, slot, _)| (at, filled(slot))).collect()
    }

    fn at(&self) -> Vec<&At> {
        self.workers.iter().map(|worker| &worker.at).collect()
    }

    /// False: it is asleep, and nothing has woken it.
    fn step(&mut self, actor: usize) -> bool {
        match actor {
            0 => self.drive(),
            actor if actor <= CALLERS => self.call(actor - 1),
            actor => self.work(actor - 1 - CALLERS),
        }
    }

    fn drive(&mut self) -> bool {
        match self.driver {
            Driver::Awake => {
                self.engine.turn().round();
                self.start_workers();
                self.driver = Driver::Decides;
            }
            Driver::Decides => {
                let mut turn = self.engine.turn();
                self.driver = match turn.driver_sleeps() {
                    None => Driver::Awake,
                    Some(_) => Driver::Decided { naps: turn.watch.ear == Ear::Napping },
                };
            }
            Driver::Decided { naps } => {
                let listens = self.engine.turn().watch.ear == Ear::Listening;
                self.driver = Driver::Sleeps { listens, naps };
            }
            Driver::Sleeps { listens, naps } => return self.wake_driver(listens, naps),
        }
        true
    }

    fn wake_driver(&mut self, listens: bool, naps: bool) -> bool {
        let (called, bells) = (is_ringing(&*self.engine.driver_bell), listens && is_ringing(&self.engine.bells));
        if called || bells || naps {
            if bells || !listens {
                self.engine.hear_bells();
            }
            self.engine.driver_bell.clear();
            self.driver = Driver::Awake;
        }
        called || bells || naps
    }

    fn start_workers(&mut self) {
        while let Some((worker, slot)) = { self.engine.turn().to_start.pop() } {
            self.come(worker, slot);
        }
    }

    fn come(&mut self, worker: WorkerId, slot: u32) {
        let (member, ends) = start::prepare(&self.engine.settings, worker, slot, 0).expect("descriptors and memory");
        self.engine.bells.add(&member.bell, worker.index() as u64, Interest::ReadEdge).expect("a descriptor");
        self.engine.turn().welcome(member);
        self.workers.push(Worker { puppet: Puppet::new(worker, ends), at: At::Outside });
    }

    fn call(&mut self, which: usize) -> bool {
        let gives_up = self.random(10) == 0;
        let engine = Arc::clone(&self.engine);
        let (at, slot, left) = &mut self.callers[which];
        let Some(wanted) = slot else {
            return match left.checked_sub(1) {
                None => false,
                Some(fewer) => {
                    (*at, *slot, *left) = (Caller::Waits, Some(submit(&engine)), fewer);
                    true
                }
            };
        };
        let next = match std::mem::replace(at, Caller::Idle) {
            Caller::Idle => Caller::Waits,
            Caller::Waits => wait(&engine, wanted),
            Caller::Follows if wanted.is_filled() => Caller::Waits,
            Caller::Follows => Caller::Follows,
            Caller::Looks => look(&engine, wanted, gives_up),
            Caller::LiesDown if engine.lie_down() => Caller::GetsUp(Vec::new()),
            Caller::LiesDown => Caller::Sleeps,
            Caller::Sleeps => sleep(&engine),
            Caller::GetsUp(rung) => {
                engine.get_up(rung);
                Caller::Looks
            }
            Caller::Leaves => {
                engine.turn().end_lead();
                Caller::Waits
            }
        };
        let moved = !matches!(next, Caller::Follows | Caller::Sleeps);
        if matches!(next, Caller::Idle) {
            *slot = None;
        }
        *at = next;
        moved
    }

    fn work(&mut self, which: usize) -> bool {
        let worker = &mut self.workers[which];
        let next = match worker.at {
            At::Outside => {
                worker.puppet.comes_as_it_should();
                At::Spoke
            }
            At::Idle => match worker.puppet.begins() {
                Some(task) => At::Works(task),
                None => return false,
            },
            At::Works(task) => {
                worker.puppet.finishes_what_it_has(task);
                At::Spoke
            }
            At::Spoke => {
                worker.puppet.rings();
                At::Idle
            }
        };
        worker.at = next;
        true
    }
}

fn submit(engine: &Engine) -> SlotRef {
    let payload = Payload { work: Work::Call(Function(0)), bytes: SmallVec::new(), shared: None };
    engine.submit(payload, &Arc::new(TaskPolicy::default())).expect("the pool is open").1
}

/// As `Engine::wait_for` begins.
fn wait(engine: &Engine, wanted: &SlotRef) -> Caller {
    if wanted.is_filled() {
        return Caller::Idle;
    }
    let mut turn = engine.turn();
    if turn.watch.leading {
        return Caller::Follows;
    }
    turn.begin_lead();
    Caller::Looks
}

/// As a round of `Engine::lead`.
fn look(engine: &Engine, wanted: &SlotRef, gives_up: bool) -> Caller {
    let heard = engine.turn().drain();
    match wanted.is_filled() || gives_up {
        true => Caller::Leaves,
        false if heard > 0 => Caller::Looks,
        false => Caller::LiesDown,
    }
}

fn sleep(engine: &Engine) -> Caller {
    if !is_ringing(&engine.bells) {
        return Caller::Sleeps;
    }
    let mut rung = Vec::new();
    engine.listen(Duration::ZERO, &mut rung);
    Caller::GetsUp(rung)
}

#[test]
fn nobody_sleeps_while_somebody_waits() {
    for seed in 0..WORLDS {
        World::new(seed).run();
    }
}
