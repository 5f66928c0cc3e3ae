//! All objects of a server, and all who have some: what a request does to them. It knows no socket and no thread.
//!
//! Invariants:
//! - A call has one answer: at once, or it is in `parked` until it has it.
//! - An object is there as long as it has an anchor: with a client, a name, or in an object that is there.
//! - A client that is gone is nowhere: not among those who wait or hold, and it has no anchors.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use super::super::protocol::{Answer, Call, CallId, ObjectId, Refusal, Request, SERVER, ServerCall, Spec};
use super::anchor::{Anchor, Anchors, Stored};
use super::body::Body;
use super::mutual::Mutual;
use super::turn::{Answered, Caller, ClientId, Outcome, Turn, now};
use super::{barrier, condition, queue, semaphore, value};
use crate::manager::served::{self, Served};
use crate::state::SharedMemory;

#[derive(Default)]
pub(super) struct World {
    objects: HashMap<ObjectId, Body>,
    anchors: Anchors,
    clients: HashMap<ClientId, HashMap<ObjectId, Hold>>,
    /// Calls that wait, and where.
    parked: HashMap<(ClientId, CallId), (Caller, ObjectId)>,
    names: BTreeMap<String, (ObjectId, Arc<Anchor>)>,
    memories: Vec<SharedMemory>,
    last_client: u64,
    last_object: u64,
}

/// What a client has of an object.
struct Hold {
    /// How often it was given it, and has not released it.
    count: u64,
    _anchor: Arc<Anchor>,
}

/// What a request leads to, to be done without the world's lock.
#[derive(Default)]
pub(super) struct Deeds {
    pub(super) answered: Vec<Answered>,
    pub(super) job: Option<Job>,
    /// Objects whose users' code is run when they are dropped.
    garbage: Vec<Body>,
}

/// A call of user code.
pub(super) enum Job {
    Make { caller: Caller, name: String, args: Stored },
    Method { caller: Caller, served: Arc<dyn Served>, name: String, args: Stored },
}

impl World {
    pub(super) fn join(&mut self) -> ClientId {
        self.last_client += 1;
        let client = ClientId(self.last_client);
        self.clients.insert(client, HashMap::new());
        client
    }

    pub(super) fn on(&mut self, client: ClientId, request: Request, deeds: &mut Deeds) {
        match request {
            // It was said before.
            Request::Hello { .. } => {}
            Request::Call { id, thread, object, call } => {
                self.call(Caller { client, call: id, thread }, object, call, deeds);
            }
            Request::Cancel { id } => self.cancel(client, id, deeds),
            Request::Adopt { object } => self.give(client, object, 1),
            Request::Release { object, count } => self.release(client, object, count),
        }
        self.settle(deeds);
    }

    fn call(&mut self, caller: Caller, object: ObjectId, call: Call, deeds: &mut Deeds) {
        let outcome = if let (Call::Server(call), SERVER) = (&call, object) {
            self.server_call(caller, call.clone(), deeds)
        } else {
            self.object_call(caller, object, call, deeds)
        };
        match outcome {
            Ok(Some(answer)) => deeds.answered.push(Answered { caller, object, answer }),
            Ok(None) => drop(self.parked.insert((caller.client, caller.call), (caller, object))),
            Err(refusal) => deeds.answered.push(Answered { caller, object, answer: Answer::Failed(refusal) }),
        }
    }

    fn object_call(&mut self, caller: Caller, object: ObjectId, call: Call, deeds: &mut Deeds) -> Outcome {
        let body = self.objects.get_mut(&object).ok_or(Refusal::NoObject)?;
        let call = match (&*body, call) {
            (Body::Served(served), Call::Method { name, args }) => {
                let args = self.anchors.stored(args)?;
                deeds.job = Some(Job::Method { caller, served: Arc::clone(served), name, args });
                return Ok(None);
            }
            (_, call) => call,
        };
        body.call(call, &mut Turn { caller, anchors: &self.anchors, answered: &mut deeds.answered, object })
    }

    fn server_call(&mut self, caller: Caller, call: ServerCall, deeds: &mut Deeds) -> Outcome {
        now(match call {
            ServerCall::Create(Spec::Served { name, args }) => {
                deeds.job = Some(Job::Make { caller, name, args: self.anchors.stored(args)? });
                return Ok(None);
            }
            ServerCall::Create(spec) => Answer::Object(Some(self.create(caller.client, spec)?)),
            ServerCall::Publish { name, object } => {
                let anchor = self.anchors.hold(object).ok_or(Refusal::NoObject)?;
                self.names.insert(name, (object, anchor));
                Answer::Done
            }
            ServerCall::Find { name } => Answer::Object(self.names.get(&name).map(|(object, _)| *object)),
            ServerCall::Count => Answer::Number(self.objects.len() as u64),
            ServerCall::Memory { size } => Answer::Name(self.memory(size)?),
        })
    }

    fn create(&mut self, client: ClientId, spec: Spec) -> Result<ObjectId, Refusal> {
        let body = match spec {
            Spec::Dict => Body::Dict(Default::default()),
            Spec::List => Body::List(Default::default()),
            Spec::Set => Body::Set(Default::default()),
            Spec::Value(item) => Body::Value(value::Value(self.anchors.stored(item)?)),
            Spec::Queue { limit, joinable } => Body::Queue(queue::Queue::new(limit, joinable)),
            Spec::Event => Body::Event(Default::default()),
            Spec::Lock { recursive } => Body::Lock(Arc::new(Mutex::new(Mutual::new(recursive)))),
            Spec::Semaphore { value, bounded } => Body::Semaphore(semaphore::Semaphore::new(value, bounded)),
            Spec::Condition { lock } => Body::Condition(condition::Condition::new(self.lock_of(lock)?)),
            Spec::Barrier { parties } => Body::Barrier(barrier::Barrier::new(parties)),
            Spec::Served { name, .. } => return Err(Refusal::Misfit(name)),
        };
        Ok(self.place(client, body))
    }

    /// A new object, kept for the client until its answer is on the way.
    fn place(&mut self, client: ClientId, body: Body) -> ObjectId {
        self.last_object += 1;
        let object = ObjectId(self.last_object);
        let anchor = self.anchors.cast(object);
        self.objects.insert(object, body);
        if let Some(held) = self.clients.get_mut(&client) {
            held.insert(object, Hold { count: 0, _anchor: anchor });
        }
        object
    }

    fn lock_of(&self, lock: Option<ObjectId>) -> Result<Arc<Mutex<Mutual>>, Refusal> {
        let Some(lock) = lock else { return Ok(Arc::new(Mutex::new(Mutual::new(true)))) };
        match self.objects.get(&lock) {
            Some(Body::Lock(mutual)) => Ok(Arc::clone(mutual)),
            Some(_) => Err(Refusal::Misfit("a condition is behind a lock".to_owned())),
            None => Err(Refusal::NoObject),
        }
    }

    fn memory(&mut self, size: u64) -> Result<String, Refusal> {
        let memory = SharedMemory::create_unique(usize::try_from(size).unwrap_or(usize::MAX));
        let memory = memory.map_err(|e| Refusal::System { why: e.to_string() })?;
        let name = memory.name().unwrap_or_default().to_owned();
        self.memories.push(memory);
        Ok(name)
    }

    fn cancel(&mut self, client: ClientId, id: CallId, deeds: &mut Deeds) {
        let Some((caller, object)) = self.parked.get(&(client, id)).copied() else { return };
        let mut turn = Turn { caller, anchors: &self.anchors, answered: &mut deeds.answered, object };
        match self.objects.get_mut(&object) {
            Some(body) => body.cancel(&mut turn),
            None => turn.answer(caller, Answer::Failed(Refusal::Cancelled)),
        }
    }

    fn give(&mut self, client: ClientId, object: ObjectId, count: u64) {
        let (Some(held), Some(anchor)) = (self.clients.get_mut(&client), self.anchors.hold(object)) else { return };
        held.entry(object).or_insert(Hold { count: 0, _anchor: anchor }).count += count;
    }

    fn release(&mut self, client: ClientId, object: ObjectId, count: u64) {
        let Some(held) = self.clients.get_mut(&client) else { return };
        let Some(hold) = held.get_mut(&object) else { return };
        hold.count = hold.count.saturating_sub(count);
        if hold.count == 0 {
            held.remove(&object);
        }
    }

    /// User code has come to its end. If its caller waits no longer, nobody is told.
    pub(super) fn finish(&mut self, caller: Caller, answer: Answer, deeds: &mut Deeds) {
        if let Some((caller, object)) = self.parked.get(&(caller.client, caller.call)).copied() {
            deeds.answered.push(Answered { caller, object, answer });
        }
        self.settle(deeds);
    }

    /// User code has made an object.
    pub(super) fn made(&mut self, caller: Caller, made: served::Made, deeds: &mut Deeds) {
        let answer = match made {
            Ok(served) => Answer::Object(Some(self.place(caller.client, Body::Served(served)))),
            Err(refusal) => Answer::Failed(refusal),
        };
        self.finish(caller, answer, deeds);
    }

    /// An answer could not be sent: its client is going.
    pub(super) fn undelivered(&mut self, answered: Answered, deeds: &mut Deeds) {
        let Answered { caller, object, answer } = answered;
        if let (Some(Body::Queue(queue)), Answer::Item(Some(item))) = (self.objects.get_mut(&object), answer) {
            let mut turn = Turn { caller, anchors: &self.anchors, answered: &mut deeds.answered, object };
            queue.take_back(item, &mut turn);
        }
        self.settle(deeds);
    }

    pub(super) fn forget(&mut self, client: ClientId, deeds: &mut Deeds) {
        self.parked.retain(|(waiting, _), _| *waiting != client);
        let caller = Caller { client, call: CallId(0), thread: 0 };
        for (object, body) in &mut self.objects {
            let answered = &mut deeds.answered;
            body.forget(client, &mut Turn { caller, anchors: &self.anchors, answered, object: *object });
        }
        self.clients.remove(&client);
        self.settle(deeds);
    }

    /// All that is to end with the server: memory, with its names, and objects.
    pub(super) fn take_all(&mut self) -> (Vec<SharedMemory>, impl Send + use<>) {
        (std::mem::take(&mut self.memories), std::mem::take(&mut self.objects))
    }

    /// Who is answered waits no longer, and has what is in its answer. What nobody has any more goes.
    fn settle(&mut self, deeds: &mut Deeds) {
        for Answered { caller, answer, .. } in &deeds.answered {
            self.parked.remove(&(caller.client, caller.call));
            answer.refs().into_iter().for_each(|object| self.give(caller.client, object, 1));
        }
        loop {
            let dropped = self.anchors.take_dropped();
            if dropped.is_empty() {
                return;
            }
            let gone = dropped.iter().filter_map(|object| self.objects.remove(object));
            deeds.garbage.extend(gone.filter(|body| matches!(body, Body::Served(_))));
        }
    }
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;
