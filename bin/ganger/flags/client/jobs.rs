//! Jobs that a service has: looked at, waited for, changed.

use std::fmt;
use std::str::FromStr;

use clap::Args;

use super::ServiceFlags;

/// Show a service's jobs, the newest first, or one of them.
#[derive(Debug, Args)]
pub(crate) struct StatusFlags {
    /// So many jobs at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,

    /// Only of this queue
    #[arg(long, value_name = "NAME", conflicts_with = "job")]
    pub(crate) queue: Option<String>,

    /// Only in this state: waiting, delayed, held, blocked, open, running, stopping, succeeded, failed, stopped
    #[arg(long, value_name = "STATE", conflicts_with = "job")]
    pub(crate) state: Option<String>,

    /// Only those that are called so
    #[arg(long, value_name = "NAME", conflicts_with = "job")]
    pub(crate) name: Option<String>,

    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    /// The job's number
    #[arg(value_name = "JOB", value_parser = job)]
    pub(crate) job: Option<u64>,
}

/// Wait until jobs of a service are over.
///
/// The exit status is that of ganger run, for all tasks of these jobs. Ctrl-C ends the waiting, and the jobs go on. A service
/// that is started anew meanwhile is waited for, two minutes at most.
#[derive(Debug, Args)]
pub(crate) struct WaitFlags {
    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    /// The jobs' numbers
    #[arg(value_name = "JOB", required = true, value_parser = job)]
    pub(crate) jobs: Vec<u64>,
}

/// Jobs, or single tasks of them.
#[derive(Debug, Args)]
pub(crate) struct TargetFlags {
    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    /// A job's number, or JOB.TASK for one of its tasks
    #[arg(value_name = "JOB[.TASK]", required = true)]
    pub(crate) targets: Vec<Target>,
}

/// Jobs or queues.
#[derive(Debug, Args)]
pub(crate) struct HoldFlags {
    /// A whole queue
    #[arg(long, value_name = "NAME", required_unless_present = "jobs")]
    pub(crate) queue: Vec<String>,

    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    /// The jobs' numbers
    #[arg(value_name = "JOB", value_parser = job)]
    pub(crate) jobs: Vec<u64>,
}

/// List the tasks that have failed for good, the newest first, with the reason; ganger retry JOB.TASK sends one again.
#[derive(Debug, Args)]
pub(crate) struct DeadFlags {
    /// Only of this queue
    #[arg(long, value_name = "NAME")]
    pub(crate) queue: Option<String>,

    /// So many at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,

    /// How many have failed for which reason
    #[arg(long, conflicts_with = "limit")]
    pub(crate) causes: bool,

    #[command(flatten)]
    pub(crate) service: ServiceFlags,
}

/// A job, or a task of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) job: u64,
    /// From 1.
    pub(crate) task: Option<u64>,
}

pub(super) fn job(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "a job has a number: ganger status lists them")
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (job, task) = text.split_once('.').map_or((text, None), |(job, task)| (job, Some(task)));
        let read = || Some(Self { job: job.parse().ok()?, task: task.map(str::parse).transpose().ok()? });
        read().filter(|target| target.task != Some(0)).ok_or("it is a job's number, or JOB.TASK, as in 7.3")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task {
            None => write!(f, "{}", self.job),
            Some(task) => write!(f, "{}.{task}", self.job),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_they_are_told() {
        for text in ["7", "7.3"] {
            assert_eq!(text.parse::<Target>().expect(text).to_string(), text);
        }
        for text in ["", "7.", "7.0", ".3", "a", "7.3.1", "-1"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
