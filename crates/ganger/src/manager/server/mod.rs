//! The server: a thread for each client, one world for all.
//!
//! ```text
//!  client's thread: request ─► world (one lock, no waiting) ─► answers ─► the sessions of those who are answered
//!                                   └─► a call of user code ─► a runner's thread ─► world
//! ```
//!
//! No thread waits for a queue to have an item or for a lock to be free: the call is noted in the object, and answered by
//! the thread of whoever brings the item. So a client that waits holds nobody up, itself included, and one that goes is
//! found at once, as its thread only reads.

mod anchor;

mod turn;

mod dict;

mod list;

mod set;

mod value;

mod queue;

mod event;

mod mutual;

mod semaphore;

mod condition;

mod barrier;

mod body;

mod world;

mod session;

mod runners;

mod ordered;

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use ganger_proto::fault::{Fault, Point};

use super::link::{Link, PATIENCE, Way};
use super::protocol::{Answer, PROTOCOL, Refusal, Reply, Request, ServerId};
use super::served;
use crate::connection::{Address, Arrival, ConnectionError, Listener, Waitable, wait};
use crate::engine::lock;
use ordered::Ordered;
use runners::Runners;
use session::Session;
use turn::{Answered, Caller, ClientId};
use world::{Deeds, Job, World};

/// After a failure to accept, which may be for want of descriptors.
const PAUSE: Duration = Duration::from_millis(10);

/// How long who has been let in may take for its first word.
const HELLO: Duration = Duration::from_secs(10);

pub(super) struct Server {
    id: ServerId,
    world: Mutex<World>,
    sessions: Mutex<HashMap<ClientId, Arc<Session>>>,
    runners: Runners,
    /// To itself, for the proxies that user code is given.
    link: OnceLock<Arc<Link>>,
    key: Vec<u8>,
    address: Address,
    /// What a test wants to go wrong; none, as a rule.
    ordered: Option<Ordered>,
}

impl Server {
    pub(super) fn new(id: ServerId, key: Vec<u8>, address: Address, faults: Vec<Fault>) -> Arc<Self> {
        let (world, sessions, runners, link) = Default::default();
        Arc::new(Self { id, world, sessions, runners, link, key, address, ordered: Ordered::of(faults) })
    }

    /// Lets clients in until one of `ends` is readable.
    pub(super) fn run(self: &Arc<Self>, listener: &Listener, ends: &[BorrowedFd<'_>]) {
        let mut all: Vec<&dyn Waitable> = vec![listener];
        all.extend(ends.iter().map(|end| end as &dyn Waitable));
        loop {
            match wait(all.iter().copied(), None) {
                Ok(ready) if ready.iter().any(|number| *number > 0) => return,
                Ok(_) => self.admit(listener),
                Err(error) => return log::error!("the manager's server has failed: {error}"),
            }
        }
    }

    /// Whoever has come may take its time: the handshake is on its own thread.
    fn admit(self: &Arc<Self>, listener: &Listener) {
        let server = Arc::clone(self);
        let admitted = listener.admit_apart(Duration::ZERO);
        let started = admitted.map(|arrival| {
            let thread = thread::Builder::new().name("ganger-client".to_owned());
            thread.spawn(move || server.attend(arrival))
        });
        match started {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => log::error!("the manager has no thread for a client: {error}"),
            Err(error) if error.is_timeout() => {}
            Err(error) => {
                log::error!("the manager has no room for a client: {error}");
                thread::sleep(PAUSE);
            }
        }
    }

    /// A client, from beginning to end.
    fn attend(self: &Arc<Self>, arrival: Arrival) {
        let connection = arrival.authenticate(&self.key);
        let session = match connection.and_then(|connection| self.greet(Session::new(connection))) {
            Ok(Some(session)) => session,
            Ok(None) => return,
            Err(error) => return log::warn!("the manager has turned somebody away: {error}"),
        };
        let client = lock(&self.world).join();
        lock(&self.sessions).insert(client, Arc::clone(&session));
        let _leaving = Leaving { server: self, client };
        let error = self.listen(client, &session);
        if !error.is_disconnected() {
            log::warn!("the manager has hung up on a client: {error}");
        }
    }

    /// None: it wants another server, or speaks otherwise.
    fn greet(&self, session: Arc<Session>) -> Result<Option<Arc<Session>>, ConnectionError> {
        let Request::Hello { protocol, server } = session.connection.recv_timeout(HELLO)? else {
            return Err(ConnectionError::authentication("it did not say hello"));
        };
        if protocol != PROTOCOL || server.is_some_and(|server| server != self.id) {
            session.reply(&Reply::Refused { protocol: PROTOCOL, server: self.id })?;
            return Ok(None);
        }
        session.reply(&Reply::Welcome { server: self.id })?;
        Ok(Some(session))
    }

    /// Does what the client says, to its end.
    fn listen(self: &Arc<Self>, client: ClientId, session: &Arc<Session>) -> ConnectionError {
        loop {
            let request = match session.connection.recv() {
                Ok(request) => request,
                Err(error) => return error,
            };
            if let (Some(ordered), Request::Call { .. }) = (&self.ordered, &request) {
                ordered.reach(Point::Request, session);
            }
            let mut deeds = Deeds::default();
            lock(&self.world).on(client, request, &mut deeds);
            self.carry_out(deeds);
            session.await_reader();
        }
    }

    /// Sends answers, and has user code run. What could not be sent leads to more.
    fn carry_out(self: &Arc<Self>, mut deeds: Deeds) {
        if let Some(job) = deeds.job.take() {
            self.begin(job);
        }
        let mut answered = std::mem::take(&mut deeds.answered);
        while let Some(one) = answered.pop() {
            if let Err(undelivered) = self.deliver(one) {
                let mut more = Deeds::default();
                lock(&self.world).undelivered(undelivered, &mut more);
                answered.append(&mut more.answered);
            }
        }
    }

    fn deliver(&self, answered: Answered) -> Result<(), Answered> {
        let session = lock(&self.sessions).get(&answered.caller.client).cloned();
        let Some(session) = session else { return Err(answered) };
        if let Some(ordered) = &self.ordered {
            ordered.reach(Point::Answer, &session);
        }
        let Answered { caller, object, answer } = answered;
        let reply = Reply::Answer { id: caller.call, answer };
        match (session.reply(&reply), reply) {
            (Err(error), Reply::Answer { answer, .. }) if error.is_disconnected() => {
                Err(Answered { caller, object, answer })
            }
            (Err(error), Reply::Answer { id, .. }) => {
                let why = Refusal::Remote { why: error.to_string() };
                // Too large, most likely; this is small.
                let _ = session.reply(&Reply::Answer { id, answer: Answer::Failed(why) });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn begin(self: &Arc<Self>, job: Job) {
        let (server, caller) = (Arc::clone(self), job.caller());
        if let Err(error) = self.runners.run(move || server.run_job(job)) {
            let mut deeds = Deeds::default();
            let answer = Answer::Failed(Refusal::System { why: format!("no thread for the call: {error}") });
            lock(&self.world).finish(caller, answer, &mut deeds);
            self.carry_out(deeds);
        }
    }

    fn run_job(self: &Arc<Self>, job: Job) {
        let mut deeds = Deeds::default();
        match job {
            Job::Make { caller, name, args } => {
                let made = served::make(&name, self.link(), &args.item);
                lock(&self.world).made(caller, made, &mut deeds);
            }
            Job::Method { caller, served, name, args } => {
                let result = served::invoke(&*served, &name, self.link(), &args.item);
                let (answer, _kept) = match result {
                    Ok(encoding) => (Answer::Item(Some(encoding.item)), encoding.kept),
                    Err(refusal) => (Answer::Failed(refusal), Vec::new()),
                };
                lock(&self.world).finish(caller, answer, &mut deeds);
            }
        }
        self.carry_out(deeds);
    }

    /// This process as a client of its own server.
    fn link(&self) -> &Arc<Link> {
        let way = || Way {
            address: self.address.clone(),
            server: self.id,
            key: Some(self.key.clone().into()),
            patience: PATIENCE,
        };
        self.link.get_or_init(|| Link::to(way()))
    }

    /// Ends what ends with it. Objects of users' types are dropped, which is their code; if that takes its time, who has
    /// started the server will not wait for it.
    pub(super) fn close(&self) {
        let (memories, objects) = lock(&self.world).take_all();
        drop(memories);
        if catch_unwind(AssertUnwindSafe(|| drop(objects))).is_err() {
            log::error!("an object of the manager has panicked when it was dropped");
        }
    }
}

/// Takes a client out of everything, however its thread ends: else it would wait for ever for one that is gone.
struct Leaving<'a> {
    server: &'a Arc<Server>,
    client: ClientId,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        lock(&self.server.sessions).remove(&self.client);
        let mut deeds = Deeds::default();
        lock(&self.server.world).forget(self.client, &mut deeds);
        self.server.carry_out(deeds);
    }
}

impl Job {
    fn caller(&self) -> Caller {
        match self {
            Self::Make { caller, .. } | Self::Method { caller, .. } => *caller,
        }
    }
}
