//! What is written together, and what comes of it.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::SystemTime;

use super::line::Hold;
use super::new_job::Policy;
use super::order::{Answer, Order};
use crate::record::Attempt;
use crate::words::{AttemptId, JobId, QueueId, RunId, State, Stream, TaskId};

/// What happens in one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// When; none: now.
    pub now: Option<SystemTime>,
    /// What clients want, in its order.
    pub orders: Vec<Order>,
    /// What attempts that are running have printed.
    pub printed: Vec<(AttemptId, Stream, Vec<u8>)>,
    /// Attempts that are over.
    pub ended: Vec<Ended>,
    /// How many tasks each queue may begin.
    pub wanted: Vec<(QueueId, usize)>,
}

impl Turn {
    /// Whether nothing happens in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { now: _, orders, printed, ended, wanted } = self;
        orders.is_empty() && printed.is_empty() && ended.is_empty() && wanted.is_empty()
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
    /// It waits for another attempt, which does not begin before then.
    Later(SystemTime),
    /// It waits as if there had been no attempt: that one was ended for no fault of its own.
    Back,
}

/// What came of a turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// What each order is answered, in their order.
    pub answers: Vec<Answer>,
    /// Tasks that may begin now.
    pub claimed: Vec<Claim>,
    /// What runs of these is to be ended.
    pub cancelled: Vec<Cancelled>,
    /// Jobs that are over now.
    pub over: Vec<JobId>,
    /// How many tasks more, or fewer, there are in each queue than before.
    pub depths: BTreeMap<QueueId, Change>,
    /// Whether a job stands in line, in the queues of which that is known now.
    pub lines: BTreeMap<QueueId, bool>,
    /// There is more to do even if nothing happens: another turn should follow.
    pub more: bool,
    /// When there will be: a turn then does it. Schedules are for the caller to look at, by [`Backlog::due`](super::Backlog::due).
    pub due: Option<SystemTime>,
}

/// What was cancelled while it may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// All of a job.
    Job(JobId),
    /// One task.
    Task(TaskId),
}

/// How many tasks more, or fewer, wait in a queue, and for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// For a slot.
    pub waiting: i64,
    /// For a moment: to be tried again, or for the first time.
    pub delayed: i64,
    /// For other jobs.
    pub blocked: i64,
    /// For somebody to resume their job, or to be cancelled with it.
    pub held: i64,
    /// How many of the tasks are new.
    pub added: u64,
}

impl Change {
    /// How many there are more, or fewer, whatever they wait for.
    #[must_use]
    pub fn total(&self) -> i64 {
        let Self { waiting, delayed, blocked, held, added: _ } = *self;
        waiting + delayed + blocked + held
    }

    /// Tasks in the state `waiting` of a job that this holds.
    pub(super) fn of(&mut self, hold: Option<Hold>) -> &mut i64 {
        match hold {
            None => &mut self.waiting,
            Some(Hold::Delayed) => &mut self.delayed,
            Some(Hold::Blocked) => &mut self.blocked,
            Some(Hold::Held) => &mut self.held,
        }
    }
}

impl AddAssign for Change {
    fn add_assign(&mut self, more: Self) {
        self.waiting += more.waiting;
        self.delayed += more.delayed;
        self.blocked += more.blocked;
        self.held += more.held;
        self.added = self.added.saturating_add(more.added);
    }
}

/// A task that may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which.
    pub task: TaskId,
    /// Of which job.
    pub job: JobId,
    /// Its number there, from 1.
    pub task_number: u64,
    /// Its job's run.
    pub run: RunId,
    /// Where it waited.
    pub queue: QueueId,
    /// The attempt that begins.
    pub attempt: AttemptId,
    /// Which one it is, from 1.
    pub number: u32,
    /// When its job was handed in.
    pub handed_in: SystemTime,
    /// When it begins.
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

impl Claim {
    /// Whether another attempt may follow this one, if its worker, or the service, died under it.
    #[must_use]
    pub fn may_be_lost_again(&self) -> bool {
        self.number < self.policy.losses
    }

    /// Whether another attempt may follow this one, if it has failed.
    #[must_use]
    pub fn may_fail_again(&self) -> bool {
        self.number < self.policy.failures
    }

    /// The program with its arguments.
    #[must_use]
    pub fn argv(&self) -> Vec<&[u8]> {
        self.command.iter().chain(&self.args).map(Vec::as_slice).collect()
    }
}
