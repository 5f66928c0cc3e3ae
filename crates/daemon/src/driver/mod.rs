//! The one thread that owns the queues: what happens → one commit → who is told, and what begins.
//!
//! ```text
//!  gather: wait for an event, take all there are ──► Turn ──► Backlog::commit ──┬─► replies, watchers
//!     ▲                                                │ refused by the disk    └─► claims to the lanes' workers
//!     └───── attempts that are over are kept ──────────┘ clients are refused
//! ```

mod commit;
mod event;
mod fullness;
mod functions;
mod lane;
mod news;
mod pace;
mod recipe;
mod reload;
mod reports;
mod room;
mod schedules;
mod survey;
mod verdict;

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

pub(crate) use event::{Depth, Desk, Refusal};
pub(crate) use functions::MANY;
pub(crate) use news::Change;
pub(crate) use survey::{LaneSurvey, Survey};

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use ganger_store::{Backlog, JobId, Order, Turn};
use tokio::sync::oneshot;

use crate::config::Config;
use crate::error::ServeError;
use crate::metrics::Metrics;
use crate::notify::{Pulse, Status};
use crate::queues::Queue;
use event::{AHEAD, Event, Reply};
use lane::Lane;
use news::News;
use recipe::Recipe;
use schedules::Skipped;

/// How much is gathered for one commit, in about bytes: who comes next waits for as long as that takes.
const FULL: usize = 1 << 20;
/// How long workers may take to answer.
const ANSWER: Duration = Duration::from_secs(15);
/// How long after a refusal the disk is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long the driver looks away at most from a clock that something waits for.
const GLANCE: Duration = Duration::from_secs(10);

/// The queues, in the hands of one thread.
pub(crate) struct Driver {
    backlog: Backlog,
    /// Those that have retired among them, until what they run has ended.
    lanes: Vec<Lane>,
    recipe: Recipe,
    /// How long a job of theirs is remembered.
    keep: Option<Duration>,
    /// How many lanes there were.
    numbered: usize,
    /// For the lanes to come.
    sender: SyncSender<Event>,
    inbox: Receiver<Event>,
    /// What happened since the last commit.
    turn: Turn,
    weight: usize,
    /// Who is told what came of each order when it is committed; nobody, if the clock gave it.
    replies: Vec<Option<Reply>>,
    awaited: Vec<(JobId, oneshot::Sender<()>)>,
    /// Who waits for a job that is not over.
    watchers: HashMap<JobId, Vec<oneshot::Sender<()>>>,
    /// Since when the disk refuses, if it does: when it is asked again.
    trouble: Option<Instant>,
    skipped: Skipped,
    /// There is more to do without an event.
    more: bool,
    /// When there will be.
    due: Option<SystemTime>,
    /// The most tasks of a job that a schedule hands in.
    tasks: usize,
    stage: Stage,
    news: News,
    pulse: Pulse,
    metrics: Metrics,
}

/// How far the service is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// Nothing more begins; what runs may go on until then.
    Draining(Instant),
    /// What runs was asked to end.
    Ending,
}

impl Stage {
    /// Whoever asks again may be in more of a hurry.
    fn drained(self, until: Instant) -> Self {
        match self {
            Self::Open => Self::Draining(until),
            Self::Draining(before) => Self::Draining(before.min(until)),
            Self::Ending => Self::Ending,
        }
    }
}

impl Driver {
    /// Takes the store over and starts the workers.
    pub(crate) fn start(config: &Config, backlog: Backlog) -> Result<(Self, Desk), ServeError> {
        let (sender, inbox) = sync_channel(AHEAD);
        let news = News::new();
        let mut driver = Self {
            metrics: Metrics::new(),
            backlog,
            recipe: Recipe::new(config),
            keep: config.keep,
            lanes: Vec::new(),
            numbered: 0,
            sender: sender.clone(),
            inbox,
            turn: Turn::default(),
            weight: 0,
            replies: Vec::new(),
            awaited: Vec::new(),
            watchers: HashMap::new(),
            trouble: None,
            skipped: Skipped::default(),
            more: true,
            due: None,
            tasks: config.limits.tasks,
            stage: Stage::Open,
            news: news.clone(),
            pulse: Pulse::new(),
        };
        for queue in &config.queues {
            let lane = driver.lane(queue)?;
            driver.lanes.push(lane);
        }
        let until = Instant::now() + ANSWER;
        driver.lanes.iter().try_for_each(|lane| lane.wait_for_workers(until))?;
        driver.tell_unserved()?;
        Ok((driver, Desk::new(sender, news)))
    }

    /// The queues that are served.
    pub(crate) fn queues(&self) -> Vec<Queue> {
        let served = self.lanes.iter().filter(|lane| !lane.retired);
        served.map(|lane| Queue { id: lane.queue, config: lane.config.clone() }).collect()
    }

    /// What is counted of it.
    pub(crate) fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Works until it was told to drain and all is over, or the store is lost to it.
    pub(crate) fn run(mut self) -> Result<(), ServeError> {
        let done = self.work();
        if done.is_err() {
            // How it ends cannot be written down: the next service tries it again.
            self.lanes.iter().for_each(Lane::terminate);
        }
        self.pulse.hold_breath(Lane::FINISHING);
        let until = Instant::now() + Lane::FINISHING;
        self.lanes.iter().for_each(Lane::close);
        self.lanes.into_iter().for_each(|lane| lane.finish(until));
        done
    }

    fn work(&mut self) -> Result<(), ServeError> {
        while !self.is_done() {
            self.gather();
            // Before anything is accepted into a file that nobody would find.
            self.backlog.look_where_it_is()?;
            self.look_at_the_clock();
            self.commit()?;
        }
        Ok(())
    }

    /// A disk that refuses is not waited for beyond the end: the next service finds what ran, and tries it again.
    fn is_done(&self) -> bool {
        let told = self.turn.is_empty() || self.stage == Stage::Ending && self.trouble.is_some();
        self.stage != Stage::Open && told && self.lanes.iter().all(Lane::is_idle)
    }

    /// Takes what has come, and waits for the first of it if there is nothing else to do.
    fn gather(&mut self) {
        let patience = if self.has_more_to_do() { Duration::ZERO } else { self.patience() };
        match self.inbox.recv_timeout(patience) {
            Ok(event) => self.on(event),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        }
        while self.weight < FULL
            && let Ok(event) = self.inbox.try_recv()
        {
            self.on(event);
        }
    }

    /// Until the next moment at which something is due.
    fn patience(&self) -> Duration {
        let draining = match self.stage {
            Stage::Draining(until) => Some(until),
            Stage::Open | Stage::Ending => None,
        };
        let resting = self.lanes.iter().filter_map(Lane::due).min();
        let due = [self.trouble, draining, resting, Some(self.pulse.due())].into_iter().flatten().min();
        let patience = due.map_or(AGAIN, |due| due.saturating_duration_since(Instant::now()));
        let store = self.due.filter(|_| self.stage == Stage::Open && self.trouble.is_none());
        // The clock of the wall may be put forward.
        store.map_or(patience, |due| patience.min(until(due)).min(GLANCE))
    }

    fn status(&self) -> Status {
        Status {
            waiting: self.lanes.iter().map(|lane| lane.depth().waiting).sum(),
            running: self.lanes.iter().map(Lane::running).sum(),
            ending: self.stage != Stage::Open,
            disk_refuses: self.trouble.is_some(),
        }
    }

    fn look_at_the_clock(&mut self) {
        self.pulse.beat(self.status());
        self.lanes.iter_mut().for_each(Lane::mend);
        self.bury();
        if self.is_due() && self.trouble.is_none() {
            self.fire_schedules();
        }
        if matches!(self.stage, Stage::Draining(until) if until <= Instant::now()) {
            log::warn!("what still runs is asked to end: it will be tried again");
            self.lanes.iter().for_each(Lane::terminate);
            self.stage = Stage::Ending;
        }
    }

    fn on(&mut self, event: Event) {
        match event {
            Event::Ordered { order, reply } => self.on_ordered(*order, reply),
            Event::Awaited { job, reply } => self.awaited.push((job, reply)),
            Event::Asked { reply } => tell(reply, self.depths()),
            Event::Surveyed { reply } => tell(reply, self.survey()),
            Event::Reported { lane, reports } => {
                if let Some(at) = self.lanes.iter().position(|known| known.number == lane) {
                    reports.into_iter().for_each(|report| self.on_report(at, report));
                }
            }
            Event::Reloaded { queues, keep, reply } => {
                let done = self.on_reloaded(queues, keep).map(|()| self.queues());
                tell(reply, done);
            }
            Event::Drained { until } => self.on_drained(until),
        }
    }

    fn on_drained(&mut self, until: Instant) {
        self.pulse.stopping();
        self.stage = self.stage.drained(until);
    }

    fn on_ordered(&mut self, order: Order, reply: Reply) {
        let tasks = order.tasks();
        if tasks.is_some() && self.stage != Stage::Open {
            return tell(reply, Err(Refusal::Stopping));
        }
        if let Some(full) = self.expect(&order) {
            return tell(reply, Err(full));
        }
        self.weight += tasks.into_iter().flatten().flatten().map(|word| 64 + word.len()).sum::<usize>();
        self.turn.orders.push(order);
        self.replies.push(Some(reply));
    }
}

fn until(due: SystemTime) -> Duration {
    due.duration_since(SystemTime::now()).unwrap_or_default()
}

/// Who has gone meanwhile needs no answer.
fn tell<T>(reply: oneshot::Sender<T>, answer: T) {
    let _ = reply.send(answer);
}
