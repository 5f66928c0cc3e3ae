//! Starting a worker, by the pool's start method.

use std::io;
use std::sync::{Arc, Weak};
use std::thread;

use ganger_proto::WorkerId;
use ganger_proto::message::{Seat, Setup};
use ganger_proto::spec::Role;
use ganger_shm::link;
use ganger_sys::limits::{self, Resource};
use ganger_sys::{Bell, Child, Socket};

use crate::bootstrap::{Control, DESCRIPTORS, Ends, Server};
use crate::engine::member::Member;
use crate::engine::settings::Settings;
use crate::engine::zygote;
use crate::title;
use crate::worker;

/// So many descriptors a worker takes until it has its own.
const OWN: usize = 5;

/// So many must be left beside: for its pidfd, for another zygote, for output that does not fit into memory, and for
/// whatever else the program opens.
const SPARE: usize = 8;

/// A new worker as the supervisor will see it, and what it must be given. `awaited`: how many programs will still
/// connect, each of which takes descriptors when it does.
pub(super) fn prepare(settings: &Settings, worker: WorkerId, slot: u32, awaited: usize) -> io::Result<(Member, Ends)> {
    // Before they are taken: a program that connects just then needs its own.
    limits::spare_fds(OWN + SPARE + awaited * DESCRIPTORS)?;
    // Smaller rings are slower, and hold messages of any size all the same.
    let capacity = link::fitting(settings.ring_capacity, limits::limit(Resource::FileSize)?.soft);
    let (end, link) = link::create(&format!("ganger-{}", settings.name), capacity)?;
    let bell = Bell::new()?;
    let (lane, their_lane) = ganger_sys::pair()?;
    let ends = Ends { link, bell: bell.try_clone()?, lane: their_lane };
    Ok((Member::new(worker, slot, end, bell, lane, settings.payload_limit), ends))
}

pub(super) fn setup(settings: &Settings) -> Setup {
    Setup {
        pool: settings.name.clone(),
        first: settings.first(),
        payload_limit: settings.payload_limit,
        build: crate::registry::fingerprint(),
        role: settings.role.clone(),
        sandbox: settings.sandbox.clone(),
        log_level: log::max_level() as u8,
    }
}

/// A worker that was started alone and has not said hello yet.
pub(super) struct Spawned {
    pub(super) socket: Socket,
    /// Where it will connect, and what it is then told; none once it has said hello.
    awaited: Option<(Server, Control)>,
}

/// Executes the worker program for one worker.
pub(super) fn spawn(settings: &Settings, seat: Seat, ends: &Ends) -> io::Result<(Child, Spawned)> {
    let title = title::of_worker(&settings.name, seat.slot);
    let (child, socket, server) = zygote::exec(&settings.program, &title, &ends.fds())?;
    let work = Control::Work { seat, setup: setup(settings) };
    Ok((child, Spawned { socket, awaited: Some((server, work)) }))
}

impl Spawned {
    /// It has something to say: the hello, after which it is told its work.
    pub(super) fn greet(&mut self, packet: &[u8], role: &Role) -> Result<(), String> {
        let (server, work) = self.awaited.take().ok_or("it said hello twice")?;
        zygote::unless_gone(zygote::greet(packet, server, role)?.send(work)).map_err(|e| e.to_string())
    }
}

/// Tells the driver when a thread has ended, however it did.
pub(super) struct ThreadEnd {
    pub(super) worker: WorkerId,
    pub(super) ended: Arc<std::sync::Mutex<Vec<WorkerId>>>,
    pub(super) driver: Arc<Bell>,
}

impl Drop for ThreadEnd {
    fn drop(&mut self) {
        super::lock(&self.ended).push(self.worker);
        self.driver.ring();
    }
}

/// Runs a worker on a thread of this process.
pub(super) fn on_thread(
    settings: &Settings,
    seat: Seat,
    ends: Ends,
    end: ThreadEnd,
    alive: Weak<()>,
) -> io::Result<()> {
    let name = title::name(&settings.name, seat.slot);
    let setup = setup(settings);
    let run = move || {
        let _end = end;
        worker::run_thread(ends, setup, seat, alive);
    };
    thread::Builder::new().name(name).spawn(run).map(drop)
}
