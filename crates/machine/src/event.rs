//! All that can happen, and all that can be done.

use std::sync::Arc;
use std::time::Duration;

use ganger_proto::message::Verdict;
use ganger_proto::outcome::{Exit, NotStarted, PoolFailure, StartError};
use ganger_proto::policy::TaskPolicy;
use ganger_proto::{TaskId, WorkerId};

/// A point on the pool's own time: nanoseconds of a monotonic clock since the pool began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// The moment `since_start` after the pool began.
    #[must_use]
    pub fn new(since_start: Duration) -> Self {
        Self(u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX))
    }

    /// The time from `earlier` to this; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The time since the pool began.
    #[must_use]
    pub fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// All that can happen. Deaths, messages, signals, deadlines and callers arrive through the same door.
#[derive(Clone, Debug)]
pub enum Event {
    /// A caller hands in a task. Its id must not be in use.
    Submitted {
        /// Its id.
        task: TaskId,
        /// How it is to be treated.
        policy: Arc<TaskPolicy>,
    },
    /// A caller wants a task to end now, even if that takes the death of its worker.
    Cancelled {
        /// Its id; unknown and settled ones are ignored.
        task: TaskId,
    },
    /// A worker has run its initializer.
    Ready {
        /// Which.
        worker: WorkerId,
    },
    /// A worker could not be started, or ended before it was ready for a reason other than its initializer.
    StartFailed {
        /// Which; it is gone.
        worker: WorkerId,
        /// Why.
        error: StartError,
    },
    /// A worker's initializer failed, and the worker is gone.
    InitFailed {
        /// Which; it is gone.
        worker: WorkerId,
        /// The initializer's error.
        error: String,
    },
    /// A worker finished a task.
    Finished {
        /// Which worker.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
        /// How.
        verdict: Verdict,
        /// How long it ran.
        took: Duration,
    },
    /// The answer to [`Action::TakeBack`]: the worker had not begun the task, and never will.
    TakenBack {
        /// From which worker.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
    },
    /// The other answer to [`Action::TakeBack`]: the worker has begun the task (and may have finished it since).
    Kept {
        /// By which worker.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
    },
    /// A worker that had been ready is gone; all that it had sent was told before.
    WorkerGone {
        /// Which.
        worker: WorkerId,
        /// The task that it was in, by its own word.
        current: Option<TaskId>,
        /// How it ended.
        exit: Exit,
    },
    /// How much memory a worker has in use.
    Memory {
        /// Which worker.
        worker: WorkerId,
        /// Resident bytes.
        resident: u64,
    },
    /// From now on the pool is to have so many workers, if those are more than it has slots.
    Grown {
        /// How many.
        workers: u32,
    },
    /// A deadline may have come: see [`Machine::next_deadline`](crate::Machine::next_deadline).
    Tick,
    /// The supervisor itself stood still for so long: deadlines move by as much.
    Stalled {
        /// For how long.
        time: Duration,
    },
    /// No new tasks; what was accepted is finished, then the workers end.
    Close,
    /// First Ctrl-C: hand out nothing more, cancel what waits, let what runs finish, then the workers end.
    Interrupt,
    /// Second Ctrl-C: TERM to every worker, KILL after the grace.
    Terminate,
    /// Third Ctrl-C: KILL to every worker.
    Kill,
}

/// All that can be done. The driver turns each into a deed, in order.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an action that is dropped is never done"]
pub enum Action {
    /// Start a worker; answered by `Ready`, `StartFailed` or `InitFailed`.
    Start {
        /// Its id, new.
        worker: WorkerId,
        /// Its slot, 1 ..= workers; a replacement inherits it.
        slot: u32,
    },
    /// Hand a task to a worker, behind those that it was handed before.
    Send {
        /// To which worker.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
        /// Which try, from 1.
        attempt: u32,
    },
    /// Take a task back that the worker may not have begun; answered by `TakenBack` or `Kept`.
    TakeBack {
        /// From which worker.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
    },
    /// Ask a running task to stop: its soft time limit has passed.
    AskToStop {
        /// Which worker runs it.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
    },
    /// Tell a worker to end when what it holds is done; answered by `WorkerGone`.
    Retire {
        /// Which.
        worker: WorkerId,
    },
    /// TERM and CONT to a worker and its process group; answered by `WorkerGone`.
    Terminate {
        /// Which.
        worker: WorkerId,
    },
    /// KILL to a worker and its process group; answered by `WorkerGone` (or by `StartFailed` before it is ready).
    Kill {
        /// Which.
        worker: WorkerId,
    },
    /// Tell the outcome of a task. Its id is free again.
    Settle {
        /// Which.
        task: TaskId,
        /// How it ended.
        end: End,
    },
    /// The pool goes on with fewer workers than it was to have, for want of something. Told once.
    Understaffed {
        /// How many it has.
        workers: u32,
        /// What there is too little of, and the remedy.
        error: String,
    },
    /// The pool gave up: refuse further tasks. What waited is settled, what runs is being killed.
    Failed(PoolFailure),
    /// Every task is settled and every worker gone: the driver may end.
    Closed,
}

/// How a task ended, as far as the machine knows: the driver adds the bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// As the `Finished` event that is being handled says.
    Finished,
    /// Its worker died under it on every attempt; how, the last one last.
    Crashed(Vec<Exit>),
    /// It ran for longer than this limit.
    TimedOut(Duration),
    /// It was cancelled.
    Cancelled,
    /// It never ran.
    NotStarted(NotStarted),
}
