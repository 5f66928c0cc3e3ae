//! `ganger logs` of a service's job: outputs as they were printed, or as they are.

use std::io::Write as _;
use std::thread;
use std::time::Duration;

use super::farewell::Farewell;
use super::orders;
use super::service::Service;
use super::tagged::{Printed, STREAMS};
use super::views::{self, Job, Story, Task, safe};
use super::wait;
use super::{AskError, Out};
use crate::flags::client::Target;
use crate::flags::look::{LogsFlags, TaskName, Which};

/// How often a task that runs is asked for more.
const OFTEN: Duration = Duration::from_millis(200);
/// So many tasks are listed at a time.
const PAGE: usize = 1000;

/// Task by task, in the order of their numbers.
pub(super) fn logs(flags: &LogsFlags, out: &mut Out) -> Result<u8, AskError> {
    if flags.of.store.json {
        return Err(AskError::OfStore { flag: "--json" });
    }
    let target = target(flags)?;
    let mut service = Service::open(&flags.door)?;
    let LogsFlags { attempt: which, failed, stderr, tag, follow, .. } = *flags;
    let printer = Printer { which, failed, first: usize::from(stderr), tag, follow };
    let _farewell = follow.then(|| Farewell::begin(wait::farewell(&[target.job]))).transpose()?;
    printer.print(&mut service, target, out).map(|()| 0)
}

/// What the tasks of a job print, until it is over.
pub(super) fn follow(service: &mut Service, job: u64, out: &mut Out) -> Result<(), AskError> {
    let printer = Printer { which: Which::Last, failed: false, first: 0, tag: false, follow: true };
    printer.print(service, Target { job, task: None }, out)
}

/// `7 3`, or `7.3`.
fn target(flags: &LogsFlags) -> Result<Target, AskError> {
    let text = &flags.of.job;
    let target: Target = text.parse().map_err(|_| AskError::NoNumber { text: text.clone() })?;
    match flags.task {
        None => Ok(target),
        Some(TaskName::Number(number)) => Ok(Target { task: Some(number), ..target }),
        Some(TaskName::Id(id)) => Err(AskError::NoNumber { text: format!("#{}", id.0) }),
    }
}

/// What is to be printed, and how long.
struct Printer {
    which: Which,
    failed: bool,
    /// Of the streams, this one and those behind it.
    first: usize,
    tag: bool,
    follow: bool,
}

impl Printer {
    fn print(&self, service: &mut Service, target: Target, out: &mut Out) -> Result<(), AskError> {
        if target.task.is_some() {
            return self.task(service, &orders::path(target), out);
        }
        let mut from = 1;
        loop {
            // Asked first: what comes after it was over is none of its.
            let job: Job = views::read(&service.get_patiently(&orders::path(target))?)?;
            let tasks = self.page(service, target.job, from)?;
            for task in &tasks {
                from = task.number + 1;
                self.task(service, &orders::path(Target { task: Some(task.number), ..target }), out)?;
            }
            match tasks.is_empty() {
                true if !self.follow || !job.open || job.is_over() => return Ok(()),
                true => thread::sleep(OFTEN),
                false => {}
            }
        }
    }

    fn page(&self, service: &mut Service, job: u64, from: u64) -> Result<Vec<Task>, AskError> {
        let state = if self.failed { "&state=failed" } else { "" };
        views::read(&service.get_patiently(&format!("/v1/jobs/{job}/tasks?from={from}&limit={PAGE}{state}"))?)
    }

    fn task(&self, service: &mut Service, path: &str, out: &mut Out) -> Result<(), AskError> {
        let story: Story = views::read(&service.get_patiently(path)?)?;
        let some = match self.which {
            Which::Last if self.follow => return self.follow(service, path, story, out),
            Which::Last => story.newest()..=story.newest(),
            Which::All => 1..=story.newest(),
            Which::Nth(nth) => nth as u64..=nth as u64,
        };
        for attempt in some.filter(|attempt| *attempt > 0) {
            let mut printed = self.printed(&story);
            self.attempt(service, path, attempt, &mut printed, out)?;
            printed.end(out)?;
        }
        Ok(())
    }

    /// The attempt that runs, and those that come, until the task is over.
    fn follow(&self, service: &mut Service, path: &str, mut story: Story, out: &mut Out) -> Result<(), AskError> {
        let (mut attempt, mut printed) = (story.newest().max(1), self.printed(&story));
        loop {
            if attempt <= story.newest() {
                self.attempt(service, path, attempt, &mut printed, out)?;
            }
            if story.task.is_over() {
                return printed.end(out);
            }
            if attempt <= story.ended() {
                attempt += 1;
                std::mem::replace(&mut printed, self.printed(&story)).end(out)?;
            }
            out.flush()?;
            thread::sleep(OFTEN);
            story = views::read(&service.get_patiently(path)?)?;
        }
    }

    fn printed(&self, story: &Story) -> Printed {
        Printed::new(self.tag.then(|| safe(&story.task.words.join(" "))))
    }

    /// What an attempt has printed beyond what has come.
    fn attempt(
        &self,
        service: &mut Service,
        path: &str,
        attempt: u64,
        printed: &mut Printed,
        out: &mut Out,
    ) -> Result<(), AskError> {
        for (stream, name) in STREAMS.iter().enumerate().skip(self.first) {
            let (output, had) = (format!("{path}/{name}?attempt={attempt}"), printed.had(stream));
            let bytes = service.patiently(|service| service.bytes(&output, had))?;
            printed.more(stream, &bytes, out)?;
        }
        Ok(())
    }
}
