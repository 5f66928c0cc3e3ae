//! The engine under every pool: one lock, one driver thread, and callers that help.
//!
//! ```text
//!   Pool::submit ①──► Event::Submitted ─┐   ┌─► Action::Send ② ──► ring ──► worker ③
//!   Future::result ◄④ Action::Settle ◄─ machine ◄─ Event::Finished ◄── ring ◄──┘
//!        signals ───► Event::Interrupt ─┘   └─◄ Event::WorkerGone ◄── pidfds (driver)
//! ```

pub(crate) mod settings;

pub(crate) mod table;

pub(crate) mod member;

mod outgoing;

pub(crate) mod core;

pub(crate) mod shares;

mod deeds;

mod faults;

mod messages;

mod watch;

pub(crate) mod lead;

pub(crate) mod callbacks;

mod logs;

pub(crate) mod zygote;

mod start;

mod orphans;

mod driver;

mod links;

mod arrivals;

mod departures;

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ganger_machine::Event;
use ganger_proto::TaskId;
use ganger_proto::policy::TaskPolicy;
use ganger_sys::{Bell, Epoll, ForkDetector, Interest};

use crate::command::ReportQueue;
use crate::engine::callbacks::Callbacks;
use crate::engine::core::{Core, Stage};
use crate::engine::logs::Logs;
use crate::engine::settings::Settings;
use crate::engine::table::{Payload, Sink};
use crate::engine::watch::Watch;
use crate::error::{Error, ErrorKind};
use crate::slot::{Hook, SlotRef};

/// A pool's engine, shared by its handles and its driver.
pub(crate) struct Engine {
    core: Mutex<Core>,
    /// All workers' bells, and the leader's own.
    bells: Epoll,
    driver_bell: Arc<Bell>,
    leader_bell: Arc<Bell>,
    callbacks: Callbacks,
    logs: Arc<Logs>,
    driver: Mutex<Option<JoinHandle<()>>>,
    settings: Arc<Settings>,
    closed: crate::latch::Latch,
    /// A fork of it has the rings and the pidfds too, and must not use them.
    process: ForkDetector,
}

/// The token of the leader's own bell among the workers'.
const LEADER: u64 = u64::MAX;

/// The lock, held. When it is given back, what the turn left to be done is done.
pub(crate) struct Turn<'a> {
    engine: &'a Engine,
    core: Option<MutexGuard<'a, Core>>,
}

impl Deref for Turn<'_> {
    type Target = Core;

    fn deref(&self) -> &Core {
        self.core.as_ref().expect("held until drop")
    }
}

impl DerefMut for Turn<'_> {
    fn deref_mut(&mut self) -> &mut Core {
        self.core.as_mut().expect("held until drop")
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let after = self.end_turn();
        self.core = None;
        for hook in after.hooks {
            self.engine.run(hook);
        }
        if after.wake_leader {
            self.engine.leader_bell.ring();
        }
    }
}

impl Engine {
    /// An engine whose driver is running.
    pub(crate) fn start(settings: Arc<Settings>) -> Result<Arc<Self>, Error> {
        let bell = || Bell::new().map(Arc::new).map_err(Error::system("make an eventfd"));
        let (driver_bell, leader_bell) = (bell()?, bell()?);
        let bells = Epoll::new().map_err(Error::system("make an epoll"))?;
        bells.add(&*leader_bell, LEADER, Interest::Read).map_err(Error::system("use an epoll"))?;
        let watch = Watch::new(Arc::clone(&driver_bell));
        let logs = Arc::new(Logs::new(&settings.name, [Arc::clone(&driver_bell), Arc::clone(&leader_bell)]));
        let engine = Arc::new(Self {
            core: Mutex::new(Core::new(Arc::clone(&settings), watch, Arc::clone(&logs), seed())),
            bells,
            driver_bell,
            leader_bell,
            callbacks: Callbacks::new(format!("ganger-{}-callbacks", settings.name)),
            logs,
            driver: Mutex::new(None),
            settings,
            closed: crate::latch::Latch::default(),
            process: ForkDetector::new(),
        });
        *lock(&engine.driver) = Some(driver::start(&engine)?);
        Ok(engine)
    }

    /// Err: this process is a fork of the one that has the pool.
    pub(crate) fn at_home(&self) -> Result<(), ErrorKind> {
        if self.process.is_in_fork() { Err(ErrorKind::InFork { of: self.process.pid() }) } else { Ok(()) }
    }

    /// Takes the lock for one turn.
    ///
    /// # Panics
    /// In a fork, where another thread may have held the lock for ever, and what is read is read from others.
    pub(crate) fn turn(&self) -> Turn<'_> {
        if let Err(why) = self.at_home() {
            panic!("{}", Error::new(why));
        }
        let mut core = lock(&self.core);
        core.begin_turn();
        Turn { engine: self, core: Some(core) }
    }

    /// Accepts a task; its outcome will be in the slot.
    pub(crate) fn submit(&self, payload: Payload, policy: &Arc<TaskPolicy>) -> Result<(TaskId, SlotRef), ErrorKind> {
        self.at_home()?;
        let mut turn = self.turn();
        let slot = turn.slots.fresh();
        let task = turn.accept(payload, Sink::Future(slot.clone()), policy)?;
        Ok((task, slot))
    }

    /// Accepts a program; what becomes of it is reported to `reports`.
    pub(crate) fn submit_command(
        &self,
        payload: Payload,
        reports: &Arc<ReportQueue>,
        policy: &Arc<TaskPolicy>,
    ) -> Result<TaskId, ErrorKind> {
        self.at_home()?;
        self.follow(reports);
        self.turn().accept(payload, Sink::Reports(Arc::clone(reports)), policy)
    }

    /// Tells `reports` of what concerns all commands.
    pub(crate) fn follow(&self, reports: &Arc<ReportQueue>) {
        if reports.belongs_to(&self.driver_bell) {
            self.turn().follow(reports);
        }
    }

    /// Reads what the workers have said, if nobody else is about to.
    pub(crate) fn look(&self) {
        self.turn().drain();
    }

    pub(crate) fn cancel(&self, task: TaskId) {
        self.turn().event(Event::Cancelled { task });
    }

    /// Moves the pool down its ladder: close, interrupt, terminate, kill.
    pub(crate) fn stop(&self, event: Event) {
        let mut turn = self.turn();
        if turn.stage == Stage::Open {
            turn.stage = Stage::Closing;
        }
        turn.event(event);
    }

    /// Waits for the end of the pool's last worker and of its driver. False: not within the time.
    pub(crate) fn join(&self, timeout: Option<Duration>) -> bool {
        let ended = self.closed.wait(timeout);
        if ended && let Some(driver) = lock(&self.driver).take() {
            if driver.thread().id() == std::thread::current().id() {
                return true;
            }
            if driver.join().is_err() {
                log::error!("pool {}: its driver has panicked", self.settings.name);
            }
        }
        ended
    }

    /// Sleeps until bells ring; which did, without the leader's own.
    fn listen(&self, timeout: Duration, rung: &mut Vec<u64>) {
        if let Err(error) = self.bells.wait(Some(timeout), rung) {
            log::error!("failed to wait for workers: {error}");
            std::thread::sleep(Duration::from_millis(1));
        }
        if rung.contains(&LEADER) {
            self.leader_bell.clear();
            rung.retain(|token| *token != LEADER);
        }
    }

    /// Does what a filled slot asks for.
    pub(crate) fn run(&self, hook: Hook) {
        match hook {
            Hook::Wake(waker) => waker.wake(),
            Hook::Call(callback) => self.callbacks.call(callback),
            Hook::Tell(told, index) => told.tell(index),
        }
    }
}

/// A lock that a panic cannot take away: what it guards is valid between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Different for each pool: jitter must not beat in time.
fn seed() -> u64 {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    time.as_nanos() as u64 ^ u64::from(std::process::id()).rotate_left(32)
}
