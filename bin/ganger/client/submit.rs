//! `ganger submit`: inputs become tasks here, and go over as they come.
//!
//! ```text
//!  inputs ─► Expansion ─► chunk ─► POST /v1/jobs               all of them, if they fit
//!                          │  └──► POST /v1/jobs {open: true}   the first
//!                          └─────► POST /v1/jobs/7/tasks        each of the others, and the last closes it
//! ```
//! No more than a chunk is in memory, however many inputs there are, unless they are wanted in a random order.

use std::io::Write as _;

use serde_json::{Value, json};

use super::chunks::{Chunk, Chunks, TASKS};
use super::farewell::Farewell;
use super::service::Service;
use super::views::{self, Job};
use super::wish;
use super::{AskError, Out, logs, wait};
use crate::flags::client::SubmitFlags;
use crate::plan::{self, Expanded};
use crate::verbs;

pub(super) fn submit(mut flags: SubmitFlags, out: &mut Out) -> Result<u8, AskError> {
    let words = std::mem::take(&mut flags.words);
    flags.wish.name = flags.wish.name.or_else(|| wish::script_name(&words));
    let expanded = plan::expanded(words, &flags.inputs, &flags.arguments)?;
    let mut service = Service::open(&flags.service.door)?;
    verbs::explain_inputs(expanded.typed, expanded.runs_its_inputs, expanded.as_code.as_ref());
    let mut job = wish::job(&mut service, &flags.wish, expanded.expansion.prefix())?;
    wish::conditions(&flags, &mut job)?;
    let farewell = Farewell::begin("no job was made".to_owned())?;
    let receipts = hand_over(&mut service, job, Chunks::new(expanded), &farewell)?;
    for receipt in &receipts {
        writeln!(out, "{}", if flags.service.json { receipt } else { &receipt["id"] })?;
    }
    out.flush()?;
    let jobs: Vec<u64> = receipts.iter().filter_map(|receipt| receipt["id"].as_u64()).collect();
    farewell.change(wait::farewell(&jobs));
    if flags.follow {
        jobs.iter().try_for_each(|job| logs::follow(&mut service, *job, out))?;
    }
    if flags.follow || flags.wait {
        wait::until_over(&mut service, &jobs).map(|jobs| wait::status(&jobs))
    } else {
        Ok(0)
    }
}

/// What the service said of the job when it had all of it; of several, where it is one that can add nothing to a job.
fn hand_over(
    service: &mut Service,
    mut job: Value,
    mut chunks: Chunks,
    farewell: &Farewell,
) -> Result<Vec<Value>, AskError> {
    let mut first = chunks.next()?;
    if first.tasks.is_empty() {
        return Err(AskError::NothingToDo);
    }
    let stays_open = job["open"] == json!(true);
    if stays_open {
        // A command alone is no task yet.
        first.tasks.retain(|words| !words.is_empty());
    }
    job["tasks"] = json!(first.tasks);
    if first.is_last {
        return Ok(vec![service.post("/v1/jobs", &job)?]);
    }
    let mut open = job.clone();
    open["open"] = json!(true);
    let mut receipt = match service.post("/v1/jobs", &open) {
        Err(AskError::Refused { status: 400, detail }) if detail.contains("`open`") && !stays_open => {
            return apart(service, job, chunks);
        }
        told => told?,
    };
    // The job that has the key already gets nothing from us.
    if receipt["existing"] != json!(true) {
        let (id, mut sent) = (receipt["id"].as_u64().unwrap_or_default(), first.tasks.len() as u64);
        farewell.change(format!("job {id} stays open for more tasks; ganger cancel {id} ends it"));
        let appended = append(service, id, chunks, &mut sent, stays_open);
        appended.map_err(|why| AskError::unfinished(id, sent, why))?;
        receipt["tasks"] = json!(sent);
    }
    Ok(vec![receipt])
}

/// A job for each chunk. `job` is the first.
fn apart(service: &mut Service, mut job: Value, mut chunks: Chunks) -> Result<Vec<Value>, AskError> {
    let mut receipts = vec![service.post("/v1/jobs", &job)?];
    loop {
        let chunk = chunks.next()?;
        if !chunk.tasks.is_empty() {
            job["tasks"] = json!(chunk.tasks);
            receipts.push(service.post("/v1/jobs", &job)?);
        }
        if chunk.is_last {
            return Ok(receipts);
        }
    }
}

fn append(
    service: &mut Service,
    job: u64,
    mut chunks: Chunks,
    sent: &mut u64,
    stays_open: bool,
) -> Result<(), AskError> {
    loop {
        let chunk = chunks.next()?;
        let closes = chunk.is_last && !stays_open;
        if !chunk.tasks.is_empty() {
            add(service, job, &chunk.tasks, closes, *sent)?;
        } else if closes {
            service.order(&format!("/v1/jobs/{job}/close"))?;
        }
        *sent += chunk.tasks.len() as u64;
        if chunk.is_last {
            return Ok(());
        }
    }
}

/// Adds tasks to a job that has so many, once: where the answer is lost, the job tells whether it has got them.
fn add(service: &mut Service, job: u64, tasks: &[Vec<String>], close: bool, sent: u64) -> Result<(), AskError> {
    let body = json!({"tasks": tasks, "close": close});
    loop {
        match service.post(&format!("/v1/jobs/{job}/tasks"), &body) {
            Err(AskError::Lost { .. }) => {
                let found: Job = views::read(&service.get_patiently(&format!("/v1/jobs/{job}"))?)?;
                if found.tasks.total > sent {
                    return Ok(());
                }
            }
            told => return told.map(drop),
        }
    }
}

/// All tasks of a job that is kept as one piece.
pub(super) fn all_tasks(expanded: Expanded) -> Result<Vec<Vec<String>>, AskError> {
    let Chunk { tasks, is_last } = Chunks::new(expanded).next()?;
    match (tasks.is_empty(), is_last) {
        (true, _) => Err(AskError::NothingToDo),
        (false, true) => Ok(tasks),
        (false, false) => Err(AskError::TooMany { most: TASKS }),
    }
}
