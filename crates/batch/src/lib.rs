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

mod workflow;
pub use workflow::{Job, Planning, Workflow};

mod dag;
pub use dag::{Cycle, Graph, OnFailure};

mod input;
/// What stands between the columns of an input.
pub use regex::bytes::Regex;

pub use input::{
    Args, BlockSize, Blocks, Column, Columns, Groups, Input, Join, Packing, Reading, Separator, Source, Trim,
};

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

mod rehearsal;

mod expansion;
pub use expansion::{Expansion, Upcoming};

mod agenda;
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
pub use record::{Format, Recording, Results, Storage, failed_in_joblog, is_secret};

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

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;

use std::io::Write;

use ganger::CommandGroups;

use crate::agenda::Agenda;
use crate::engine::Gang;
use crate::gauges::Machine;
use crate::output::Output;
use crate::record::{Books, Ledger};
use crate::run::{Run, Settings};
use crate::slots::Places;
use crate::throttle::Valve;

/// Runs a plan, or several jobs, to the end: every command has ended, and every worker.
///
/// It claims SIGINT, SIGTERM, SIGHUP and SIGQUIT while it runs: the first lets what runs finish, the second asks it to
/// end, the third kills it, and so does SIGQUIT at once. SIGUSR1 and SIGUSR2 ask, and are answered by a [`Notice`]. [`ganger::init`] must have been called first in `main`. It is for a process that has no other
/// children: what loses its parent is taken for what is left of a command, and killed.
///
/// # Errors
/// What is no command's fault: inputs that cannot be read, no room on the disk, a pool that failed. Commands that fail
/// are counted in the [`Summary`].
pub fn run<'a>(
    workflow: impl Into<Workflow>,
    sinks: Sinks<'a>,
    observer: &'a mut dyn Observer,
) -> Result<Summary, Error> {
    let workflow = workflow.into();
    let (ahead, program, limits) = (workflow.ahead(), workflow.program(), workflow.limits());
    let Workflow {
        jobs,
        graph,
        slots,
        halt,
        delay,
        output,
        verbose,
        record,
        sandbox,
        throttle,
        values,
        pinned,
        control,
    } = workflow;
    let books = jobs.iter().map(Books::from).collect();
    let names: Vec<_> = jobs.iter().map(|job| job.name.clone()).collect();
    let mut agenda = Agenda::new(jobs, graph.clone());
    // No worker is started, and no signal claimed, before there is something to do.
    if let Some(end) = agenda.over_at_once(&control)? {
        return Ok(Summary { counts: Counts::default(), end });
    }
    // Nor is a store made for nothing.
    let ledger = Ledger::open(&record, books, graph)?;
    let places = Places::new(values, pinned, &ganger::cpu_numbers());
    let most = agenda.total().and_then(|total| usize::try_from(total).ok()).unwrap_or(slots);
    let jobs = slots.min(most).min(places.as_ref().map_or(slots, Places::count)).max(1);
    // Claimed before the workers are started, and given back when they have ended.
    let groups = limits.claim_groups();
    let ending = Some(limits::ending_time(&limits.ending)).filter(|_| !limits.ending.is_empty());
    let cgroup = groups.as_ref().map(CommandGroups::prefix);
    let settings = Settings { jobs, halt, delay, ahead, verbose, cgroup };
    let gang = Gang::start(jobs, program.as_ref(), ending, sandbox)?;
    control.listen(gang.ear());
    let output = match output {
        OutputMode::Ungrouped => None,
        OutputMode::Collected(layout) => {
            Some(Output::new(layout, sinks).of_jobs(names.iter().map(|name| name.as_deref())))
        }
    };
    let valve = Valve::new(throttle, Box::new(Machine));
    let run = Run::new(settings, gang, agenda, output, ledger, observer).held(control).throttled(valve).placed(places);
    let (ended, gang) = run.drive();
    let finished = gang.finish();
    drop(groups);
    ended.and_then(|summary| finished.map(|()| summary))
}

/// Writes the commands that [`run()`] would run, one a line, and runs none; of several jobs in an order in which they may
/// run, each under its name.
///
/// # Errors
/// When the inputs cannot be read or the commands not be written.
pub fn dry_run(workflow: impl Into<Workflow>, out: &mut dyn Write) -> Result<Summary, Error> {
    rehearsal::rehearse(workflow.into(), out)
}
