//! One worker as the supervisor sees it: its process, its link, and what it was handed.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ganger_machine::Moment;
use ganger_proto::message::{HEAD, ToWorker};
use ganger_proto::outcome::{Fault, StartError};
use ganger_proto::{SharedId, TaskId, WorkerId};
use ganger_shm::link::End;
use ganger_shm::ring::Position;
use ganger_shm::{Assembly, Piece};
use ganger_sys::{Bell, Child, Socket};

use crate::engine::outgoing::{Outgoing, message};
use crate::engine::shares::Value;
use crate::engine::table::{Entry, Table};
use crate::passing::Passed;
use crate::title;

/// A worker.
pub(crate) struct Member {
    pub(crate) id: WorkerId,
    pub(crate) slot: u32,
    pub(crate) end: End,
    /// For descriptors, there and back.
    lane: Socket,
    /// Those that came back, for the outcome that names them.
    pub(crate) came: Vec<Passed>,
    /// Rung by the worker when the supervisor asked to be woken.
    pub(crate) bell: Bell,
    pub(crate) assembly: Assembly,
    pub(crate) body: Body,
    pub(crate) phase: Phase,
    /// Why it is being killed, if it broke the protocol.
    pub(crate) misbehaved: Option<String>,
    /// What was wrong with the program that it hosts, for which it ends.
    pub(crate) fault: Option<Fault>,
    /// Whether it is to be killed as soon as it has come.
    pub(crate) doomed: bool,
    /// What the pool has done for its end, for the log.
    pub(crate) ended_by: Option<&'static str>,
    /// Who has too much of what it said: the rest is left in the ring until there is room again.
    stalled_by: Option<Arc<dyn Unread>>,
    /// Whether it may have nothing read of it any more: it was told to die between writing and being read.
    pub(crate) may_hold: bool,
    /// Whether that is so.
    pub(crate) held: bool,
    /// Tasks in its ring, in order, with their places there.
    in_ring: VecDeque<(TaskId, Position)>,
    /// What is not yet (wholly) in its ring.
    outbox: VecDeque<Outgoing>,
    /// Shared values that it has, or will have before the next task.
    known: HashSet<SharedId>,
    /// How long it was told it may spin.
    spin: Duration,
    /// When its memory is to be looked at next.
    pub(crate) weigh_at: Moment,
    /// Whether its next outcome rings the bell, as far as we know.
    pub(crate) armed: bool,
}

/// What runs it.
pub(crate) enum Body {
    /// The zygote was asked for it.
    Coming,
    Process(Child),
    /// A thread of this process, which ends when this is dropped.
    Thread {
        _alive: Arc<()>,
    },
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    /// Nothing was heard of it yet.
    Starting,
    /// It said who it is, and is in its initializer.
    Greeted,
    Ready,
    /// Its initializer failed.
    InitFailed(String),
    /// It could not get ready.
    StartFailed(StartError),
}

/// What takes what workers say, and may have too much of it that nobody has read.
pub(crate) trait Unread: Send + Sync {
    /// Whether it has. When it has room again, it rings those who read the rings.
    fn is_full(&self) -> bool;
}

/// What came of a take-back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TakeBack {
    Taken,
    Kept,
}

impl Member {
    pub(crate) fn new(id: WorkerId, slot: u32, end: End, bell: Bell, lane: Socket, payload_limit: u64) -> Self {
        Self {
            id,
            slot,
            end,
            lane,
            came: Vec::new(),
            bell,
            assembly: Assembly::new(payload_limit.saturating_add(4096)),
            body: Body::Coming,
            phase: Phase::Starting,
            misbehaved: None,
            fault: None,
            doomed: false,
            ended_by: None,
            stalled_by: None,
            may_hold: false,
            held: false,
            in_ring: VecDeque::new(),
            outbox: VecDeque::new(),
            known: HashSet::new(),
            spin: Duration::ZERO,
            weigh_at: Moment::default(),
            armed: false,
        }
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        match &self.body {
            Body::Process(child) => Some(child.pid()),
            Body::Coming | Body::Thread { .. } => None,
        }
    }

    /// The kernel tells by it when the worker has none any more.
    pub(crate) fn lane(&self) -> &Socket {
        &self.lane
    }

    /// Who it is, for the log.
    pub(crate) fn named(&self, pool: &str) -> String {
        let pid = self.pid().map(|pid| format!(", pid {pid}")).unwrap_or_default();
        format!("worker {} ({}{pid})", title::worker(pool, self.slot), self.id)
    }

    /// Whether it has something to tell us sooner or later.
    pub(crate) fn owes(&self) -> bool {
        !self.in_ring.is_empty() || !self.outbox.is_empty() || self.phase != Phase::Ready
    }

    pub(crate) fn has_outbox(&self) -> bool {
        !self.outbox.is_empty()
    }

    pub(crate) fn stall(&mut self, queue: Arc<dyn Unread>) {
        self.stalled_by = Some(queue);
    }

    pub(crate) fn unstall(&mut self) {
        self.stalled_by = None;
        self.held = false;
    }

    /// Whether what it says is left unread: nobody has room for it, or it is of no worth any more.
    pub(crate) fn unheard(&mut self) -> bool {
        self.misbehaved.is_some() || self.stalled()
    }

    fn stalled(&mut self) -> bool {
        if self.stalled_by.as_ref().is_some_and(|queue| !queue.is_full()) {
            self.stalled_by = None;
        }
        self.stalled_by.is_some() || self.held
    }

    /// How long it may spin before it sleeps: not at all while more workers have something to do than processors.
    pub(crate) fn let_spin(&mut self, time: Duration) {
        if self.spin != time {
            self.spin = time;
            self.end.state.set_spin(time);
        }
    }

    /// Hands a task over: into the ring if there is room, else into the outbox, which is then to be pumped.
    pub(crate) fn send(&mut self, task: TaskId, attempt: u32, entry: &Entry) {
        let mut piece = Piece::default();
        if self.outbox.is_empty() {
            let (head, body) = message(task, attempt, entry).encode();
            let done = self.end.writer.send(&head, body, &mut piece);
            if let (true, Some(position)) = (done, piece.position()) {
                self.in_ring.push_back((task, position));
                return;
            }
        }
        self.outbox.push_back(Outgoing::Task { task, attempt, piece });
    }

    /// Sends a shared value ahead of the task that names it, once.
    pub(crate) fn share(&mut self, id: SharedId, value: impl FnOnce() -> Option<Value>) {
        if !self.known.insert(id) {
            return;
        }
        match value() {
            Some(Value::Encoded(value)) => {
                self.outbox.push_back(Outgoing::Share { id, value, piece: Piece::default() });
            }
            Some(Value::Descriptor(fd)) => self.outbox.push_back(Outgoing::Descriptor { id, fd: Some(fd) }),
            None => {}
        }
    }

    /// Puts the front's descriptor into the lane. False: the lane is full, until the worker has gone on.
    fn load_lane(&mut self) -> bool {
        let Some(Outgoing::Descriptor { fd, .. }) = self.outbox.front_mut() else { return true };
        let Some(descriptor) = fd else { return true };
        match self.lane.send(&[0], &[descriptor.as_fd()], Some(Instant::now())) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => false,
            // A worker that is gone needs none.
            _ => {
                *fd = None;
                true
            }
        }
    }

    /// Takes the descriptor that the worker has sent back. False: there is none.
    pub(crate) fn take_descriptor(&mut self) -> bool {
        match self.lane.recv(&mut [0; 1], 1, Some(Instant::now())) {
            // Without it the next one would be taken for it: there was no room for it here.
            Ok(Some((_, fds))) if fds.is_empty() => return false,
            Ok(Some((_, fds))) => self.came.extend(fds.into_iter().map(Passed::from)),
            Ok(None) | Err(_) => return false,
        }
        true
    }

    /// A shared value is of no more use.
    pub(crate) fn unshare(&mut self, id: SharedId) {
        if self.known.remove(&id) {
            self.outbox.push_back(Outgoing::Unshare(id));
        }
    }

    /// Tells it to strike in an attempt, ahead of the task.
    pub(crate) fn arm(&mut self, task: TaskId, attempt: u32, fault: Vec<u8>) {
        self.outbox.push_back(Outgoing::Arm { task, attempt, fault });
    }

    pub(crate) fn retire(&mut self) {
        self.ended_by = Some("it was retired");
        self.outbox.push_back(Outgoing::Retire);
    }

    /// Moves what waits in the outbox into the ring, as far as there is room.
    pub(crate) fn pump(&mut self, tasks: &Table) {
        while !self.outbox.is_empty() {
            let moved = self.load_lane() && self.push_front(tasks);
            if !moved && !self.wait_for_room(tasks) {
                return;
            }
        }
    }

    /// False: what is first has no room.
    fn push_front(&mut self, tasks: &Table) -> bool {
        let Some(mut front) = self.outbox.pop_front() else { return true };
        let pushed = self.push(&mut front, tasks);
        if !pushed {
            self.outbox.push_front(front);
        }
        pushed
    }

    fn say(&mut self, message: ToWorker<'_>) -> bool {
        let (head, body) = message.encode();
        self.end.writer.send(&head, body, &mut Piece::default())
    }

    /// If something waits for room: asks for a ring of the bell when there is some. True: there is some already.
    pub(crate) fn wait_for_room(&mut self, tasks: &Table) -> bool {
        let len = match self.outbox.front() {
            None => return false,
            Some(Outgoing::Task { task, attempt, piece }) => tasks.get(*task).map_or(0, |entry| {
                let (_, body) = message(*task, *attempt, entry).encode();
                self.end.writer.next_len(body, piece)
            }),
            Some(Outgoing::Share { value, piece, .. }) => self.end.writer.next_len(value, piece),
            Some(Outgoing::Descriptor { fd: Some(_), .. }) => {
                self.end.writer.wait_for_progress();
                return self.load_lane();
            }
            Some(Outgoing::Arm { fault, .. }) => HEAD + fault.len(),
            Some(Outgoing::Descriptor { .. } | Outgoing::Abort | Outgoing::Unshare(_) | Outgoing::Retire) => HEAD,
        };
        self.end.writer.wait_for_room(len)
    }

    fn push(&mut self, outgoing: &mut Outgoing, tasks: &Table) -> bool {
        match outgoing {
            Outgoing::Task { task, attempt, piece } => {
                let Some(entry) = tasks.get(*task) else { return true };
                let (head, body) = message(*task, *attempt, entry).encode();
                let done = self.end.writer.send(&head, body, piece);
                if let (true, Some(position)) = (done, piece.position()) {
                    self.in_ring.push_back((*task, position));
                }
                done
            }
            Outgoing::Share { id, value, piece } => {
                let (head, body) = ToWorker::Share { id: *id, value }.encode();
                self.end.writer.send(&head, body, piece)
            }
            Outgoing::Descriptor { id, .. } => self.say(ToWorker::Descriptor { id: *id }),
            Outgoing::Abort => self.end.writer.abort(),
            Outgoing::Unshare(id) => self.say(ToWorker::Unshare { id: *id }),
            Outgoing::Retire => self.say(ToWorker::Retire),
            Outgoing::Arm { task, attempt, fault } => self.say(ToWorker::Arm { task: *task, attempt: *attempt, fault }),
        }
    }

    /// Takes a task back, unless the worker has begun it.
    pub(crate) fn take_back(&mut self, task: TaskId) -> TakeBack {
        if let Some(at) = self.in_ring.iter().rposition(|(held, _)| *held == task) {
            if self.end.writer.take_back(self.in_ring[at].1) {
                self.in_ring.remove(at);
                return TakeBack::Taken;
            }
            return TakeBack::Kept;
        }
        match self.outbox.iter().position(|outgoing| outgoing.task().is_some_and(|(held, _)| held == task)) {
            Some(at) => self.take_from_outbox(at),
            None => TakeBack::Kept,
        }
    }

    fn take_from_outbox(&mut self, at: usize) -> TakeBack {
        match self.outbox[at].task().and_then(|(_, piece)| piece.position()) {
            None => drop(self.outbox.remove(at)),
            Some(position) if self.end.writer.take_back(position) => self.outbox[at] = Outgoing::Abort,
            Some(_) => return TakeBack::Kept,
        }
        TakeBack::Taken
    }

    /// Notes that the worker finished a task: it must be the oldest that it has.
    pub(crate) fn finished(&mut self, task: TaskId) -> bool {
        match self.in_ring.front() {
            Some((oldest, _)) if *oldest == task => {
                self.in_ring.pop_front();
                true
            }
            _ => false,
        }
    }

    /// The task that it says it is in, if it was handed that task. What a worker says that broke the protocol may be
    /// anything, and it may have gone on since: then its oldest task has to answer for it, as all before it were answered
    /// by then. Otherwise that task would be tried for ever, and others suffer for it.
    pub(crate) fn current(&self) -> Option<TaskId> {
        if self.misbehaved.is_some() {
            return self.handed().next();
        }
        let said = self.end.state.current().map(TaskId::from_bits);
        said.and_then(|said| self.handed().find(|task| *task == said))
    }

    /// The tasks that it was handed, wholly or in part, in order.
    pub(crate) fn handed(&self) -> impl Iterator<Item = TaskId> {
        let partial = self.outbox.iter().filter_map(Outgoing::task);
        self.in_ring.iter().map(|(task, _)| *task).chain(partial.map(|(task, _)| task))
    }
}
