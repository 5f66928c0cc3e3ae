//! What has changed, for those who follow it.
//!
//! The driver tells it and goes on: it waits for nobody. Who falls behind is told how much was missed, and looks for itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use ganger_store::{Answer, AttemptId, Done, JobId, Order, TaskId, Turn};
use tokio::sync::broadcast::{self, Receiver};

/// How many turns may be untold before the oldest is dropped.
const BEHIND: usize = 1024;

/// What a turn has changed: where to look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) jobs: BTreeSet<JobId>,
    pub(crate) tasks: BTreeSet<(JobId, TaskId)>,
    /// Attempts that have printed.
    pub(crate) printed: BTreeSet<AttemptId>,
}

/// Where it is told.
#[derive(Clone, Debug)]
pub(crate) struct News(broadcast::Sender<Arc<Change>>);

impl News {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }

    /// From now on.
    pub(super) fn follow(&self) -> Receiver<Arc<Change>> {
        self.0.subscribe()
    }

    /// A turn was committed. It costs nothing while nobody follows.
    pub(super) fn tell(&self, turn: &Turn, done: &Done) {
        if self.0.receiver_count() > 0 {
            // That the last of them has gone meanwhile is no matter.
            let _ = self.0.send(Arc::new(Change::of(turn, done)));
        }
    }
}

impl Change {
    fn of(turn: &Turn, done: &Done) -> Self {
        let ended = turn.ended.iter().map(|ended| &ended.claim);
        let tasks: BTreeSet<_> = ended.chain(&done.claimed).map(|claim| (claim.job, claim.task)).collect();
        let ordered = turn.orders.iter().zip(&done.answers).filter_map(|(order, answer)| job_of(order, answer));
        let jobs = tasks.iter().map(|(job, _)| *job).chain(ordered).chain(done.over.iter().copied()).collect();
        Self { jobs, tasks, printed: turn.printed.iter().map(|(attempt, ..)| *attempt).collect() }
    }

    /// Whether a job has changed, and not by some of its tasks.
    pub(crate) fn is_of_the_whole(&self, job: JobId) -> bool {
        let first_task = (job, TaskId(i64::MIN));
        let by_tasks = self.tasks.range(first_task..).next().is_some_and(|(of, _)| *of == job);
        self.jobs.contains(&job) && !by_tasks
    }

    /// Takes what another turn has changed.
    pub(crate) fn join(&mut self, other: &Self) {
        self.jobs.extend(&other.jobs);
        self.tasks.extend(&other.tasks);
        self.printed.extend(&other.printed);
    }
}

/// The job that an order was about.
fn job_of(order: &Order, answer: &Answer) -> Option<JobId> {
    match order {
        Order::Submit(_) | Order::Fire(_) => match answer {
            Answer::Accepted(accepted) => Some(accepted.job),
            Answer::Appended(_) | Answer::Done | Answer::Missing(_) | Answer::Conflict(_) => None,
        },
        Order::Append { job, .. }
        | Order::Close(job)
        | Order::Cancel(job)
        | Order::Retry(job)
        | Order::Pause(job)
        | Order::Resume(job)
        | Order::Forget(job)
        | Order::CancelTask(job, _)
        | Order::RetryTask(job, _) => Some(*job),
        Order::PauseQueue(_)
        | Order::ResumeQueue(_)
        | Order::Schedule(_)
        | Order::Unschedule(_)
        | Order::PauseSchedule(_)
        | Order::ResumeSchedule { .. } => None,
    }
}
