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
pub use input::Input;

mod form;

mod braces;
pub use braces::UnknownReplacement;

mod shell;

mod script;
pub use script::InputsAsCode;

mod template;
pub use template::{Template, TemplateError};

mod engine;

mod run;

mod halt;
pub use halt::{Halt, Limit, What, When};

mod timeout;
pub use timeout::{Timeout, parse_duration};

mod verdict;

mod record;
pub use record::{Recording, Storage, failed_in_joblog};

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

use ganger::{Stream, TaskOptions};

use crate::engine::Gang;
use crate::input::{Next, Source};
use crate::output::Output;
use crate::record::Ledger;
use crate::run::{Run, Settings};

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
    let Plan { template, input, shuffle, jobs, dir, attempts, backoff, timeout, halt, delay, output, record, .. } =
        plan;
    let control = plan.control;
    let mut source = open(input, shuffle, halt.needs_total() || plan.count_first);
    // No worker is started, and no signal claimed, before there is something to do.
    if !wait_for_input(&mut source, &control) {
        return Ok(Summary { counts: Counts::default(), end: End::Interrupted });
    }
    if source.total() == Some(0) {
        let nothing = Summary { counts: Counts::default(), end: End::Complete };
        return source.next().map(|_| nothing).map_err(Error::from);
    }
    // Nor is a store made for nothing.
    let ledger = Ledger::open(&record, dir.as_deref())?;
    let jobs = source.total().map_or(jobs, |total| jobs.min(usize::try_from(total).unwrap_or(jobs))).max(1);
    let settings = Settings { template, jobs, dir, attempts, timeout, halt, delay };
    // A command whose worker died is tried again like any task; how often one that failed is, was asked for.
    let options = TaskOptions::new().failure_attempts(attempts).crash_attempts(attempts.max(3)).backoff(backoff);
    let gang = Gang::start(jobs, options)?;
    control.listen(gang.ear());
    let output = match output {
        OutputMode::Ungrouped => None,
        OutputMode::Collected(layout) => Some(Output::new(layout, sinks)),
    };
    let (ended, gang) = Run::new(settings, gang, source, output, ledger, control, observer).drive();
    let finished = gang.finish();
    ended.and_then(|summary| finished.map(|()| summary))
}

/// Waits for the first input, or the end of all. False: whoever holds the run has ended it before.
fn wait_for_input(source: &mut Source, control: &Control) -> bool {
    const GLANCE: Duration = Duration::from_millis(50);
    while !source.is_ready() {
        if control.is_interrupted() {
            return false;
        }
        source.wait(if control.is_held() { GLANCE } else { Duration::MAX });
    }
    true
}

/// Writes the commands that [`run()`] would run, one a line, and runs none.
///
/// # Errors
/// When the inputs cannot be read or the commands not be written.
pub fn dry_run(plan: Plan, out: &mut dyn Write) -> Result<Summary, Error> {
    let mut source = open(plan.input, plan.shuffle, plan.halt.needs_total());
    let mut end = None;
    while end.is_none() {
        match source.next()? {
            Next::Task(task) => {
                let line = [plan.template.show(&task.value, task.number), b"\n".to_vec()].concat();
                end = written(out.write_all(&line))?;
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

fn open(input: Input, shuffle: bool, needs_total: bool) -> Source {
    let mut source = Source::open(input);
    if shuffle {
        source.shuffle();
    } else if needs_total {
        source.gather();
    }
    source
}
