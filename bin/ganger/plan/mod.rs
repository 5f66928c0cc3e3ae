//! What will be done: flags → plan. The one place that looks at the world beforehand, so that what cannot work is told
//! before anything runs.

mod error;
mod lists;
mod grammar;

use std::fs;
use std::io;
use std::path::PathBuf;

use ganger_batch::{Grammar, Layout, Order, OutputMode, Plan, Style, Tag, Template};

pub(crate) use error::PlanError;

use crate::flags::{OutputFlags, RunFlags};
use crate::jobs::{self, Jobs, JobsFlag};
use crate::program;

/// Makes a plan of what was typed.
pub(crate) fn plan(flags: RunFlags) -> Result<Plan, PlanError> {
    let RunFlags { jobs, wd, inputs, arguments, output, failures, mut record, words, .. } = flags;
    let jobs = how_many(jobs)?;
    let (command, lists) = lists::split(words, &inputs);
    let number = lists.len();
    let failed = record.retry_failed.then(|| crate::record::failed(&mut record)).transpose()?;
    let (command, wd, mut source) = match failed {
        Some(failed) => (failed.words, wd.or(failed.dir), failed.inputs.into_iter().collect()),
        None => (command, wd, lists::open(lists, &inputs)?),
    };
    let record = crate::record::recording(record, &command)?;
    let names = inputs.header.map_or(Ok(Vec::new()), |()| source.header()).map_err(PlanError::Header)?;
    let packing = grammar::packing(&arguments, jobs);
    let grammar = grammar::grammar(&arguments, &inputs, number, names, packing.as_ref());
    let template = Template::with(&grammar, &command)?;
    let dir = wd.map(directory).transpose()?;
    if let Some(program) = template.program() {
        program::find(program, dir.as_deref())?;
    }
    Ok(Plan {
        packing,
        shuffle: inputs.shuf,
        jobs,
        dir,
        attempts: failures.retries,
        timeout: failures.timeout,
        halt: failures.halt,
        delay: failures.delay,
        record,
        verbose: output.verbose,
        output: output_mode(&output, &grammar)?,
        ..Plan::new(template, source)
    })
}

fn output_mode(flags: &OutputFlags, grammar: &Grammar) -> Result<OutputMode, PlanError> {
    if flags.ungroup {
        return Ok(OutputMode::Ungrouped);
    }
    let tag = match &flags.tagstring {
        Some(text) => Some(Tag::with(grammar, text)?),
        None => flags.tag.then_some(Tag::INPUTS),
    };
    let style = if flags.line_buffer { Style::Lines } else { Style::Grouped };
    let order = if flags.keep_order { Order::OfInput } else { Order::AsFinished };
    Ok(OutputMode::Collected(Layout { style, order, tag }))
}

/// How many jobs at a time; a file that says so is read once.
fn how_many(flag: Option<JobsFlag>) -> Result<usize, PlanError> {
    let jobs = match flag {
        None => Jobs::Percent(100.0),
        Some(JobsFlag::Given(jobs)) => jobs,
        Some(JobsFlag::File(path)) => {
            let read = fs::read_to_string(&path).map_err(|error| format!("{error}; {}", jobs::wrong()));
            let parsed = read.and_then(|text| text.trim().parse());
            parsed.map_err(|why| PlanError::Jobs { path, why })?
        }
    };
    Ok(jobs.of(ganger::cpu_count()))
}

/// The directory's absolute path: workers need not stand where we do.
fn directory(path: PathBuf) -> Result<PathBuf, PlanError> {
    let absolute = path.canonicalize().and_then(|absolute| match absolute.is_dir() {
        true => Ok(absolute),
        false => Err(io::ErrorKind::NotADirectory.into()),
    });
    absolute.map_err(|source| PlanError::Directory { path, source })
}
