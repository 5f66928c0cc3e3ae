//! How much may wait in a queue: what the store has of it, and what this turn brings.

use ganger_store::{Order, QueueId};

use super::Driver;
use super::event::Refusal;

impl Driver {
    /// Counts what an order would add to its queue, unless that is full: then that is why it is refused.
    pub(super) fn expect(&mut self, order: &Order) -> Option<Refusal> {
        let tasks = order.tasks()?.len();
        let queue = self.queue_of(order)?;
        let lane = self.lanes.iter_mut().find(|lane| lane.queue == queue && !lane.retired)?;
        let full = lane.is_full();
        if full.is_none() {
            lane.expect(tasks);
        }
        full
    }

    /// Whose tasks an order adds to: nobody's, if it only closes a job, or if that cannot be found, which its commit tells.
    fn queue_of(&self, order: &Order) -> Option<QueueId> {
        if let Order::Append { job, tasks, .. } = order {
            let bounded = self.lanes.iter().any(|lane| lane.config.max_waiting.is_some());
            return if bounded && !tasks.is_empty() { self.backlog.queue_of(*job).ok().flatten() } else { None };
        }
        order.job().map(|job| job.queue)
    }
}
