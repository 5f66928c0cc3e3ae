//! One connection to a server, and the calls that are under way on it.
//!
//! Any number of threads have calls under way. One of those who wait, the *leader*, reads what comes: its own answer ends
//! its lead, others' answers are laid down for them and they are woken. So a thread that is alone sends and receives by
//! itself, with nobody in between.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use ganger_proto::codec::{self, DEFAULT_PAYLOAD_LIMIT};
use ganger_sys::ForkDetector;

use super::protocol::{Answer, CallId, PROTOCOL, Reply, Request, ServerId};
use crate::connection::{Connection, ConnectionError};
use crate::engine::lock;

/// How long a server may take for its first word.
const WELCOME: Duration = Duration::from_secs(20);

/// With more answers to come, those that are there are taken before another call is sent.
const UNREAD: usize = 64;

pub(super) struct Wire {
    connection: Connection,
    desk: Mutex<Desk>,
    /// A fork has the same socket, and no right to it.
    process: ForkDetector,
}

/// Where answers are laid down.
#[derive(Default)]
struct Desk {
    /// Somebody reads.
    led: bool,
    waiting: HashMap<CallId, Thread>,
    arrived: HashMap<CallId, Answer>,
    /// Nobody will ask for these.
    abandoned: HashSet<CallId>,
    /// What has come for nobody.
    unwanted: Vec<Answer>,
    /// Calls that have no answer yet.
    open: usize,
    /// What could not be said at once.
    unsaid: Vec<Request>,
    lost: bool,
}

impl Desk {
    /// Wakes one of those who wait, if nobody reads. Whoever leaves does so: the one who was woken for it may be leaving.
    fn offer_lead(&self) {
        if !self.led
            && let Some(thread) = self.waiting.values().next()
        {
            thread.unpark();
        }
    }
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// Not in time.
    Yet,
    /// There will be none: the connection is at its end.
    Ever,
}

impl Wire {
    /// Says hello on a connection that has been let in. An error within: the server wants something else.
    pub(super) fn new(connection: Connection, wanted: Option<ServerId>) -> Result<(Self, Reply), ConnectionError> {
        connection.send_timeout(&Request::Hello { protocol: PROTOCOL, server: wanted }, WELCOME)?;
        let reply = connection.recv_timeout(WELCOME)?;
        let wire = Self { connection, desk: Mutex::default(), process: ForkDetector::new() };
        Ok((wire, reply))
    }

    /// Whether calls can go.
    pub(super) fn is_up(&self) -> bool {
        !self.process.is_in_fork() && !lock(&self.desk).lost
    }

    /// As [`is_up`](Self::is_up), after a look at what has come.
    pub(super) fn looks_up(&self) -> bool {
        if self.is_up() {
            self.take_what_is_there();
        }
        self.is_up()
    }

    /// Sends an encoded call, whose answer is to be asked for or abandoned.
    ///
    /// # Errors
    /// When it could not be sent: it was not done.
    pub(super) fn send(&self, call: &[u8]) -> Result<(), ConnectionError> {
        let mut desk = lock(&self.desk);
        let (unsaid, drain) = (std::mem::take(&mut desk.unsaid), desk.open >= UNREAD && !desk.led);
        desk.open += 1;
        drop(desk);
        if drain {
            self.take_what_is_there();
        }
        let sent = unsaid.iter().try_for_each(|request| self.connection.send(request));
        sent.and_then(|()| self.connection.send_bytes(call)).inspect_err(|error| {
            let mut desk = lock(&self.desk);
            desk.open = desk.open.saturating_sub(1);
            drop(desk);
            if error.is_disconnected() {
                self.lose();
            }
        })
    }

    /// Says something that is not answered, without waiting.
    pub(super) fn tell(&self, request: Request) {
        let Ok(bytes) = codec::encode(&request, DEFAULT_PAYLOAD_LIMIT) else { return };
        match self.connection.send_at_once(&bytes) {
            Ok(true) => {}
            Ok(false) => lock(&self.desk).unsaid.push(request),
            Err(_) => self.lose(),
        }
    }

    /// The answer to a call; by the deadline, if there is one.
    pub(super) fn answer(&self, id: CallId, deadline: Option<Instant>) -> Result<Answer, NoAnswer> {
        loop {
            let mut desk = lock(&self.desk);
            desk.waiting.remove(&id);
            if let Some(answer) = desk.arrived.remove(&id) {
                desk.offer_lead();
                return Ok(answer);
            }
            if desk.lost {
                return Err(NoAnswer::Ever);
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                desk.offer_lead();
                return Err(NoAnswer::Yet);
            }
            if !desk.led {
                desk.led = true;
                drop(desk);
                match self.lead(id, deadline) {
                    Err(NoAnswer::Yet) => continue,
                    done => return done,
                }
            }
            desk.waiting.insert(id, thread::current());
            drop(desk);
            match deadline {
                Some(deadline) => thread::park_timeout(deadline.saturating_duration_since(Instant::now())),
                None => thread::park(),
            }
        }
    }

    /// Whether the answer is there; reads what has come, if nobody does.
    pub(super) fn has_answer(&self, id: CallId) -> bool {
        self.take_what_is_there();
        let desk = lock(&self.desk);
        desk.lost || desk.arrived.contains_key(&id)
    }

    /// The answer will not be asked for.
    pub(super) fn abandon(&self, id: CallId) {
        let mut desk = lock(&self.desk);
        match desk.arrived.remove(&id) {
            Some(answer) => desk.unwanted.push(answer),
            None => drop(desk.abandoned.insert(id)),
        }
    }

    /// Answers that nobody wants, which may have objects in them.
    pub(super) fn take_unwanted(&self) -> Vec<Answer> {
        std::mem::take(&mut lock(&self.desk).unwanted)
    }

    /// Reads until that answer comes. The lead ends with it.
    fn lead(&self, id: CallId, deadline: Option<Instant>) -> Result<Answer, NoAnswer> {
        let led = loop {
            match self.receive(deadline) {
                Ok((other, answer)) if other == id => {
                    let mut desk = lock(&self.desk);
                    desk.open = desk.open.saturating_sub(1);
                    break Ok(answer);
                }
                Ok((other, answer)) => self.lay_down(other, answer),
                Err(error) if error.is_timeout() => break Err(NoAnswer::Yet),
                Err(_) => {
                    self.lose();
                    break Err(NoAnswer::Ever);
                }
            }
        };
        self.hand_over();
        led
    }

    fn receive(&self, deadline: Option<Instant>) -> Result<(CallId, Answer), ConnectionError> {
        let reply = match deadline {
            None => self.connection.recv()?,
            Some(deadline) => self.connection.recv_timeout(deadline.saturating_duration_since(Instant::now()))?,
        };
        match reply {
            Reply::Answer { id, answer } => Ok((id, answer)),
            Reply::Welcome { .. } | Reply::Refused { .. } => Err(ConnectionError::authentication("it greets twice")),
        }
    }

    fn lay_down(&self, id: CallId, answer: Answer) {
        let mut desk = lock(&self.desk);
        desk.open = desk.open.saturating_sub(1);
        if desk.abandoned.remove(&id) {
            return desk.unwanted.push(answer);
        }
        desk.arrived.insert(id, answer);
        if let Some(thread) = desk.waiting.get(&id) {
            thread.unpark();
        }
    }

    fn hand_over(&self) {
        let mut desk = lock(&self.desk);
        desk.led = false;
        desk.offer_lead();
    }

    fn take_what_is_there(&self) {
        if std::mem::replace(&mut lock(&self.desk).led, true) {
            return;
        }
        loop {
            match self.receive(Some(Instant::now())) {
                Ok((id, answer)) => self.lay_down(id, answer),
                Err(error) if error.is_timeout() => break,
                Err(_) => {
                    self.lose();
                    break;
                }
            }
        }
        self.hand_over();
    }

    /// The connection is at its end: all who wait learn of it.
    fn lose(&self) {
        let mut desk = lock(&self.desk);
        desk.lost = true;
        desk.waiting.values().for_each(Thread::unpark);
    }
}
