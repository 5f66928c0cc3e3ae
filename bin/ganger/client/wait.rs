//! `ganger wait`: until jobs are over.

use super::farewell::Farewell;
use super::service::Service;
use super::views::{self, Job};
use super::{AskError, Out, json};
use crate::flags::client::WaitFlags;

/// How long the service is asked to wait at a time, in seconds.
const WAIT: u32 = 50;

pub(super) fn wait(flags: &WaitFlags, out: &mut Out) -> Result<u8, AskError> {
    let mut service = Service::open(&flags.service.door)?;
    let _farewell = Farewell::begin(farewell(&flags.jobs))?;
    // What is no job is told now, and not when those before it are over.
    flags.jobs.iter().try_for_each(|job| service.get(&format!("/v1/jobs/{job}")).map(drop))?;
    let jobs = until_over(&mut service, &flags.jobs)?;
    if flags.service.json {
        flags.jobs.iter().try_for_each(|job| json(out, &service.get(&format!("/v1/jobs/{job}"))?).map(drop))?;
    }
    Ok(status(&jobs))
}

/// The jobs when they are over. A service that is started anew meanwhile is waited for.
pub(super) fn until_over(service: &mut Service, jobs: &[u64]) -> Result<Vec<Job>, AskError> {
    jobs.iter().map(|job| one_over(service, *job)).collect()
}

fn one_over(service: &mut Service, job: u64) -> Result<Job, AskError> {
    loop {
        let job: Job = views::read(&service.get_patiently(&format!("/v1/jobs/{job}?wait={WAIT}"))?)?;
        if job.is_over() {
            return Ok(job);
        }
    }
}

/// As of `ganger run`: how many commands failed or were cancelled, to 100; 101: more.
pub(super) fn status(jobs: &[Job]) -> u8 {
    let failed: u64 = jobs.iter().map(|job| job.tasks.failed + job.tasks.stopped).sum();
    u8::try_from(failed.min(101)).unwrap_or(101)
}

/// What those who stop waiting are told.
pub(super) fn farewell(jobs: &[u64]) -> String {
    let numbers = jobs.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    let what = if jobs.len() == 1 { "the job goes on" } else { "the jobs go on" };
    format!("{what} without you; ganger wait {numbers} waits again, ganger cancel {numbers} ends what is left")
}
