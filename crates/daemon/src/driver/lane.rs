//! One queue, and the pool that works it off.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use ganger::{Pool, Reports, TaskId};
use ganger_store::{AttemptId, Cancelled, Change, Claim, Done, QueueId, Stream};

use super::event::{Depth, Event, Refusal};
use super::functions;
use super::pace::Pace;
use super::recipe::{Recipe, options};
use crate::config::{QueueConfig, Runs};
use crate::error::ServeError;

/// How much output may be unread before the commands that print it are held up, in bytes.
const UNREAD: usize = 2 << 20;
/// How often a thread that waits for reports looks whether anybody wants them.
const GLANCE: Duration = Duration::from_secs(5);
/// How long after its pool has failed a lane gets another.
const REST: Duration = Duration::from_secs(5);

/// A queue and its workers.
pub(super) struct Lane {
    /// As its workers' reports name it.
    pub(super) number: usize,
    pub(super) queue: QueueId,
    pub(super) config: QueueConfig,
    /// It begins nothing more.
    pub(super) retired: bool,
    pace: Option<Pace>,
    recipe: Recipe,
    pub(super) pool: Pool,
    /// How many workers its pools before this one have started.
    pub(super) starts_before: u64,
    /// When a pool that has failed is replaced.
    rests: Option<Instant>,
    reports: Reports,
    held: HashMap<TaskId, Held>,
    /// How many tasks wait in the store, and for what.
    pub(super) waiting: Change,
    /// How many more will, by the turn that is being gathered.
    expected: u64,
    /// Whether a job may stand in line there.
    pub(super) line: bool,
    pub(super) paused: bool,
    /// Lives as long as the lane: who forwards its reports ends with it.
    _alive: Arc<()>,
}

/// A task that a worker has, or is about to have.
pub(super) struct Held {
    pub(super) claim: Claim,
    /// How much it has printed, in bytes, whether that is kept or not.
    pub(super) printed: usize,
    /// What its program was found at fault for.
    pub(super) fault: Option<String>,
}

impl Lane {
    /// Starts the workers, which report as lane `number`.
    pub(super) fn start(
        config: &QueueConfig,
        recipe: &Recipe,
        queue: QueueId,
        number: usize,
        inbox: &SyncSender<Event>,
    ) -> Result<Self, ServeError> {
        let pool = recipe.pool(config).map_err(ServeError::pool(&config.name))?;
        let (reports, alive) = (Reports::new(UNREAD), Arc::new(()));
        pool.follow(&reports);
        forward(number, reports.clone(), inbox.clone(), Arc::downgrade(&alive))?;
        let (config, held) = (config.clone(), HashMap::new());
        Ok(Self {
            queue,
            number,
            retired: false,
            pace: config.rate.map(|rate| Pace::new(rate, Instant::now())),
            config,
            recipe: recipe.clone(),
            pool,
            starts_before: 0,
            rests: None,
            reports,
            held,
            waiting: Change::default(),
            expected: 0,
            line: true,
            paused: false,
            _alive: alive,
        })
    }

    /// Waits until its workers have answered, or until then: some must have.
    pub(super) fn wait_for_workers(&self, until: Instant) -> Result<(), ServeError> {
        const GLIMPSE: Duration = Duration::from_millis(2);
        let QueueConfig { name, slots, .. } = &self.config;
        loop {
            match self.pool.worker_pids().len() {
                answered if answered >= *slots => return Ok(()),
                _ if Instant::now() < until => thread::sleep(GLIMPSE),
                0 => {
                    return Err(ServeError::queues(format!(
                        "queue {name}: none of its workers answers; the log says why"
                    )));
                }
                some => {
                    log::warn!("queue {name}: {some} workers of {slots} have answered so far");
                    return Ok(());
                }
            }
        }
    }

    /// How many tasks may begin.
    pub(super) fn room(&self) -> usize {
        let slots =
            if self.rests.is_some() || self.retired { 0 } else { self.config.slots.saturating_sub(self.held.len()) };
        self.pace.map_or(slots, |pace| slots.min(pace.room(Instant::now())))
    }

    /// The pool has failed: nothing begins before it was replaced.
    pub(super) fn rest(&mut self) {
        self.rests.get_or_insert_with(|| Instant::now() + REST);
    }

    /// When it should be looked after.
    pub(super) fn due(&self) -> Option<Instant> {
        let paced = self.pace.filter(|pace| self.line && !self.retired && pace.room(Instant::now()) == 0);
        [self.rests, paced.map(|pace| pace.due())].into_iter().flatten().min()
    }

    /// Why nothing more may wait in it, if that is so.
    pub(super) fn is_full(&self) -> Option<Refusal> {
        let waits = u64::try_from(self.waiting.total()).unwrap_or(0).saturating_add(self.expected);
        let most = self.config.max_waiting.filter(|most| waits >= *most);
        most.map(|most| Refusal::Full { queue: self.config.name.clone(), most })
    }

    /// The turn that is being gathered has so many more tasks for it.
    pub(super) fn expect(&mut self, tasks: usize) {
        self.expected = self.expected.saturating_add(tasks as u64);
    }

    /// What was expected was committed, or refused.
    pub(super) fn expect_nothing(&mut self) {
        self.expected = 0;
    }

    /// By other rules, with the same workers.
    pub(super) fn set_config(&mut self, config: QueueConfig) {
        if config.rate != self.config.rate {
            self.pace = config.rate.map(|rate| Pace::new(rate, Instant::now()));
        }
        self.config = config;
    }

    /// Replaces a pool that has failed, when that is due.
    pub(super) fn mend(&mut self) {
        if self.retired || self.rests.is_none_or(|until| Instant::now() < until) {
            return;
        }
        self.rests = match self.recipe.pool(&self.config) {
            Ok(pool) => {
                self.starts_before += self.pool.worker_starts();
                self.pool = pool;
                self.pool.follow(&self.reports);
                log::info!("queue {}: it has new workers", self.config.name);
                None
            }
            Err(error) => {
                log::error!("queue {}: {error}", self.config.name);
                Some(Instant::now() + REST)
            }
        };
    }

    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    pub(super) fn running(&self) -> usize {
        self.held.len()
    }

    pub(super) fn depth(&self) -> Depth {
        let QueueConfig { name, slots, runs, .. } = &self.config;
        let count = |tasks| u64::try_from(tasks).unwrap_or(0);
        let Change { waiting, delayed, blocked, held, added: _ } = self.waiting;
        Depth {
            name: name.clone(),
            slots: *slots,
            runs: runs.clone(),
            waiting: count(waiting),
            delayed: count(delayed),
            blocked: count(blocked),
            held: count(held),
            running: self.held.len(),
            paused: self.paused,
        }
    }

    /// What the store says of its queue when the service begins.
    pub(super) fn take_over(&mut self, depth: ganger_store::Depth) {
        self.waiting = depth.tasks;
        self.paused = depth.paused;
    }

    /// What a turn has changed of its queue.
    pub(super) fn on_committed(&mut self, done: &Done) {
        self.waiting += done.depths.get(&self.queue).copied().unwrap_or_default();
        self.line = done.lines.get(&self.queue).copied().unwrap_or(self.line);
    }

    /// Hands a task to the workers. If they take none, the claim comes back with the reason.
    pub(super) fn begin(&mut self, claim: Claim) -> Result<(), (Box<Claim>, ganger::Error)> {
        let options = options(&claim, &self.config.runs);
        let submitted = match self.config.runs {
            Runs::Commands => self
                .pool
                .run_command(self.recipe.command(&claim, &self.config), &options, &self.reports)
                .map_err(|refused| refused.error),
            Runs::Worker(_) => {
                let number = claim.task.0.unsigned_abs();
                self.pool.submit_line(number, &claim.argv(), &options, &self.reports)
            }
            Runs::Functions(_) => self.pool.submit_call(&functions::call(&claim), &options, &self.reports),
        };
        match submitted {
            Ok(task) => {
                self.pace.iter_mut().for_each(|pace| pace.take(Instant::now()));
                self.held.insert(task, Held { claim, printed: 0, fault: None });
                Ok(())
            }
            Err(error) => Err((Box::new(claim), error)),
        }
    }

    /// What is to be kept of something that an attempt has printed.
    pub(super) fn printed(&mut self, task: TaskId, mut bytes: Vec<u8>) -> Option<(AttemptId, Vec<u8>)> {
        let held = self.held.get_mut(&task)?;
        let room = self.config.output.saturating_sub(held.printed);
        held.printed += bytes.len();
        bytes.truncate(room);
        (!bytes.is_empty()).then_some((held.claim.attempt, bytes))
    }

    pub(super) fn at_fault(&mut self, task: TaskId, why: String) {
        if let Some(held) = self.held.get_mut(&task) {
            held.fault = Some(why);
        }
    }

    /// A task is over for the workers.
    pub(super) fn take(&mut self, task: TaskId) -> Option<Held> {
        self.held.remove(&task)
    }

    /// Ends what runs of what was cancelled.
    pub(super) fn cancel(&self, cancelled: Cancelled) {
        let is_meant = |claim: &Claim| match cancelled {
            Cancelled::Job(job) => claim.job == job,
            Cancelled::Task(task) => claim.task == task,
        };
        self.held.iter().filter(|(_, held)| is_meant(&held.claim)).for_each(|(task, _)| self.pool.cancel(*task));
    }

    /// Asks all tasks to end, and kills what has not after the grace.
    pub(super) fn terminate(&self) {
        self.pool.terminate();
    }

    /// How long workers that have nothing to do may take to end.
    pub(super) const FINISHING: Duration = Duration::from_secs(15);

    /// Tells the workers to end, which have nothing to do any more.
    pub(super) fn close(&self) {
        self.pool.close();
    }

    /// Waits until then for the workers to end.
    pub(super) fn finish(self, until: Instant) {
        if let Err(error) = self.pool.join(Some(until.saturating_duration_since(Instant::now()))) {
            log::warn!("queue {}: {error}", self.config.name);
            self.pool.kill();
        }
    }
}

/// Passes reports on, from a thread of its own: when the driver is behind, it waits, and so do those who print.
fn forward(lane: usize, reports: Reports, inbox: SyncSender<Event>, alive: Weak<()>) -> Result<(), ServeError> {
    let work = move || {
        while alive.strong_count() > 0 {
            let mut some = VecDeque::new();
            reports.recv_all(Some(GLANCE), &mut some);
            if !some.is_empty() && inbox.send(Event::Reported { lane, reports: some }).is_err() {
                return;
            }
        }
    };
    let thread = thread::Builder::new().name(format!("ganger-lane-{lane}")).spawn(work);
    thread.map(drop).map_err(ServeError::system("a thread for reports"))
}

/// The store's word for a stream.
pub(super) fn stream(stream: ganger::Stream) -> Stream {
    match stream {
        ganger::Stream::Stdout => Stream::Stdout,
        ganger::Stream::Stderr => Stream::Stderr,
    }
}
