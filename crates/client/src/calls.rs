//! What a program asks of a service, with types. Each is one request, but for [`Client::wait`].

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::answer::Answer;
use crate::connection::Client;
use crate::job::{Job, NewJob, Receipt, Task};

/// How long one request waits at most.
const WAIT: Duration = Duration::from_secs(20);

/// Why a call came to nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// The connection ended: what was asked may have been done, or not. Connect anew.
    Lost(io::Error),
    /// The service says no.
    Refused {
        /// Of HTTP: 404, there is no such thing; 503, it is busy or about to end; and so on.
        status: u16,
        /// Why, with the remedy.
        detail: String,
    },
    /// The answer is not understood.
    Unclear(serde_json::Error),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(error) => write!(f, "the connection to the service ended: {error}"),
            Self::Refused { status, detail } if detail.is_empty() => write!(f, "the service: status {status}"),
            Self::Refused { detail, .. } => write!(f, "the service: {detail}"),
            Self::Unclear(error) => write!(f, "what the service says is not understood: {error}"),
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Lost(error) => Some(error),
            Self::Unclear(error) => Some(error),
            Self::Refused { .. } => None,
        }
    }
}

/// Jobs of commands.
impl Client {
    /// Hands a job in. When it returns, the service has it on its disk.
    ///
    /// # Errors
    /// When it was refused; when the answer is lost: then give it a [`key`](NewJob::key) and hand it in again.
    pub fn submit(&mut self, job: &NewJob) -> Result<Receipt, CallError> {
        let body = serde_json::to_vec(job).map_err(CallError::Unclear)?;
        read(&done(self.post("/v1/jobs", &body))?)
    }

    /// Looks at a job.
    ///
    /// # Errors
    /// When there is no such job, or no service any more.
    pub fn job(&mut self, id: u64) -> Result<Job, CallError> {
        self.look(&format!("/v1/jobs/{id}"))
    }

    /// Waits until a job is over, or the time is: how it is then. A connection that waits needs a patience of a minute.
    ///
    /// # Errors
    /// As [`job`](Self::job).
    pub fn wait(&mut self, id: u64, timeout: Duration) -> Result<Job, CallError> {
        let since = Instant::now();
        loop {
            let left = timeout.saturating_sub(since.elapsed());
            let job: Job = self.look(&format!("/v1/jobs/{id}?wait={}", left.min(WAIT).as_secs_f64()))?;
            if job.state.is_over() || left <= WAIT {
                return Ok(job);
            }
        }
    }

    /// Nothing more of a job begins, and what runs of it is ended. It returns before all of that has stopped.
    ///
    /// # Errors
    /// As [`job`](Self::job).
    pub fn cancel(&mut self, id: u64) -> Result<Job, CallError> {
        self.order(&format!("/v1/jobs/{id}/cancel"))
    }

    /// What has failed or was stopped of a job waits again, with fresh attempts.
    ///
    /// # Errors
    /// As [`job`](Self::job); when nothing of it has failed or was stopped.
    pub fn retry(&mut self, id: u64) -> Result<Job, CallError> {
        self.order(&format!("/v1/jobs/{id}/retry"))
    }

    /// Looks at a task of a job; they are counted from 1.
    ///
    /// # Errors
    /// As [`job`](Self::job).
    pub fn task(&mut self, id: u64, number: u64) -> Result<Task, CallError> {
        self.look(&format!("/v1/jobs/{id}/tasks/{number}"))
    }

    /// What the last attempt at a task has printed so far on its standard output.
    ///
    /// # Errors
    /// As [`job`](Self::job).
    pub fn stdout(&mut self, id: u64, number: u64) -> Result<Vec<u8>, CallError> {
        done(self.get(&format!("/v1/jobs/{id}/tasks/{number}/stdout"))).map(|answer| answer.body)
    }

    /// The same of its standard error.
    ///
    /// # Errors
    /// As [`job`](Self::job).
    pub fn stderr(&mut self, id: u64, number: u64) -> Result<Vec<u8>, CallError> {
        done(self.get(&format!("/v1/jobs/{id}/tasks/{number}/stderr"))).map(|answer| answer.body)
    }

    fn look<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, CallError> {
        read(&done(self.get(path))?)
    }

    fn order<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, CallError> {
        read(&done(self.request("POST", path, &[], &[]))?)
    }
}

fn done(answer: io::Result<Answer>) -> Result<Answer, CallError> {
    let answer = answer.map_err(CallError::Lost)?;
    let refused =
        |detail: Option<String>| CallError::Refused { status: answer.status, detail: detail.unwrap_or_default() };
    if answer.is_success() { Ok(answer) } else { Err(refused(answer.detail())) }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, CallError> {
    serde_json::from_slice(&answer.body).map_err(CallError::Unclear)
}

/// What stands in the body of a refusal.
#[derive(Deserialize)]
struct Refusal {
    detail: String,
}

impl Answer {
    /// Why the service refuses, with the remedy, if that is what it says.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        serde_json::from_slice(&self.body).ok().map(|Refusal { detail }| detail)
    }
}
