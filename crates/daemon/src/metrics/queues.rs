//! How long the queues are, and who works them off: looked at when somebody asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::InQueue;
use super::processes::resident;
use crate::driver::{LaneSurvey, Survey};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWorkers {
    queue: String,
    state: &'static str,
}

#[derive(Clone, Debug, Default)]
pub(super) struct QueueMetrics {
    waiting: Family<InQueue, Gauge>,
    delayed: Family<InQueue, Gauge>,
    blocked: Family<InQueue, Gauge>,
    held: Family<InQueue, Gauge>,
    running: Family<InQueue, Gauge>,
    paused: Family<InQueue, Gauge>,
    oldest: Family<InQueue, Gauge<f64, AtomicU64>>,
    slots: Family<InQueue, Gauge>,
    workers: Family<OfWorkers, Gauge>,
    starts: Family<InQueue, Counter>,
    memory: Family<InQueue, Gauge>,
    accepts: Gauge,
    disk_refuses: Gauge,
}

impl QueueMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let Self { waiting, delayed, blocked, held, running, paused, oldest, .. } = metrics.clone();
        let Self { slots, workers, starts, memory, accepts, disk_refuses, .. } = metrics.clone();
        registry.register("queue_waiting_tasks", "Tasks that wait for a slot", waiting);
        registry.register(
            "queue_delayed_tasks",
            "Tasks whose time has not come, or that are tried again later",
            delayed,
        );
        registry.register("queue_blocked_tasks", "Tasks of jobs that wait for others", blocked);
        registry.register("queue_held_tasks", "Tasks of jobs that are paused", held);
        registry.register("queue_running_tasks", "Tasks that run", running);
        registry.register("queue_paused", "1: nothing of the queue begins", paused);
        let help = "How long ago the oldest job was handed in of which a task may begin; 0: there is none";
        registry.register_with_unit("queue_oldest", help, Unit::Seconds, oldest);
        registry.register("queue_slots", "How many tasks may run at a time", slots);
        registry.register("workers", "Workers that are idle, busy, or missing", workers);
        registry.register("worker_starts", "Workers that were started: what is more than slots are restarts", starts);
        registry.register_with_unit("workers_resident_memory", "Workers' memory in RAM", Unit::Bytes, memory);
        registry.register("accepting", "1: jobs are accepted; 0: the service is about to end", accepts);
        registry.register("store_refuses", "1: the disk refuses to write, and nothing new begins", disk_refuses);
        metrics
    }

    /// Since when the oldest job of a queue waits, if any does.
    pub(super) fn set_oldest(&self, queue: &str, since: Option<SystemTime>) {
        let age = since.and_then(|since| since.elapsed().ok()).unwrap_or_default();
        self.oldest.get_or_create(&InQueue { queue: queue.to_owned() }).set(age.as_secs_f64());
    }

    pub(super) fn set(&self, survey: &Survey) {
        self.accepts.set(i64::from(survey.accepts));
        self.disk_refuses.set(i64::from(survey.disk_refuses));
        survey.lanes.iter().for_each(|lane| self.set_lane(lane));
    }

    fn set_lane(&self, lane: &LaneSurvey) {
        let LaneSurvey { depth, pids, starts } = lane;
        let queue = InQueue { queue: depth.name.clone() };
        let set = |family: &Family<InQueue, Gauge>, number: u64| {
            family.get_or_create(&queue).set(i64::try_from(number).unwrap_or(i64::MAX));
        };
        set(&self.waiting, depth.waiting);
        set(&self.delayed, depth.delayed);
        set(&self.blocked, depth.blocked);
        set(&self.held, depth.held);
        set(&self.running, depth.running as u64);
        set(&self.paused, depth.paused.into());
        set(&self.slots, depth.slots as u64);
        // The pool counts them; it has more than before.
        self.starts.get_or_create(&queue).inner().store(*starts, Ordering::Relaxed);
        set(&self.memory, pids.iter().map(|pid| resident(&pid.to_string())).sum());
        let busy = depth.running.min(pids.len());
        let states = [("busy", busy), ("idle", pids.len() - busy), ("missing", depth.slots.saturating_sub(pids.len()))];
        for (state, number) in states {
            let of = OfWorkers { queue: depth.name.clone(), state };
            self.workers.get_or_create(&of).set(number as i64);
        }
    }
}
