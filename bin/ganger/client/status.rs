//! `ganger status`: the jobs of a service, or one of them.

use std::io::Write as _;

use super::service::{Service, encoded};
use super::views::{self, Job, moment, safe};
use super::{AskError, Out, json};
use crate::flags::client::StatusFlags;
use crate::look::plain;
use crate::show;

pub(super) fn status(flags: &StatusFlags, out: &mut Out) -> Result<u8, AskError> {
    let mut service = Service::open(&flags.service.door)?;
    let found = match flags.job {
        Some(job) => service.get(&format!("/v1/jobs/{job}"))?,
        None => service.get(&query(flags))?,
    };
    if flags.service.json {
        return json(out, &found);
    }
    match flags.job {
        Some(_) => one(&views::read(&found)?, out)?,
        None => list(&views::read::<Vec<Job>>(&found)?, flags, out)?,
    }
    Ok(0)
}

fn query(flags: &StatusFlags) -> String {
    let filters = [("queue", &flags.queue), ("state", &flags.state), ("name", &flags.name)];
    let given = filters.into_iter().filter_map(|(field, text)| Some(format!("&{field}={}", encoded(text.as_ref()?))));
    format!("/v1/jobs?limit={}{}", flags.limit, given.collect::<String>())
}

fn list(jobs: &[Job], flags: &StatusFlags, out: &mut Out) -> Result<(), AskError> {
    if jobs.is_empty() {
        let filtered = [&flags.queue, &flags.state, &flags.name].into_iter().any(Option::is_some);
        show::message(if filtered { "the service has no such job" } else { "the service has no jobs" });
        return Ok(());
    }
    let rows: Vec<_> = std::iter::once(HEAD.map(str::to_owned).into()).chain(jobs.iter().map(cells)).collect();
    Ok(out.write_all(plain::table(&rows, &[0, 5]).as_bytes())?)
}

const HEAD: [&str; 8] = ["JOB", "NAME", "STATE", "QUEUE", "HANDED IN", "TOOK", "TASKS", "COMMAND"];

fn cells(job: &Job) -> Vec<String> {
    vec![
        job.id.to_string(),
        safe(&job.name),
        job.shown_state(),
        safe(&job.queue),
        plain::moment(moment(job.created)),
        job.took().map(plain::duration).unwrap_or_default(),
        job.tasks.shown(),
        safe(&job.command),
    ]
}

/// A line for each thing that there is to say.
fn one(job: &Job, out: &mut Out) -> Result<(), AskError> {
    let when = |seconds: Option<f64>| seconds.map(|seconds| plain::moment(moment(seconds)));
    let held = if job.paused && !job.is_over() { " (ganger resume lets it go on)" } else { "" };
    let open = if job.open { " (open: ganger append adds more)" } else { "" };
    let rows = [
        ("job", Some(format!("{}: {}", job.id, safe(&job.name)))),
        ("state", Some(format!("{}{held}", job.shown_state()))),
        ("because", job.reason.as_deref().map(safe)),
        ("tasks", Some(format!("{}{open}", job.tasks.shown()))),
        ("queue", Some(format!("{}, priority {}", safe(&job.queue), job.priority))),
        ("handed in", when(Some(job.created))),
        ("not before", when(job.due)),
        ("after", (!job.after.is_empty()).then(|| job.after.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))),
        ("begun", when(job.started)),
        ("over", when(job.ended)),
        ("took", job.took().map(plain::duration)),
        ("key", job.key.as_deref().map(safe)),
        ("schedule", job.schedule.as_deref().map(safe)),
        ("command", Some(safe(&job.command))),
    ];
    for (what, value) in rows {
        if let Some(value) = value {
            writeln!(out, "{what:<10}  {value}")?;
        }
    }
    Ok(())
}
