//! Workers that go: whatever they left is heard, then their tasks are the machine's again.

use ganger_machine::Event;
use ganger_proto::outcome::{Exit, StartError};
use ganger_proto::{TaskId, WorkerId};
use ganger_sys::Signal;
use log::Level;

use crate::engine::driver::Driver;
use crate::engine::member::{Body, Member, Phase};
use crate::engine::orphans::{self, Orphans};
use crate::exit::translated;
use crate::slot::How;

impl Driver {
    pub(super) fn on_death(&mut self, worker: WorkerId) {
        let mut turn = self.turn();
        let Some(member) = turn.gang.get(worker) else { return };
        if self.engine.settings.has_programs() {
            orphans::kill_group(&member.end.state);
        }
        let Body::Process(child) = &mut member.body else { return };
        // What it left behind in its group goes with it; its pid is not free before it is reaped.
        let _ = child.signal_group(Signal::Kill);
        let exit = match child.try_wait() {
            Ok(Some(exit)) => translated(exit),
            Ok(None) => return,
            Err(error) => {
                self.engine.logs.own(Level::Error, format_args!("failed to reap worker {worker}: {error}"));
                Exit::Signal { number: 9, core: false }
            }
        };
        drop(turn);
        let exit = self.oom.named(exit);
        self.orphans.iter_mut().for_each(Orphans::expect);
        self.gone(worker, exit);
    }

    /// A worker is gone: all that it had sent is read first, only then is its task lost.
    pub(super) fn gone(&mut self, worker: WorkerId, exit: Exit) {
        self.spawned.remove(&worker);
        let mut turn = self.turn();
        let Some(member) = turn.gang.get(worker) else { return };
        member.unstall();
        turn.drain_all_of(worker);
        let Some(member) = turn.gang.remove(worker) else { return };
        let _ = self.engine.bells.delete(&member.bell);
        let current = member.current();
        let exit = cause_of(&member, exit);
        turn.counts.deaths += u64::from(member.ended_by.is_none() || member.misbehaved.is_some());
        self.engine.logs.own(Level::Info, format_args!("{}", end_of(&member, &self.engine.settings.name, &exit)));
        if let (Some(entry), pid @ Some(_)) = (current.and_then(|task| turn.tasks.get_mut(task)), member.pid()) {
            // It may have been sent before the process was known.
            entry.worker = pid;
        }
        for task in member.handed().filter(|task| Some(*task) != current) {
            turn.was_not_begun(task);
        }
        let event = self.farewell(&member, current, exit);
        turn.event(event);
        if let Some(task) = current {
            turn.again(task, member.slot, || How::Crashed(vec![exit]));
        }
    }

    /// What the machine is told: it depends on how far the worker had come.
    fn farewell(&self, member: &Member, current: Option<TaskId>, exit: Exit) -> Event {
        let worker = member.id;
        match (&member.phase, &member.misbehaved) {
            (Phase::Ready, _) => Event::WorkerGone { worker, current, exit },
            (Phase::InitFailed(error), _) => Event::InitFailed { worker, error: error.clone() },
            (Phase::StartFailed(error), _) => Event::StartFailed { worker, error: error.clone() },
            (Phase::Starting | Phase::Greeted, Some(why)) => {
                Event::StartFailed { worker, error: StartError::permanent(why) }
            }
            (Phase::Starting, None) => {
                let program = &self.engine.settings.program.shown;
                let error = format!(
                    "{program} ended with {exit} before it said hello; does its main call ganger::init() first?"
                );
                Event::StartFailed { worker, error: StartError::permanent(error) }
            }
            (Phase::Greeted, None) => {
                Event::InitFailed { worker, error: format!("it ended with {exit} in its initializer") }
            }
        }
    }
}

/// What a worker counts as having died of. One whose program was at fault has ended by itself, for that.
fn cause_of(member: &Member, exit: Exit) -> Exit {
    match (&member.misbehaved, &member.fault) {
        (Some(_), _) => Exit::Misbehaved,
        (None, Some(fault)) => fault.exit.unwrap_or(Exit::Misbehaved),
        (None, None) => exit,
    }
}

/// Who has ended, how and why, for the log.
fn end_of(member: &Member, pool: &str, exit: &Exit) -> String {
    let why = match (&member.phase, &member.misbehaved) {
        (Phase::InitFailed(error), _) => Some(format!("its initializer failed: {error}")),
        (Phase::StartFailed(error), _) => Some(format!("it could not get ready: {}", error.message)),
        (Phase::Starting | Phase::Greeted | Phase::Ready, Some(why)) => Some(why.clone()),
        (Phase::Starting | Phase::Greeted | Phase::Ready, None) => {
            member.fault.as_ref().map(|fault| fault.why.clone()).or(member.ended_by.map(str::to_owned))
        }
    };
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    format!("{} has ended: {exit}{why}", member.named(pool))
}
