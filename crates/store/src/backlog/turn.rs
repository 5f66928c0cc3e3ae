//! What is written together, and what comes of it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::record::Attempt;
use crate::words::{AttemptId, JobId, QueueId, RunId, State, Stream, TaskId};

/// How the tasks of a job are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long an attempt may take; none: as long as it takes.
    pub timeout: Option<Duration>,
    /// How often a task may be tried that fails: once by default.
    pub failures: u32,
    /// How often it may be tried when its worker, or the service, dies under it: three times by default.
    pub losses: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { timeout: None, failures: 1, losses: 3 }
    }
}

/// A job that is to be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// What it is called.
    pub name: String,
    /// Where it waits.
    pub queue: QueueId,
    /// What is higher is claimed first.
    pub priority: i32,
    /// How its tasks are run.
    pub policy: Policy,
    /// What each task's words begin with.
    pub command: Vec<Vec<u8>>,
    /// The words that each task adds, without NUL: each some, or none any. At least one task.
    pub tasks: Vec<Vec<Vec<u8>>>,
    /// Where they run; empty: where the service does.
    pub directory: Vec<u8>,
    /// `NAME=value` each, beside the service's own.
    pub environment: Vec<Vec<u8>>,
}

impl NewJob {
    /// One for this queue, without name, command or tasks.
    #[must_use]
    pub fn to(queue: QueueId) -> Self {
        Self {
            name: String::new(),
            queue,
            priority: 0,
            policy: Policy::default(),
            command: Vec::new(),
            tasks: Vec::new(),
            directory: Vec::new(),
            environment: Vec::new(),
        }
    }
}

/// What happens in one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// Jobs that are accepted.
    pub accepted: Vec<NewJob>,
    /// What attempts that are running have printed.
    pub printed: Vec<(AttemptId, Stream, Vec<u8>)>,
    /// Attempts that are over.
    pub ended: Vec<Ended>,
    /// Jobs of which nothing more may begin. Their tasks that wait are stopped, a few thousand a turn.
    pub cancelled: Vec<JobId>,
    /// How many tasks each queue may begin.
    pub wanted: Vec<(QueueId, usize)>,
}

impl Turn {
    /// Whether nothing happens in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { accepted, printed, ended, cancelled, wanted } = self;
        accepted.is_empty() && printed.is_empty() && ended.is_empty() && cancelled.is_empty() && wanted.is_empty()
    }
}

/// An attempt is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// What had begun.
    pub claim: Claim,
    /// How it went.
    pub attempt: Attempt,
    /// What that makes of its task.
    pub fate: Fate,
}

/// What becomes of a task whose attempt is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in this state for good.
    Over(State),
    /// It waits for another attempt.
    Again,
    /// It waits as if there had been no attempt: that one was ended for no fault of its own.
    Back,
}

/// What came of a turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// The jobs that were accepted, in their order.
    pub accepted: Vec<Accepted>,
    /// Tasks that may begin now.
    pub claimed: Vec<Claim>,
    /// Jobs of which nothing waits or runs any more.
    pub over: Vec<JobId>,
    /// How many tasks more, or fewer, wait in each queue than before.
    pub depths: BTreeMap<QueueId, i64>,
    /// There is more to do even if nothing happens: another turn should follow.
    pub more: bool,
}

/// A job that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its number.
    pub job: JobId,
    /// Its first task's number: the others' follow.
    pub first: TaskId,
}

/// A task that may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which.
    pub task: TaskId,
    /// Of which job.
    pub job: JobId,
    /// Its job's run.
    pub run: RunId,
    /// Where it waited.
    pub queue: QueueId,
    /// Before whom: lower comes first.
    pub rank: i64,
    /// The attempt that begins.
    pub attempt: AttemptId,
    /// Which one it is, from 1.
    pub number: u32,
    /// When.
    pub began: SystemTime,
    /// How it is run.
    pub policy: Policy,
    /// What all its job's tasks begin with.
    pub command: Vec<Vec<u8>>,
    /// Its own words.
    pub args: Vec<Vec<u8>>,
    /// Where it runs; empty: where the service does.
    pub directory: Vec<u8>,
    /// `NAME=value` each.
    pub environment: Vec<Vec<u8>>,
}
