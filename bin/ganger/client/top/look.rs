//! What is seen of a service at once.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::super::AskError;
use super::super::service::Service;
use super::super::views::{self, Job, Queue, safe};
use crate::look::plain;

/// So many jobs, the newest.
const JOBS: usize = 100;

/// Its queues and its newest jobs.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) queues: Vec<Queue>,
    pub(super) jobs: Vec<Job>,
    pub(super) when: SystemTime,
    /// As it came.
    pub(super) said: Value,
}

impl Look {
    pub(super) fn at(service: &mut Service) -> Result<Self, AskError> {
        let (queues, jobs) = (service.get("/v1/queues")?, service.get(&format!("/v1/jobs?limit={JOBS}"))?);
        Ok(Self {
            queues: views::read(&queues)?,
            jobs: views::read(&jobs)?,
            when: SystemTime::now(),
            said: json!({"queues": queues, "jobs": jobs}),
        })
    }

    /// How many tasks run, and how many wait.
    pub(super) fn tasks(&self) -> (u64, u64) {
        let sum = |of: fn(&Queue) -> u64| self.queues.iter().map(of).sum();
        (sum(|queue| queue.running), sum(|queue| queue.waiting))
    }

    /// `2026-11-21 23:50:01  default: 2 of 4 run, 17 wait; big (paused): 0 of 1 run, 3 wait`
    pub(super) fn line(&self) -> String {
        let queues = self.queues.iter().map(|queue| {
            let Queue { name, slots, waiting, running, paused } = queue;
            let paused = if *paused { " (paused)" } else { "" };
            format!("{}{paused}: {running} of {slots} run, {waiting} wait", safe(name))
        });
        format!("{}  {}", plain::moment(self.when), queues.collect::<Vec<_>>().join("; "))
    }
}
