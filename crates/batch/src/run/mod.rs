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

mod again;
mod books;
mod control;
mod endings;
mod expiry;
mod news;
mod stopping;
mod throttling;

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ganger::{Bytes, CommandOutput, Report, TaskId};

use self::again::{Again, Story};
use self::control::Reins;
use crate::agenda::{Agenda, Common, Next};
use crate::control::Control;
use crate::engine::Engine;
use crate::error::Error;
use crate::halt::Halt;
use crate::input::Task;
use crate::observer::{Notice, Observer};
use crate::output::Output;
use crate::record::{Entry, Fate, Ledger};
use crate::slots::Places;
use crate::snapshot::Tail;
use crate::summary::{Counts, End, Summary};
use crate::throttle::{LOOK, Valve, Waiting};
use crate::verdict::Doom;
use crate::work::Job;

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
    /// How the paths of control groups begin that may be made for commands.
    pub(crate) cgroup: Option<Bytes>,
}

impl Settings {
    fn is_exact(&self) -> bool {
        self.halt != Halt::Never || !self.delay.is_zero()
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
    again: Vec<Again>,
    /// None: commands are started as there are slots.
    valve: Option<Valve>,
    waiting: Option<Waiting>,
    told_waiting: bool,
    /// None: there is nothing that they take in turn.
    places: Option<Places>,
    reins: Reins,
}

/// A command that has been handed to the pool and has not ended.
struct Running {
    task: Task,
    common: Rc<Common>,
    entry: Entry,
    since: Instant,
    /// What became of it before the pool was asked anew.
    story: Story,
    /// How long it may run.
    limit: Option<Duration>,
    /// Why we cancelled it, if we did.
    doom: Option<Doom>,
    /// What it has printed last.
    tail: Tail,
    place: Option<usize>,
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
    /// The machine has too much to do.
    Machine,
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
        let reins = Reins::new(Control::default(), settings.jobs);
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
            again: Vec::new(),
            valve: None,
            waiting: None,
            told_waiting: false,
            places: None,
            reins,
        }
    }

    /// Starts no more than the machine has room for.
    pub(crate) fn throttled(mut self, valve: Option<Valve>) -> Self {
        self.valve = valve;
        self
    }

    /// Gives each command something that they take in turn.
    pub(crate) fn placed(mut self, places: Option<Places>) -> Self {
        self.places = places;
        self
    }

    /// Somebody may hold it.
    pub(crate) fn held(mut self, control: Control) -> Self {
        self.reins = Reins::new(control, self.settings.jobs);
        self
    }

    /// Runs to the end, and gives the engine back.
    pub(crate) fn drive(mut self) -> (Result<Summary, Error>, E) {
        self.tell_progress();
        loop {
            self.obey();
            let obstacle = if self.is_well_fed() { Obstacle::Reports } else { self.feed() };
            if self.running.is_empty() {
                self.catch_up();
            }
            let end = match self.phase {
                Phase::Feeding => None,
                Phase::Draining(end) | Phase::Killing(end) => Some(end),
            };
            if let (true, Some(end)) = (self.running.is_empty() && self.is_settled(), end) {
                return self.over(end);
            }
            if let Some(report) = self.next_report(&obstacle) {
                self.take(report);
            }
            self.expire();
            self.make_room();
        }
    }

    /// Whether there is work for all for as long as it takes to read what is there. To feed after each report would make
    /// workers, pool and run wait for each other by turns, task by task.
    fn is_well_fed(&mut self) -> bool {
        let window = self.window();
        window > self.settings.jobs && self.running.len() > window - window / 4 && self.engine.has_report()
    }

    /// What was put off while there was something to do.
    fn catch_up(&mut self) {
        self.flush();
        self.tell_progress();
    }

    pub(super) fn flush(&mut self) {
        let flushed = self.output.as_mut().map_or(Ok(()), Output::flush);
        self.check(flushed);
    }

    /// Starts commands until something is in the way.
    fn feed(&mut self) -> Obstacle {
        let skipped = self.counts.skipped;
        while (self.phase == Phase::Feeding || (self.goes_on() && !self.again.is_empty())) && self.may_start() {
            if self.is_troubled() {
                return Obstacle::Books;
            }
            if self.counts.skipped - skipped > IN_A_ROW {
                return Obstacle::Courtesy;
            }
            if let Some(obstacle) = self.hindrance() {
                return obstacle;
            }
            if let Some(Again { task, common, entry, story, .. }) = self.due_again() {
                self.launch(task, common, entry, story);
                continue;
            }
            if self.phase != Phase::Feeding {
                break;
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

    /// Whether nothing of our own speaks against another command.
    fn may_start(&self) -> bool {
        !self.reins.paused && self.has_room()
    }

    fn has_room(&self) -> bool {
        let held = self.output.as_ref().map_or(0, |output| output.held(self.started));
        self.running.len() < self.window() && held < HELD
    }

    fn window(&self) -> usize {
        let exact = self.settings.is_exact() || self.valve.is_some() || self.places.is_some();
        let ahead = self.settings.ahead.min(self.agenda.ahead());
        self.settings.jobs + if exact { 0 } else { self.reins.ahead(self.settings.jobs, ahead) }
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
        self.launch(task, common, entry, Story::default());
    }

    fn launch(&mut self, task: Task, common: Rc<Common>, entry: Entry, story: Story) {
        self.next_start = (!self.settings.delay.is_zero()).then(|| Instant::now() + self.settings.delay);
        self.valve.iter_mut().for_each(Valve::started);
        let place = self.places.as_mut().and_then(Places::take);
        let (job, limit) = (self.job(&task, &common, &story, place), common.limit());
        match self.engine.submit(job, &common.options, limit) {
            Ok(id) => {
                let since = Instant::now();
                let (doom, tail, fault) = (None, Tail::default(), None);
                let running = Running { task, common, entry, since, story, limit, doom, tail, place, fault };
                self.running.insert(id, running);
            }
            Err(error) => self.refused(error),
        }
    }

    /// What the pool is to do, with all that is special about this attempt.
    fn job<'t>(&self, task: &'t Task, common: &Common, story: &Story, place: Option<usize>) -> Job<'t> {
        let (limits, cgroup) = (&common.limits, self.settings.cgroup.as_ref());
        let output = if self.output.is_some() { CommandOutput::Captured } else { CommandOutput::Inherited };
        let mut command = match common.job(task, self.agenda.total_of(task.job), output) {
            Job::Command(command) => command,
            line @ Job::Line(_) => return line,
        };
        let mut cpus = Vec::new();
        if let (Some(places), Some(place)) = (&self.places, place) {
            places.tell(place, &mut command);
            cpus = places.cpus(place);
        }
        command.terms = limits.terms(story.memory.or(limits.memory), cpus, cgroup);
        if common.counts_attempts() && story.attempts > 0 {
            let attempt = (story.attempts + 1).to_string();
            command.env.push((Bytes::from("GANGER_ATTEMPT"), Bytes::from(attempt)));
        }
        Job::Command(command)
    }

    fn next_report(&mut self, obstacle: &Obstacle) -> Option<Report> {
        let patience = match obstacle {
            Obstacle::Input if self.running.is_empty() => {
                self.agenda.wait(GLANCE);
                Some(Duration::ZERO)
            }
            Obstacle::Input => Some(GLANCE),
            Obstacle::Delay(left) => Some(*left),
            Obstacle::Machine => Some(LOOK),
            Obstacle::Books => Some(GLANCE),
            Obstacle::Courtesy => Some(Duration::ZERO),
            Obstacle::Reports => None,
        };
        let patience = [patience, self.next_expiry(), self.next_again(), self.next_look()].into_iter().flatten().min();
        if !self.engine.has_report() {
            // What was printed is there before it is written that it was.
            self.catch_up();
            self.flush_books();
        }
        self.engine.report(patience)
    }

    fn tell_progress(&mut self) {
        let progress = self.progress();
        self.observer.progress(&progress);
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
mod workflow_tests;

#[cfg(test)]
mod again_tests;
