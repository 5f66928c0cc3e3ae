//! What the driver has committed.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ganger_store::{Accepted, Answer, Claim, Done, End, Ended, Fate, QueueId, Turn};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::InQueue;

/// How an attempt ended, of which queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEnd {
    queue: String,
    end: &'static str,
}

/// What became of a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    queue: String,
    state: &'static str,
}

/// Counts turns, and what is in them. A clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct TurnMetrics {
    /// A service has a handful of queues. The configuration may name others while it works.
    queues: Arc<RwLock<Vec<(QueueId, InQueue)>>>,
    jobs: Family<InQueue, Counter>,
    tasks: Family<InQueue, Counter>,
    began: Family<InQueue, Counter>,
    attempts: Family<OfEnd, Counter>,
    over: Family<OfState, Counter>,
    again: Family<InQueue, Counter>,
    wait: Family<InQueue, Histogram>,
    wall: Family<InQueue, Histogram>,
    printed: Counter,
    jobs_over: Counter,
    commits: Histogram,
    failed_commits: Counter,
}

/// From a millisecond to a month and a half.
fn tasks_time() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 4.0, 12))
}

impl TurnMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            queues: Arc::default(),
            jobs: Family::default(),
            tasks: Family::default(),
            began: Family::default(),
            attempts: Family::default(),
            over: Family::default(),
            again: Family::default(),
            wait: Family::new_with_constructor(tasks_time),
            wall: Family::new_with_constructor(tasks_time),
            printed: Counter::default(),
            jobs_over: Counter::default(),
            // From an overwrite in memory to a disk that is busy: 50 µs to 1.6 s.
            commits: Histogram::new(exponential_buckets(0.000_05, 2.0, 16)),
            failed_commits: Counter::default(),
        };
        metrics.clone().register_all(registry);
        metrics
    }

    /// From now on that queue is counted, if it was not before.
    pub(crate) fn serve(&self, id: QueueId, name: &str) {
        let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        if queues.iter().all(|(known, _)| *known != id) {
            let queue = InQueue { queue: name.to_owned() };
            // A counter that appears with its first event hides that event.
            self.touch(&queue);
            queues.push((id, queue));
        }
    }

    fn register_all(self, registry: &mut Registry) {
        registry.register("jobs_accepted", "Jobs that were accepted", self.jobs);
        registry.register("tasks_accepted", "Tasks of jobs that were accepted", self.tasks);
        registry.register("attempts_begun", "Attempts that have begun", self.began);
        registry.register("attempts", "Attempts that are over, by how they ended", self.attempts);
        registry.register("tasks", "Tasks that were run and are over, by what became of them", self.over);
        registry.register("retries", "Tasks that wait again, since an attempt failed", self.again);
        let help = "From when a job was handed in to the first attempt at each of its tasks, delays included";
        registry.register_with_unit("queue_wait", help, Unit::Seconds, self.wait);
        registry.register_with_unit("task_wall", "How long attempts took", Unit::Seconds, self.wall);
        registry.register_with_unit("printed", "Output that is kept", Unit::Bytes, self.printed);
        registry.register("jobs_over", "Jobs that are over", self.jobs_over);
        registry.register_with_unit("store_commit", "How long commits took", Unit::Seconds, self.commits);
        registry.register("store_commits_failed", "Commits that the disk refused", self.failed_commits);
    }

    fn touch(&self, queue: &InQueue) {
        for family in [&self.jobs, &self.tasks, &self.began, &self.again] {
            drop(family.get_or_create(queue));
        }
        drop((self.wait.get_or_create(queue), self.wall.get_or_create(queue)));
        for state in ["succeeded", "failed"] {
            drop(self.over.get_or_create(&OfState { queue: queue.queue.clone(), state }));
        }
    }

    pub(crate) fn committed(&self, turn: &Turn, done: &Done, took: Duration) {
        self.commits.observe(took.as_secs_f64());
        self.accepted(turn, done);
        turn.ended.iter().for_each(|ended| self.ended(ended));
        self.printed.inc_by(turn.printed.iter().map(|(_, _, bytes)| bytes.len() as u64).sum());
        self.jobs_over.inc_by(done.over.len() as u64);
        done.claimed.iter().for_each(|claim| self.began(claim));
    }

    fn began(&self, claim: &Claim) {
        self.of(claim.queue, |queue| {
            self.began.get_or_create(queue).inc();
            if claim.number == 1 {
                let waited = claim.began.duration_since(claim.handed_in).unwrap_or_default();
                self.wait.get_or_create(queue).observe(waited.as_secs_f64());
            }
        });
    }

    pub(crate) fn refused(&self) {
        self.failed_commits.inc();
    }

    fn accepted(&self, turn: &Turn, done: &Done) {
        for (order, answer) in turn.orders.iter().zip(&done.answers) {
            if let (Some(job), Answer::Accepted(Accepted { existing: false, .. })) = (order.job(), answer) {
                self.of(job.queue, |queue| _ = self.jobs.get_or_create(queue).inc());
            }
        }
        for (queue, change) in &done.depths {
            self.of(*queue, |queue| _ = self.tasks.get_or_create(queue).inc_by(change.added));
        }
    }

    fn ended(&self, ended: &Ended) {
        self.of(ended.claim.queue, |queue| {
            let end = if ended.attempt.end == End::Exit(0) { "succeeded" } else { ended.attempt.end.kind() };
            self.attempts.get_or_create(&OfEnd { queue: queue.queue.clone(), end }).inc();
            self.wall.get_or_create(queue).observe(ended.attempt.used.wall.as_secs_f64());
            match ended.fate {
                Fate::Over(state) => {
                    let state = state.word();
                    self.over.get_or_create(&OfState { queue: queue.queue.clone(), state }).inc();
                }
                Fate::Again | Fate::Later(_) => _ = self.again.get_or_create(queue).inc(),
                Fate::Back => {}
            }
        });
    }

    fn of(&self, id: QueueId, count: impl FnOnce(&InQueue)) {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, queue)) = queues.iter().find(|(known, _)| *known == id) {
            count(queue);
        }
    }
}
