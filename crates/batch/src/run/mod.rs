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
mod endings;
mod expiry;
mod stopping;

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ganger::{CommandOutput, Report, TaskId};

use crate::agenda::{Agenda, Common, News, Next};
use crate::engine::Engine;
use crate::error::Error;
use crate::halt::Halt;
use crate::input::Task;
use crate::observer::{Notice, Observer, Progress};
use crate::output::Output;
use crate::record::{Entry, Fate, Ledger};
use crate::summary::{Counts, End, Summary};

/// In the order of the inputs: how many may be done before the first of them is.
const HELD: u64 = 1 << 14;
/// How long we look in one direction while inputs and reports may come from two.
const GLANCE: Duration = Duration::from_millis(10);
/// How many inputs are left out before we look elsewhere.
const IN_A_ROW: u64 = 256;

/// What a run needs of its plan.
pub(crate) struct Settings {
    pub(crate) jobs: usize,
    pub(crate) halt: Halt,
    pub(crate) delay: Duration,
    pub(crate) verbose: bool,
    /// How many commands are handed out beyond those that can run, where nothing speaks against it.
    pub(crate) ahead: usize,
}

impl Settings {
    fn window(&self) -> usize {
        let exact = self.halt != Halt::Never || !self.delay.is_zero();
        self.jobs + if exact { 0 } else { self.ahead }
    }
}

/// A run, from its first command to the end of its last.
pub(crate) struct Run<'a, E> {
    settings: Settings,
    engine: E,
    agenda: Agenda,
    /// None: commands print past us.
    output: Option<Output<'a>>,
    observer: &'a mut dyn Observer,
    ledger: Ledger,
    /// What keeps the ledger from being written, as far as that was told.
    trouble: Option<String>,
    running: HashMap<TaskId, Running>,
    phase: Phase,
    fault: Option<Error>,
    /// What was wrong with a worker program, the last time.
    program_fault: Option<String>,
    counts: Counts,
    started: u64,
    next_start: Option<Instant>,
}

/// A command that has been handed to the pool and has not ended.
struct Running {
    task: Task,
    common: Rc<Common>,
    entry: Entry,
    since: Instant,
    /// Attempts that were made before the pool was asked anew.
    earlier: u32,
    /// How long it may run.
    limit: Option<Duration>,
    /// It ran for longer, and we cancelled it.
    expired: bool,
    /// What was wrong with the program that it was fed to, the last time.
    fault: Option<String>,
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
        agenda: Agenda,
        output: Option<Output<'a>>,
        ledger: Ledger,
        observer: &'a mut dyn Observer,
    ) -> Self {
        Self {
            settings,
            engine,
            agenda,
            output,
            observer,
            ledger,
            trouble: None,
            running: HashMap::new(),
            phase: Phase::Feeding,
            fault: None,
            program_fault: None,
            counts: Counts::default(),
            started: 0,
            next_start: None,
        }
    }

    /// Runs to the end, and gives the engine back.
    pub(crate) fn drive(mut self) -> (Result<Summary, Error>, E) {
        self.tell_progress();
        loop {
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
        while self.phase == Phase::Feeding && self.has_room() {
            if self.is_troubled() {
                return Obstacle::Books;
            }
            if self.counts.skipped - skipped > IN_A_ROW {
                return Obstacle::Courtesy;
            }
            if let Some(left) = self.next_start.and_then(|start| start.checked_duration_since(Instant::now())) {
                return Obstacle::Delay(left);
            }
            let next = self.agenda.next();
            self.tell_news();
            match next {
                Ok(Next::Task(task, common)) => self.start(task, common),
                Ok(Next::NotYet) => return Obstacle::Input,
                Ok(Next::Blocked) => return Obstacle::Reports,
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
        self.running.len() < self.settings.window() && held < HELD
    }

    fn start(&mut self, task: Task, common: Rc<Common>) {
        self.started = task.turn;
        match self.ledger.begin(&task, &common.work) {
            Ok(Fate::Run(entry)) => self.begin(task, common, entry),
            Ok(Fate::Skip) => self.skip(&task),
            Err(error) => self.check_books(Err(error)),
        }
    }

    fn begin(&mut self, task: Task, common: Rc<Common>, entry: Entry) {
        if self.settings.verbose {
            let command = common.work.show(&task, self.agenda.total_of(task.job));
            self.observer.notice(&Notice::Started { command: command.trim_ascii_end() });
        }
        self.next_start = (!self.settings.delay.is_zero()).then(|| Instant::now() + self.settings.delay);
        self.submit(task, common, entry, 0);
    }

    fn submit(&mut self, task: Task, common: Rc<Common>, entry: Entry, earlier: u32) {
        let output = if self.output.is_some() { CommandOutput::Captured } else { CommandOutput::Inherited };
        let job = common.job(&task, self.agenda.total_of(task.job), output);
        let limit = common.limit();
        match self.engine.submit(job, &common.options, limit) {
            Ok(id) => {
                let since = Instant::now();
                let (expired, fault) = (false, None);
                let running = Running { task, common, entry, since, earlier, limit, expired, fault };
                self.running.insert(id, running);
            }
            Err(error) => self.refused(error),
        }
    }

    fn next_report(&mut self, obstacle: &Obstacle) -> Option<Report> {
        let patience = match obstacle {
            Obstacle::Input if self.running.is_empty() => {
                self.agenda.wait(GLANCE);
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

    /// Tells what has become of jobs that do not begin.
    fn tell_news(&mut self) {
        while let Some(news) = self.agenda.news() {
            match &news {
                News::Failed { name, why } => {
                    self.counts.failed += 1;
                    self.observer.notice(&Notice::JobFailed { name, why });
                }
                News::Skipped { name, because } => {
                    self.counts.unreached += 1;
                    self.observer.notice(&Notice::JobSkipped { name, because });
                }
            }
        }
    }

    fn tell_progress(&mut self) {
        self.observer.progress(&Progress { counts: self.counts, total: self.agenda.total() });
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
mod workflow_tests;
