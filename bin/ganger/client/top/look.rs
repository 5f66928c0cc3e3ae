//! What is seen of a service at once.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::super::AskError;
use super::super::service::Service;
use super::super::views::{self, Job, Queue, Task, safe};
use crate::look::plain;

/// So many jobs, the newest.
const JOBS: usize = 100;

/// Of the tasks of a job so many in each state that is of interest.
const TASKS: usize = 50;
const OF_INTEREST: [&str; 3] = ["running", "failed", "stopped"];

/// Its queues and its newest jobs.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) queues: Vec<Queue>,
    pub(super) jobs: Vec<Job>,
    /// Of the job that is opened, what runs and what went wrong.
    pub(super) tasks: Vec<Task>,
    pub(super) when: SystemTime,
    /// As it came.
    pub(super) said: Value,
}

impl Look {
    /// `open`: the job whose tasks are of interest.
    pub(super) fn at(service: &mut Service, open: Option<u64>) -> Result<Self, AskError> {
        let tasks = open.map_or(Ok(Vec::new()), |job| tasks(service, job))?;
        let (queues, jobs) = (service.get("/v1/queues")?, service.get(&format!("/v1/jobs?limit={JOBS}"))?);
        Ok(Self {
            queues: views::read(&queues)?,
            jobs: views::read(&jobs)?,
            tasks,
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
            let Queue { name, slots, waiting, running, delayed, blocked, held, paused } = queue;
            let paused = if *paused { " (paused)" } else { "" };
            let others = [(delayed, "delayed"), (blocked, "blocked"), (held, "held")];
            let others = others.into_iter().filter(|(tasks, _)| **tasks > 0);
            let others: String = others.map(|(tasks, word)| format!(", {tasks} {word}")).collect();
            format!("{}{paused}: {running} of {slots} run, {waiting} wait{others}", safe(name))
        });
        format!("{}  {}", plain::moment(self.when), queues.collect::<Vec<_>>().join("; "))
    }
}

fn tasks(service: &mut Service, job: u64) -> Result<Vec<Task>, AskError> {
    let mut tasks = Vec::new();
    for state in OF_INTEREST {
        let found = service.get(&format!("/v1/jobs/{job}/tasks?state={state}&limit={TASKS}"))?;
        tasks.extend(views::read::<Vec<Task>>(&found)?);
    }
    Ok(tasks)
}
