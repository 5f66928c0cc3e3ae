//! What a service says of a task that is over, as its future tells it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ganger::{Exit, Failure, FailureKind, NotStarted, Outcome, PoolFailure, remote};
use serde::Deserialize;

/// The answer of `POST /v1/results`.
#[derive(Debug, Deserialize)]
pub(super) struct Results {
    /// Tasks that are over.
    pub(super) results: Vec<TaskResult>,
    /// Jobs, or tasks of jobs, that there are not.
    #[serde(default)]
    pub(super) gone: Vec<i64>,
}

/// A task that is over.
#[derive(Debug, Deserialize)]
pub(super) struct TaskResult {
    pub(super) job: i64,
    pub(super) number: u64,
    state: String,
    pub(super) attempts: Vec<AttemptResult>,
}

/// How an attempt ended.
#[derive(Debug, Deserialize)]
pub(super) struct AttemptResult {
    end: String,
    #[serde(default)]
    message: Option<String>,
    /// What it answered, in base64: an encoded [`Outcome`].
    #[serde(default)]
    stdout: String,
}

/// How a task ended.
pub(super) fn outcome(result: &TaskResult) -> Outcome {
    let Some(last) = result.attempts.last().filter(|_| result.state != "stopped") else { return Outcome::Cancelled };
    let outcome = last.outcome();
    if !matches!(outcome, Outcome::Crashed(_)) {
        return outcome;
    }
    Outcome::Crashed(result.attempts.iter().flat_map(AttemptResult::exits).collect())
}

impl AttemptResult {
    fn outcome(&self) -> Outcome {
        let answer = STANDARD.decode(&self.stdout).ok().filter(|answer| !answer.is_empty());
        match answer.and_then(|answer| remote::decode(&answer).ok()) {
            Some(outcome) => outcome,
            // Nobody was there any more who could have said it: the service was killed with its workers.
            None if self.end == "crashed" => Outcome::Crashed(vec![Exit::Signal { number: 9, core: false }]),
            None if self.end == "stopped" => Outcome::Cancelled,
            None => failed(
                FailureKind::Result,
                self.message.clone().unwrap_or_else(|| format!("its end was: {}", self.end)),
            ),
        }
    }

    fn exits(&self) -> Vec<Exit> {
        if let Outcome::Crashed(exits) = self.outcome() { exits } else { Vec::new() }
    }
}

/// The service does not take it.
pub(super) fn refused(why: &str) -> Outcome {
    failed(FailureKind::Arguments, format!("the service has refused it: {why}"))
}

/// Nothing can be known of it.
pub(super) fn unreachable(why: &str) -> Outcome {
    let error = format!("the service is out of reach, and may run the task all the same: {why}");
    Outcome::NotStarted(NotStarted::PoolFailed(PoolFailure::Start { error }))
}

/// The service does not know it.
pub(super) fn gone(job: i64) -> Outcome {
    failed(
        FailureKind::Result,
        format!("job {job} of the service has no such task, or it was forgotten: see its `keep`"),
    )
}

fn failed(kind: FailureKind, message: String) -> Outcome {
    Outcome::Failed(Failure { kind, message, value: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(state: &str, attempts: &[(&str, Option<&Outcome>)]) -> Outcome {
        let attempt = |(end, answer): &(&str, Option<&Outcome>)| AttemptResult {
            end: (*end).to_owned(),
            message: Some("why".to_owned()),
            stdout: answer.map_or_else(String::new, |outcome| STANDARD.encode(remote::encode(outcome))),
        };
        outcome(&TaskResult {
            job: 1,
            number: 1,
            state: state.to_owned(),
            attempts: attempts.iter().map(attempt).collect(),
        })
    }

    #[test]
    fn what_the_service_says_is_what_the_future_tells() {
        let (returned, signal) = (Outcome::Returned(vec![7]), Exit::Signal { number: 11, core: false });
        let crashed = Outcome::Crashed(vec![signal]);
        assert_eq!(told("succeeded", &[("crashed", None), ("exit", Some(&returned))]), returned);
        assert_eq!(told("stopped", &[("exit", Some(&returned))]), Outcome::Cancelled);
        assert_eq!(told("failed", &[]), Outcome::Cancelled);
        let killed = Exit::Signal { number: 9, core: false };
        let both = told("failed", &[("crashed", None), ("crashed", Some(&crashed))]);
        assert_eq!(both, Outcome::Crashed(vec![killed, signal]), "the service was killed under the first");
        let Outcome::Failed(failure) = told("failed", &[("error", None)]) else { panic!("it failed") };
        assert_eq!(failure.message, "why");
    }
}
