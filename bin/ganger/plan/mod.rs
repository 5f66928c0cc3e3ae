//! What will be done: flags → plan. The one place that looks at the world beforehand, so that what cannot work is told
//! before anything runs.

mod error;
mod pipe_error;
mod lists;
mod blocks;
mod grammar;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ganger_batch::{Grammar, Layout, Order, OutputMode, Plan, Style, Tag, Template, Work};

pub(crate) use error::PlanError;
pub(crate) use pipe_error::PipeError;

use crate::flags::{OutputFlags, RunFlags, WorkerFlags};
use crate::jobs::{self, JobsFlag};
use crate::limits;
use crate::program;
use crate::worker;

/// Makes a plan of what was typed.
pub(crate) fn plan(flags: RunFlags) -> Result<Plan, PlanError> {
    pipe_error::refuse(&flags)?;
    let RunFlags { jobs, wd, inputs, pipe, arguments, output, failures, mut record, mut worker, words, .. } = flags;
    let jobs = limits::jobs(&flags.limits, jobs.map(how_many).transpose()?)?;
    let (command, lists) = lists::split(words, &inputs);
    let number = lists.len();
    let failed = record.retry_failed.then(|| crate::record::failed(&mut record)).transpose()?;
    let packing = grammar::packing(&arguments, jobs).filter(|_| failed.is_none() && !pipe.is_used());
    let (command, wd, source, grammar) = match failed {
        Some(failed) => {
            worker.worker |= failed.by_worker;
            (failed.words, wd.or(failed.dir), failed.inputs.into_iter().collect(), failed.grammar)
        }
        None if pipe.is_used() => {
            let source = blocks::open(lists, (&pipe, &inputs, &arguments), jobs)?;
            (command, wd, source, grammar::piped(&arguments))
        }
        None => {
            let mut source = lists::open(lists, &inputs)?;
            let header = inputs.header.as_ref().map(|_| source.header());
            let names = header.unwrap_or(Ok(Vec::new())).map_err(PlanError::Header)?;
            let grammar = grammar::grammar(&arguments, &inputs, number, names, packing.as_ref());
            (command, wd, source, grammar)
        }
    };
    let collects = worker.worker || record.results.is_some();
    let record = crate::record::recording(record, &command, &grammar, worker.worker)?;
    let dir = wd.map(directory).transpose()?;
    let (verbose, output) = (output.verbose, output_mode(&output, &grammar, collects)?);
    let work = work(&worker, &grammar, command, dir.as_deref())?;
    let plan = Plan {
        packing,
        shuffle: inputs.shuf,
        jobs,
        dir,
        attempts: failures.retries,
        timeout: failures.timeout,
        halt: failures.halt,
        delay: failures.delay,
        record,
        count_first: flags.progress.eta,
        verbose,
        output,
        ..Plan::new(work, source)
    };
    if pipe.is_used() && plan.needs_total() {
        return Err(PipeError::Total.into());
    }
    Ok(limits::set(plan, flags.limits))
}

fn work(flags: &WorkerFlags, grammar: &Grammar, command: Vec<OsString>, dir: Option<&Path>) -> Result<Work, PlanError> {
    if flags.worker {
        return worker::plan(flags, command, dir).map(Work::Program);
    }
    let template = Template::with(grammar, &command)?;
    template.program().map(|program| program::find(program, dir)).transpose()?;
    Ok(Work::Command(template))
}

/// `collects`: it must pass through our hands in any case, as answers of a program that is kept, or to be kept itself.
fn output_mode(flags: &OutputFlags, grammar: &Grammar, collects: bool) -> Result<OutputMode, PlanError> {
    if flags.ungroup && !collects {
        return Ok(OutputMode::Ungrouped);
    }
    let tag = match &flags.tagstring {
        Some(text) => Some(Tag::with(grammar, text)?),
        None => flags.tag.then_some(Tag::INPUTS),
    };
    let style = if flags.line_buffer || flags.ungroup { Style::Lines } else { Style::Grouped };
    let order = if flags.keep_order { Order::OfInput } else { Order::AsFinished };
    Ok(OutputMode::Collected(Layout { style, order, tag }))
}

/// How many jobs at a time; a file that says so is read once.
fn how_many(flag: JobsFlag) -> Result<usize, PlanError> {
    let jobs = match flag {
        JobsFlag::Given(jobs) => jobs,
        JobsFlag::File(path) => {
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
