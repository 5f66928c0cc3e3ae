//! A job, and how far it is.

use ganger_store::{Backoff, Served, Tally};
use serde::{Deserialize, Serialize};
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
    /// Nothing of that queue begins until it is resumed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    queue_paused: bool,
    /// What is higher begins first.
    priority: i32,
    state: JobState,
    /// When it was accepted.
    created: f64,
    /// When the first of it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    started: Option<f64>,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended: Option<f64>,
    /// Nothing of it begins before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    due: Option<f64>,
    /// Nothing of it begins until it is resumed.
    paused: bool,
    /// Tasks may be added.
    open: bool,
    /// Jobs that must be over before it begins, or had to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<i64>,
    /// The word by which its client knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key: Option<String>,
    /// The schedule that has handed it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    schedule: Option<String>,
    /// Why it was cancelled, if no client did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// How often a task may be tried that fails,
    attempts: u32,
    /// and one whose worker, or the service, dies under it.
    crash_attempts: u32,
    /// How long an attempt may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    timeout: Option<f64>,
    /// How long a task waits that has failed and is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    backoff: Option<BackoffView>,
    /// How long it is remembered when it is over, if it says so itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    keep: Option<f64>,
    tasks: TallyView,
}

/// How long a task waits that has failed: so long after its first attempt, twice that after the next, up to the most.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Backoff)]
struct BackoffView {
    first: f64,
    most: f64,
}

/// In one word: of a job that is over, the worst of its tasks'.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum JobState {
    Waiting,
    Delayed,
    Held,
    Blocked,
    Open,
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
        let Served { job, queue, priority, policy, .. } = served;
        Self {
            id: job.id.0,
            name: job.name.clone(),
            command: job.command.clone(),
            queue: queue.clone(),
            queue_paused: served.queue_paused,
            priority: *priority,
            state: served.state().into(),
            created: seconds(job.created),
            started: served.started.map(seconds),
            ended: served.ended.map(seconds),
            due: served.due.map(seconds),
            paused: served.paused,
            open: served.open,
            after: served.after.iter().map(|job| job.0).collect(),
            key: served.key.clone(),
            schedule: served.meta.as_deref().and_then(schedule),
            reason: served.reason.clone(),
            attempts: policy.failures,
            crash_attempts: policy.losses,
            timeout: policy.timeout.map(|timeout| timeout.as_secs_f64()),
            backoff: BackoffView::of(policy.backoff),
            keep: served.keep.map(|keep| keep.as_secs_f64()),
            tasks: served.tasks.into(),
        }
    }
}

/// What the service has noted of it when it was handed in by the clock.
fn schedule(meta: &str) -> Option<String> {
    let meta: serde_json::Value = serde_json::from_str(meta).ok()?;
    meta["schedule"].as_str().map(str::to_owned)
}

impl BackoffView {
    fn of(Backoff { first, most }: Backoff) -> Option<Self> {
        let told = Self { first: first.as_secs_f64(), most: most.as_secs_f64() };
        (!first.is_zero()).then_some(told)
    }
}

impl From<Tally> for TallyView {
    fn from(tally: Tally) -> Self {
        let Tally { waiting, delayed, running, succeeded, failed, stopped } = tally;
        Self { total: tally.total(), waiting, delayed, running, succeeded, failed, stopped }
    }
}

impl JobView {
    pub(in crate::api) fn is_over(&self) -> bool {
        matches!(self.state, JobState::Succeeded | JobState::Failed | JobState::Stopped)
    }
}

impl From<ganger_store::JobState> for JobState {
    fn from(state: ganger_store::JobState) -> Self {
        match state {
            ganger_store::JobState::Waiting => Self::Waiting,
            ganger_store::JobState::Delayed => Self::Delayed,
            ganger_store::JobState::Held => Self::Held,
            ganger_store::JobState::Blocked => Self::Blocked,
            ganger_store::JobState::Open => Self::Open,
            ganger_store::JobState::Running => Self::Running,
            ganger_store::JobState::Stopping => Self::Stopping,
            ganger_store::JobState::Succeeded => Self::Succeeded,
            ganger_store::JobState::Failed => Self::Failed,
            ganger_store::JobState::Stopped => Self::Stopped,
        }
    }
}

impl From<JobState> for ganger_store::JobState {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Waiting => Self::Waiting,
            JobState::Delayed => Self::Delayed,
            JobState::Held => Self::Held,
            JobState::Blocked => Self::Blocked,
            JobState::Open => Self::Open,
            JobState::Running => Self::Running,
            JobState::Stopping => Self::Stopping,
            JobState::Succeeded => Self::Succeeded,
            JobState::Failed => Self::Failed,
            JobState::Stopped => Self::Stopped,
        }
    }
}
