//! The driver: the pool's own thread, one loop over deaths, bells, the zygote, signals and the next deadline.
//!
//! It lives as long as the pool. That matters: the kernel sends a worker its parent-death signal when the *thread* that
//! started it ends.

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ganger_machine::Event;
use ganger_proto::WorkerId;
use ganger_proto::outcome::Exit;
use ganger_sys::{Child, Epoll, Interest, Signal};

use crate::builder::StartMethod;
use crate::engine::core::Stage;
use crate::engine::member::{Body, Phase};
use crate::engine::orphans::{self, Orphans};
use crate::engine::start::{self, Ends, Spawned, ThreadEnd};
use crate::engine::watch::Ear;
use crate::engine::zygote::{News, Request, Zygote};
use crate::engine::{Engine, Turn, lock};
use crate::error::Error;
use crate::exit::translated;

const BELL: u64 = 0;
const ZYGOTE: u64 = 1;
const ZYGOTE_DEATH: u64 = 2;
/// With a worker's id: its pidfd.
const DEATH: u64 = 1 << 63;
/// With a worker's id: the bootstrap socket of one that was started alone.
const HELLO: u64 = 1 << 62;

/// Woken so much later than planned, the whole process must have stood still.
const STALL: Duration = Duration::from_secs(1);

pub(super) struct Driver {
    engine: Arc<Engine>,
    world: Epoll,
    zygote: Option<Zygote>,
    spawned: HashMap<WorkerId, Spawned>,
    ended_threads: Arc<Mutex<Vec<WorkerId>>>,
    signals: Option<crate::signals::Claim>,
    orphans: Option<Orphans>,
    ready: Vec<u64>,
    /// How many processes the kernel had killed for want of memory when we last looked.
    oom_kills: u64,
}

pub(super) fn start(engine: &Arc<Engine>) -> Result<JoinHandle<()>, Error> {
    let world = Epoll::new().map_err(Error::system("make an epoll"))?;
    world.add(&*engine.driver_bell, BELL, Interest::Read).map_err(Error::system("use an epoll"))?;
    let signals = if engine.settings.claim_signals { Some(crate::signals::Claim::new(&world)?) } else { None };
    let driver = Driver {
        engine: Arc::clone(engine),
        world,
        zygote: None,
        spawned: HashMap::new(),
        ended_threads: Arc::default(),
        signals,
        orphans: Orphans::new(&engine.settings)?,
        ready: Vec::new(),
        oom_kills: 0,
    };
    let name = format!("ganger-{}", engine.settings.name);
    thread::Builder::new().name(name).spawn(move || driver.run()).map_err(Error::system("start the driver thread"))
}

impl Driver {
    fn run(mut self) {
        self.turn().start();
        self.work();
        self.oom_kills = ganger_sys::memory::oom_kill_count();
        while self.work() {
            let Some(until) = self.turn().driver_sleeps() else { continue };
            self.sleep(until);
        }
        self.end();
    }

    fn turn(&self) -> Turn<'_> {
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
        self.sweep_orphans();
        (0..starts).for_each(|_| self.start_next());
        open
    }

    fn sweep_orphans(&mut self) {
        if let Some(orphans) = &mut self.orphans {
            let workers = || self.engine.turn().gang.iter().filter_map(|member| member.pid()).collect();
            orphans.sweep(self.zygote.as_ref(), workers);
        }
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
        if bells {
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
            for (times, event) in signals.take() {
                self.turn().interrupted(times, event);
            }
        }
    }

    fn start_next(&mut self) {
        let mut turn = self.turn();
        if turn.to_start.is_empty() {
            return;
        }
        // From one list to the other in one turn: a worker that was in neither could not be called off.
        let (worker, slot) = turn.to_start.remove(0);
        let prepared = self.prepare(&mut turn, worker, slot);
        drop(turn);
        if let Err(error) = prepared.and_then(|ends| self.try_start(worker, slot, ends)) {
            let mut turn = self.turn();
            if let Some(member) = turn.gang.remove(worker) {
                // Not in the set if it never came that far.
                let _ = self.engine.bells.delete(&member.bell);
            }
            turn.event(Event::StartFailed { worker, error });
        }
    }

    fn prepare(&self, turn: &mut Turn<'_>, worker: WorkerId, slot: u32) -> Result<Ends, String> {
        let (member, ends) = start::prepare(&self.engine.settings, worker, slot).map_err(|e| e.to_string())?;
        let listening = self.engine.bells.add(&member.bell, worker.index() as u64, Interest::Read);
        turn.welcome(member);
        listening.map_err(|e| e.to_string()).map(|()| ends)
    }

    fn try_start(&mut self, worker: WorkerId, slot: u32, ends: Ends) -> Result<(), String> {
        let settings = Arc::clone(&self.engine.settings);
        let told = |e: std::io::Error| e.to_string();
        let setup = start::setup(&settings, worker, slot);
        match settings.method {
            StartMethod::Zygote => {
                let request = Request { setup, link: ends.link, bell: ends.bell };
                self.zygote()?.ask(request).map_err(told)
            }
            StartMethod::Spawn => {
                let (child, spawned) = start::spawn(&settings, setup, &ends).map_err(told)?;
                self.world.add(&spawned.socket, HELLO | worker.to_bits(), Interest::Read).map_err(told)?;
                self.spawned.insert(worker, spawned);
                self.adopt(worker, child);
                Ok(())
            }
            StartMethod::Thread | StartMethod::Inline => {
                let alive = Arc::new(());
                let watched = Arc::downgrade(&alive);
                self.turn().embody(worker, alive);
                let driver = Arc::clone(&self.engine.driver_bell);
                let end = ThreadEnd { worker, ended: Arc::clone(&self.ended_threads), driver };
                start::on_thread(&settings, setup, ends, end, watched).map_err(told)
            }
        }
    }

    fn zygote(&mut self) -> Result<&mut Zygote, String> {
        if self.zygote.is_none() {
            let zygote = Zygote::start(&self.engine.settings).map_err(|e| e.to_string())?;
            self.world.add(&zygote.socket, ZYGOTE, Interest::Read).map_err(|e| e.to_string())?;
            self.world.add(&zygote.child, ZYGOTE_DEATH, Interest::Read).map_err(|e| e.to_string())?;
            self.zygote = Some(zygote);
        }
        self.zygote.as_mut().ok_or_else(|| "the zygote has gone".to_owned())
    }

    fn on_zygote(&mut self) {
        let settings = Arc::clone(&self.engine.settings);
        while let Some(news) = self.zygote.as_mut().and_then(|zygote| zygote.read(&settings)) {
            match news {
                News::Nothing => {}
                News::Forked { worker, pid, pidfd } => match Child::adopt(pid, pidfd) {
                    Ok(child) => self.adopt(worker, child),
                    Err(error) => self.not_started(worker, &error.to_string()),
                },
                News::NotForked { worker, error } => self.not_started(worker, &error),
                News::Useless(why) => return self.drop_zygote(&why),
            }
        }
    }

    fn on_zygote_death(&mut self) {
        self.on_zygote();
        let Some(zygote) = &mut self.zygote else { return };
        match zygote.child.try_wait() {
            Ok(None) => {}
            Ok(Some(exit)) => {
                let program = &self.engine.settings.program.shown;
                let why = format!(
                    "{program} ended as a worker program with {} before it forked a worker; \
                     does its main call ganger::init() first?",
                    translated(exit)
                );
                self.drop_zygote(&why);
            }
            Err(error) => self.drop_zygote(&error.to_string()),
        }
    }

    /// The zygote is of no more use. A new one is started with the next worker.
    fn drop_zygote(&mut self, why: &str) {
        let Some(zygote) = self.zygote.take() else { return };
        log::warn!("pool {}: the zygote is gone: {why}", self.engine.settings.name);
        // Closing the descriptors takes them out of the set as well.
        let _ = self.world.delete(&zygote.socket).and(self.world.delete(&zygote.child));
        zygote.kill();
        for worker in zygote.orphans() {
            self.not_started(worker, why);
        }
    }

    /// A worker's process is there.
    fn adopt(&mut self, worker: WorkerId, child: Child) {
        let watched = self.world.add(&child, DEATH | worker.to_bits(), Interest::Read);
        let mut turn = self.turn();
        let Some(member) = turn.gang.get(worker) else { return };
        if member.doomed || watched.is_err() {
            // Its death is reported like any other.
            let _ = child.signal(Signal::Kill);
        }
        log::debug!("pool {}: worker {worker} is process {}", self.engine.settings.name, child.pid());
        member.body = Body::Process(child);
    }

    fn on_spawned(&mut self, worker: WorkerId) {
        let Some(mut spawned) = self.spawned.remove(&worker) else { return };
        let mut packet = [0; 4096];
        let greeted = match spawned.socket.recv(&mut packet, 0, Some(Instant::now())) {
            Ok(Some((len, _))) => spawned.greet(&packet[..len]),
            // Its death comes by itself.
            Ok(None) | Err(_) => Ok(()),
        };
        if let (Err(why), Some(member)) = (greeted, self.turn().gang.get(worker)) {
            member.misbehaved = Some(why);
            if let Body::Process(child) = &member.body {
                let _ = child.signal(Signal::Kill);
            }
        }
    }

    fn on_death(&mut self, worker: WorkerId) {
        let mut turn = self.turn();
        let Some(member) = turn.gang.get(worker) else { return };
        orphans::kill_group(&member.end.state);
        let Body::Process(child) = &mut member.body else { return };
        // What it left behind in its group goes with it; its pid is not free before it is reaped.
        let _ = child.signal_group(Signal::Kill);
        let exit = match child.try_wait() {
            Ok(Some(exit)) => translated(exit),
            Ok(None) => return,
            Err(error) => {
                log::error!("failed to reap worker {worker}: {error}");
                Exit::Signal { number: 9, core: false }
            }
        };
        drop(turn);
        self.orphans.iter_mut().for_each(Orphans::expect);
        self.gone(worker, exit);
    }

    fn not_started(&mut self, worker: WorkerId, error: &str) {
        let mut turn = self.turn();
        if let Some(member) = turn.gang.remove(worker) {
            let _ = self.engine.bells.delete(&member.bell);
            turn.event(Event::StartFailed { worker, error: error.to_owned() });
        }
    }

    /// A worker is gone: all that it had sent is read first, only then is its task lost.
    fn gone(&mut self, worker: WorkerId, exit: Exit) {
        self.spawned.remove(&worker);
        let mut turn = self.turn();
        let Some(member) = turn.gang.get(worker) else { return };
        member.unstall();
        turn.drain_all_of(worker);
        let Some(member) = turn.gang.remove(worker) else { return };
        let _ = self.engine.bells.delete(&member.bell);
        let current = member.current();
        let exit = if member.misbehaved.is_some() { Exit::Misbehaved } else { exit };
        let (name, program) = (&self.engine.settings.name, &self.engine.settings.program.shown);
        log::debug!("pool {name}: worker {worker} is gone: {exit}");
        if let (Some(entry), pid @ Some(_)) = (current.and_then(|task| turn.tasks.get_mut(task)), member.pid()) {
            // It may have been sent before the process was known.
            entry.worker = pid;
        }
        let event = match (member.phase, member.misbehaved) {
            (Phase::Ready, _) => Event::WorkerGone { worker, current, exit },
            (Phase::InitFailed(error), _) => Event::InitFailed { worker, error },
            (Phase::Starting | Phase::Greeted, Some(why)) => Event::StartFailed { worker, error: why },
            (Phase::Starting, None) => {
                let error = format!(
                    "{program} ended with {exit} before it said hello; does its main call ganger::init() first?"
                );
                Event::StartFailed { worker, error }
            }
            (Phase::Greeted, None) => {
                let error = format!("it ended with {exit} in its initializer");
                Event::InitFailed { worker, error }
            }
        };
        turn.event(event);
        if let Some(task) = current {
            turn.again(task);
        }
    }

    /// The last worker is gone, every task is settled.
    fn end(mut self) {
        if let Some(zygote) = self.zygote.take() {
            zygote.kill();
        }
        self.orphans.iter_mut().for_each(Orphans::expect);
        self.sweep_orphans();
        self.turn().watch.ear = Ear::Awake;
        self.engine.closed.open();
    }
}
