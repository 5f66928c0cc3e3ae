//! The pool behind a run, as far as a run needs to know it.

use std::collections::VecDeque;
use std::time::Duration;

use ganger::{Pool, PoolBuilder, Prefetch, Report, Reports, Running, Sandbox, TaskId, TaskOptions};

use crate::error::Error;
use crate::work::{Job, Kept};

/// How much output may be unread before the commands that print it are held up, in bytes.
const UNREAD: usize = 2 << 20;

/// How long a command may take to end that was asked to at its time limit, unless it is said how it is asked.
const GRACE: Duration = Duration::from_secs(5);

/// How long after the last step of asking a command to end its worker is killed, which should have done so itself.
const MARGIN: Duration = Duration::from_secs(2);

/// What runs commands, and reports what becomes of them. Every command that was accepted is reported as ended once.
pub(crate) trait Engine {
    /// Runs a command, or has a line answered, for at most `timeout` an attempt.
    fn submit(
        &mut self,
        job: Job<'_>,
        options: &TaskOptions,
        timeout: Option<Duration>,
    ) -> Result<TaskId, ganger::Error>;

    /// The next report. None: nothing came within `patience` (`None`: for ever).
    fn report(&mut self, patience: Option<Duration>) -> Option<Report>;

    /// Whether the next report is there.
    fn has_report(&mut self) -> bool;

    /// Ends a command.
    fn cancel(&mut self, task: TaskId);

    /// Begins no more of what was handed out; what runs may finish.
    fn interrupt(&mut self);

    /// Asks all commands to end, and kills what has not after a while.
    fn terminate(&mut self);

    /// Kills all commands.
    fn kill(&mut self);

    /// From now on so many can run at a time.
    fn grow(&mut self, workers: usize);

    /// What runs at this moment, by slot.
    fn running(&self) -> Vec<Running>;
}

/// A worker has so much work ahead: the way of a report to us and of the next command back costs a fraction of a
/// millisecond, and shorter commands would wait for it.
const LONG_ENOUGH: Duration = Duration::from_millis(5);

/// A pool of worker processes.
pub(crate) struct Gang {
    pool: Pool,
    reports: Reports,
    /// Those that were taken together, which costs no more than one.
    taken: VecDeque<Report>,
    /// How long a command may take to end that was asked to at its time limit.
    grace: Duration,
}

impl Gang {
    /// A pool of workers that start commands, or of those that are, or host, a program. `ending`: how long it takes to ask a
    /// command to end, if that is said.
    pub(crate) fn start(
        workers: usize,
        program: Option<&Kept>,
        ending: Option<Duration>,
        sandbox: Option<Sandbox>,
    ) -> Result<Self, Error> {
        let prefetch = Prefetch { work: LONG_ENOUGH, ..Prefetch::default() };
        let pool = Pool::builder().workers(workers).name("run").claim_signals(true).prefetch(prefetch);
        let pool = match program {
            Some(kept) => kept.pool(pool),
            None => pool.for_commands(),
        };
        // A command may have begun another process group when its worker is killed: only we are left to end that.
        let pool = sandbox.into_iter().fold(pool.reap_orphans(true), PoolBuilder::sandbox);
        let ending = ending.map(|ending| ending.saturating_add(MARGIN));
        let pool = ending.into_iter().fold(pool, PoolBuilder::stop_grace).build()?;
        let reports = Reports::new(UNREAD);
        // A run that waits before its first command hears of signals, too.
        pool.follow(&reports);
        Ok(Self { pool, reports, taken: VecDeque::new(), grace: ending.unwrap_or(GRACE) })
    }

    /// Where reports are waited for.
    pub(crate) fn ear(&self) -> Reports {
        self.reports.clone()
    }

    /// Waits for the workers to end, which have nothing to do any more.
    pub(crate) fn finish(self) -> Result<(), Error> {
        const PATIENCE: Duration = Duration::from_secs(15);
        self.pool.close();
        match self.pool.join(Some(PATIENCE)) {
            Err(error) if error.is_timeout() => {
                self.pool.kill();
                Err(Error::stuck(PATIENCE))
            }
            joined => Ok(joined?),
        }
    }
}

impl Engine for Gang {
    /// A program that is kept has no grace: what it has not answered in time it would answer too late.
    fn submit(
        &mut self,
        job: Job<'_>,
        options: &TaskOptions,
        timeout: Option<Duration>,
    ) -> Result<TaskId, ganger::Error> {
        let limited = timeout.map(|limit| match job {
            Job::Command(_) => options.clone().soft_timeout(limit).timeout(limit.saturating_add(self.grace)),
            Job::Line(_) => options.clone().timeout(limit),
        });
        let options = limited.as_ref().unwrap_or(options);
        match job {
            Job::Command(command) => {
                self.pool.run_command(command, options, &self.reports).map_err(|refused| refused.error)
            }
            Job::Line(task) => {
                let args: Vec<&[u8]> = task.args.iter().collect();
                self.pool.submit_line(task.number, &args, options, &self.reports)
            }
        }
    }

    fn report(&mut self, patience: Option<Duration>) -> Option<Report> {
        if self.taken.is_empty() {
            self.reports.recv_all(patience, &mut self.taken);
        }
        self.taken.pop_front()
    }

    fn has_report(&mut self) -> bool {
        if self.taken.is_empty() {
            self.reports.recv_all(Some(Duration::ZERO), &mut self.taken);
        }
        !self.taken.is_empty()
    }

    fn cancel(&mut self, task: TaskId) {
        self.pool.cancel(task);
    }

    fn interrupt(&mut self) {
        self.pool.interrupt();
    }

    fn terminate(&mut self) {
        self.pool.terminate();
    }

    fn kill(&mut self) {
        self.pool.kill();
    }

    fn grow(&mut self, workers: usize) {
        self.pool.grow(workers);
    }

    fn running(&self) -> Vec<Running> {
        self.pool.running()
    }
}
