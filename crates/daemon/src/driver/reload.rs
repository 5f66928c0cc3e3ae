//! Other queues than before, while those that there are work on.
//!
//! A queue whose workers are to be others gets a lane beside the one that it has: the old one begins nothing more, and goes
//! when what it runs has ended. So nothing is lost, and nothing begins anew. Until then the two share the queue's slots.

use std::thread;
use std::time::{Duration, Instant};

use super::lane::Lane;
use super::{Depth, Driver};
use crate::config::QueueConfig;
use crate::error::ServeError;

impl Driver {
    /// From now on these are the queues. If the workers of one cannot be started, nothing changes.
    pub(super) fn on_reloaded(&mut self, queues: Vec<QueueConfig>, keep: Option<Duration>) -> Result<(), String> {
        let fresh = self.fresh(&queues).map_err(|error| error.to_string())?;
        for lane in self.lanes.iter_mut().filter(|lane| !lane.retired) {
            let replaced = fresh.iter().any(|fresh| fresh.queue == lane.queue);
            match queues.iter().find(|queue| queue.name == lane.config.name) {
                Some(queue) if !replaced => lane.reconfigure(queue),
                other => lane.retire(other.is_some()),
            }
        }
        self.lanes.extend(fresh);
        self.keep(keep).map_err(|error| error.to_string())?;
        self.tell_unserved().map_err(|error| error.to_string())
    }

    /// Lanes for those queues that have none, or one of other workers.
    fn fresh(&mut self, queues: &[QueueConfig]) -> Result<Vec<Lane>, ServeError> {
        let has_workers = |queue: &QueueConfig| {
            self.lanes
                .iter()
                .any(|lane| !lane.retired && lane.config.name == queue.name && lane.config.has_workers_of(queue))
        };
        let wanted: Vec<_> = queues.iter().filter(|queue| !has_workers(queue)).cloned().collect();
        wanted.iter().map(|queue| self.lane(queue)).collect()
    }

    /// How long jobs are remembered that do not say so themselves, those among them that are over.
    fn keep(&mut self, keep: Option<Duration>) -> Result<(), ServeError> {
        self.keep = keep;
        for lane in self.lanes.iter().filter(|lane| !lane.retired) {
            self.backlog.remember(lane.queue, keep)?;
        }
        // The store says in its next turn when there is something to forget.
        self.more = true;
        Ok(())
    }

    /// Starts the workers of a queue.
    pub(super) fn lane(&mut self, queue: &QueueConfig) -> Result<Lane, ServeError> {
        let id = self.backlog.queue(&queue.name)?;
        self.numbered += 1;
        let mut lane = Lane::start(queue, &self.recipe, id, self.numbered, &self.sender)?;
        lane.take_over(self.backlog.depth(id)?);
        self.backlog.remember(id, self.keep)?;
        self.metrics.turns().serve(id, &queue.name);
        Ok(lane)
    }

    /// How long the queues are: what a lane runs that was replaced counts with the one that it was replaced by.
    pub(super) fn depths(&self) -> Vec<Depth> {
        let with_those_before = |lane: &Lane| {
            let before = self.lanes.iter().filter(|other| other.retired && other.queue == lane.queue);
            Depth { running: lane.running() + before.map(Lane::running).sum::<usize>(), ..lane.depth() }
        };
        self.lanes.iter().filter(|lane| !lane.retired).map(with_those_before).collect()
    }

    /// Tells which tasks wait for nobody.
    pub(super) fn tell_unserved(&self) -> Result<(), ServeError> {
        let served = |name: &String| self.lanes.iter().any(|lane| !lane.retired && lane.config.name == *name);
        for name in self.backlog.queues_in_use()?.iter().filter(|name| !served(name)) {
            log::error!("tasks wait in queue {name:?}, which nobody works off: give it to the service as well");
        }
        Ok(())
    }

    /// How many tasks a lane may begin, beside those that run in one that it replaces.
    pub(super) fn room(&self, lane: &Lane) -> usize {
        let before = self.lanes.iter().filter(|other| other.retired && other.queue == lane.queue);
        lane.room().min(lane.config.slots.saturating_sub(lane.running() + before.map(Lane::running).sum::<usize>()))
    }

    /// Lets go of lanes that have nothing to do any more.
    pub(super) fn bury(&mut self) {
        for lane in self.lanes.extract_if(.., |lane| lane.retired && lane.is_idle()) {
            lane.close();
            // It may take a moment, for which nobody waits.
            drop(thread::spawn(move || lane.finish(Instant::now() + Lane::FINISHING)));
        }
    }
}

impl Lane {
    /// The same workers go on, by other rules.
    fn reconfigure(&mut self, queue: &QueueConfig) {
        if self.config != *queue {
            log::info!("queue {}: it has other rules", queue.name);
            self.set_config(queue.clone());
        }
    }

    fn retire(&mut self, replaced: bool) {
        self.retired = true;
        let (name, running) = (&self.config.name, self.running());
        match replaced {
            true => log::info!("queue {name}: it gets other workers; {running} tasks end with the ones that it had"),
            false => log::warn!(
                "queue {name}: it is gone; {running} tasks end, {} wait until it is there again",
                self.waiting.total().max(0)
            ),
        }
    }
}
