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

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ganger::{Bytes, CommandOutput, Report, TaskId};

use crate::engine::Engine;
use crate::error::Error;
use crate::halt::{Halt, When};
use crate::input::{Next, Source, Task};
use crate::observer::{Cause, Notice, Observer, Progress};
use crate::output::Output;
use crate::summary::{Counts, End, Summary};
use crate::template::Template;
use crate::timeout::{Runtimes, Timeout};
use crate::verdict::{self, Verdict};

/// How many commands are handed out beyond those that can run, where nothing speaks against it.
const AHEAD: usize = 16;
/// In the order of the inputs: how many may be done before the first of them is.
const HELD: u64 = 1 << 14;
/// How long we look in one direction while inputs and reports may come from two.
const GLANCE: Duration = Duration::from_millis(10);

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
    fn window(&self) -> usize {
        let exact =
            self.halt != Halt::Never || !self.delay.is_zero() || matches!(self.timeout, Some(Timeout::OfMedian(_)));
        self.jobs + if exact { 0 } else { AHEAD }
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
    running: HashMap<TaskId, Running>,
    phase: Phase,
    fault: Option<Error>,
    counts: Counts,
    runtimes: Runtimes,
    started: u64,
    next_start: Option<Instant>,
}

/// A command that has been handed to the pool and has not ended.
struct Running {
    task: Task,
    since: Instant,
    /// Attempts that were made before the pool was asked anew.
    earlier: u32,
    /// How long it may run.
    limit: Option<Duration>,
    /// It ran for longer, and we cancelled it.
    expired: bool,
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
}

impl<'a, E: Engine> Run<'a, E> {
    pub(crate) fn new(
        settings: Settings,
        engine: E,
        source: Source,
        output: Option<Output<'a>>,
        observer: &'a mut dyn Observer,
    ) -> Self {
        Self {
            settings,
            engine,
            source,
            output,
            observer,
            running: HashMap::new(),
            phase: Phase::Feeding,
            fault: None,
            counts: Counts::default(),
            runtimes: Runtimes::default(),
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
                let summary = Summary { counts: self.counts, end };
                return (self.fault.map_or(Ok(summary), Err), self.engine);
            }
            if let Some(report) = self.next_report(&obstacle) {
                self.take(report);
            }
            self.expire();
        }
    }

    /// Starts commands until something is in the way.
    fn feed(&mut self) -> Obstacle {
        while self.phase == Phase::Feeding && self.has_room() {
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
        self.running.len() < self.settings.window() && held < HELD
    }

    fn start(&mut self, task: Task) {
        self.started = task.number;
        self.next_start = (!self.settings.delay.is_zero()).then(|| Instant::now() + self.settings.delay);
        self.submit(task, 0);
    }

    fn submit(&mut self, task: Task, earlier: u32) {
        let mut command = self.settings.template.command(&task);
        command.dir = self.settings.dir.as_ref().map(|dir| Bytes::from(dir.as_os_str().as_bytes()));
        command.output = if self.output.is_some() { CommandOutput::Captured } else { CommandOutput::Inherited };
        let limit = self.limit();
        match self.engine.submit(command, limit) {
            Ok(id) => {
                self.running.insert(id, Running { task, since: Instant::now(), earlier, limit, expired: false });
            }
            Err(error) => self.refused(error),
        }
    }

    /// How long a command may run that starts now.
    fn limit(&self) -> Option<Duration> {
        match self.settings.timeout? {
            Timeout::After(limit) => Some(limit),
            Timeout::OfMedian(percent) => self.runtimes.share(percent),
        }
    }

    /// The pool takes no more. We have not closed it: either it has failed, or a signal came that was not told yet.
    fn refused(&mut self, error: ganger::Error) {
        self.counts.stopped += 1;
        if error.is_closed() && error.pool_failure().is_none() {
            self.phase = Phase::Draining(End::Interrupted);
        } else {
            self.fail(error.into());
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
            Obstacle::Reports => None,
        };
        let patience = [patience, self.next_expiry()].into_iter().flatten().min();
        self.engine.report(patience)
    }

    fn take(&mut self, report: Report) {
        match report {
            Report::Output { task, stream, bytes } => {
                if let (Some(running), Some(output)) = (self.running.get(&task), &mut self.output) {
                    let printed = output.piece(&running.task, stream, &bytes);
                    self.check(printed);
                }
            }
            Report::Again { task } => {
                if let Some(running) = self.running.get_mut(&task) {
                    running.since = Instant::now();
                    self.output.iter_mut().for_each(|output| output.void(running.task.number));
                }
            }
            Report::Ended { task, attempts, outcome, .. } => {
                if let Some(running) = self.running.remove(&task) {
                    let verdict = verdict::judge(outcome, running.limit, running.expired);
                    self.ended(running, attempts, verdict);
                }
            }
            Report::Interrupted { step } => self.interrupted(step),
            Report::Understaffed { workers, wanted, why } => {
                self.observer.notice(&Notice::Understaffed { workers, wanted, why: &why });
            }
        }
    }

    fn ended(&mut self, running: Running, attempts: u32, verdict: Verdict) {
        let Running { task, since, earlier, expired, .. } = running;
        let attempts = earlier + attempts;
        let goes_on = matches!(self.phase, Phase::Feeding | Phase::Draining(End::Complete));
        if expired && attempts < self.settings.attempts && goes_on {
            self.output.iter_mut().for_each(|output| output.void(task.number));
            return self.submit(task, attempts);
        }
        let printed = self.output.as_mut().map_or(Ok(()), |output| output.end(task.number));
        self.check(printed);
        match verdict {
            Verdict::Succeeded(wall) => {
                self.counts.succeeded += 1;
                self.runtimes.add(wall.unwrap_or_else(|| since.elapsed()));
            }
            Verdict::Failed(cause) => self.failed(&task, &cause, attempts),
            Verdict::Stopped if attempts == 0 => {}
            Verdict::Stopped => self.counts.stopped += 1,
            Verdict::PoolFailed(why) => {
                self.counts.stopped += 1;
                self.fail(Error::pool_failed(why));
            }
        }
        self.tell_progress();
        self.halt();
    }

    fn failed(&mut self, task: &Task, cause: &Cause, attempts: u32) {
        let killing = matches!(self.phase, Phase::Killing(_));
        if self.output.is_none() && verdict::is_broken_pipe(cause) {
            self.kill(End::OutputClosed);
        } else if !(killing && verdict::is_our_doing(cause)) {
            self.counts.failed += 1;
            let (number, input) = (task.number, task.value.as_slice());
            return self.observer.notice(&Notice::Failed { number, input, cause, attempts });
        }
        self.counts.stopped += 1;
    }

    /// Ends the run if what has ended is enough.
    fn halt(&mut self) {
        let end = match (self.settings.halt.reached(&self.counts, self.source.total()), self.phase) {
            (Some(When::Now), Phase::Feeding | Phase::Draining(_)) => Phase::Killing(End::Halted),
            (Some(When::Soon), Phase::Feeding) => Phase::Draining(End::Halted),
            (Some(When::Now | When::Soon) | None, _) => return,
        };
        self.observer.notice(&Notice::Halted { halt: self.settings.halt, running: self.running.len() });
        match end {
            Phase::Killing(end) => self.kill(end),
            Phase::Feeding | Phase::Draining(_) => self.phase = end,
        }
    }

    fn interrupted(&mut self, step: u32) {
        self.phase = match (step, self.phase) {
            (..=1, Phase::Feeding | Phase::Draining(_)) => Phase::Draining(End::Interrupted),
            (..=1, Phase::Killing(end)) => Phase::Killing(end),
            (2..=3, _) => Phase::Killing(End::Interrupted),
            (4.., _) => Phase::Killing(End::Quit),
        };
        let running = self.running.len().min(self.settings.jobs);
        self.observer.notice(&Notice::Interrupted { step, running });
    }

    fn kill(&mut self, end: End) {
        self.phase = Phase::Killing(end);
        self.engine.terminate();
    }

    /// Something went wrong that is no command's fault: the first such thing is told, and the rest is stopped.
    fn fail(&mut self, error: Error) {
        self.output = None;
        self.fault.get_or_insert(error);
        self.kill(End::Complete);
    }

    /// What became of writing output.
    fn check(&mut self, printed: Result<(), Error>) {
        match printed {
            Ok(()) => {}
            Err(error) if error.is_closed_output() => {
                self.output = None;
                self.kill(End::OutputClosed);
            }
            Err(error) => self.fail(error),
        }
    }

    /// When the next command runs for too long, where the pool does not know its limit: one that began before there was
    /// a median.
    fn next_expiry(&self) -> Option<Duration> {
        let limit = self.median_limit()?;
        let oldest = self.running.values().filter(|running| running.limit.is_none()).map(|running| running.since).min();
        oldest.map(|since| limit.saturating_sub(since.elapsed()))
    }

    fn median_limit(&self) -> Option<Duration> {
        match self.settings.timeout? {
            Timeout::After(_) => None,
            Timeout::OfMedian(percent) => self.runtimes.share(percent),
        }
    }

    fn expire(&mut self) {
        let Some(limit) = self.median_limit() else { return };
        for (id, running) in &mut self.running {
            if running.limit.is_none() && running.since.elapsed() >= limit {
                (running.limit, running.expired) = (Some(limit), true);
                self.engine.cancel(*id);
            }
        }
    }

    fn tell_progress(&mut self) {
        self.observer.progress(&Progress { counts: self.counts, total: self.source.total() });
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
