//! From the machine's actions to deeds.

use std::sync::{Arc, Weak};
use std::time::Duration;

use ganger_machine::{Action, End, Event, Moment};
use ganger_proto::TaskId;
use ganger_proto::WorkerId;
use ganger_proto::message::Verdict;
use ganger_proto::outcome::StartError;
use ganger_sys::Signal;
use log::Level;

use crate::command::{Report, ReportQueue};
use crate::engine::core::{Core, Stage};
use crate::engine::logs::Logs;
use crate::engine::member::{Body, Phase, TakeBack};
use crate::engine::shares;
use crate::engine::table::{Entry, Sink};
use crate::passing::Passed;
use crate::slot::{Body as ResultBody, Detail, Ended, How};

/// Results of up to so many bytes lie in the future itself.
const SHORT: usize = 24;

/// An outcome as a worker reported it.
pub(crate) struct Finish {
    pub(crate) verdict: Verdict,
    pub(crate) body: Vec<u8>,
    /// The descriptors that the body names.
    pub(crate) came: Vec<Passed>,
    pub(crate) took: Duration,
}

impl Core {
    /// Does all that the machine said. Doing may tell it more, which may lead to more.
    pub(crate) fn perform(&mut self, now: Moment) {
        let mut at = 0;
        while at < self.actions.len() {
            let action = std::mem::replace(&mut self.actions[at], Action::Closed);
            at += 1;
            self.act(now, action);
        }
        self.actions.clear();
    }

    fn act(&mut self, now: Moment, action: Action) {
        match action {
            Action::Start { worker, slot } => self.to_start.push((worker, slot)),
            Action::Send { worker, task, attempt } => self.send(worker, task, attempt),
            Action::TakeBack { worker, task } => self.take_back(now, worker, task),
            Action::AskToStop { worker, task } => self.ask_to_stop(worker, task),
            Action::Retire { worker } => self.retire(worker),
            Action::Terminate { worker } => self.signal(worker, &[Signal::Term, Signal::Cont]),
            Action::Kill { worker } => self.signal(worker, &[Signal::Kill]),
            Action::Settle { task, end } => self.settle(task, end),
            Action::Understaffed { workers, error } => self.understaffed(workers, error),
            Action::Failed(failure) => {
                self.logs.own(Level::Warn, format_args!("{failure}"));
                self.stage = Stage::Closing;
                self.failure = Some(failure);
            }
            Action::Closed => self.stage = Stage::Closed,
        }
    }

    fn understaffed(&mut self, workers: u32, why: String) {
        let wanted = self.machine.slots();
        let text = format_args!("only {workers} of {wanted} workers could be started: {why}");
        self.logs.own(Level::Warn, text);
        let report = Report::Understaffed { workers, wanted, why };
        for reports in self.followers.iter().filter_map(Weak::upgrade) {
            reports.push(report.clone());
        }
        self.understaffed = Some(report);
    }

    /// Whoever follows commands is told of what concerns all of them.
    pub(crate) fn follow(&mut self, reports: &Arc<ReportQueue>) {
        self.understaffed.iter().for_each(|report| reports.push(report.clone()));
        reports.interrupted(self.step);
        self.followers.push(Arc::downgrade(reports));
    }

    fn send(&mut self, worker: WorkerId, task: TaskId, attempt: u32) {
        let Some(entry) = self.tasks.get_mut(task) else { return };
        let Some(member) = self.gang.get(worker) else { return };
        entry.attempt = attempt;
        entry.worker = member.pid();
        entry.slot = member.slot;
        if !member.owes() {
            self.gang.owing.push(worker.index());
        }
        let crowded = self.gang.owing.len() >= self.settings.cpus;
        let Some(member) = self.gang.get(worker) else { return };
        member.let_spin(if crowded { Duration::ZERO } else { self.settings.spin });
        if self.watch.relies_on_bells() && !member.armed {
            // One that has logged something while it was idle has rung, and whoever sleeps will look.
            member.armed = !member.end.reader.wait_for_record();
        }
        for id in entry.payload.shared.iter().flatten() {
            member.share(*id, || shares::value(&self.shares, *id));
        }
        if let Some(faults) = &mut self.faults {
            faults.arm(member, task, attempt);
        }
        member.send(task, attempt, entry);
        if member.has_outbox() {
            member.pump(&self.tasks);
        }
        if self.touched.last() != Some(&worker.index()) {
            self.touched.push(worker.index());
        }
    }

    fn take_back(&mut self, now: Moment, worker: WorkerId, task: TaskId) {
        let taken = self.gang.get(worker).map_or(TakeBack::Kept, |member| member.take_back(task));
        if taken == TakeBack::Taken {
            if let (Some(faults), Some(member)) = (&self.faults, self.gang.get(worker)) {
                faults.disarm(member, task);
                member.pump(&self.tasks);
            }
            self.was_not_begun(task);
        }
        let answer = match taken {
            TakeBack::Taken => Event::TakenBack { worker, task },
            TakeBack::Kept => Event::Kept { worker, task },
        };
        self.machine.on(now, answer, &mut self.actions);
    }

    fn ask_to_stop(&mut self, worker: WorkerId, task: TaskId) {
        if let Some(member) = self.gang.get(worker) {
            member.end.state.ask_to_stop(task.to_bits());
            if let (Body::Process(child), true) = (&member.body, self.settings.has_programs()) {
                report(&self.logs, child.signal(Signal::Usr1).map(drop));
            }
        }
    }

    fn retire(&mut self, worker: WorkerId) {
        if let Some(member) = self.gang.get(worker) {
            member.retire();
            member.pump(&self.tasks);
            self.touched.push(worker.index());
        }
    }

    pub(crate) fn signal(&mut self, worker: WorkerId, signals: &[Signal]) {
        let Some(member) = self.gang.get(worker) else { return self.call_off(worker) };
        member.ended_by =
            Some(if signals.contains(&Signal::Kill) { "the pool killed it" } else { "the pool ended it" });
        match &member.body {
            Body::Process(child) => {
                for signal in signals {
                    report(&self.logs, child.signal(*signal).and(child.signal_group(*signal)).map(drop));
                }
            }
            Body::Coming => {
                member.doomed = true;
                // One that has spoken, were it nonsense, is there, and the zygote's word of it is on the way. One that has
                // not may never come, if something holds the zygote up.
                self.watch.doomed |= member.phase == Phase::Starting && member.misbehaved.is_none();
            }
            // A thread cannot be killed: it is left behind, and nobody listens to it any more.
            Body::Thread { .. } if signals.contains(&Signal::Kill) => self.watch.abandon(worker),
            Body::Thread { .. } => self.retire(worker),
        }
    }

    /// A worker that was not started yet need not be.
    fn call_off(&mut self, worker: WorkerId) {
        let Some(at) = self.to_start.iter().position(|(waiting, _)| *waiting == worker) else { return };
        self.to_start.remove(at);
        let (now, error) = (self.now(), StartError::permanent("it was called off"));
        self.machine.on(now, Event::StartFailed { worker, error }, &mut self.actions);
    }

    /// A worker's thread begins; to be given up at once, if it was doomed meanwhile.
    pub(crate) fn embody(&mut self, worker: WorkerId, alive: Arc<()>) {
        let Some(member) = self.gang.get(worker) else { return };
        member.body = Body::Thread { _alive: alive };
        if member.doomed {
            self.watch.abandon(worker);
        }
    }

    pub(crate) fn settle(&mut self, task: TaskId, end: End) {
        let Some(entry) = self.tasks.remove(task) else { return };
        if let Some(faults) = &mut self.faults {
            faults.settled(task);
        }
        self.counts.note(&end, self.finish.as_ref().map(|finish| finish.verdict));
        let how = match end {
            End::Finished => match self.finish.take() {
                Some(Finish { verdict: Verdict::Returned, body, came, .. }) if !came.is_empty() => {
                    How::ReturnedWith(body, came)
                }
                Some(Finish { verdict: Verdict::Returned, body, took, .. }) => {
                    let body = self.fitting(body);
                    let took = u32::try_from(took.as_nanos()).unwrap_or(u32::MAX);
                    return self.tell(task, entry, |_| Ended::Returned { body, took });
                }
                Some(Finish { verdict, body, .. }) => How::Reported(verdict, body),
                None => How::Cancelled,
            },
            End::Crashed(exits) => How::Crashed(exits),
            End::TimedOut(limit) => How::TimedOut(limit),
            End::Cancelled => How::Cancelled,
            End::NotStarted(why) => How::NotStarted(why),
        };
        self.tell(task, entry, |entry| {
            Ended::Other(Box::new(Detail { how, attempts: entry.attempt, worker: entry.worker }))
        });
    }

    /// A result in memory of its own size: short ones within the future, long ones as they came.
    fn fitting(&mut self, body: Vec<u8>) -> ResultBody {
        if body.capacity() <= 2 * body.len() && body.len() > SHORT {
            return ResultBody::from_vec(body);
        }
        let fitting = ResultBody::from_slice(&body);
        self.keep_spare(body);
        fitting
    }

    fn keep_spare(&mut self, memory: Vec<u8>) {
        if memory.capacity() > self.spare.capacity() {
            self.spare = memory;
            self.spare.clear();
        }
    }

    fn tell(&mut self, task: TaskId, entry: Entry, ended: impl FnOnce(&Entry) -> Ended) {
        self.after.settled += 1;
        let ended = ended(&entry);
        for id in entry.payload.shared.iter().flatten() {
            self.let_go(*id);
        }
        if entry.payload.bytes.spilled() {
            self.keep_spare(entry.payload.bytes.into_vec());
        }
        match entry.sink {
            Sink::Future(slot) => self.after.hooks.extend(slot.fill(ended).into_iter().flat_map(|hooks| *hooks)),
            Sink::Reports(reports) => reports.ended(task, entry.slot, entry.attempt, ended),
        }
    }
}

fn report(logs: &Logs, done: std::io::Result<()>) {
    if let Err(error) = done {
        logs.own(Level::Warn, format_args!("failed to signal a worker: {error}"));
    }
}
