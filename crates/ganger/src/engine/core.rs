//! The state of a pool behind its one lock: the machine that decides, and what its decisions act upon.
//!
//! Whoever holds the lock drives: a caller that submits, a caller that waits (the *leader*), or the driver thread. Each
//! takes a *turn*: events go into the machine, its actions are done at once, and what must happen outside the lock
//! (waking an async task, running a callback) is left in [`After`].

use std::sync::{Arc, Weak};
use std::time::Instant;

use ganger_machine::{Action, End, Event, Machine, Moment};
use ganger_proto::outcome::{NotStarted, PoolFailure};
use ganger_proto::policy::TaskPolicy;
use ganger_proto::{TaskId, WorkerId};

use crate::command::{Report, ReportQueue};
use crate::engine::deeds::Finish;
use crate::engine::faults::Faults;
use crate::engine::logs::Logs;
use crate::engine::member::Member;
use crate::engine::settings::Settings;
use crate::engine::shares::Shares;
use crate::engine::table::{Payload, Sink, Table};
use crate::engine::watch::Watch;
use crate::error::ErrorKind;
use crate::slot::{Hook, Slots};
use crate::testing::Counts;

/// Every so many submits the submitter reads what the workers have said meanwhile.
const LOOK_EVERY: usize = 64;

/// Everything of a pool that changes.
pub(crate) struct Core {
    pub(crate) machine: Machine,
    pub(crate) settings: Arc<Settings>,
    began: Instant,
    /// The time of this turn: looked up once, when it is first wanted.
    moment: Option<Moment>,
    pub(crate) actions: Vec<Action>,
    pub(crate) tasks: Table,
    pub(crate) slots: Slots,
    pub(crate) gang: Gang,
    pub(crate) shares: Shares,
    pub(crate) watch: Watch,
    pub(crate) logs: Arc<Logs>,
    /// The outcome that the machine is being asked about.
    pub(crate) finish: Option<Finish>,
    /// The memory of a long payload that is no longer needed, for the next long result: fresh pages cost more than a copy.
    pub(crate) spare: Vec<u8>,
    /// Workers that were handed something in this turn, and may sleep.
    pub(crate) touched: Vec<usize>,
    pub(crate) after: After,
    /// For the driver to start.
    pub(crate) to_start: Vec<(WorkerId, u32)>,
    pub(crate) failure: Option<PoolFailure>,
    pub(crate) stage: Stage,
    /// Those who follow commands, and are told of interrupts.
    pub(crate) followers: Vec<Weak<ReportQueue>>,
    /// The step that signals have led to; 0: none has come.
    pub(crate) step: u32,
    /// What they were told of there being too few workers.
    pub(crate) understaffed: Option<Report>,
    /// How many tasks were accepted.
    pub(crate) submitted: usize,
    /// How many workers were started, or were to be.
    pub(crate) starts: u64,
    pub(crate) counts: Counts,
    /// None, as a rule: nobody has ordered any.
    pub(crate) faults: Option<Box<Faults>>,
}

/// How far a pool's life has come, for its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Open,
    Closing,
    Closed,
}

/// What a turn leaves to be done once the lock is free.
#[derive(Default)]
pub(crate) struct After {
    pub(crate) hooks: Vec<Hook>,
    /// How many tasks were settled.
    pub(crate) settled: usize,
    /// Whether a leader sleeps while that happened behind its back.
    pub(crate) wake_leader: bool,
}

/// The workers of a pool by the index of their id, and those among them that owe something.
#[derive(Default)]
pub(crate) struct Gang {
    members: Vec<Option<Box<Member>>>,
    pub(crate) owing: Vec<usize>,
}

impl Gang {
    pub(crate) fn insert(&mut self, member: Member) {
        let index = member.id.index();
        if self.members.len() <= index {
            self.members.resize_with(index + 1, || None);
        }
        self.members[index] = Some(Box::new(member));
        self.owing.push(index);
    }

    pub(crate) fn at(&mut self, index: usize) -> Option<&mut Member> {
        self.members.get_mut(index)?.as_deref_mut()
    }

    pub(crate) fn get(&mut self, worker: WorkerId) -> Option<&mut Member> {
        self.at(worker.index()).filter(|member| member.id == worker)
    }

    pub(crate) fn see(&self, worker: WorkerId) -> Option<&Member> {
        self.members.get(worker.index())?.as_deref().filter(|member| member.id == worker)
    }

    pub(crate) fn remove(&mut self, worker: WorkerId) -> Option<Box<Member>> {
        self.get(worker)?;
        self.owing.retain(|index| *index != worker.index());
        self.members[worker.index()].take()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.iter_mut().flatten().map(|member| &mut **member)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().flatten().map(|member| &**member)
    }
}

impl Core {
    pub(crate) fn new(settings: Arc<Settings>, watch: Watch, logs: Arc<Logs>, seed: u64) -> Self {
        let faults = Faults::of(&settings.faults);
        Self {
            faults,
            counts: Counts::default(),
            machine: Machine::new(settings.policy.clone(), seed),
            settings,
            began: Instant::now(),
            moment: None,
            actions: Vec::new(),
            tasks: Table::default(),
            slots: Slots::default(),
            gang: Gang::default(),
            shares: Shares::new(),
            watch,
            logs,
            finish: None,
            spare: Vec::new(),
            touched: Vec::new(),
            after: After::default(),
            to_start: Vec::new(),
            failure: None,
            stage: Stage::Open,
            followers: Vec::new(),
            step: 0,
            understaffed: None,
            submitted: 0,
            starts: 0,
        }
    }

    /// A turn begins: time goes on.
    pub(crate) fn begin_turn(&mut self) {
        self.moment = None;
    }

    pub(crate) fn now(&mut self) -> Moment {
        *self.moment.get_or_insert_with(|| Moment::new(self.began.elapsed()))
    }

    /// When a moment of the pool's own time is, on the clock.
    pub(crate) fn instant(&self, moment: Moment) -> Instant {
        self.began + moment.since_start()
    }

    /// The first thing: the machine says which workers to start.
    pub(crate) fn start(&mut self) {
        let now = self.now();
        self.machine.start(now, &mut self.actions);
        self.perform(now);
    }

    /// Takes a task in, or says why not.
    pub(crate) fn accept(
        &mut self,
        payload: Payload,
        sink: Sink,
        policy: &Arc<TaskPolicy>,
    ) -> Result<TaskId, ErrorKind> {
        if self.stage != Stage::Open {
            return Err(self.failure.clone().map_or(ErrorKind::Closed, ErrorKind::PoolFailed));
        }
        self.hold(payload.shared.as_deref());
        let task = self.tasks.insert(payload, sink);
        if let Some(faults) = &mut self.faults {
            faults.accepted(task);
        }
        self.event(Event::Submitted { task, policy: Arc::clone(policy) });
        self.expect_answer();
        self.submitted += 1;
        if self.submitted.is_multiple_of(LOOK_EVERY) {
            self.drain();
        }
        Ok(task)
    }

    /// Whether a worker says that it is in the task.
    pub(crate) fn is_running(&self, task: TaskId) -> bool {
        self.gang.iter().any(|member| member.current() == Some(task))
    }

    /// Nothing can be decided any more: all tasks are told so, all workers killed.
    pub(crate) fn collapse(&mut self, error: &str) {
        let failure = PoolFailure::Start { error: error.to_owned() };
        self.stage = Stage::Closed;
        self.failure = Some(failure.clone());
        self.gang = Gang::default();
        for task in self.tasks.ids() {
            self.settle(task, End::NotStarted(NotStarted::PoolFailed(failure.clone())));
        }
    }

    /// Lets the machine decide, and does what it says.
    pub(crate) fn event(&mut self, event: Event) {
        let now = self.now();
        self.machine.on(now, event, &mut self.actions);
        self.perform(now);
    }

    /// The end of a turn: those that were handed something are woken, the driver is told what it must know, and what
    /// is left for the time after the lock is given out.
    pub(crate) fn end_turn(&mut self) -> After {
        self.wake_touched();
        let must_start = !self.to_start.is_empty();
        let deadline = self.machine.next_deadline();
        self.watch.end_of_turn(must_start || self.stage == Stage::Closed, deadline);
        self.after.wake_leader = self.after.settled > 0 && self.watch.leader_asleep;
        std::mem::take(&mut self.after)
    }

    fn wake_touched(&mut self) {
        while let Some(index) = self.touched.pop() {
            if let Some(member) = self.gang.at(index) {
                member.end.writer.wake_reader();
            }
        }
    }
}
