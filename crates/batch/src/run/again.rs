//! Commands that run again by our own doing. The pool's own further attempts are none of these: it is asked for them once,
//! with the command.
//!
//! ```text
//!  it ran longer than the median allows     a further attempt, at once
//!  it ran out of memory                     no attempt, as long as there is more to give
//!  it failed, and memory may grow           a further attempt, after a pause: its next limit is ours to choose
//!  it was killed to make room for others    no attempt; as soon as there is room
//!  somebody who holds the run wants it       a further attempt, at once
//! ```

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Phase, Run, Running};
use crate::agenda::Common;
use crate::engine::Engine;
use crate::input::Task;
use crate::observer::Cause;
use crate::record::Entry;
use crate::summary::End;
use crate::verdict::{Doom, Verdict};

/// What became of a command before.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    /// How often it was tried.
    pub(super) attempts: u32,
    /// How often it failed for another reason than memory, as far as we count that.
    pub(super) failures: u32,
    /// The limits of memory that were too little.
    pub(super) too_little: Vec<u64>,
    /// The limit that it has now, or gets next; none: that of all.
    pub(super) memory: Option<u64>,
}

/// A command that is to run again.
pub(super) struct Again {
    pub(super) task: Task,
    pub(super) common: Rc<Common>,
    pub(super) entry: Entry,
    pub(super) story: Story,
    due: Instant,
}

impl<E: Engine> Run<'_, E> {
    /// Whether commands are still started.
    pub(super) fn goes_on(&self) -> bool {
        matches!(self.phase, Phase::Feeding | Phase::Draining(End::Complete))
    }

    /// Whether a command that has ended is to run again: how, and when.
    pub(super) fn another(&self, running: &Running, verdict: &Verdict) -> Option<(Story, Duration)> {
        if !self.goes_on() {
            return None;
        }
        let mut story = running.story.clone();
        let pause = match verdict {
            Verdict::Stopped if running.doom == Some(Doom::Evicted) => {
                story.attempts = story.attempts.saturating_sub(1);
                Duration::ZERO
            }
            Verdict::Failed(Cause::OutOfMemory { limit, .. }) => {
                story.memory = Some(running.common.limits.more_memory(*limit)?);
                story.too_little.push(*limit);
                Duration::ZERO
            }
            Verdict::Failed(Cause::Killed) if running.doom == Some(Doom::Again) => Duration::ZERO,
            Verdict::Failed(Cause::Killed) => return None,
            Verdict::Failed(_) if running.doom == Some(Doom::Expired) && story.attempts < running.common.attempts => {
                Duration::ZERO
            }
            Verdict::Failed(_) if running.common.counts_attempts() => {
                story.failures += 1;
                let left = story.failures < running.common.attempts;
                left.then(|| running.common.backoff.pause(story.failures, 0.0))?
            }
            Verdict::Succeeded(_) | Verdict::Failed(_) | Verdict::Stopped | Verdict::PoolFailed(_) => return None,
        };
        Some((story, pause))
    }

    pub(super) fn put_back(&mut self, running: Running, story: Story, pause: Duration) {
        let Running { task, common, entry, .. } = running;
        self.output.iter_mut().for_each(|output| output.void(task.turn));
        self.again.push(Again { task, common, entry, story, due: Instant::now() + pause });
    }

    /// Takes one whose time has come.
    pub(super) fn due_again(&mut self) -> Option<Again> {
        let now = Instant::now();
        let at = self.again.iter().position(|again| again.due <= now)?;
        Some(self.again.remove(at))
    }

    /// How long until the time of the next one comes, if it may then be started.
    pub(super) fn next_again(&self) -> Option<Duration> {
        let due = self.again.iter().map(|again| again.due).filter(|_| self.goes_on() && self.may_start()).min();
        due.map(|due| due.saturating_duration_since(Instant::now()))
    }

    /// Whether none is to run again. When no more are started, those that waited for it have been stopped.
    pub(super) fn is_settled(&mut self) -> bool {
        if !self.goes_on() {
            for again in std::mem::take(&mut self.again) {
                self.counts.stopped += 1;
                let kept = self.ledger.unbegun(&again.entry);
                self.check_books(kept);
                let printed = self.output.as_mut().map_or(Ok(()), |output| output.end(again.task.turn));
                self.check(printed);
                self.agenda.ended(again.task.job, false);
            }
        }
        self.again.is_empty()
    }
}
