//! `ganger cancel`, `retry`, `pause`, `resume`, `drain`: a word to the service, and what it says to that.

use super::service::{Service, encoded};
use super::{AskError, Out, json};
use crate::flags::client::{HoldFlags, ServiceFlags, Target, TargetFlags};

/// One order to each of these, in turn: the first that is refused ends it.
pub(super) fn to_targets(flags: &TargetFlags, order: &str, out: &mut Out) -> Result<u8, AskError> {
    let paths = flags.targets.iter().map(|target| format!("{}/{order}", path(*target)));
    give(&flags.service, paths, out)
}

pub(super) fn hold(flags: &HoldFlags, order: &str, out: &mut Out) -> Result<u8, AskError> {
    let queues = flags.queue.iter().map(|name| format!("/v1/queues/{}/{order}", encoded(name)));
    let jobs = flags.jobs.iter().map(|job| format!("/v1/jobs/{job}/{order}"));
    give(&flags.service, queues.chain(jobs), out)
}

pub(super) fn drain(service: &ServiceFlags, out: &mut Out) -> Result<u8, AskError> {
    give(service, std::iter::once("/v1/drain".to_owned()), out)
}

fn give(flags: &ServiceFlags, paths: impl Iterator<Item = String>, out: &mut Out) -> Result<u8, AskError> {
    let mut service = Service::open(&flags.door)?;
    for path in paths {
        let said = service.order(&path)?;
        if flags.json {
            json(out, &said)?;
        }
    }
    Ok(0)
}

/// Where a job or a task is found.
pub(super) fn path(target: Target) -> String {
    match target.task {
        None => format!("/v1/jobs/{}", target.job),
        Some(task) => format!("/v1/jobs/{}/tasks/{task}", target.job),
    }
}
