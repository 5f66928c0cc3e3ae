//! How much may wait in a queue: what the store has of it, and what this turn brings.

use ganger_store::{JobId, Order, QueueId};

use super::Driver;
use super::event::Refusal;

impl Driver {
    /// Counts what an order would add to its queue, unless that is full: then that is why it is refused.
    pub(super) fn expect(&mut self, order: &Order) -> Option<Refusal> {
        let (queue, tasks) = self.brings(order)?;
        let lane = self.lanes.iter_mut().find(|lane| lane.queue == queue && !lane.retired)?;
        let Some(full) = lane.is_full() else {
            lane.expect(tasks);
            return None;
        };
        if self.is_there(order) { None } else { Some(full) }
    }

    /// How many tasks an order adds to those that wait, and where. What cannot be found its commit tells.
    fn brings(&self, order: &Order) -> Option<(QueueId, usize)> {
        if let Some(job) = order.job() {
            return Some((job.queue, job.tasks.len()));
        }
        if let Order::Append { job, tasks, .. } = order {
            return if tasks.is_empty() { None } else { Some((self.bounded(*job)?, tasks.len())) };
        }
        let (Order::Retry(job) | Order::RetryTask(job, _)) = order else { return None };
        let queue = self.bounded(*job)?;
        let over = self.backlog.to_retry(*job).ok().filter(|tasks| *tasks > 0)?;
        let all = usize::try_from(over).unwrap_or(usize::MAX);
        Some((queue, if matches!(order, Order::Retry(_)) { all } else { 1 }))
    }

    /// The queue of a job, if any queue has a bound.
    fn bounded(&self, job: JobId) -> Option<QueueId> {
        let bounded = self.lanes.iter().any(|lane| lane.config.max_waiting.is_some());
        if bounded { self.backlog.queue_of(job).ok().flatten() } else { None }
    }

    /// Whether a job has the key of the one that is handed in: that is the answer, and nothing is added.
    fn is_there(&self, order: &Order) -> bool {
        let key = order.job().and_then(|job| job.unique.as_ref()).map(|unique| unique.key.as_str());
        key.is_some_and(|key| self.backlog.has_key(key).unwrap_or(false))
    }
}
