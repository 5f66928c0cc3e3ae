//! Tasks that have failed for good.

use ganger_store::{Cause, DeadLetter};
use serde::Serialize;
use utoipa::ToSchema;

use super::task::{AttemptView, EndKind, TaskView, detail};

/// A task that has failed and is not tried again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(in crate::api) struct DeadView {
    /// JOB.NUMBER: those behind it are asked for by this.
    id: String,
    job: i64,
    /// From 1, in its job.
    number: u64,
    /// Its job's.
    name: String,
    queue: String,
    /// What its job's words begin with.
    command: String,
    /// The words that it adds to them.
    words: Vec<String>,
    attempts: Vec<AttemptView>,
}

impl From<&DeadLetter> for DeadView {
    fn from(letter: &DeadLetter) -> Self {
        let DeadLetter { served, task, attempts } = letter;
        let TaskView { number, words, .. } = TaskView::new(served, task);
        Self {
            id: format!("{}.{number}", served.job.id.0),
            job: served.job.id.0,
            number,
            name: served.job.name.clone(),
            queue: served.queue.clone(),
            command: served.job.command.clone(),
            words,
            attempts: attempts.iter().map(AttemptView::from).collect(),
        }
    }
}

/// Tasks that have failed for the same cause.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cause)]
pub(in crate::api) struct CauseView {
    end: EndKind,
    /// The exit code, or the signal's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
    /// How many there are.
    tasks: u64,
    /// The newest of them: its job,
    job: i64,
    /// and its number in that.
    number: u64,
}

impl From<&Cause> for CauseView {
    fn from(Cause { end, tasks, last: (job, number) }: &Cause) -> Self {
        let (code, message) = detail(end);
        Self { end: end.into(), code, message, tasks: *tasks, job: job.0, number: *number }
    }
}
