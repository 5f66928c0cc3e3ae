//! The thread that hears what is over.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::ledger::Ledger;
use super::line::{Line, told};
use super::task_ref::TaskRef;
use super::verdict::{self, Results};
use crate::answer::Answer;

/// How long one request waits at most, in seconds.
const WAIT: u64 = 20;
/// The most runs of numbers that are asked for in one request.
const RUNS: usize = 2_000;

/// Less than one in so many is few, and how long more is waited for then.
const FEW: usize = 100;
const MOMENT: Duration = Duration::from_millis(5);

pub(super) struct Listener {
    line: Line,
    patience: Duration,
    ledger: Arc<Ledger>,
}

impl Listener {
    pub(super) fn new(line: Line, patience: Duration, ledger: Arc<Ledger>) -> Self {
        Self { line, patience, ledger }
    }

    pub(super) fn run(mut self) {
        while let Some(open) = self.ledger.open(RUNS) {
            match self.listen(&open) {
                Ok(Some(answer)) if answer.is_success() => self.on_results(&answer),
                Ok(Some(answer)) => self.rest(&told(&answer)),
                Ok(None) => {}
                Err(error) => self.rest(&error.to_string()),
            }
        }
    }

    /// What is over of what is open. None: it was hung up, as there is more to wait for.
    fn listen(&mut self, open: &[(i64, u64, u64)]) -> io::Result<Option<Answer>> {
        let hangup = self.line.hangup()?;
        // Since it was looked at what is open, there may have come more.
        let waits = self.ledger.listen(hangup, open, RUNS);
        let wait = if waits { WAIT } else { 0 };
        let answer = self.line.post("/v1/results", &json!({"tasks": open, "wait": wait}));
        let interrupted = waits && !self.ledger.heard();
        if interrupted && answer.is_err() { Ok(None) } else { answer.map(Some) }
    }

    fn on_results(&mut self, answer: &Answer) {
        match serde_json::from_slice::<Results>(&answer.body) {
            Ok(Results { results, gone }) => {
                let told = results.len();
                for result in results {
                    let id = TaskRef { job: result.job, number: result.number };
                    let attempts = u32::try_from(result.attempts.len()).unwrap_or(u32::MAX);
                    self.ledger.settle(id, verdict::outcome(&result), attempts);
                }
                gone.into_iter().for_each(|job| self.ledger.give_up(Some(job), &verdict::gone(job)));
                self.gather(told);
            }
            Err(error) => self.rest(&format!("what came back are no results: {error}")),
        }
    }

    /// Where few of very many are over, the next answer is to have more: an answer costs more than what is in it.
    fn gather(&self, results: usize) {
        if results * FEW < self.ledger.count() {
            thread::sleep(MOMENT);
        }
    }

    /// The service is out of reach, or has other things to do.
    fn rest(&mut self, why: &str) {
        match self.line.rest(self.patience) {
            Some(pause) => {
                log::debug!("results are asked for again: {why}");
                thread::sleep(pause);
            }
            None => self.ledger.give_up(None, &verdict::unreachable(why)),
        }
    }
}
