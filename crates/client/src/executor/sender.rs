//! The thread that hands in. While a request is under way, what comes is gathered for the next.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ganger::remote::{Call, Promise};
use serde_json::{Value, json};

use super::batch;
use super::ledger::{Cancel, Ledger, Work};
use super::line::{Line, is_of_the_moment, told};
use super::verdict;
use crate::answer::Answer;

pub(super) struct Sender {
    line: Line,
    queue: String,
    patience: Duration,
    ledger: Arc<Ledger>,
    /// Of this executor, with the number of its next job.
    key: (u64, u64),
}

impl Sender {
    pub(super) fn new(line: Line, queue: &str, patience: Duration, ledger: Arc<Ledger>) -> Self {
        Self { line, queue: queue.to_owned(), patience, ledger, key: (RandomState::new().hash_one(()), 0) }
    }

    pub(super) fn run(mut self) {
        loop {
            match self.ledger.next_work() {
                Work::Submit => self.submit(),
                Work::Cancel(cancel) => self.cancel(cancel),
                Work::End => return,
            }
        }
    }

    fn submit(&mut self) {
        let calls = self.ledger.take(batch::choose);
        self.key.1 += 1;
        let key = format!("executor-{:016x}-{}", self.key.0, self.key.1);
        match self.ask("/v1/jobs", &batch::submission(&calls, &self.queue, &key)) {
            Ok(answer) => self.on_answer(&answer, calls),
            Err(error) => self.ledger.refused(calls, &verdict::unreachable(&error.to_string())),
        }
    }

    fn on_answer(&self, answer: &Answer, calls: Vec<(Call, Promise)>) {
        let receipt: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match receipt["id"].as_i64().filter(|_| answer.is_success()) {
            Some(job) => self.ledger.accepted(job, calls),
            None => self.ledger.refused(calls, &verdict::refused(&told(answer))),
        }
    }

    fn cancel(&mut self, cancel: Cancel) {
        let path = match cancel {
            Cancel::Task(id) => format!("/v1/jobs/{}/tasks/{}/cancel", id.job, id.number),
            Cancel::Job(job) => format!("/v1/jobs/{job}/cancel"),
        };
        match self.ask(&path, &json!({})) {
            Ok(answer) if answer.is_success() => {}
            Ok(answer) => log::warn!("{path}: {}", told(&answer)),
            Err(error) => log::warn!("{path}: {error}"),
        }
    }

    /// Asks until there is an answer, or it has taken too long. What is asked can be asked twice.
    fn ask(&mut self, path: &str, json: &Value) -> io::Result<Answer> {
        loop {
            let asked = self.line.post(path, json);
            let why = match &asked {
                Ok(answer) if is_of_the_moment(answer.status) => told(answer),
                Ok(_) => return asked,
                Err(error) => error.to_string(),
            };
            let Some(pause) = self.line.rest(self.patience) else { return asked };
            log::debug!("{path} is asked again: {why}");
            thread::sleep(pause);
        }
    }
}
