//! What happens to a service: everything comes through this door.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant};

use ganger::Report;
use ganger_store::{Answer, JobId, Order};
use tokio::sync::broadcast::Receiver;
use tokio::sync::oneshot;

use super::news::{Change, News};
use super::survey::Survey;
use crate::config::{QueueConfig, Runs};
use crate::queues::Queue;

/// How many events may wait. Clients are fewer; workers' reports beyond that wait where they are.
pub(crate) const AHEAD: usize = 1024;

/// Where a client hears what came of its order, once that is committed.
pub(crate) type Reply = oneshot::Sender<Result<Answer, Refusal>>;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A client wants something of jobs, queues or schedules.
    Ordered { order: Box<Order>, reply: Reply },
    /// A client waits for a job to be over.
    Awaited { job: JobId, reply: oneshot::Sender<()> },
    /// A client asks how long the queues are.
    Asked { reply: oneshot::Sender<Vec<Depth>> },
    /// Somebody wants to know how the service is.
    Surveyed { reply: oneshot::Sender<Survey> },
    /// The workers of a lane have something to tell.
    Reported { lane: usize, reports: VecDeque<Report> },
    /// From now on these are the queues, and their jobs are kept so long: they are told, or why they cannot be.
    Reloaded { queues: Vec<QueueConfig>, keep: Option<Duration>, reply: oneshot::Sender<Result<Vec<Queue>, String>> },
    /// The service is to end: what runs may go on until then.
    Drained { until: Instant },
}

/// How long a queue is.
#[derive(Clone, Debug)]
pub(crate) struct Depth {
    pub(crate) name: String,
    pub(crate) slots: usize,
    /// What its workers can do.
    pub(crate) runs: Runs,
    /// Wait for a slot,
    pub(crate) waiting: u64,
    /// for a moment,
    pub(crate) delayed: u64,
    /// for other jobs,
    pub(crate) blocked: u64,
    /// or to be resumed.
    pub(crate) held: u64,
    pub(crate) running: usize,
    /// Nothing of it begins.
    pub(crate) paused: bool,
}

/// Why a client's wish was not met.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// The service is about to end.
    Stopping,
    /// More happens than is written down.
    Busy,
    /// So many tasks wait in the queue, and no more may.
    Full { queue: String, most: u64 },
    /// The store cannot be written to: why.
    Disk(String),
}

/// Where clients' wishes are handed in.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    events: SyncSender<Event>,
    news: News,
}

impl Desk {
    pub(super) fn new(events: SyncSender<Event>, news: News) -> Self {
        Self { events, news }
    }

    /// What changes from now on.
    pub(crate) fn follow(&self) -> Receiver<Arc<Change>> {
        self.news.follow()
    }

    /// Once this is told, what was wanted is committed.
    pub(crate) async fn order(&self, order: Order) -> Result<Answer, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Ordered { order: Box::new(order), reply })?;
        answer.await.unwrap_or(Err(Refusal::Stopping))
    }

    /// Waits until a job is over, or there is none, or for so long.
    pub(crate) async fn wait(&self, job: JobId, patience: Duration) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Awaited { job, reply })?;
        // Which of the three it was is for the caller to see.
        let _ = tokio::time::timeout(patience, answer).await;
        Ok(())
    }

    pub(crate) async fn depths(&self) -> Result<Vec<Depth>, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Asked { reply })?;
        answer.await.map_err(|_| Refusal::Stopping)
    }

    /// None: the driver is gone, or does not answer in time.
    pub(crate) async fn survey(&self, patience: Duration) -> Option<Survey> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Surveyed { reply }).ok()?;
        tokio::time::timeout(patience, answer).await.ok()?.ok()
    }

    /// All or nothing.
    pub(crate) async fn reload(&self, queues: Vec<QueueConfig>, keep: Option<Duration>) -> Result<Vec<Queue>, String> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Reloaded { queues, keep, reply }).map_err(|_| "the service is busy: try again".to_owned())?;
        answer.await.unwrap_or_else(|_| Err("the service is about to end".to_owned()))
    }

    /// From a thread that may wait.
    pub(crate) fn drain(&self, until: Instant) {
        // A driver that is gone has nothing to drain.
        let _ = self.events.send(Event::Drained { until });
    }

    fn send(&self, event: Event) -> Result<(), Refusal> {
        self.events.try_send(event).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::Busy,
            TrySendError::Disconnected(_) => Refusal::Stopping,
        })
    }
}
