//! What will be done: flags → plan. The one place that looks at the world beforehand, so that what cannot work is told
//! before anything runs.

mod error;
mod pipe_error;
mod lists;
mod blocks;
mod grammar;
mod service;
mod submission;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ganger::Sandbox;
use ganger_batch::{
    Args, Grammar, Halt, Join, Layout, Order, OutputMode, Plan, Recording, Slots, Style, Tag, Template, Throttle, Work,
};

pub(crate) use error::PlanError;
use lists::List;
pub(crate) use pipe_error::PipeError;
pub(crate) use service::{service, told as service_told};
pub(crate) use submission::{Expanded, expanded};

use crate::flags::{OutputFlags, RunFlags, WorkerFlags};
use crate::jobs::{self, JobsFlag};
use crate::limits;
use crate::program;
use crate::worker;

/// What a command is run with.
pub(crate) enum Given {
    /// Lists, each joined to those before it.
    Lists(Vec<(Join, List)>),
    /// The arguments of each task.
    Tasks(Vec<Args>),
    /// The same, of a command that is known with its replacement strings from a run before.
    Again(Vec<Args>, Grammar),
    /// No input: it runs once, as it stands.
    Nothing,
}

impl Given {
    /// Each combination of one of each list.
    pub(crate) fn lists(lists: Vec<Vec<OsString>>) -> Self {
        Given::Lists(lists.into_iter().map(|list| (Join::Product, List::Arguments(list))).collect())
    }

    /// The lines of a file.
    pub(crate) fn file(path: PathBuf) -> Self {
        Given::Lists(vec![(Join::Product, List::File(path))])
    }

    /// How many arguments a task has, if its inputs have no columns.
    fn width(&self) -> usize {
        match self {
            Given::Lists(lists) => lists.len(),
            Given::Tasks(tasks) | Given::Again(tasks, _) => tasks.iter().map(Args::len).max().unwrap_or(0),
            Given::Nothing => 0,
        }
    }
}

/// What concerns a run as a whole, whatever its jobs are.
pub(crate) struct Frame {
    pub(crate) slots: usize,
    pub(crate) halt: Halt,
    pub(crate) delay: Duration,
    pub(crate) output: OutputMode,
    pub(crate) verbose: bool,
    pub(crate) record: Recording,
    /// What the commands are kept from.
    pub(crate) sandbox: Option<Sandbox>,
    pub(crate) throttle: Throttle,
    /// Lists of values that commands have in turn.
    pub(crate) values: Vec<Slots>,
    /// How many processors each command has for itself.
    pub(crate) pinned: Option<usize>,
}

/// The frame of what was typed.
pub(crate) fn frame(flags: RunFlags) -> Result<Frame, PlanError> {
    let RunFlags { jobs, output, failures, mut record, limits, .. } = flags;
    // A name that was given stands before those of the jobs.
    record.name.get_or_insert_default();
    Ok(Frame {
        slots: limits::jobs(&limits, jobs.map(how_many).transpose()?)?,
        halt: failures.halt,
        delay: failures.delay,
        verbose: output.verbose,
        output: output_mode(&output, &Grammar::default(), false)?,
        record: crate::record::recording(record, &[], &Grammar::default(), false)?,
        throttle: limits::throttle(&limits),
        pinned: limits::pinned(&limits),
        values: limits.slots,
        sandbox: limits.sandbox,
    })
}

/// Makes a plan of what was typed.
pub(crate) fn plan(mut flags: RunFlags) -> Result<Plan, PlanError> {
    pipe_error::refuse(&flags)?;
    let (command, lists) = lists::split(std::mem::take(&mut flags.words), &flags.inputs);
    if !flags.record.retry_failed {
        return assemble(flags, command, Given::Lists(lists));
    }
    let failed = crate::record::failed(&mut flags.record)?;
    flags.worker.worker |= failed.by_worker;
    flags.wd = flags.wd.or(failed.dir);
    assemble(flags, failed.words, Given::Again(failed.inputs, failed.grammar))
}

/// Makes a plan of flags, a command and what it is run with.
pub(crate) fn assemble(flags: RunFlags, command: Vec<OsString>, given: Given) -> Result<Plan, PlanError> {
    let RunFlags { jobs, wd, inputs, pipe, arguments, output, failures, record, worker, .. } = flags;
    let jobs = limits::jobs(&flags.limits, jobs.map(how_many).transpose()?)?;
    let packing = grammar::packing(&arguments, jobs).filter(|_| !matches!(given, Given::Again(..)) && !pipe.is_used());
    let (width, is_once) = (given.width(), matches!(given, Given::Nothing));
    let fresh = |names| {
        let grammar = grammar::grammar(&arguments, &inputs, width, names, packing.as_ref());
        Grammar { append: grammar.append && !is_once, ..grammar }
    };
    let (source, grammar) = match given {
        Given::Lists(lists) if pipe.is_used() => {
            (blocks::open(lists, (&pipe, &inputs, &arguments), jobs)?, grammar::piped(&arguments))
        }
        Given::Lists(lists) => {
            let mut source = lists::open(lists, &inputs)?;
            let header = inputs.header.as_ref().map(|_| source.header());
            let names = header.unwrap_or(Ok(Vec::new())).map_err(PlanError::Header)?;
            (source, fresh(names))
        }
        Given::Tasks(tasks) => (tasks.into_iter().collect(), fresh(Vec::new())),
        Given::Again(tasks, grammar) => (tasks.into_iter().collect(), grammar),
        Given::Nothing => (std::iter::once(Args::none()).collect(), fresh(Vec::new())),
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

/// Looks at a command before there is anything that it could run with: its replacement strings, as far as they do not
/// depend on a header.
pub(crate) fn check(flags: &RunFlags, command: &[OsString], given: &Given) -> Result<Grammar, PlanError> {
    let grammar = grammar::grammar(&flags.arguments, &flags.inputs, given.width(), Vec::new(), None);
    let grammar = Grammar { append: grammar.append && !matches!(given, Given::Nothing), ..grammar };
    if flags.inputs.header.is_some() {
        return Ok(grammar);
    }
    match Template::with(&grammar, command)?.takes_inputs() && matches!(given, Given::Nothing) {
        true => Err(PlanError::NothingGiven),
        false => Ok(grammar),
    }
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
