//! A job, and how far it is.

use ganger_store::{Served, Tally};
use serde::Serialize;
use utoipa::ToSchema;

use super::seconds;

/// A job, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(in crate::api) struct JobView {
    id: i64,
    name: String,
    /// What its tasks' words begin with.
    command: String,
    queue: String,
    /// What is higher begins first.
    priority: i32,
    state: JobState,
    /// When it was accepted.
    created: f64,
    tasks: TallyView,
}

/// In one word: of a job that is over, the worst of its tasks'.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum JobState {
    Waiting,
    Running,
    Stopping,
    Succeeded,
    Failed,
    Stopped,
}

/// How many tasks are in each state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tally)]
struct TallyView {
    total: u64,
    waiting: u64,
    running: u64,
    succeeded: u64,
    failed: u64,
    stopped: u64,
}

impl From<&Served> for JobView {
    fn from(served: &Served) -> Self {
        let Served { job, queue, priority, .. } = served;
        Self {
            id: job.id.0,
            name: job.name.clone(),
            command: job.command.clone(),
            queue: queue.clone(),
            priority: *priority,
            state: JobState::of(served),
            created: seconds(job.created),
            tasks: served.tasks.into(),
        }
    }
}

impl From<Tally> for TallyView {
    fn from(tally: Tally) -> Self {
        let Tally { waiting, running, succeeded, failed, stopped } = tally;
        Self { total: tally.total(), waiting, running, succeeded, failed, stopped }
    }
}

impl JobView {
    pub(in crate::api) fn is_over(&self) -> bool {
        matches!(self.state, JobState::Succeeded | JobState::Failed | JobState::Stopped)
    }
}

impl JobState {
    fn of(served: &Served) -> Self {
        let tasks = &served.tasks;
        match tasks.is_over() {
            false if served.cancelled => Self::Stopping,
            false if tasks.waiting == tasks.total() => Self::Waiting,
            false => Self::Running,
            true if served.cancelled || tasks.stopped > 0 => Self::Stopped,
            true if tasks.failed > 0 => Self::Failed,
            true => Self::Succeeded,
        }
    }
}
