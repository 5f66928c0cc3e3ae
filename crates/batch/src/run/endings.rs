//! What the pool reports, and what each ending makes of the run.

use std::time::Instant;

use ganger::{Outcome, Report};

use super::{Phase, Run, Running};
use crate::engine::Engine;
use crate::error::Error;
use crate::halt::When;
use crate::input::Task;
use crate::observer::{Cause, Notice};
use crate::summary::End;
use crate::verdict::{self, Verdict};
use crate::work::Work;

impl<E: Engine> Run<'_, E> {
    pub(super) fn take(&mut self, report: Report) {
        match report {
            Report::Output { task, stream, bytes } => {
                if let (Some(running), Some(output)) = (self.running.get(&task), &mut self.output) {
                    let printed = output.piece(&running.task, stream, &bytes);
                    self.check(printed);
                }
            }
            Report::Again { task } => {
                if let Some(running) = self.running.get_mut(&task) {
                    running.since = Instant::now();
                    self.output.iter_mut().for_each(|output| output.void(running.task.number));
                }
            }
            Report::Ended { task, attempts, outcome, .. } => {
                if let Some(running) = self.running.remove(&task) {
                    self.print_answer(&running.task, &outcome);
                    let verdict =
                        verdict::judge(outcome, running.limit, running.expired).of_program(running.fault.as_deref());
                    self.ended(running, attempts, verdict);
                }
            }
            Report::Progress { task, progress } => {
                if let Some(running) = self.running.get(&task) {
                    self.observer.task_progress(running.task.number, &progress);
                }
            }
            Report::Fault { task, why } => {
                if let Some(running) = task.and_then(|task| self.running.get_mut(&task)) {
                    running.fault = Some(why.clone());
                }
                self.program_fault = Some(why);
            }
            Report::Interrupted { step } => self.interrupted(step),
            Report::Understaffed { workers, wanted, why } => {
                self.observer.notice(&Notice::Understaffed { workers, wanted, why: &why });
            }
        }
    }

    /// What a program that is kept has answered. What commands print has come before.
    fn print_answer(&mut self, task: &Task, outcome: &Outcome) {
        if let (Work::Program(_), Outcome::Returned(answer), Some(output)) =
            (&self.settings.work, outcome, &mut self.output)
        {
            let printed = output.answer(task, answer);
            self.check(printed);
        }
    }

    fn ended(&mut self, running: Running, attempts: u32, verdict: Verdict) {
        let Running { task, since, earlier, expired, .. } = running;
        let attempts = earlier + attempts;
        let goes_on = matches!(self.phase, Phase::Feeding | Phase::Draining(End::Complete));
        if expired && attempts < self.settings.attempts && goes_on {
            self.output.iter_mut().for_each(|output| output.void(task.number));
            return self.submit(task, attempts);
        }
        let printed = self.output.as_mut().map_or(Ok(()), |output| output.end(task.number));
        self.check(printed);
        match verdict {
            Verdict::Succeeded(wall) => {
                self.counts.succeeded += 1;
                self.runtimes.add(wall.unwrap_or_else(|| since.elapsed()));
            }
            Verdict::Failed(cause) => self.failed(&task, &cause, attempts),
            Verdict::Stopped if attempts == 0 => {}
            Verdict::Stopped => self.counts.stopped += 1,
            Verdict::PoolFailed(why) => {
                self.counts.stopped += 1;
                let why =
                    self.program_fault.take().map_or(why.clone(), |fault| format!("{why}; the last time: {fault}"));
                self.fail(Error::pool_failed(why));
            }
        }
        self.halt();
    }

    fn failed(&mut self, task: &Task, cause: &Cause, attempts: u32) {
        let killing = matches!(self.phase, Phase::Killing(_));
        if self.output.is_none() && verdict::is_broken_pipe(cause) {
            self.kill(End::OutputClosed);
        } else if !(killing && verdict::is_our_doing(cause)) {
            self.counts.failed += 1;
            let (number, input) = (task.number, task.value.as_slice());
            self.flush();
            return self.observer.notice(&Notice::Failed { number, input, cause, attempts });
        }
        self.counts.stopped += 1;
    }

    /// Ends the run if what has ended is enough.
    pub(super) fn halt(&mut self) {
        let end = match (self.settings.halt.reached(&self.counts, self.source.total()), self.phase) {
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
