//! What the pool reports, and what each ending makes of the run.

use std::time::Instant;

use ganger::{Outcome, Report, Stream, TaskId};
use ganger_store::State;

use super::{Phase, Run, Running};
use crate::engine::Engine;
use crate::error::Error;
use crate::halt::When;
use crate::observer::{Cause, Notice};
use crate::record::Attempt;
use crate::summary::End;
use crate::verdict::{self, Verdict};
use crate::work::Work;

impl<E: Engine> Run<'_, E> {
    pub(super) fn take(&mut self, report: Report) {
        match report {
            Report::Output { task, stream, bytes } => self.printed(task, stream, &bytes),
            Report::Again { task, slot, outcome } => self.again(task, slot, outcome),
            Report::Ended { task, slot, attempts, took, outcome } => {
                self.answered(task, &outcome);
                if let Some(running) = self.running.remove(&task) {
                    let used = running.common.work.used(&outcome);
                    let verdict = verdict::judge(outcome, used.as_ref(), running.limit, running.doom);
                    let verdict = verdict.of_program(running.fault.as_deref());
                    self.ended(running, attempts, &Attempt { verdict: &verdict, used: used.as_ref(), took, slot });
                }
            }
            Report::Progress { task, progress } => {
                if let Some(running) = self.running.get_mut(&task) {
                    self.observer.task_progress(running.task.turn, &progress);
                    // It is looked at like a line of output, and kept nowhere.
                    let message = progress.message.iter().flat_map(|text| [text.as_bytes(), b"\n"]);
                    message.for_each(|bytes| running.tail.add(bytes, self.reins.tail()));
                }
            }
            Report::Fault { task, why } => {
                if let Some(running) = task.and_then(|task| self.running.get_mut(&task)) {
                    running.fault = Some(why.clone());
                }
                self.program_fault = Some(why);
            }
            Report::Interrupted { step } => self.interrupted(step),
            Report::Asked(inquiry) => self.answer(inquiry),
            Report::Understaffed { workers, wanted, why } => {
                self.observer.notice(&Notice::Understaffed { workers, wanted, why: &why });
            }
        }
    }

    fn printed(&mut self, task: TaskId, stream: Stream, bytes: &[u8]) {
        let Some(running) = self.running.get_mut(&task) else { return };
        running.tail.add(bytes, self.reins.tail());
        let kept = self.ledger.printed(&mut running.entry, &running.task, stream, bytes);
        let printed = self.output.as_mut().map_or(Ok(()), |output| output.piece(&running.task, stream, bytes));
        self.check_books(kept);
        self.check(printed);
    }

    /// What a program that is kept has answered. What commands print has come before.
    fn answered(&mut self, task: TaskId, outcome: &Outcome) {
        let Some(running) = self.running.get_mut(&task) else { return };
        let (Work::Program(_), Outcome::Returned(answer)) = (&running.common.work, outcome) else { return };
        let kept = self.ledger.printed(&mut running.entry, &running.task, Stream::Stdout, answer);
        let printed = self.output.as_mut().map_or(Ok(()), |output| output.answer(&running.task, answer));
        self.check_books(kept);
        self.check(printed);
    }

    /// An attempt failed, and the pool makes another.
    fn again(&mut self, task: TaskId, slot: u32, outcome: Outcome) {
        let Some(running) = self.running.get_mut(&task) else { return };
        running.since = Instant::now();
        running.tail.clear();
        self.reins.retried += 1;
        self.output.iter_mut().for_each(|output| output.void(running.task.turn));
        let used = running.common.work.used(&outcome);
        let verdict = verdict::judge(outcome, used.as_ref(), running.limit, None);
        let verdict = verdict.of_program(running.fault.as_deref());
        let attempt = Attempt { verdict: &verdict, used: used.as_ref(), took: None, slot };
        let kept = self.ledger.attempted(&mut running.entry, &attempt);
        self.check_books(kept);
    }

    fn ended(&mut self, mut running: Running, attempts: u32, last: &Attempt<'_>) {
        if let (Some(places), Some(place)) = (&mut self.places, running.place) {
            places.give_back(place);
        }
        running.story.attempts += attempts;
        if let Some((story, pause)) = self.another(&running, last.verdict) {
            let kept = self.ledger.attempted(&mut running.entry, last);
            self.check_books(kept);
            self.reins.retried += 1;
            return self.put_back(running, story, pause);
        }
        let printed = self.output.as_mut().map_or(Ok(()), |output| output.end(running.task.turn));
        self.check(printed);
        let state = self.count(&running, last.verdict);
        let kept = match state {
            Some(state) => self.ledger.ended(&mut running.entry, &running.task, &running.common.work, last, state),
            None => self.ledger.unbegun(&running.entry),
        };
        self.check_books(kept);
        self.agenda.ended(running.task.job, state == Some(State::Succeeded));
        self.reins.note(running, last.verdict);
        self.tell_progress();
        self.halt();
    }

    /// Counts a task that has ended, as what it is in the books. None: it never began.
    fn count(&mut self, running: &Running, verdict: &Verdict) -> Option<State> {
        let state = match verdict {
            Verdict::Succeeded(wall) => {
                running.common.runtimes.borrow_mut().add(wall.unwrap_or_else(|| running.since.elapsed()));
                State::Succeeded
            }
            Verdict::Failed(cause) => self.failed(running, cause),
            Verdict::Stopped if running.story.attempts == 0 => return None,
            Verdict::Stopped => State::Stopped,
            Verdict::PoolFailed(why) => {
                let fault = self.program_fault.take();
                let why = fault.map_or(why.clone(), |fault| format!("{why}; the last time: {fault}"));
                self.fail(Error::pool_failed(why));
                State::Stopped
            }
        };
        let count = match state {
            State::Succeeded => &mut self.counts.succeeded,
            State::Failed => &mut self.counts.failed,
            State::Running | State::Stopped | State::Waiting | State::Delayed => &mut self.counts.stopped,
        };
        *count += 1;
        Some(state)
    }

    /// Tells of a failure, unless the command was ended by us.
    fn failed(&mut self, running: &Running, cause: &Cause) -> State {
        let killing = matches!(self.phase, Phase::Killing(_));
        if self.output.is_none() && verdict::is_broken_pipe(cause) {
            self.kill(End::OutputClosed);
        } else if !(killing && verdict::is_our_doing(cause)) {
            self.flush();
            let Running { task, story, common, .. } = running;
            let (number, input, attempts) = (task.number, &task.input(), story.attempts);
            let (job, cause) = (common.name.as_deref(), &cause.clone().after(&story.too_little));
            self.observer.notice(&Notice::Failed { job, number, input, cause, attempts });
            return State::Failed;
        }
        State::Stopped
    }

    /// Ends the run if what has ended is enough.
    pub(super) fn halt(&mut self) {
        let end = match (self.settings.halt.reached(&self.counts, self.agenda.total()), self.phase) {
            (Some(When::Now), Phase::Feeding | Phase::Draining(_)) => Phase::Killing(End::Halted),
            (Some(When::Soon), Phase::Feeding) => Phase::Draining(End::Halted),
            (Some(When::Now | When::Soon) | None, _) => return,
        };
        self.observer.notice(&Notice::Halted { halt: self.settings.halt, running: self.running.len() });
        match end {
            Phase::Killing(end) => self.kill(end),
            Phase::Feeding | Phase::Draining(_) => self.phase = end,
        }
    }
}
