//! What a client is shown.

use std::time::SystemTime;

use ganger_store::{Attempt, End, Served, Task};
use serde::Serialize;

use crate::driver::Depth;

/// A job, and how far it is.
#[derive(Debug, Serialize)]
pub(crate) struct JobView {
    id: i64,
    name: String,
    command: String,
    queue: String,
    priority: i32,
    state: &'static str,
    /// Seconds since 1970.
    created: f64,
    tasks: TallyView,
}

/// How many tasks are in each state.
#[derive(Debug, Serialize)]
pub(crate) struct TallyView {
    total: u64,
    waiting: u64,
    running: u64,
    succeeded: u64,
    failed: u64,
    stopped: u64,
}

impl From<&Served> for JobView {
    fn from(served: &Served) -> Self {
        let ganger_store::Tally { waiting, running, succeeded, failed, stopped } = served.tasks;
        let tasks = TallyView { total: served.tasks.total(), waiting, running, succeeded, failed, stopped };
        let Served { job, queue, priority, .. } = served;
        Self {
            id: job.id.0,
            name: job.name.clone(),
            command: job.command.clone(),
            queue: queue.clone(),
            priority: *priority,
            state: state(served),
            created: seconds(job.created),
            tasks,
        }
    }
}

/// A job's state, in one word: of one that is over, the worst of its tasks'.
fn state(served: &Served) -> &'static str {
    let tasks = &served.tasks;
    match tasks.is_over() {
        false if served.cancelled => "stopping",
        false if tasks.waiting == tasks.total() => "waiting",
        false => "running",
        true if served.cancelled || tasks.stopped > 0 => "stopped",
        true if tasks.failed > 0 => "failed",
        true => "succeeded",
    }
}

/// A task, in a list.
#[derive(Debug, Serialize)]
pub(crate) struct TaskView {
    /// From 1, in its job.
    number: u64,
    /// The words that it adds to its job's.
    words: Vec<String>,
    state: &'static str,
}

impl TaskView {
    pub(crate) fn new(served: &Served, task: &Task) -> Self {
        let words = served.words(task).iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        Self { number: task.number, words, state: task.state.word() }
    }
}

/// A task with all attempts at it that are over.
#[derive(Debug, Serialize)]
pub(crate) struct TaskStory {
    #[serde(flatten)]
    task: TaskView,
    attempts: Vec<AttemptView>,
}

impl TaskStory {
    pub(crate) fn new(served: &Served, task: &Task, attempts: &[Attempt]) -> Self {
        Self { task: TaskView::new(served, task), attempts: attempts.iter().map(AttemptView::from).collect() }
    }
}

/// One try at a task. Durations are seconds, sizes bytes.
#[derive(Debug, Serialize)]
struct AttemptView {
    number: u32,
    slot: u32,
    began: f64,
    ended: f64,
    wall: f64,
    user: f64,
    system: f64,
    max_rss: u64,
    printed: u64,
    /// How it ended: exit, signal, time limit, crashed, …
    end: &'static str,
    /// The exit code, or the signal's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
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
            end: end.kind(),
            code,
            message,
        }
    }
}

fn detail(end: &End) -> (Option<i32>, Option<String>) {
    match end {
        End::Exit(number) | End::Signal(number) => (Some(*number), None),
        End::Crashed(why) | End::Error(why) | End::NotStarted(why) => (None, Some(why.clone())),
        End::OutOfMemory | End::TimeLimit | End::CpuLimit | End::Stopped => (None, None),
    }
}

/// A queue.
#[derive(Debug, Serialize)]
pub(crate) struct QueueView {
    name: String,
    slots: usize,
    waiting: u64,
    running: usize,
}

impl From<Depth> for QueueView {
    fn from(Depth { name, slots, waiting, running }: Depth) -> Self {
        Self { name, slots, waiting, running }
    }
}

fn seconds(moment: SystemTime) -> f64 {
    moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
