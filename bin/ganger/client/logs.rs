//! `ganger logs` of a service's job: outputs as they were printed, or as they are.

use std::io::{self, Write as _};
use std::thread;
use std::time::Duration;

use super::farewell::Farewell;
use super::orders;
use super::service::Service;
use super::views::{self, Job, Story, Task};
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
    let refused = [("--tag", flags.tag), ("--json", flags.of.store.json)];
    if let Some((flag, _)) = refused.into_iter().find(|(_, given)| *given) {
        return Err(AskError::OfStore { flag });
    }
    let target = target(flags)?;
    let mut service = Service::open(&flags.door)?;
    let printer =
        Printer { which: flags.attempt, failed: flags.failed, streams: streams(flags.stderr), follow: flags.follow };
    let _farewell = flags.follow.then(|| Farewell::begin(wait::farewell(&[target.job]))).transpose()?;
    printer.print(&mut service, target, out).map(|()| 0)
}

/// What the tasks of a job print, until it is over.
pub(super) fn follow(service: &mut Service, job: u64, out: &mut Out) -> Result<(), AskError> {
    let printer = Printer { which: Which::Last, failed: false, streams: streams(false), follow: true };
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

fn streams(stderr: bool) -> &'static [&'static str] {
    if stderr { &["stderr"] } else { &["stdout", "stderr"] }
}

/// What is to be printed, and how long.
struct Printer {
    which: Which,
    failed: bool,
    streams: &'static [&'static str],
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
        some.filter(|attempt| *attempt > 0)
            .try_for_each(|attempt| self.attempt(service, path, attempt, &mut [0; 2], out))
    }

    /// The attempt that runs, and those that come, until the task is over.
    fn follow(&self, service: &mut Service, path: &str, mut story: Story, out: &mut Out) -> Result<(), AskError> {
        let (mut attempt, mut had) = (story.newest().max(1), [0; 2]);
        loop {
            if attempt <= story.newest() {
                self.attempt(service, path, attempt, &mut had, out)?;
            }
            if story.task.is_over() {
                return Ok(());
            }
            if attempt <= story.ended() {
                (attempt, had) = (attempt + 1, [0; 2]);
            }
            out.flush()?;
            thread::sleep(OFTEN);
            story = views::read(&service.get_patiently(path)?)?;
        }
    }

    /// What an attempt has printed beyond what was `had`, of each stream.
    fn attempt(
        &self,
        service: &mut Service,
        path: &str,
        attempt: u64,
        had: &mut [u64; 2],
        out: &mut Out,
    ) -> Result<(), AskError> {
        for (stream, had) in self.streams.iter().zip(had) {
            let output = format!("{path}/{stream}?attempt={attempt}");
            let bytes = service.patiently(|service| service.bytes(&output, *had))?;
            *had += bytes.len() as u64;
            pass_on(stream, &bytes, out)?;
        }
        Ok(())
    }
}

/// In the order in which they came, where both go to the same place.
fn pass_on(stream: &str, bytes: &[u8], out: &mut Out) -> Result<(), AskError> {
    if stream == "stdout" {
        out.write_all(bytes)?;
    } else if !bytes.is_empty() {
        out.flush()?;
        io::stderr().write_all(bytes)?;
    }
    Ok(())
}
