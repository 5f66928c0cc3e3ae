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
    Delayed,
    Held,
    Blocked,
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
    delayed: u64,
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
            state: served.state().into(),
            created: seconds(job.created),
            tasks: served.tasks.into(),
        }
    }
}

impl From<Tally> for TallyView {
    fn from(tally: Tally) -> Self {
        let Tally { waiting, delayed, running, succeeded, failed, stopped } = tally;
        Self { total: tally.total(), waiting, delayed, running, succeeded, failed, stopped }
    }
}

impl From<ganger_store::JobState> for JobState {
    fn from(state: ganger_store::JobState) -> Self {
        match state {
            ganger_store::JobState::Waiting => Self::Waiting,
            ganger_store::JobState::Delayed => Self::Delayed,
            ganger_store::JobState::Held => Self::Held,
            ganger_store::JobState::Blocked => Self::Blocked,
            ganger_store::JobState::Running => Self::Running,
            ganger_store::JobState::Stopping => Self::Stopping,
            ganger_store::JobState::Succeeded => Self::Succeeded,
            ganger_store::JobState::Failed => Self::Failed,
            ganger_store::JobState::Stopped => Self::Stopped,
        }
    }
}
