//! Workers that come: started by the pool's method, greeted, adopted; or not, and then the machine is told why.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ganger_machine::Event;
use ganger_proto::WorkerId;
use ganger_proto::message::Seat;
use ganger_proto::outcome::StartError;
use ganger_sys::{Child, Interest, Shortage, Signal, sweep};
use log::Level;

use crate::bootstrap::{Ends, Freight, Order};
use crate::builder::StartMethod;
use crate::engine::Turn;
use crate::engine::driver::{DEATH, Driver, HELLO, LINK, ZYGOTE, ZYGOTE_DEATH};
use crate::engine::member::{Body, Member};
use crate::engine::start::{self, ThreadEnd};
use crate::engine::zygote::{News, Request, Zygote};
use crate::exit::translated;
use crate::start_error::start_error;
use crate::title;

/// How long a killed process is waited for.
const LAST_WAIT: Duration = Duration::from_secs(1);

impl Driver {
    pub(super) fn start_next(&mut self) {
        let zygote = self.call_zygote();
        let mut turn = self.turn();
        if turn.to_start.is_empty() {
            return;
        }
        // From one list to the other in one turn: a worker that was in neither could not be called off.
        let (worker, slot) = turn.to_start.remove(0);
        let prepared = zygote.and_then(|()| self.prepare(&mut turn, worker, slot));
        drop(turn);
        if let Err(error) = prepared.and_then(|ends| self.try_start(worker, slot, ends)) {
            let mut turn = self.turn();
            if let Some(member) = turn.gang.remove(worker) {
                // Not in the set if it never came that far.
                let _ = self.engine.bells.delete(&member.bell);
            }
            let name = title::worker(&self.engine.settings.name, slot);
            self.engine.logs.own(Level::Info, format_args!("worker {name} ({worker}) could not be started: {error}"));
            turn.event(Event::StartFailed { worker, error: start_error(&error) });
        }
    }

    fn prepare(&self, turn: &mut Turn<'_>, worker: WorkerId, slot: u32) -> io::Result<Ends> {
        let (member, ends) = start::prepare(&self.engine.settings, worker, slot, self.spawned.len())?;
        let listening = self.engine.bells.add(&member.bell, worker.index() as u64, Interest::ReadEdge);
        turn.welcome(member);
        listening.map(|()| ends)
    }

    fn try_start(&mut self, worker: WorkerId, slot: u32, ends: Ends) -> io::Result<()> {
        let settings = Arc::clone(&self.engine.settings);
        let faults = self.turn().faults.as_mut().map(|faults| faults.of_seat(slot)).unwrap_or_default();
        let seat = Seat { worker, slot, faults };
        match settings.method {
            StartMethod::Zygote => {
                let request = Request { order: Order::Worker(seat), freight: Freight::Ends(ends) };
                self.zygote.as_mut().ok_or_else(|| io::Error::other("the zygote has gone"))?.ask(request)
            }
            StartMethod::Spawn => {
                let (child, spawned) = start::spawn(&settings, seat, &ends)?;
                self.world.add(&spawned.socket, HELLO | worker.to_bits(), Interest::Read)?;
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
                start::on_thread(&settings, seat, ends, end, watched)
            }
        }
    }

    /// Sees to it that there is a zygote, if the pool's workers come from one. It takes its descriptors before any worker
    /// does, and its time while they are made ready.
    fn call_zygote(&mut self) -> io::Result<()> {
        let from_zygote = self.engine.settings.method == StartMethod::Zygote;
        if !from_zygote || self.zygote.is_some() || self.turn().to_start.is_empty() {
            return Ok(());
        }
        let zygote = Zygote::start(&self.engine.settings)?;
        self.world.add(&zygote.socket, ZYGOTE, Interest::Read)?;
        self.world.add(&zygote.child, ZYGOTE_DEATH, Interest::Read)?;
        self.zygote = Some(zygote);
        Ok(())
    }

    pub(super) fn on_zygote(&mut self) {
        let settings = Arc::clone(&self.engine.settings);
        while let Some(news) = self.zygote.as_mut().and_then(|zygote| zygote.read(&settings)) {
            match news {
                News::Nothing => {}
                News::Logged(record) => self.engine.logs.of_zygote(record),
                News::Forked { worker, child } => match child {
                    Ok(child) => self.adopt(worker, child),
                    Err(error) => self.not_started(worker, start_error(&error)),
                },
                News::NotForked { worker, error } => self.not_started(worker, error),
                News::Lost { worker, pid } => self.put_down(worker, pid),
                News::Useless(why) => return self.drop_zygote(&why),
            }
        }
    }

    pub(super) fn on_zygote_death(&mut self) {
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
        self.engine.logs.own(Level::Warn, format_args!("the zygote is gone: {why}"));
        // Closing the descriptors takes them out of the set as well.
        let _ = self.world.delete(&zygote.socket).and(self.world.delete(&zygote.child));
        zygote.kill();
        for worker in zygote.orphans() {
            self.not_started(worker, StartError::permanent(why));
        }
        self.reap_lost();
    }

    /// A zygote that died may have forked workers without telling: children of ours that nobody knows.
    pub(super) fn reap_lost(&self) {
        let known: Vec<u32> = self.turn().gang.iter().filter_map(Member::pid).collect();
        if let Err(error) = sweep::sweep_thread(|pid| known.contains(&pid), LAST_WAIT) {
            self.engine.logs.own(Level::Warn, format_args!("failed to reap what a zygote left: {error}"));
        }
    }

    /// A worker's process is there.
    fn adopt(&mut self, worker: WorkerId, child: Child) {
        let watched = self.world.add(&child, DEATH | worker.to_bits(), Interest::Read);
        let mut turn = self.turn();
        let Some(member) = turn.gang.get(worker) else { return };
        let watched = watched.and_then(|()| self.world.add(member.lane(), LINK | worker.to_bits(), Interest::HangUp));
        if member.doomed || watched.is_err() {
            // Its death is reported like any other.
            let _ = child.signal(Signal::Kill);
        }
        member.body = Body::Process(child);
        let named = member.named(&self.engine.settings.name);
        self.engine.logs.own(Level::Debug, format_args!("{named} is there"));
    }

    pub(super) fn on_spawned(&mut self, worker: WorkerId) {
        let Some(mut spawned) = self.spawned.remove(&worker) else { return };
        let mut packet = [0; 4096];
        let greeted = match spawned.socket.recv(&mut packet, 0, Some(Instant::now())) {
            Ok(Some((len, _))) => spawned.greet(&packet[..len], &self.engine.settings.role),
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

    /// A worker came whose process we cannot hold.
    fn put_down(&mut self, worker: WorkerId, pid: u32) {
        if let Err(error) = sweep::sweep_one(pid, LAST_WAIT) {
            self.engine.logs.own(Level::Warn, format_args!("failed to reap worker {worker}: {error}"));
        }
        self.not_started(worker, StartError::shortage(Shortage::Descriptors.to_string()));
    }

    fn not_started(&mut self, worker: WorkerId, error: StartError) {
        let mut turn = self.turn();
        if let Some(member) = turn.gang.remove(worker) {
            let _ = self.engine.bells.delete(&member.bell);
            let named = member.named(&self.engine.settings.name);
            self.engine.logs.own(Level::Info, format_args!("{named} could not be started: {}", error.message));
            turn.event(Event::StartFailed { worker, error });
        }
    }
}
