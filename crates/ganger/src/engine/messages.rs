//! What workers say: every message is checked, and nothing in it is believed.

use ganger_machine::Event;
use ganger_proto::codec;
use ganger_proto::message::{FromWorker, HEAD, Hello, PROTOCOL, Verdict};
use ganger_proto::outcome::Fault;
use ganger_proto::spec::Role;
use ganger_proto::{TaskId, WorkerId};
use ganger_shm::{Claims, Received};
use ganger_sys::Signal;
use log::Level;
use std::sync::Weak;
use std::time::Duration;

use crate::command::Report;
use crate::engine::core::Core;
use crate::engine::deeds::Finish;
use crate::engine::member::{Phase, Unread as _};
use crate::engine::table::Sink;
use crate::registry;
use crate::slot::How;

/// After so many messages the room they took is given back to the worker, which may be waiting for it.
const GIVE_BACK: usize = 64;

/// How often a worker's memory is looked at, at the most.
const WEIGH_EVERY: Duration = Duration::from_millis(1);

impl Core {
    /// Reads everything that those who owe something have said. Returns how many messages that were.
    pub(crate) fn drain(&mut self) -> usize {
        let mut heard = 0;
        let mut at = 0;
        while at < self.gang.owing.len() {
            let index = self.gang.owing[at];
            heard += self.drain_one(index);
            if self.gang.at(index).is_some_and(|member| member.owes()) {
                at += 1;
            } else {
                self.forget_owing(at, index);
            }
        }
        self.watch.heard(heard);
        heard
    }

    /// Doing what the machine says may have changed the list meanwhile.
    fn forget_owing(&mut self, at: usize, index: usize) {
        if self.gang.owing.get(at) == Some(&index) {
            self.gang.owing.swap_remove(at);
        }
    }

    /// Reads all that a worker has said before it died.
    pub(crate) fn drain_all_of(&mut self, worker: WorkerId) {
        while let Some(member) = self.gang.get(worker) {
            member.unstall();
            if self.drain_one(worker.index()) == 0 {
                return;
            }
        }
    }

    pub(crate) fn drain_one(&mut self, index: usize) -> usize {
        let mut heard = 0;
        while self.hear(index) {
            heard += 1;
            if heard % GIVE_BACK == 0 {
                self.give_back(index);
            }
        }
        self.give_back(index);
        heard
    }

    /// Room for the worker, and what waited for room there.
    fn give_back(&mut self, index: usize) {
        if let Some(member) = self.gang.at(index) {
            member.end.reader.release_and_wake();
            if member.has_outbox() {
                member.pump(&self.tasks);
                self.touched.push(index);
            }
        }
    }

    /// Reads one message. False: there is none, or none that may be read now.
    fn hear(&mut self, index: usize) -> bool {
        let Some(member) = self.gang.at(index) else { return false };
        if member.unheard() {
            return false;
        }
        match member.end.reader.receive(&mut member.assembly, Claims::Unneeded) {
            Ok(Received::Nothing) => false,
            Ok(Received::Message) => {
                let head = member.assembly.head;
                let body = std::mem::take(&mut member.assembly.body);
                let mut body = self.on_message(index, &head, body);
                body.clear();
                if let Some(member) = self.gang.at(index) {
                    member.assembly.body = body;
                }
                true
            }
            Err(corrupt) => {
                self.misbehave(index, corrupt.to_string());
                false
            }
        }
    }

    /// Handles a message; gives its memory back for the next, if nobody kept it.
    fn on_message(&mut self, index: usize, head: &[u8; HEAD], body: Vec<u8>) -> Vec<u8> {
        match FromWorker::decode(head, &body) {
            Ok(FromWorker::Finished { task, verdict, took, .. }) => {
                return self.on_finished(index, task, verdict, took, body);
            }
            Ok(FromWorker::Descriptor) => self.on_descriptor(index),
            Ok(FromWorker::Log { record }) => self.on_log(index, record),
            Ok(FromWorker::Output { task, stream, bytes }) => self.on_output(index, task, stream, bytes),
            Ok(FromWorker::Progress { task, progress }) => self.on_progress(index, task, progress),
            Ok(FromWorker::Fault { fault }) => self.on_fault(index, fault),
            Ok(FromWorker::Hello { hello }) => self.on_hello(index, hello),
            Ok(FromWorker::Ready) => self.on_ready(index),
            Ok(FromWorker::Hold) => self.on_hold(index),
            Ok(FromWorker::InitFailed { error }) => self.on_init_failed(index, error),
            Ok(FromWorker::StartFailed { error }) => self.on_start_failed(index, error),
            Err(error) => self.misbehave(index, error.to_string()),
        }
        body
    }

    fn on_finished(&mut self, index: usize, task: TaskId, verdict: Verdict, took: Duration, body: Vec<u8>) -> Vec<u8> {
        let Some(member) = self.gang.at(index) else { return body };
        let (worker, slot) = (member.id, member.slot);
        if !member.finished(task) {
            self.misbehave(index, format!("it finished {task}, which it was not handed"));
            return body;
        }
        let came = std::mem::take(&mut member.came);
        self.finish = Some(Finish { verdict, body, came, took });
        self.event(Event::Finished { worker, task, verdict, took });
        self.weigh(index);
        let Some(unused) = self.finish.take() else { return std::mem::take(&mut self.spare) };
        self.again(task, slot, || How::Reported(unused.verdict, unused.body));
        Vec::new()
    }

    fn on_descriptor(&mut self, index: usize) {
        if self.gang.at(index).is_some_and(|member| !member.take_descriptor()) {
            self.misbehave(index, "it returned a descriptor that did not come".to_owned());
        }
    }

    /// Looks how much memory a worker has, where there is a mark; not after each of many short tasks.
    fn weigh(&mut self, index: usize) {
        if self.settings.policy.recycle.memory.is_none() {
            return;
        }
        let now = self.now();
        let Some(member) = self.gang.at(index).filter(|member| member.weigh_at <= now) else { return };
        member.weigh_at = now + WEIGH_EVERY;
        let worker = member.id;
        if let Some(Ok(resident)) = member.pid().map(ganger_sys::memory::resident) {
            self.event(Event::Memory { worker, resident });
        }
    }

    /// An attempt is over, and another will follow: what it printed is void.
    pub(crate) fn again(&mut self, task: TaskId, slot: u32, how: impl FnOnce() -> How) {
        if let Some(Sink::Reports(reports)) = self.tasks.get(task).map(|entry| &entry.sink) {
            reports.again(task, slot, how());
        }
    }

    fn on_output(&mut self, index: usize, task: TaskId, stream: ganger_proto::message::Stream, bytes: &[u8]) {
        let Some(Sink::Reports(reports)) = self.tasks.get(task).map(|entry| &entry.sink) else {
            return self.misbehave(index, format!("it sent output of {task}, which has none"));
        };
        reports.output(task, stream, bytes);
        self.stall_if_full(index, task);
    }

    fn stall_if_full(&mut self, index: usize, task: TaskId) {
        let Some(Sink::Reports(reports)) = self.tasks.get(task).map(|entry| &entry.sink) else { return };
        if reports.is_full() {
            let reports = std::sync::Arc::clone(reports);
            if let Some(member) = self.gang.at(index) {
                member.stall(reports);
            }
        }
    }

    fn on_progress(&mut self, index: usize, task: TaskId, progress: &[u8]) {
        let decoded = codec::decode(progress, progress.len() as u64 + 1);
        match (self.tasks.get(task).map(|entry| &entry.sink), decoded) {
            (Some(Sink::Reports(reports)), Ok(progress)) => reports.push(Report::Progress { task, progress }),
            (_, Err(error)) => return self.misbehave(index, error.to_string()),
            (Some(Sink::Future(_)) | None, Ok(_)) => {
                return self.misbehave(index, format!("it told the progress of {task}, which has none"));
            }
        }
        self.stall_if_full(index, task);
    }

    /// The worker ends by itself, and its death will be the machine's to answer. Whoever follows is told why already.
    fn on_fault(&mut self, index: usize, fault: &[u8]) {
        let decoded = codec::decode::<Fault>(fault, fault.len() as u64 + 1);
        let Some(member) = self.gang.at(index) else { return };
        match decoded {
            Ok(fault) if matches!(self.settings.role, Role::Host(_)) => {
                let (task, why) = (member.current(), fault.why.clone());
                self.logs.own(Level::Warn, format_args!("{}: {why}", member.named(&self.settings.name)));
                member.fault = Some(fault);
                let report = Report::Fault { task, why };
                self.followers.iter().filter_map(Weak::upgrade).for_each(|reports| reports.push(report.clone()));
            }
            Ok(_) => self.misbehave(index, "it told of a program, and hosts none".to_owned()),
            Err(error) => self.misbehave(index, error.to_string()),
        }
    }

    fn on_hello(&mut self, index: usize, hello: &[u8]) {
        let limit = hello.len() as u64 + 1;
        match codec::decode::<Hello>(hello, limit)
            .map_err(|e| e.to_string())
            .and_then(|hello| check(hello, &self.settings.role))
        {
            Ok(()) => {
                if let Some(member) = self.gang.at(index) {
                    member.phase = Phase::Greeted;
                }
            }
            Err(why) => self.misbehave(index, why),
        }
    }

    fn on_ready(&mut self, index: usize) {
        let Some(member) = self.gang.at(index) else { return };
        match member.phase {
            Phase::Greeted => {
                let worker = member.id;
                member.phase = Phase::Ready;
                self.logs.own(Level::Info, format_args!("{} is ready", member.named(&self.settings.name)));
                self.event(Event::Ready { worker });
            }
            Phase::Starting | Phase::Ready | Phase::InitFailed(_) | Phase::StartFailed(_) => {
                self.misbehave(index, "it said that it is ready at the wrong time".to_owned());
            }
        }
    }

    /// What it says next is whole when it dies, and nobody has read it: so a test has ordered.
    fn on_hold(&mut self, index: usize) {
        match self.gang.at(index) {
            Some(member) if member.may_hold => member.held = true,
            _ => self.misbehave(index, "it asked not to be read, which nobody has told it to".to_owned()),
        }
    }

    fn on_init_failed(&mut self, index: usize, error: &[u8]) {
        if let Some(member) = self.gang.at(index) {
            member.phase = Phase::InitFailed(String::from_utf8_lossy(error).into_owned());
        }
    }

    fn on_start_failed(&mut self, index: usize, error: &[u8]) {
        match (self.gang.at(index), codec::decode(error, error.len() as u64 + 1)) {
            (Some(member), Ok(error)) if member.phase == Phase::Greeted => member.phase = Phase::StartFailed(error),
            (_, Ok(_)) => self.misbehave(index, "it said that it could not start at the wrong time".to_owned()),
            (_, Err(error)) => self.misbehave(index, error.to_string()),
        }
    }

    /// A worker broke the protocol: it is killed, and harms nobody else.
    pub(super) fn misbehave(&mut self, index: usize, why: String) {
        let Some(member) = self.gang.at(index) else { return };
        let named = member.named(&self.settings.name);
        self.logs.own(Level::Error, format_args!("{named} broke the protocol: {why}; it is killed"));
        member.misbehaved = Some(why);
        let worker = member.id;
        self.signal(worker, &[Signal::Kill]);
    }
}

/// Whether a worker can be ours. Whoever answers lines, or is called by
/// name, need not have our tasks.
pub(super) fn check(hello: Hello, role: &Role) -> Result<(), String> {
    if hello.protocol != PROTOCOL {
        let Hello { program, version, protocol, .. } = hello;
        return Err(format!(
            "{program} speaks protocol {protocol} (ganger {version}), this process {PROTOCOL} (ganger {}): \
             build both with the same version",
            env!("CARGO_PKG_VERSION")
        ));
    }
    if hello.build != registry::fingerprint() && !matches!(role, Role::Lines | Role::Named) {
        return Err(format!(
            "{} is another build: it does not register the same tasks as this program; build both from the same sources",
            hello.program
        ));
    }
    Ok(())
}
