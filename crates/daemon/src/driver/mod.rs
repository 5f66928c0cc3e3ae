//! The one thread that owns the queues: what happens → one commit → who is told, and what begins.
//!
//! ```text
//!  gather: wait for an event, take all there are ──► Turn ──► Backlog::commit ──┬─► replies, watchers
//!     ▲                                                │ refused by the disk    └─► claims to the lanes' workers
//!     └───── attempts that are over are kept ──────────┘ clients are refused
//! ```

mod event;
mod functions;
mod lane;
mod pace;
mod recipe;
mod reload;
mod survey;
mod verdict;

pub(crate) use event::{Depth, Desk, Refusal};
pub(crate) use functions::MANY;
pub(crate) use survey::{LaneSurvey, Survey};

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use ganger::{NotStarted, Outcome, Report, TaskId, command_end};
use ganger_store::{
    Accepted, Backlog, Claim, Done, End, Ended, Fate, JobId, NewJob, QueueId, StoreError, Stream, Turn, Usage,
};
use tokio::sync::oneshot;

use crate::config::{Config, Runs};
use crate::error::ServeError;
use crate::metrics::Metrics;
use crate::notify::{Pulse, Status};
use crate::queues::Queue;
use event::{AHEAD, Event};
use lane::{Held, Lane};
use recipe::Recipe;

/// How much is gathered for one commit, in about bytes: who comes next waits for as long as that takes.
const FULL: usize = 1 << 20;
/// How long workers may take to answer.
const ANSWER: Duration = Duration::from_secs(15);
/// How long after a refusal the disk is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// The queues, in the hands of one thread.
pub(crate) struct Driver {
    backlog: Backlog,
    /// Those that have retired among them, until what they run has ended.
    lanes: Vec<Lane>,
    recipe: Recipe,
    /// How many lanes there were.
    numbered: usize,
    /// For the lanes to come.
    sender: SyncSender<Event>,
    inbox: Receiver<Event>,
    /// What happened since the last commit.
    turn: Turn,
    weight: usize,
    /// Who is told when it is committed.
    submitted: Vec<oneshot::Sender<Result<Accepted, Refusal>>>,
    cancelled: Vec<oneshot::Sender<Result<(), Refusal>>>,
    awaited: Vec<(JobId, oneshot::Sender<()>)>,
    /// Who waits for a job that is not over.
    watchers: HashMap<JobId, Vec<oneshot::Sender<()>>>,
    /// Since when the disk refuses, if it does: when it is asked again.
    trouble: Option<Instant>,
    /// There is more to do without an event.
    more: bool,
    stage: Stage,
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
        let mut driver = Self {
            metrics: Metrics::new(&[]),
            backlog,
            recipe: Recipe::new(config),
            lanes: Vec::new(),
            numbered: 0,
            sender: sender.clone(),
            inbox,
            turn: Turn::default(),
            weight: 0,
            submitted: Vec::new(),
            cancelled: Vec::new(),
            awaited: Vec::new(),
            watchers: HashMap::new(),
            trouble: None,
            more: true,
            stage: Stage::Open,
            pulse: Pulse::new(),
        };
        for queue in &config.queues {
            let lane = driver.lane(queue)?;
            driver.lanes.push(lane);
        }
        let until = Instant::now() + ANSWER;
        driver.lanes.iter().try_for_each(|lane| lane.wait_for_workers(until))?;
        driver.tell_unserved()?;
        let names: Vec<_> = driver.lanes.iter().map(Lane::name).collect();
        driver.metrics = Metrics::new(&names);
        Ok((driver, Desk(sender)))
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

    /// Works until it was told to drain and all is over.
    pub(crate) fn run(mut self) -> Result<(), ServeError> {
        while !self.is_done() {
            self.gather();
            self.look_at_the_clock();
            self.commit()?;
        }
        self.pulse.hold_breath(Lane::FINISHING);
        let until = Instant::now() + Lane::FINISHING;
        self.lanes.iter().for_each(Lane::close);
        self.lanes.into_iter().for_each(|lane| lane.finish(until));
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

    /// Whether another commit is due, though nothing has happened.
    fn has_more_to_do(&self) -> bool {
        self.trouble.is_none() && (self.more || !self.turn.is_empty())
    }

    /// Until the next moment at which something is due.
    fn patience(&self) -> Duration {
        let draining = match self.stage {
            Stage::Draining(until) => Some(until),
            Stage::Open | Stage::Ending => None,
        };
        let resting = self.lanes.iter().filter_map(Lane::due).min();
        let due = [self.trouble, draining, resting, Some(self.pulse.due())].into_iter().flatten().min();
        due.map_or(AGAIN, |due| due.saturating_duration_since(Instant::now()))
    }

    fn status(&self) -> Status {
        Status {
            waiting: self.lanes.iter().map(|lane| u64::try_from(lane.waiting).unwrap_or(0)).sum(),
            running: self.lanes.iter().map(Lane::running).sum(),
            ending: self.stage != Stage::Open,
            disk_refuses: self.trouble.is_some(),
        }
    }

    fn look_at_the_clock(&mut self) {
        self.pulse.beat(self.status());
        self.lanes.iter_mut().for_each(Lane::mend);
        self.bury();
        if matches!(self.stage, Stage::Draining(until) if until <= Instant::now()) {
            log::warn!("what still runs is asked to end: it will be tried again");
            self.lanes.iter().for_each(Lane::terminate);
            self.stage = Stage::Ending;
        }
    }

    fn on(&mut self, event: Event) {
        match event {
            Event::Submitted { job, reply } => self.on_submitted(*job, reply),
            Event::Cancelled { job, reply } => {
                self.turn.cancelled.push(job);
                self.cancelled.push(reply);
            }
            Event::Awaited { job, reply } => self.awaited.push((job, reply)),
            Event::Asked { reply } => tell(reply, self.depths()),
            Event::Surveyed { reply } => tell(reply, self.survey()),
            Event::Reported { lane, reports } => {
                if let Some(at) = self.lanes.iter().position(|known| known.number == lane) {
                    reports.into_iter().for_each(|report| self.on_report(at, report));
                }
            }
            Event::Reloaded { queues, reply } => {
                let done = self.on_reloaded(queues).map(|()| self.queues());
                tell(reply, done);
            }
            Event::Drained { until } => self.on_drained(until),
        }
    }

    fn on_drained(&mut self, until: Instant) {
        self.pulse.stopping();
        self.stage = self.stage.drained(until);
    }

    fn on_submitted(&mut self, job: NewJob, reply: oneshot::Sender<Result<Accepted, Refusal>>) {
        let full = self.lanes.iter().filter(|lane| lane.queue == job.queue).find_map(Lane::is_full);
        if let Some(full) = full {
            tell(reply, Err(full));
        } else if self.stage == Stage::Open {
            self.weight += job.tasks.iter().flatten().map(|word| 64 + word.len()).sum::<usize>();
            self.turn.accepted.push(job);
            self.submitted.push(reply);
        } else {
            tell(reply, Err(Refusal::Stopping));
        }
    }

    fn on_report(&mut self, lane: usize, report: Report) {
        match report {
            Report::Output { task, stream, bytes } => self.on_output(lane, task, lane::stream(stream), bytes),
            Report::Ended { task, slot, outcome, .. } => self.on_ended(lane, task, slot, &outcome),
            Report::Fault { task, why } => {
                log::warn!("queue {}: {why}", self.lanes[lane].config.name);
                task.into_iter().for_each(|task| self.lanes[lane].at_fault(task, why.clone()));
            }
            Report::Understaffed { workers, wanted, why } => {
                log::warn!("queue {}: {workers} workers of {wanted}: {why}", self.lanes[lane].config.name);
            }
            // Each task is tried once by its pool, and no signals are claimed.
            Report::Again { .. } | Report::Progress { .. } | Report::Interrupted { .. } | Report::Asked(_) => {}
        }
    }

    fn on_output(&mut self, lane: usize, task: TaskId, stream: Stream, bytes: Vec<u8>) {
        if let Some((attempt, bytes)) = self.lanes[lane].printed(task, bytes) {
            self.weight += 64 + bytes.len();
            self.turn.printed.push((attempt, stream, bytes));
        }
    }

    fn on_ended(&mut self, lane: usize, task: TaskId, slot: u32, outcome: &Outcome) {
        // What a program that is kept answers is its own affair, and never read as what a command tells of its end.
        let told = match (&self.lanes[lane].config.runs, outcome) {
            (Runs::Commands, _) => command_end(outcome),
            (Runs::Worker(_), Outcome::Returned(answer)) => {
                self.on_output(lane, task, Stream::Stdout, answer.clone());
                None
            }
            (Runs::Worker(_) | Runs::Functions(_), _) => None,
        };
        let kept = self.lanes[lane].config.output;
        let answered = functions::answer(&self.lanes[lane].config.runs, outcome, kept);
        let outcome = answered.as_ref().map_or(outcome, |(_, outcome)| outcome);
        if let Some((answer, _)) = &answered {
            self.on_output(lane, task, Stream::Stdout, answer.clone());
        }
        let Some(Held { claim, printed, fault }) = self.lanes[lane].take(task) else { return };
        if matches!(outcome, Outcome::NotStarted(NotStarted::PoolFailed(_))) {
            self.lanes[lane].rest();
        }
        let (end, used) = verdict::judge(outcome, told, fault);
        // What has been asked to end may do so in any way, and need not have failed.
        let asked = self.stage == Stage::Ending && end != End::Exit(0);
        self.end(claim, slot, printed, if asked { End::Stopped } else { end }, used);
    }

    fn end(&mut self, claim: Claim, slot: u32, printed: usize, end: End, used: Usage) {
        let fate = verdict::fate(&claim, &end);
        let ended = SystemTime::now();
        let used = Usage {
            wall: if used.wall.is_zero() { ended.duration_since(claim.began).unwrap_or_default() } else { used.wall },
            ..used
        };
        let mut attempt = claim.attempt(ended, used, end);
        (attempt.slot, attempt.printed) = (slot, printed as u64);
        self.weight += 256;
        self.turn.ended.push(Ended { claim, attempt, fate });
    }

    /// What each queue may begin.
    fn wanted(&self) -> Vec<(QueueId, usize)> {
        let begins = self.stage == Stage::Open;
        let coming = |queue| self.turn.accepted.iter().any(|job| job.queue == queue);
        let lanes = self
            .lanes
            .iter()
            .filter(|lane| begins && (lane.waiting > 0 || coming(lane.queue) || self.comes_back(lane.queue)));
        lanes.map(|lane| (lane.queue, self.room(lane))).filter(|(_, room)| *room > 0).collect()
    }

    /// Whether a task of the queue waits again by this turn.
    fn comes_back(&self, queue: QueueId) -> bool {
        self.turn.ended.iter().any(|ended| ended.claim.queue == queue && !matches!(ended.fate, Fate::Over(_)))
    }

    fn commit(&mut self) -> Result<(), ServeError> {
        if self.trouble.is_some_and(|again| Instant::now() < again) {
            self.refuse("the disk refuses, and will be asked again");
            self.tell_awaited();
            return Ok(());
        }
        self.turn.wanted = self.wanted();
        if self.turn.is_empty() && !self.more {
            // Nothing is there to ask the disk with: who comes next does.
            self.trouble = None;
            self.tell_awaited();
            return Ok(());
        }
        let began = Instant::now();
        match self.backlog.commit(&self.turn) {
            Ok(done) => {
                self.metrics.turns().committed(&self.turn, &done, began.elapsed());
                self.on_committed(done);
            }
            Err(error) if error.is_of_the_disk() => self.on_trouble(&error),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn on_committed(&mut self, done: Done) {
        if self.trouble.take().is_some() {
            log::info!("the store can be written to again");
        }
        let turn = std::mem::take(&mut self.turn);
        (self.weight, self.more) = (0, done.more);
        for (reply, accepted) in self.submitted.drain(..).zip(&done.accepted) {
            tell(reply, Ok(*accepted));
        }
        self.cancelled.drain(..).for_each(|reply| tell(reply, Ok(())));
        turn.cancelled.iter().for_each(|job| self.lanes.iter().for_each(|lane| lane.cancel(*job)));
        for lane in &mut self.lanes {
            lane.waiting += done.depths.get(&lane.queue).copied().unwrap_or(0);
        }
        done.over.iter().filter_map(|job| self.watchers.remove(job)).flatten().for_each(|who| tell(who, ()));
        self.tell_awaited();
        done.claimed.into_iter().for_each(|claim| self.begin(claim));
    }

    fn begin(&mut self, claim: Claim) {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.queue == claim.queue && !lane.retired) else { return };
        if let Err((claim, error)) = lane.begin(claim) {
            log::error!("queue {}: a task could not begin: {error}", lane.config.name);
            lane.rest();
            self.end(*claim, 0, 0, End::Stopped, Usage::default());
        }
    }

    /// Those who wait for a job that is over, or is none, are told; the others when it is.
    fn tell_awaited(&mut self) {
        for (job, reply) in std::mem::take(&mut self.awaited) {
            if matches!(self.backlog.is_over(job), Ok(Some(false))) {
                let watchers = self.watchers.entry(job).or_default();
                // Who has gone makes room for who comes.
                watchers.retain(|who| !who.is_closed());
                watchers.push(reply);
            } else {
                tell(reply, ());
            }
        }
    }

    /// What clients want is refused, what workers have told is kept.
    fn on_trouble(&mut self, error: &StoreError) {
        self.metrics.turns().refused();
        if self.trouble.is_none() {
            log::error!("{error}; nothing new begins until it can be written to, what ran is kept");
        }
        self.trouble = Some(Instant::now() + AGAIN);
        self.refuse(&error.to_string());
    }

    fn refuse(&mut self, why: &str) {
        (self.turn.accepted, self.turn.cancelled) = Default::default();
        self.submitted.drain(..).for_each(|reply| tell(reply, Err(Refusal::Disk(why.to_owned()))));
        self.cancelled.drain(..).for_each(|reply| tell(reply, Err(Refusal::Disk(why.to_owned()))));
    }
}

/// Who has gone meanwhile needs no answer.
fn tell<T>(reply: oneshot::Sender<T>, answer: T) {
    let _ = reply.send(answer);
}
