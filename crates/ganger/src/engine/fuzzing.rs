//! A pool whose workers say anything: the body of a fuzz target.
//!
//! The engine is the one that ships, but for the driver's thread: what it would do is done here, step by step as the bytes say.

use std::sync::Arc;
use std::time::Duration;

use ganger_machine::Event;
use ganger_proto::codec;
use ganger_proto::message::{FromWorker, HEAD, Hello, PROTOCOL, Verdict};
use ganger_proto::outcome::{Exit, StartError};
use ganger_proto::policy::{Backoff, PoolPolicy, Restart, TaskPolicy};
use ganger_proto::spec::{Function, Role};
use ganger_proto::{TaskId, WorkerId};
use ganger_shm::link::{self, End};
use ganger_shm::{Assembly, Claims, Piece, Received};
use ganger_sys::Bell;
use smallvec::SmallVec;

use crate::bootstrap::Ends;
use crate::builder::StartMethod;
use crate::engine::core::{Core, Stage};
use crate::engine::logs::Logs;
use crate::engine::settings::{Program, Settings};
use crate::engine::start;
use crate::engine::table::{Payload, Sink, Work};
use crate::engine::watch::Watch;
use crate::registry;
use crate::slot::{Detail, Ended, How, SlotRef};

const WORKERS: u32 = 2;

/// A ring takes a message or two of these, and longer ones in pieces.
const RING: usize = 16 << 10;
const LONGEST: usize = 12 << 10;

/// More tasks find nothing that these do not.
const TASKS: usize = 64;

/// A worker, by the hand of whoever wrote the bytes.
pub(super) struct Puppet {
    id: WorkerId,
    end: End,
    assembly: Assembly,
    ends: Ends,
}

struct World<'b> {
    core: Core,
    puppets: Vec<Puppet>,
    tasks: Vec<(TaskId, SlotRef)>,
    bytes: &'b [u8],
}

/// Workers that say anything have each task settled once, and none settled that was another's; and the pool ends.
pub fn workers(bytes: &[u8]) {
    let mut world = World::new(bytes);
    while let Some([step]) = world.take() {
        world.step(step);
        world.turn();
    }
    world.end();
}

pub(super) fn settings() -> Settings {
    let restart = Restart { backoff: Backoff::NONE, ..Restart::default() };
    Settings {
        name: "fuzzed".to_owned(),
        policy: PoolPolicy { workers: WORKERS, restart, ..PoolPolicy::default() },
        method: StartMethod::Zygote,
        program: Program {
            path: "/nowhere".into(),
            shown: "nobody".to_owned(),
            args: Vec::new(),
            dir: None,
            without: Vec::new(),
        },
        preload: Vec::new(),
        initializer: None,
        payload_limit: 1 << 20,
        ring_capacity: RING,
        spin: Duration::ZERO,
        cpus: 1,
        claim_signals: false,
        role: Role::Functions,
        reap_orphans: false,
        faults: Default::default(),
        sandbox: Default::default(),
    }
}

impl<'b> World<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        let bell = || Arc::new(Bell::new().expect("an eventfd"));
        let (driver, leader) = (bell(), bell());
        let logs = Arc::new(Logs::new("fuzzed", [Arc::clone(&driver), leader]));
        let mut core = Core::new(Arc::new(settings()), Watch::new(driver), logs, 7);
        core.start();
        let mut world = Self { core, puppets: Vec::new(), tasks: Vec::new(), bytes };
        world.turn();
        world
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> usize {
        self.take().map_or(0, |[byte]| usize::from(byte))
    }

    /// A few bytes as they come, or many that are the same.
    fn body(&mut self) -> Vec<u8> {
        match self.byte() {
            length @ 0..128 => {
                let (body, rest) = self.bytes.split_at(length.min(self.bytes.len()));
                self.bytes = rest;
                body.to_vec()
            }
            length => vec![7; length * 97 % LONGEST],
        }
    }

    fn task(&mut self) -> TaskId {
        let which = self.byte();
        // Now and then one that nobody has.
        self.tasks.get(which % (self.tasks.len() + 1)).map_or(TaskId::new(99, 9), |(task, _)| *task)
    }

    /// What is done at the end of each turn, and by the driver.
    fn turn(&mut self) {
        self.core.begin_turn();
        self.core.drain();
        self.core.event(Event::Tick);
        while let Some((worker, slot)) = self.core.to_start.pop() {
            self.come(worker, slot);
        }
        drop(self.core.end_turn());
    }

    fn come(&mut self, worker: WorkerId, slot: u32) {
        let (member, ends) = start::prepare(&self.core.settings, worker, slot, 0).expect("descriptors and memory");
        self.core.welcome(member);
        self.puppets.push(Puppet::new(worker, ends));
    }

    fn step(&mut self, step: u8) {
        match step % 10 {
            0 => self.submit(),
            1 => self.cancel(),
            2 => self.die(),
            3 => self.with_puppet(|puppet, _| puppet.comes_as_it_should()),
            4 => self.with_puppet(|puppet, _| puppet.works(true)),
            5 => self.with_puppet(|puppet, _| puppet.works(false)),
            6 => self.with_puppet(|puppet, world| puppet.end.state.begin(world.task().to_bits())),
            7 => self.with_puppet(Puppet::says),
            8 => self.with_puppet(Puppet::finishes),
            _ => self.with_puppet(Puppet::speaks_nonsense),
        }
    }

    fn submit(&mut self) {
        let bytes = SmallVec::from_vec(self.body());
        if self.tasks.len() == TASKS || self.core.stage != Stage::Open {
            return;
        }
        let slot = self.core.slots.fresh();
        let payload = Payload { work: Work::Call(Function(0)), bytes, shared: None };
        let accepted = self.core.accept(payload, Sink::Future(slot.clone()), &Arc::new(TaskPolicy::default()));
        self.tasks.push((accepted.expect("the pool is open"), slot));
    }

    fn cancel(&mut self) {
        let task = self.task();
        self.core.event(Event::Cancelled { task });
    }

    fn die(&mut self) {
        if !self.puppets.is_empty() {
            let which = self.byte() % self.puppets.len();
            let puppet = self.puppets.swap_remove(which);
            self.bury(puppet.id);
        }
    }

    fn bury(&mut self, worker: WorkerId) {
        drop(self.core.bury(worker, Exit::Signal { number: 9, core: false }));
    }

    /// A puppet does something. What it says can settle what it was handed and nothing else.
    fn with_puppet(&mut self, deed: impl FnOnce(&mut Puppet, &mut Self)) {
        if self.puppets.is_empty() {
            return;
        }
        let which = self.byte() % self.puppets.len();
        let mut puppet = self.puppets.swap_remove(which);
        let open: Vec<bool> = self.tasks.iter().map(|(_, slot)| !slot.is_filled()).collect();
        let handed: Vec<_> = self.core.gang.see(puppet.id).into_iter().flat_map(|member| member.handed()).collect();
        deed(&mut puppet, self);
        self.puppets.push(puppet);
        self.core.begin_turn();
        self.core.drain();
        for ((task, slot), _) in self.tasks.iter().zip(open).filter(|(_, open)| *open) {
            let reported = slot.peek(is_reported).unwrap_or(false);
            assert!(!reported || handed.contains(task), "{task} was another's");
        }
    }

    /// The pool is killed: whatever was said before, it ends, and every task has its outcome.
    fn end(mut self) {
        self.core.begin_turn();
        self.core.event(Event::Kill);
        while let Some(puppet) = self.puppets.pop() {
            self.bury(puppet.id);
        }
        while let Some((worker, _)) = self.core.to_start.pop() {
            self.core.event(Event::StartFailed { worker, error: StartError::permanent("there is nobody") });
        }
        assert_eq!(self.core.stage, Stage::Closed);
        assert!(self.tasks.iter().all(|(_, slot)| slot.is_filled()), "a task without an outcome");
    }
}

/// Whether it is a worker's word.
fn is_reported(ended: &Ended) -> bool {
    match ended {
        Ended::Returned { .. } => true,
        Ended::Other(detail) => match &**detail {
            Detail { how: How::Reported(..) | How::ReturnedWith(..), .. } => true,
            Detail { how: How::Crashed(_) | How::TimedOut(_) | How::Cancelled | How::NotStarted(_), .. } => false,
        },
    }
}

impl Puppet {
    pub(super) fn new(id: WorkerId, ends: Ends) -> Self {
        let end = link::open(&ends.link).expect("the segment that was just made");
        Self { id, end, assembly: Assembly::new(u64::MAX), ends }
    }

    fn say(&mut self, message: &FromWorker<'_>) {
        let (head, body) = message.encode();
        self.send(&head, body);
    }

    /// What finds no room is in the ring as far as it goes, and never whole.
    fn send(&mut self, head: &[u8; HEAD], body: &[u8]) {
        self.end.writer.send(head, body, &mut Piece::default());
    }

    pub(super) fn comes_as_it_should(&mut self) {
        let hello = Hello {
            protocol: PROTOCOL,
            build: registry::fingerprint(),
            version: String::new(),
            program: String::new(),
            pid: 1,
        };
        let hello = codec::encode(&hello, u64::MAX).expect("plain data");
        self.say(&FromWorker::Hello { hello: &hello });
        self.say(&FromWorker::Ready);
    }

    /// Begins its next task, and perhaps finishes it.
    fn works(&mut self, to_the_end: bool) {
        if let Some(task) = self.begins().filter(|_| to_the_end) {
            self.finishes_what_it_has(task);
        }
    }

    pub(super) fn begins(&mut self) -> Option<TaskId> {
        let received = self.end.reader.receive(&mut self.assembly, Claims::Needed);
        let [.., a, b, c, d, e, f, g, h] = self.assembly.head[..16] else { return None };
        let task = TaskId::from_bits(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        (received == Ok(Received::Message)).then(|| self.end.state.begin(task.to_bits()))?;
        self.end.reader.release_and_wake();
        Some(task)
    }

    pub(super) fn finishes_what_it_has(&mut self, task: TaskId) {
        self.say(&finished(task, Verdict::Returned, b"done"));
        self.end.state.end();
    }

    #[cfg(test)]
    pub(super) fn rings(&self) {
        if self.end.writer.reader_waits() {
            self.ends.bell.ring();
        }
    }

    fn finishes(&mut self, world: &mut World<'_>) {
        let verdict = [Verdict::Returned, Verdict::Failed, Verdict::Panicked][world.byte() % 3];
        let (task, body) = (world.task(), world.body());
        self.say(&finished(task, verdict, &body));
    }

    /// A message that is well-formed.
    fn says(&mut self, world: &mut World<'_>) {
        let mut head = [0; HEAD];
        head[0] = 60 + (world.byte() % 16) as u8;
        head[1] = (world.byte() % 4) as u8;
        head[8..16].copy_from_slice(&world.task().to_bits().to_le_bytes());
        let body = world.body();
        self.send(&head, &body);
    }

    fn speaks_nonsense(&mut self, world: &mut World<'_>) {
        let Some(head) = world.take() else { return };
        let body = world.body();
        self.send(&head, &body);
    }
}

fn finished(task: TaskId, verdict: Verdict, body: &[u8]) -> FromWorker<'_> {
    FromWorker::Finished { task, attempt: 1, verdict, took: Duration::ZERO, body }
}

#[cfg(test)]
mod tests {
    #[test]
    fn workers_may_say_anything() {
        ganger_corpus::replay("workers", super::workers);
    }
}
