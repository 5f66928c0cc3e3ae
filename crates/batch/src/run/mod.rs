//! ② The run: starts commands within a window, takes what is reported, ends when told to.
//!
//! ```text
//!             inputs end, halt soon, 1st signal              all have ended
//!  Feeding ────────────────────────────────────► Draining ──────────────────► over
//!     │   halt now, 2nd signal, output is closed    │                           ▲
//!     └──────────────────────────────────────► Killing ─────────────────────────┘
//! ```
//!
//! The window is what has been handed to the pool and has not ended. It is a little wider than the number of jobs, so
//! that no worker waits for us between two commands; but exactly as wide where what ends decides over what starts
//! (a halt, a delay, a time limit that follows the median).

mod books;
mod control;
mod endings;
mod expiry;
mod stopping;

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ganger::{Bytes, CommandOutput, Report, TaskId};

use crate::control::Control;
use crate::engine::Engine;
use crate::error::Error;
use crate::halt::Halt;
use crate::input::{Next, Source, Task};
use crate::observer::Observer;
use crate::output::Output;
use crate::record::{Entry, Fate, Ledger};
use crate::snapshot::Tail;
use crate::summary::{Counts, End, Summary};
use crate::template::Template;
use crate::timeout::{Runtimes, Timeout};
use crate::verdict::Doom;
use control::Reins;

/// How many commands are handed out beyond those that can run, where nothing speaks against it.
const AHEAD: usize = 16;
/// In the order of the inputs: how many may be done before the first of them is.
const HELD: u64 = 1 << 14;
/// How long we look in one direction while inputs and reports may come from two.
const GLANCE: Duration = Duration::from_millis(10);
/// How many inputs are left out before we look elsewhere.
const IN_A_ROW: u64 = 256;

/// What a run needs of its plan.
pub(crate) struct Settings {
    pub(crate) template: Template,
    pub(crate) jobs: usize,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) attempts: u32,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) halt: Halt,
    pub(crate) delay: Duration,
}

impl Settings {
    /// Whether what ends decides over what starts.
    fn is_exact(&self) -> bool {
        self.halt != Halt::Never || !self.delay.is_zero() || matches!(self.timeout, Some(Timeout::OfMedian(_)))
    }
}

/// A run, from its first command to the end of its last.
pub(crate) struct Run<'a, E> {
    settings: Settings,
    engine: E,
    source: Source,
    /// None: commands print past us.
    output: Option<Output<'a>>,
    observer: &'a mut dyn Observer,
    ledger: Ledger,
    /// What keeps the ledger from being written, as far as that was told.
    trouble: Option<String>,
    running: HashMap<TaskId, Running>,
    phase: Phase,
    fault: Option<Error>,
    counts: Counts,
    runtimes: Runtimes,
    started: u64,
    next_start: Option<Instant>,
    reins: Reins,
}

/// A command that has been handed to the pool and has not ended.
struct Running {
    task: Task,
    entry: Entry,
    since: Instant,
    /// Attempts that were made before the pool was asked anew.
    earlier: u32,
    /// How long it may run.
    limit: Option<Duration>,
    /// Why we cancelled it, if we did.
    doom: Option<Doom>,
    /// What it has printed last.
    tail: Tail,
}

/// Where the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Inputs become commands.
    Feeding,
    /// No more are started; what runs may finish.
    Draining(End),
    /// What runs has been told to end.
    Killing(End),
}

/// What keeps the next command from being started.
enum Obstacle {
    /// No room, or no more inputs: only a report changes that.
    Reports,
    /// The next input is not there yet.
    Input,
    /// It is not time yet.
    Delay(Duration),
    /// What would come of it could not be written down.
    Books,
    /// None, but others want to be heard as well.
    Courtesy,
}

impl<'a, E: Engine> Run<'a, E> {
    pub(crate) fn new(
        settings: Settings,
        engine: E,
        source: Source,
        output: Option<Output<'a>>,
        ledger: Ledger,
        control: Control,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let reins = Reins::new(control, settings.jobs);
        Self {
            settings,
            engine,
            source,
            output,
            observer,
            ledger,
            trouble: None,
            running: HashMap::new(),
            phase: Phase::Feeding,
            fault: None,
            counts: Counts::default(),
            runtimes: Runtimes::default(),
            started: 0,
            next_start: None,
            reins,
        }
    }

    /// Runs to the end, and gives the engine back.
    pub(crate) fn drive(mut self) -> (Result<Summary, Error>, E) {
        self.tell_progress();
        loop {
            self.obey();
            let obstacle = self.feed();
            let end = match self.phase {
                Phase::Feeding => None,
                Phase::Draining(end) | Phase::Killing(end) => Some(end),
            };
            if let (true, Some(end)) = (self.running.is_empty(), end) {
                return self.over(end);
            }
            if let Some(report) = self.next_report(&obstacle) {
                self.take(report);
            }
            self.expire();
        }
    }

    /// Starts commands until something is in the way.
    fn feed(&mut self) -> Obstacle {
        let skipped = self.counts.skipped;
        while self.phase == Phase::Feeding && !self.reins.paused && self.has_room() {
            if self.is_troubled() {
                return Obstacle::Books;
            }
            if self.counts.skipped - skipped > IN_A_ROW {
                return Obstacle::Courtesy;
            }
            if let Some(left) = self.next_start.and_then(|start| start.checked_duration_since(Instant::now())) {
                return Obstacle::Delay(left);
            }
            match self.source.next() {
                Ok(Next::Task(task)) => self.start(task),
                Ok(Next::NotYet) => return Obstacle::Input,
                Ok(Next::End) => {
                    self.phase = Phase::Draining(End::Complete);
                    self.tell_progress();
                }
                Err(error) => {
                    self.phase = Phase::Draining(End::Complete);
                    self.fault = Some(error.into());
                }
            }
        }
        Obstacle::Reports
    }

    fn has_room(&self) -> bool {
        let held = self.output.as_ref().map_or(0, |output| output.held(self.started));
        let ahead = if self.settings.is_exact() { 0 } else { self.reins.ahead(self.settings.jobs) };
        self.running.len() < self.settings.jobs + ahead && held < HELD
    }

    fn start(&mut self, task: Task) {
        self.started = task.number;
        match self.ledger.begin(&task, &self.settings.template) {
            Ok(Fate::Run(entry)) => {
                self.next_start = (!self.settings.delay.is_zero()).then(|| Instant::now() + self.settings.delay);
                self.submit(task, entry, 0);
            }
            Ok(Fate::Skip) => self.skip(&task),
            Err(error) => self.check_books(Err(error)),
        }
    }

    fn submit(&mut self, task: Task, entry: Entry, earlier: u32) {
        let mut command = self.settings.template.command(&task);
        command.dir = self.settings.dir.as_ref().map(|dir| Bytes::from(dir.as_os_str().as_bytes()));
        command.output = if self.output.is_some() { CommandOutput::Captured } else { CommandOutput::Inherited };
        let limit = self.limit();
        match self.engine.submit(command, limit) {
            Ok(id) => {
                let (since, tail) = (Instant::now(), Tail::default());
                self.running.insert(id, Running { task, entry, since, earlier, limit, doom: None, tail });
            }
            Err(error) => self.refused(error),
        }
    }

    fn next_report(&mut self, obstacle: &Obstacle) -> Option<Report> {
        let patience = match obstacle {
            Obstacle::Input if self.running.is_empty() => {
                self.source.wait(GLANCE);
                Some(Duration::ZERO)
            }
            Obstacle::Input => Some(GLANCE),
            Obstacle::Delay(left) => Some(*left),
            Obstacle::Books => Some(GLANCE),
            Obstacle::Courtesy => Some(Duration::ZERO),
            Obstacle::Reports => None,
        };
        let patience = [patience, self.next_expiry()].into_iter().flatten().min();
        self.engine.report(Some(Duration::ZERO)).or_else(|| {
            self.flush_books();
            self.engine.report(patience)
        })
    }

    fn tell_progress(&mut self) {
        let progress = self.progress();
        self.observer.progress(&progress);
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
