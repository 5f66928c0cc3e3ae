//! What workers tell: what attempts have printed, and how they ended.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, SystemTime};

use ganger::{NotStarted, Outcome, Report, TaskId, command_end};
use ganger_store::{Claim, End, Ended, Fate, Stream, Usage};

use super::lane::{self, Held};
use super::{Driver, Stage, functions, verdict};
use crate::config::Runs;

impl Driver {
    pub(super) fn on_report(&mut self, lane: usize, report: Report) {
        match report {
            Report::Output { task, stream, bytes } => self.on_output(lane, task, lane::stream(stream), bytes),
            Report::Ended { task, slot, outcome, .. } => self.on_ended(lane, task, slot, outcome),
            Report::Fault { task, why } => {
                log::warn!("queue {}: {why}", self.lanes[lane].config.name);
                task.into_iter().for_each(|task| self.lanes[lane].at_fault(task, why.clone()));
            }
            Report::Understaffed { workers, wanted, why } => {
                log::warn!("queue {}: {workers} workers of {wanted}: {why}", self.lanes[lane].config.name);
            }
            // Each task is tried once by its pool, and no signals are claimed.
            Report::Again { .. } | Report::Progress { .. } | Report::Interrupted { .. } | Report::Asked(_) => {}
        }
    }

    fn on_output(&mut self, lane: usize, task: TaskId, stream: Stream, bytes: Vec<u8>) {
        if let Some((attempt, bytes)) = self.lanes[lane].printed(task, bytes) {
            self.weight += 64 + bytes.len();
            self.turn.printed.push((attempt, stream, bytes));
        }
    }

    fn on_ended(&mut self, lane: usize, task: TaskId, slot: u32, outcome: Outcome) {
        // What a program that is kept answers is its own affair, and never read as what a command tells of its end.
        let told = match (&self.lanes[lane].config.runs, &outcome) {
            (Runs::Commands, _) => command_end(&outcome),
            (Runs::Worker(_), Outcome::Returned(answer)) => {
                self.on_output(lane, task, Stream::Stdout, answer.clone());
                None
            }
            (Runs::Worker(_) | Runs::Functions(_), _) => None,
        };
        let kept = self.lanes[lane].config.output;
        let outcome = match functions::answer(&self.lanes[lane].config.runs, &outcome, kept) {
            Some((answer, outcome)) => {
                self.on_output(lane, task, Stream::Stdout, answer);
                outcome
            }
            None => outcome,
        };
        let Some(Held { claim, printed, fault }) = self.lanes[lane].take(task) else { return };
        if matches!(outcome, Outcome::NotStarted(NotStarted::PoolFailed(_))) {
            self.lanes[lane].rest();
        }
        let (end, used) = verdict::judge(outcome, told, fault);
        // What has been asked to end may do so in any way, and need not have failed.
        let asked = self.stage == Stage::Ending && end != End::Exit(0);
        self.end(claim, slot, printed, if asked { End::Stopped } else { end }, used);
    }

    pub(super) fn end(&mut self, claim: Claim, slot: u32, printed: usize, end: End, used: Usage) {
        let ended = SystemTime::now();
        let fate = put_off(verdict::fate(&claim, &end), &claim, ended);
        let used = Usage {
            wall: if used.wall.is_zero() { ended.duration_since(claim.began).unwrap_or_default() } else { used.wall },
            ..used
        };
        let mut attempt = claim.attempt(ended, used, end);
        (attempt.slot, attempt.printed) = (slot, printed as u64);
        self.weight += 256;
        self.turn.ended.push(Ended { claim, attempt, fate });
    }
}

/// What is tried again waits as long as its job says.
fn put_off(fate: Fate, claim: &Claim, now: SystemTime) -> Fate {
    let delay = claim.policy.backoff.after(claim.number);
    if fate == Fate::Again && !delay.is_zero() { Fate::Later(now + jittered(delay)) } else { fate }
}

/// Between three quarters of it and all: what failed together, for a cause that they share, does not come again together.
fn jittered(delay: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) >> 32;
    let part = random as f64 / f64::from(u32::MAX);
    delay.mul_f64(1.0 - part / 4.0)
}
