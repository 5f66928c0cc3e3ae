//! What will be done: flags → plan. The one place that looks at the world beforehand, so that what cannot work is told
//! before anything runs.

mod error;
mod lists;
mod grammar;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ganger_batch::{Grammar, Layout, Order, OutputMode, Plan, Style, Tag, Template, Work};

pub(crate) use error::PlanError;

use crate::flags::{OutputFlags, RunFlags, WorkerFlags};
use crate::jobs::{self, JobsFlag};
use crate::limits;
use crate::program;
use crate::worker;

/// Makes a plan of what was typed.
pub(crate) fn plan(flags: RunFlags) -> Result<Plan, PlanError> {
    let RunFlags { jobs, wd, inputs, arguments, output, failures, mut record, mut worker, words, .. } = flags;
    let jobs = limits::jobs(&flags.limits, jobs.map(how_many).transpose()?)?;
    let (command, lists) = lists::split(words, &inputs);
    let number = lists.len();
    let failed = record.retry_failed.then(|| crate::record::failed(&mut record)).transpose()?;
    let packing = grammar::packing(&arguments, jobs).filter(|_| failed.is_none());
    let (command, wd, source, grammar) = match failed {
        Some(failed) => {
            worker.worker |= failed.by_worker;
            (failed.words, wd.or(failed.dir), failed.inputs.into_iter().collect(), failed.grammar)
        }
        None => {
            let mut source = lists::open(lists, &inputs)?;
            let names = inputs.header.map_or(Ok(Vec::new()), |()| source.header()).map_err(PlanError::Header)?;
            let grammar = grammar::grammar(&arguments, &inputs, number, names, packing.as_ref());
            (command, wd, source, grammar)
        }
    };
    let record = crate::record::recording(record, &command, &grammar, worker.worker)?;
    let dir = wd.map(directory).transpose()?;
    let (verbose, output) = (output.verbose, output_mode(&output, &grammar, worker.worker)?);
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

/// `kept`: by a program that is kept, whose answers pass through our hands in any case.
fn output_mode(flags: &OutputFlags, grammar: &Grammar, kept: bool) -> Result<OutputMode, PlanError> {
    if flags.ungroup && !kept {
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
