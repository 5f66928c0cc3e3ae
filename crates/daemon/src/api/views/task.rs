//! A task, and its story: the attempts at it.

use ganger_store::{Attempt, End, JobId, Served, State, Task};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::seconds;

/// A task, in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub(in crate::api) struct TaskView {
    /// From 1, in its job.
    pub(super) number: u64,
    /// The words that it adds to its job's.
    pub(super) words: Vec<String>,
    state: TaskState,
}

/// A task that has changed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct TaskChange {
    /// Whose it is.
    job: i64,
    /// From 1, in its job.
    number: u64,
    state: TaskState,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum TaskState {
    Waiting,
    Delayed,
    Running,
    Succeeded,
    Failed,
    Stopped,
}

/// A task with all attempts at it that are over.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct TaskStory {
    /// From 1, in its job.
    number: u64,
    /// The words that it adds to its job's.
    words: Vec<String>,
    state: TaskState,
    attempts: Vec<AttemptView>,
}

/// One try at a task. Durations are seconds, sizes bytes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(in crate::api) struct AttemptView {
    /// From 1.
    number: u32,
    slot: u32,
    began: f64,
    ended: f64,
    wall: f64,
    user: f64,
    system: f64,
    max_rss: u64,
    /// How much it has printed, whether that is kept or not.
    printed: u64,
    end: EndKind,
    /// The exit code, or the signal's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = End)]
pub(super) enum EndKind {
    Exit,
    Signal,
    #[serde(rename = "out of memory")]
    OutOfMemory,
    #[serde(rename = "time limit")]
    TimeLimit,
    #[serde(rename = "cpu limit")]
    CpuLimit,
    Crashed,
    Error,
    #[serde(rename = "not started")]
    NotStarted,
    Stopped,
}

impl TaskView {
    pub(in crate::api) fn new(served: &Served, task: &Task) -> Self {
        let words = served.words(task).iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        Self { number: task.number, words, state: task.state.into() }
    }
}

impl TaskChange {
    pub(in crate::api) fn new(job: JobId, task: &Task) -> Self {
        Self { job: job.0, number: task.number, state: task.state.into() }
    }
}

impl TaskStory {
    pub(in crate::api) fn new(served: &Served, task: &Task, attempts: &[Attempt]) -> Self {
        let TaskView { number, words, state } = TaskView::new(served, task);
        Self { number, words, state, attempts: attempts.iter().map(AttemptView::from).collect() }
    }
}

impl From<State> for TaskState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Delayed => Self::Delayed,
            State::Running => Self::Running,
            State::Succeeded => Self::Succeeded,
            State::Failed => Self::Failed,
            State::Stopped => Self::Stopped,
        }
    }
}

impl From<TaskState> for State {
    fn from(state: TaskState) -> Self {
        match state {
            TaskState::Waiting => Self::Waiting,
            TaskState::Delayed => Self::Delayed,
            TaskState::Running => Self::Running,
            TaskState::Succeeded => Self::Succeeded,
            TaskState::Failed => Self::Failed,
            TaskState::Stopped => Self::Stopped,
        }
    }
}

impl From<&Attempt> for AttemptView {
    fn from(attempt: &Attempt) -> Self {
        let Attempt { number, slot, began, ended, used, printed, end, .. } = attempt;
        let (code, message) = detail(end);
        Self {
            number: *number,
            slot: *slot,
            began: seconds(*began),
            ended: seconds(*ended),
            wall: used.wall.as_secs_f64(),
            user: used.user.as_secs_f64(),
            system: used.system.as_secs_f64(),
            max_rss: used.max_rss,
            printed: *printed,
            end: end.into(),
            code,
            message,
        }
    }
}

impl From<&End> for EndKind {
    fn from(end: &End) -> Self {
        match end {
            End::Exit(_) => Self::Exit,
            End::Signal(_) => Self::Signal,
            End::OutOfMemory => Self::OutOfMemory,
            End::TimeLimit => Self::TimeLimit,
            End::CpuLimit => Self::CpuLimit,
            End::Crashed(_) => Self::Crashed,
            End::Error(_) => Self::Error,
            End::NotStarted(_) => Self::NotStarted,
            End::Stopped => Self::Stopped,
        }
    }
}

pub(super) fn detail(end: &End) -> (Option<i32>, Option<String>) {
    match end {
        End::Exit(number) | End::Signal(number) => (Some(*number), None),
        End::Crashed(why) | End::Error(why) | End::NotStarted(why) => (None, Some(why.clone())),
        End::OutOfMemory | End::TimeLimit | End::CpuLimit | End::Stopped => (None, None),
    }
}
