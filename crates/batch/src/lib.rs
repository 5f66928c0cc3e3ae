//! `ganger run`: a command over many inputs, by supervised worker processes.
//!
//! ```text
//!  ① input ─► template ─► Command ─► ② run ─► the pool's workers ③
//!     a record   parsed once           window, halt, time limits │ reports
//!  summary ◄── observer ◄────────────── ④ output ◄───────────────┘
//!     counts, exit status                groups, lines, order; what waits is spilled
//! ```
//!
//! What was typed and where it is printed are for the program around it: this crate takes a [`Plan`], two [`Sinks`] and
//! an [`Observer`], and gives a [`Summary`].

mod plan;
pub use plan::{Layout, Order, OutputMode, Plan, Style};

mod input;
/// What stands between the columns of an input.
pub use regex::bytes::Regex;

pub use input::{Args, Columns, Input, Join, Packing, Reading, Source, Trim};

mod edit;

mod form;

mod grammar;
pub use grammar::Grammar;

mod braces;
pub use braces::UnknownReplacement;

mod shell;
pub use shell::is_script;

mod script;
pub use script::InputsAsCode;

mod template;
pub use template::{Tag, Template, TemplateError};

mod work;
pub use work::{Work, WorkerProgram};

mod replay;
pub use replay::{Replay, quoted};

mod engine;

mod run;

mod halt;
pub use halt::{Halt, Limit, What, When};

mod amounts;
pub use amounts::{parse_duration, parse_size};

mod timeout;
pub use timeout::Timeout;

mod limits;
pub use limits::{Growth, Limits, parse_ending};

mod gauges;

mod throttle;
pub use throttle::{Load, Throttle, Waiting};

mod slots;
pub use slots::Slots;

mod verdict;

mod record;
pub use record::{Recording, Storage, failed_in_joblog, is_secret};

mod output;
pub use output::Sinks;

mod spill;

mod observer;
pub use observer::{Cause, Notice, Observer, Progress};

mod control;
pub use control::Control;

mod snapshot;
pub use snapshot::{Ended, InHand, Snapshot};

mod summary;
pub use summary::{Counts, End, Summary};

mod error;
pub use error::Error;

use std::io::Write;
use std::time::Duration;

use ganger::{CommandGroups, Stream, TaskOptions};

use crate::engine::Gang;
use crate::gauges::Machine;
use crate::input::Next;
use crate::output::Output;
use crate::record::Ledger;
use crate::run::{Run, Settings};
use crate::slots::Places;
use crate::throttle::Valve;

/// Runs a plan to its end: every command has ended, and every worker.
///
/// It claims SIGINT, SIGTERM, SIGHUP and SIGQUIT while it runs: the first lets what runs finish, the second asks it to
/// end, the third kills it, and so does SIGQUIT at once. SIGUSR1 and SIGUSR2 ask, and are answered by a [`Notice`]. [`ganger::init`] must have been called first in `main`. It is for a process that has no other
/// children: what loses its parent is taken for what is left of a command, and killed.
///
/// # Errors
/// What is no command's fault: inputs that cannot be read, no room on the disk, a pool that failed. Commands that fail
/// are counted in the [`Summary`].
pub fn run<'a>(plan: Plan, sinks: Sinks<'a>, observer: &'a mut dyn Observer) -> Result<Summary, Error> {
    let Plan {
        work,
        input: mut source,
        jobs,
        dir,
        attempts,
        backoff,
        timeout,
        halt,
        delay,
        output,
        verbose,
        record,
        limits,
        throttle,
        slots,
        control,
        ..
    } = opened(plan);
    // No worker is started, and no signal claimed, before there is something to do.
    if !wait_for_first(&mut source, &control) {
        return Ok(Summary { counts: Counts::default(), end: End::Interrupted });
    }
    if source.total() == Some(0) {
        let nothing = Summary { counts: Counts::default(), end: End::Complete };
        return source.next().map(|_| nothing).map_err(Error::from);
    }
    // Nor is a store made for nothing.
    let ledger = Ledger::open(&record, dir.as_deref())?;
    let places = Places::new(slots, limits.pinned, &ganger::cpu_numbers());
    let most = source.total().and_then(|total| usize::try_from(total).ok()).unwrap_or(jobs);
    let jobs = jobs.min(most).min(places.as_ref().map_or(jobs, Places::count)).max(1);
    // Claimed before the workers are started, and given back when they have ended.
    let groups = limits.claim_groups();
    let ending = Some(limits::ending_time(&limits.ending)).filter(|_| !limits.ending.is_empty());
    let cgroup = groups.as_ref().map(CommandGroups::prefix);
    let settings = Settings { work, jobs, dir, attempts, timeout, halt, delay, verbose, backoff, limits, cgroup };
    // A command whose worker died is tried again like any task; how often one that failed is, was asked for.
    let failures = if settings.counts_attempts() { 1 } else { attempts };
    let options = TaskOptions::new().failure_attempts(failures).crash_attempts(attempts.max(3)).backoff(backoff);
    let gang = Gang::start(jobs, options, &settings.work, settings.dir.as_deref(), ending)?;
    control.listen(gang.ear());
    let output = match output {
        OutputMode::Ungrouped => None,
        OutputMode::Collected(layout) => Some(Output::new(layout, sinks)),
    };
    let valve = Valve::new(throttle, Box::new(Machine));
    let run = Run::new(settings, gang, source, output, ledger, observer).held(control).throttled(valve).placed(places);
    let (ended, gang) = run.drive();
    let finished = gang.finish();
    drop(groups);
    ended.and_then(|summary| finished.map(|()| summary))
}

/// Waits for the first input, or the end of all. False: whoever holds the run has ended it before.
fn wait_for_first(source: &mut Source, control: &Control) -> bool {
    const GLANCE: Duration = Duration::from_millis(50);
    if !control.is_held() {
        source.wait_for_first();
    }
    while !source.has_first() {
        if control.is_interrupted() {
            return false;
        }
        source.wait(GLANCE);
    }
    true
}

/// Writes the commands that [`run()`] would run, one a line, and runs none.
///
/// # Errors
/// When the inputs cannot be read or the commands not be written.
pub fn dry_run(plan: Plan, out: &mut dyn Write) -> Result<Summary, Error> {
    let Plan { work, input: mut source, .. } = opened(plan);
    let mut end = None;
    while end.is_none() {
        match source.next()? {
            Next::Ready(task) => {
                end = written(out.write_all(&work.show(&task, source.total())))?;
            }
            Next::NotYet => source.wait(Duration::MAX),
            Next::End => end = Some(End::Complete),
        }
    }
    Ok(Summary { counts: Counts::default(), end: end.unwrap_or(End::Complete) })
}

/// Whether anybody still reads what we write.
fn written(result: std::io::Result<()>) -> Result<Option<End>, Error> {
    match result.map_err(|source| Error::write(Stream::Stdout, source)) {
        Ok(()) => Ok(None),
        Err(error) if error.is_closed_output() => Ok(Some(End::OutputClosed)),
        Err(error) => Err(error),
    }
}

/// The plan with its inputs read as far as it must know them beforehand.
fn opened(mut plan: Plan) -> Plan {
    let Plan { work, input: source, packing, .. } = &mut plan;
    if let Some(packing) = packing {
        source.pack(*packing, work.measure());
    }
    if plan.shuffle {
        plan.input.shuffle();
    } else if plan.count_first || plan.halt.needs_total() || plan.work.needs_total() {
        plan.input.gather();
    }
    plan
}
