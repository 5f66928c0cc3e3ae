//! What the pool reports, and what each ending makes of the run.

use std::time::Instant;

use ganger::Report;

use super::again::Story;
use super::{Phase, Run, Running};
use crate::engine::Engine;
use crate::error::Error;
use crate::halt::When;
use crate::input::Task;
use crate::observer::{Cause, Notice};
use crate::summary::End;
use crate::verdict::{self, Verdict};

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
                    let verdict = verdict::judge(outcome, running.limit, running.expired);
                    self.ended(running, attempts, verdict);
                }
            }
            Report::Interrupted { step } => self.interrupted(step),
            Report::Understaffed { workers, wanted, why } => {
                self.observer.notice(&Notice::Understaffed { workers, wanted, why: &why });
            }
        }
    }

    fn ended(&mut self, running: Running, attempts: u32, verdict: Verdict) {
        if let (Some(places), Some(place)) = (&mut self.places, running.place) {
            places.give_back(place);
        }
        let story = Story { attempts: running.story.attempts + attempts, ..running.story.clone() };
        if let Some((story, pause)) = self.another(&running, &story, &verdict) {
            return self.put_back(running.task, story, pause);
        }
        let Running { task, since, .. } = running;
        let printed = self.output.as_mut().map_or(Ok(()), |output| output.end(task.number));
        self.check(printed);
        match verdict {
            Verdict::Succeeded(wall) => {
                self.counts.succeeded += 1;
                self.runtimes.add(wall.unwrap_or_else(|| since.elapsed()));
            }
            Verdict::Failed(cause) => self.failed(&task, &cause.after(story.too_little), story.attempts),
            Verdict::Stopped if story.attempts == 0 => {}
            Verdict::Stopped => self.counts.stopped += 1,
            Verdict::PoolFailed(why) => {
                self.counts.stopped += 1;
                self.fail(Error::pool_failed(why));
            }
        }
        self.tell_progress();
        self.halt();
    }

    fn failed(&mut self, task: &Task, cause: &Cause, attempts: u32) {
        let killing = matches!(self.phase, Phase::Killing(_));
        if self.output.is_none() && verdict::is_broken_pipe(cause) {
            self.kill(End::OutputClosed);
        } else if !(killing && verdict::is_our_doing(cause)) {
            self.counts.failed += 1;
            let (number, input) = (task.number, task.value.as_slice());
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
