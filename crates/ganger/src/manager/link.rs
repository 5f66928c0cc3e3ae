//! This process's way to one server: a connection, made anew if it is lost, and what this process has of the server's
//! objects.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use ganger_proto::codec::{self, DEFAULT_PAYLOAD_LIMIT};
use ganger_proto::spec::Bytes;
use serde::{Deserialize, Serialize};

use super::error::{ManagerError, ManagerGone};
use super::protocol::{Answer, Call, CallId, ObjectId, Reply, Request, ServerId};
use super::reception::Reception;
use super::referent::Referent;
use super::wire::{NoAnswer, Wire};
use crate::connection::{Address, Client, ConnectionError};
use crate::engine::lock;

/// How long a call may take that has nothing to wait for, and one that was cancelled, unless it was told.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How long an object is kept whose proxy has gone out into the world: until then it should have arrived.
const TRAVEL: Duration = Duration::from_secs(600);

/// How often a connection is tried that ends in the handshake, and how long lies between.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// One for each server that this process knows, as long as there is the server: what the process holds there, such as a
/// lock, is its own to its end, whether it has a proxy left or not.
static LINKS: Mutex<Vec<Arc<Link>>> = Mutex::new(Vec::new());

pub(super) struct Link {
    way: Way,
    /// None before the first call.
    wire: Mutex<Option<Arc<Wire>>>,
    referents: Mutex<HashMap<ObjectId, Weak<Referent>>>,
    travelling: Mutex<VecDeque<(Instant, Arc<Referent>)>>,
}

/// How a server is reached. It travels with proxies.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Way {
    pub(super) address: Address,
    pub(super) server: ServerId,
    /// None where others may listen.
    pub(super) key: Option<Bytes>,
    /// How long a call may take that has nothing to wait for.
    pub(super) patience: Duration,
}

/// How long an answer is waited for.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// The call has nothing to wait for: if there is no answer for a minute, the server is stuck.
    Soon,
    /// Then it is cancelled, and answered so.
    Until(Option<Instant>),
    /// Then it is cancelled, and answered when its lock is free.
    UntilThenLock(Option<Instant>),
}

/// A call under way.
pub(super) struct Sent {
    pub(super) wire: Arc<Wire>,
    pub(super) id: CallId,
}

impl Link {
    /// Connects to a server, whichever it is.
    pub(super) fn connect(address: Address, key: Vec<u8>, patience: Duration) -> Result<Arc<Self>, ManagerError> {
        let (wire, server) = open(&address, Some(&key), None)?;
        let link = Self::to(Way { address, server, key: Some(key.into()), patience });
        let mut there = lock(&link.wire);
        if there.as_ref().is_none_or(|wire| !wire.is_up()) {
            *there = Some(Arc::new(wire));
        }
        drop(there);
        Ok(link)
    }

    /// The link to a server; it connects with the first call.
    pub(super) fn to(way: Way) -> Arc<Self> {
        let mut links = lock(&LINKS);
        if let Some(link) = known(&links, &way.address, way.server) {
            return link;
        }
        links.retain(|link| Arc::strong_count(link) > 1 || link.is_up());
        let (wire, referents, travelling) = Default::default();
        let link = Arc::new(Self { way, wire, referents, travelling });
        links.push(Arc::clone(&link));
        link
    }

    /// Whether there is a connection whose other end is there.
    fn is_up(&self) -> bool {
        lock(&self.wire).as_ref().is_some_and(|wire| wire.looks_up())
    }

    /// The link to a server that this process has connected to.
    pub(super) fn existing(address: &Address, server: ServerId) -> Option<Arc<Self>> {
        known(&lock(&LINKS), address, server)
    }

    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    pub(super) fn address(&self) -> &Address {
        &self.way.address
    }

    pub(super) fn key(&self) -> Option<&[u8]> {
        self.way.key.as_ref().map(|key| &key[..])
    }

    pub(super) fn server(&self) -> ServerId {
        self.way.server
    }

    /// Makes a call and waits for its answer.
    pub(super) fn ask(
        self: &Arc<Self>,
        object: ObjectId,
        call: Call,
        patience: Patience,
    ) -> Result<Reception, ManagerError> {
        let sent = self.send(object, call)?;
        self.answer(&sent, patience)
    }

    /// Sends a call. If the connection turns out to be lost, it was not done, and goes by a new one.
    pub(super) fn send(self: &Arc<Self>, object: ObjectId, call: Call) -> Result<Sent, ManagerError> {
        let (id, thread) = (next_call(), thread_number());
        let request = Request::Call { id, thread, object, call };
        let bytes = codec::encode(&request, DEFAULT_PAYLOAD_LIMIT).map_err(ConnectionError::from)?;
        let mut wire = self.wire()?;
        self.dispose(wire.take_unwanted());
        match wire.send(&bytes) {
            Err(error) if error.is_disconnected() => {
                wire = self.wire()?;
                wire.send(&bytes)?;
            }
            sent => sent?,
        }
        Ok(Sent { wire, id })
    }

    /// The answer to a call, within its patience.
    pub(super) fn answer(self: &Arc<Self>, sent: &Sent, patience: Patience) -> Result<Reception, ManagerError> {
        let deadline = match patience {
            Patience::Soon => Instant::now().checked_add(self.way.patience),
            Patience::Until(deadline) | Patience::UntilThenLock(deadline) => deadline,
        };
        match sent.wire.answer(sent.id, deadline) {
            Err(NoAnswer::Yet) => self.cancelled(sent, patience),
            done => self.received(done),
        }
    }

    /// What became of a call that is waited for no longer.
    fn cancelled(self: &Arc<Self>, sent: &Sent, patience: Patience) -> Result<Reception, ManagerError> {
        sent.wire.tell(Request::Cancel { id: sent.id });
        let last = match patience {
            Patience::Soon => Some(Instant::now()),
            Patience::Until(_) => Instant::now().checked_add(self.way.patience),
            Patience::UntilThenLock(_) => None,
        };
        let answer = sent.wire.answer(sent.id, last);
        if matches!(answer, Err(NoAnswer::Yet)) {
            sent.wire.abandon(sent.id);
        }
        self.received(answer)
    }

    fn received(self: &Arc<Self>, answer: Result<Answer, NoAnswer>) -> Result<Reception, ManagerError> {
        match answer {
            Ok(answer) => self.receive(answer),
            Err(NoAnswer::Yet) => Err(ManagerError::TimedOut),
            Err(NoAnswer::Ever) => Err(self.wire().err().unwrap_or(ManagerError::Interrupted)),
        }
    }

    /// An answer, with what it gives this process.
    pub(super) fn receive(self: &Arc<Self>, answer: Answer) -> Result<Reception, ManagerError> {
        let kept = answer.refs().into_iter().map(|object| self.granted(object)).collect();
        Reception::of(Arc::clone(self), answer, kept)
    }

    fn dispose(self: &Arc<Self>, unwanted: Vec<Answer>) {
        // What they give is given back at once.
        unwanted.into_iter().for_each(|answer| drop(self.receive(answer)));
    }

    /// Says something that is not answered, if there is a connection.
    pub(super) fn tell(&self, request: Request) {
        let wire = lock(&self.wire).clone();
        if let Some(wire) = wire.filter(|wire| wire.is_up()) {
            wire.tell(request);
        }
    }

    /// An object that the server has given this process once more.
    pub(super) fn granted(self: &Arc<Self>, object: ObjectId) -> Arc<Referent> {
        let (referent, is_new) = self.referent(object);
        if !is_new {
            referent.grant();
        }
        referent
    }

    /// An object whose name has come by other ways.
    pub(super) fn adopt(self: &Arc<Self>, object: ObjectId) -> Arc<Referent> {
        // First: a new connection is told of all that there is.
        let wire = self.wire();
        let (referent, is_new) = self.referent(object);
        if is_new && let Ok(wire) = wire {
            wire.tell(Request::Adopt { object });
        }
        referent
    }

    /// With whether it was made just now: then it counts as given once.
    fn referent(self: &Arc<Self>, object: ObjectId) -> (Arc<Referent>, bool) {
        let mut referents = lock(&self.referents);
        if let Some(referent) = referents.get(&object).and_then(Weak::upgrade) {
            return (referent, false);
        }
        let referent = Arc::new(Referent::new(Arc::clone(self), object));
        referents.insert(object, Arc::downgrade(&referent));
        (referent, true)
    }

    /// The last proxy of an object is gone from this process.
    pub(super) fn let_go(&self, object: ObjectId, count: u64) {
        let mut referents = lock(&self.referents);
        // Another may have come in between, and is counted by itself.
        if referents.get(&object).is_some_and(|referent| referent.strong_count() == 0) {
            referents.remove(&object);
        }
        drop(referents);
        self.tell(Request::Release { object, count });
    }

    /// A proxy goes out into the world: the object is kept for a while, so that it arrives even if this one goes.
    pub(super) fn travels(&self, referent: &Arc<Referent>) {
        let (now, mut travelling) = (Instant::now(), lock(&self.travelling));
        let arrived = travelling.iter().take_while(|(left, _)| now.duration_since(*left) > TRAVEL).count();
        let arrived: Vec<_> = travelling.drain(..arrived).collect();
        travelling.retain(|(_, other)| !Arc::ptr_eq(other, referent));
        travelling.push_back((now, Arc::clone(referent)));
        drop(travelling);
        drop(arrived);
    }

    /// Ends what this process has with the server.
    pub(super) fn hang_up(&self) {
        let travelling = std::mem::take(&mut *lock(&self.travelling));
        *lock(&self.wire) = None;
        drop(travelling);
    }

    fn wire(self: &Arc<Self>) -> Result<Arc<Wire>, ManagerError> {
        // Dropped after the lock: the last proxy of an object may go with it, which is told by this wire.
        let living: Vec<Arc<Referent>>;
        let mut there = lock(&self.wire);
        if let Some(wire) = there.as_ref().filter(|wire| wire.is_up()) {
            return Ok(Arc::clone(wire));
        }
        let (wire, _) = reopen(&self.way.address, self.key(), self.way.server)?;
        living = lock(&self.referents).values().filter_map(Weak::upgrade).collect();
        // Each is given this process once, on a new connection.
        living.iter().for_each(|referent| wire.tell(Request::Adopt { object: referent.given_once() }));
        let wire = Arc::new(wire);
        *there = Some(Arc::clone(&wire));
        drop(there);
        drop(living);
        Ok(wire)
    }
}

/// A server that is ending may still take a connection, and hang up on it in the middle of the handshake.
fn reopen(address: &Address, key: Option<&[u8]>, server: ServerId) -> Result<(Wire, ServerId), ManagerError> {
    let mut left = ATTEMPTS;
    loop {
        left -= 1;
        match open(address, key, Some(server)) {
            Err(ManagerError::Connection(error)) if error.is_authentication() && left > 0 => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
}

/// Lets the connection be made, and says hello.
fn open(address: &Address, key: Option<&[u8]>, wanted: Option<ServerId>) -> Result<(Wire, ServerId), ManagerError> {
    let gone = |why: String| ManagerGone { address: address.clone(), why };
    let client = key.map_or_else(Client::new, |key| Client::new().authkey(key));
    let connected = client.connect(address.clone()).and_then(|connection| Wire::new(connection, wanted));
    match connected {
        Ok((wire, Reply::Welcome { server })) => Ok((wire, server)),
        Ok((_, Reply::Refused { server, .. })) if Some(server) != wanted && wanted.is_some() => {
            Err(gone("another server has its place".to_owned()).into())
        }
        Ok((_, Reply::Refused { protocol, .. })) => {
            Err(ManagerError::WrongType { why: format!("the manager speaks protocol {protocol}") })
        }
        Ok((_, Reply::Answer { .. })) => Err(ConnectionError::authentication("the manager does not greet").into()),
        Err(error) if error.is_refused() || error.is_disconnected() => Err(gone(error.to_string()).into()),
        Err(error) => Err(error.into()),
    }
}

fn known(links: &[Arc<Link>], address: &Address, server: ServerId) -> Option<Arc<Link>> {
    links.iter().find(|link| link.server() == server && link.address() == address).cloned()
}

/// A number that no other call of this process has.
fn next_call() -> CallId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    CallId(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A number that no other thread of this process has.
fn thread_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NUMBER: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.try_with(|number| *number).unwrap_or(0)
}
