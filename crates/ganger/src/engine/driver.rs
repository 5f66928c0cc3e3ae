//! The driver: the pool's own thread, one loop over deaths, bells, the zygote, signals and the next deadline.
//!
//! It lives as long as the pool. That matters: the kernel sends a worker its parent-death signal when the *thread* that
//! started it ends.

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ganger_machine::Event;
use ganger_proto::WorkerId;
use ganger_proto::outcome::Exit;
use ganger_sys::{Epoll, Interest};

use crate::engine::core::Stage;
use crate::engine::links::Cut;
use crate::engine::orphans::Orphans;
use crate::engine::start::Spawned;
use crate::engine::watch::Ear;
use crate::engine::zygote::Zygote;
use crate::engine::{Engine, Turn, lock};
use crate::error::Error;
use crate::exit::OomWatch;

const BELL: u64 = 0;
pub(super) const ZYGOTE: u64 = 1;
pub(super) const ZYGOTE_DEATH: u64 = 2;
/// With a worker's id: its pidfd.
pub(super) const DEATH: u64 = 1 << 63;
/// With a worker's id: the bootstrap socket of one that was started alone.
pub(super) const HELLO: u64 = 1 << 62;
/// With a worker's id: its lane.
pub(super) const LINK: u64 = 1 << 61;

/// Woken so much later than planned, the whole process must have stood still.
const STALL: Duration = Duration::from_secs(1);

pub(super) struct Driver {
    pub(super) engine: Arc<Engine>,
    pub(super) world: Epoll,
    pub(super) zygote: Option<Zygote>,
    pub(super) spawned: HashMap<WorkerId, Spawned>,
    pub(super) ended_threads: Arc<Mutex<Vec<WorkerId>>>,
    signals: Option<crate::signals::Claim>,
    pub(super) orphans: Option<Orphans>,
    /// Workers whose link is closed.
    pub(super) cut: Cut,
    ready: Vec<u64>,
    pub(super) oom: OomWatch,
}

pub(super) fn start(engine: &Arc<Engine>) -> Result<JoinHandle<()>, Error> {
    let world = Epoll::new().map_err(Error::system("make an epoll"))?;
    world.add(&*engine.driver_bell, BELL, Interest::Read).map_err(Error::system("use an epoll"))?;
    let signals = if engine.settings.claim_signals {
        Some(crate::signals::Claim::new(&world, engine.settings.has_reports())?)
    } else {
        None
    };
    let driver = Driver {
        engine: Arc::clone(engine),
        world,
        zygote: None,
        spawned: HashMap::new(),
        ended_threads: Arc::default(),
        signals,
        orphans: Orphans::new(&engine.settings)?,
        cut: Cut::default(),
        ready: Vec::new(),
        oom: OomWatch::default(),
    };
    let name = format!("ganger-{}", engine.settings.name);
    thread::Builder::new().name(name).spawn(move || survive(driver)).map_err(Error::system("start the driver thread"))
}

/// A bug in the driver must hang nobody: every task is told, every worker killed.
fn survive(driver: Driver) {
    let engine = Arc::clone(&driver.engine);
    if catch_unwind(AssertUnwindSafe(|| driver.run())).is_err() {
        log::error!("pool {}: its driver has panicked; the pool fails", engine.settings.name);
        engine.turn().collapse("the pool's driver has panicked; this is a bug in ganger");
        engine.closed.open();
    }
}

impl Driver {
    fn run(mut self) {
        self.turn().start();
        self.work();
        self.oom = OomWatch::begin();
        while self.work() {
            let Some(until) = self.turn().driver_sleeps() else { continue };
            let orphans = self.orphans.as_ref().and_then(Orphans::next);
            self.sleep([until, orphans, self.cut.next()].into_iter().flatten().min());
        }
        self.end();
    }

    pub(super) fn turn(&self) -> Turn<'_> {
        self.engine.turn()
    }

    /// One round of everything that can be done now. False: the pool has ended.
    fn work(&mut self) -> bool {
        let mut turn = self.turn();
        turn.watch.ear = Ear::Awake;
        if !turn.watch.leading {
            turn.drain();
        }
        turn.event(Event::Tick);
        let starts = turn.to_start.len();
        let doomed = std::mem::take(&mut turn.watch.doomed);
        let abandoned = std::mem::take(&mut turn.watch.abandoned);
        let open = turn.stage != Stage::Closed;
        drop(turn);
        if doomed && let Some(zygote) = &self.zygote {
            zygote.kill();
        }
        for worker in abandoned {
            self.gone(worker, Exit::Signal { number: 9, core: false });
        }
        self.orphans.iter_mut().for_each(Orphans::sweep);
        self.give_up_cut();
        (0..starts).for_each(|_| self.start_next());
        open
    }

    fn sleep(&mut self, until: Option<Instant>) {
        let listening = self.turn().watch.ear == Ear::Listening;
        let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
        let waited = if listening {
            ganger_sys::wait_readable([self.world.as_fd(), self.engine.bells.as_fd()], timeout).map(|[w, b]| (w, b))
        } else {
            ganger_sys::wait_readable([self.world.as_fd()], timeout).map(|[w]| (w, false))
        };
        let (world, bells) = waited.unwrap_or((true, true));
        self.notice_stall(until);
        // Nobody else may hear an idle worker while the leader is too busy to sleep.
        if bells || !listening {
            self.hear_bells();
        }
        if world {
            self.look_around();
        }
    }

    /// A leader that sleeps is woken by the same bells: they are left ringing for it, or it would sleep on.
    fn hear_bells(&self) {
        let mut turn = self.turn();
        if !turn.watch.leader_asleep {
            let mut rung = Vec::new();
            self.engine.listen(Duration::ZERO, &mut rung);
            turn.rung(rung.into_iter());
        }
    }

    /// Deadlines stand still while the supervisor itself was stopped.
    fn notice_stall(&self, until: Option<Instant>) {
        let late = until.map_or(Duration::ZERO, |until| Instant::now().saturating_duration_since(until));
        if late > STALL {
            self.turn().event(Event::Stalled { time: late });
        }
    }

    fn look_around(&mut self) {
        let mut ready = std::mem::take(&mut self.ready);
        if let Err(error) = self.world.wait(Some(Duration::ZERO), &mut ready) {
            log::error!("failed to look for events: {error}");
        }
        for token in ready.drain(..) {
            self.on_ready(token);
        }
        self.ready = ready;
    }

    fn on_ready(&mut self, token: u64) {
        match token {
            BELL => self.on_bell(),
            ZYGOTE => self.on_zygote(),
            ZYGOTE_DEATH => self.on_zygote_death(),
            crate::signals::TOKEN => self.on_signals(),
            token if token & DEATH != 0 => self.on_death(WorkerId::from_bits(token & !DEATH)),
            token if token & LINK != 0 => self.on_hang_up(WorkerId::from_bits(token & !LINK)),
            token => self.on_spawned(WorkerId::from_bits(token & !HELLO)),
        }
    }

    fn on_bell(&mut self) {
        self.engine.driver_bell.clear();
        let ended = std::mem::take(&mut *lock(&self.ended_threads));
        for worker in ended {
            self.gone(worker, Exit::Code(0));
        }
    }

    fn on_signals(&mut self) {
        if let Some(signals) = &self.signals {
            for meaning in signals.take() {
                self.turn().heed(meaning);
            }
        }
    }

    /// The last worker is gone, every task is settled.
    fn end(mut self) {
        if let Some(zygote) = self.zygote.take() {
            zygote.kill();
        }
        self.reap_lost();
        self.orphans.iter_mut().for_each(Orphans::expect);
        self.orphans.iter_mut().for_each(Orphans::sweep);
        self.turn().watch.ear = Ear::Awake;
        self.engine.logs.flush();
        self.engine.closed.open();
    }
}
