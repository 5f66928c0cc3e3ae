//! Signals, where a pool claims them: once = let what runs finish, twice = TERM, thrice = KILL.

use std::cell::Cell;
use std::sync::Weak;

use ganger_machine::Event;
use ganger_sys::{Door, Epoll, Interest, Signal};

use crate::engine::core::{Core, Stage};
use crate::error::Error;

/// The driver's token for them.
pub(crate) const TOKEN: u64 = 3;

/// The claim on SIGINT, SIGTERM and SIGHUP. Dropping it gives them back.
pub(crate) struct Claim {
    door: Door,
    interrupts: Cell<u32>,
}

impl Claim {
    pub(crate) fn new(world: &Epoll) -> Result<Self, Error> {
        let door = Door::open(&[Signal::Int, Signal::Term, Signal::Hup]).map_err(Error::system("claim signals"))?;
        world.add(&door, TOKEN, Interest::Read).map_err(Error::system("use an epoll"))?;
        Ok(Self { door, interrupts: Cell::new(0) })
    }

    /// What came, as steps down the ladder.
    pub(crate) fn take(&self) -> Vec<(u32, Event)> {
        self.door.take().into_iter().map(|signal| self.step(signal)).collect()
    }

    fn step(&self, signal: Signal) -> (u32, Event) {
        let step = if signal == Signal::Term { self.interrupts.get().max(1) + 1 } else { self.interrupts.get() + 1 };
        self.interrupts.set(step);
        let event = match step {
            1 => Event::Interrupt,
            2 => Event::Terminate,
            _ => Event::Kill,
        };
        (step.min(3), event)
    }
}

impl Core {
    /// A signal moves the pool down its ladder, and those who follow commands are told.
    pub(crate) fn interrupted(&mut self, times: u32, event: Event) {
        if self.stage == Stage::Open {
            self.stage = Stage::Closing;
        }
        for reports in self.followers.iter().filter_map(Weak::upgrade) {
            reports.interrupted(times);
        }
        self.event(event);
    }
}
