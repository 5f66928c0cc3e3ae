//! A machine, and a clock in microseconds.

use std::sync::Arc;
use std::time::Duration;

use ganger_machine::{Action, End, Event, Machine, Moment};
use ganger_proto::message::Verdict;
use ganger_proto::outcome::{Exit, PoolFailure};
use ganger_proto::policy::{Backoff, PoolPolicy, Restart, TaskPolicy};
use ganger_proto::{TaskId, WorkerId};

pub(crate) const MS: u64 = 1000;
pub(crate) const KILLED: Exit = Exit::Signal { number: 9, core: false };

pub(crate) struct Pool {
    pub(crate) machine: Machine,
    pub(crate) now: u64,
}

pub(crate) fn t(n: u32) -> TaskId {
    TaskId::new(n, 0)
}

pub(crate) fn w(n: u32) -> WorkerId {
    WorkerId::new(n, 0)
}

/// No jitter, so that pauses are exact.
pub(crate) fn policy(workers: u32) -> PoolPolicy {
    let backoff = Backoff { jitter: 0.0, ..Restart::default().backoff };
    PoolPolicy { workers, restart: Restart { backoff, ..Restart::default() }, ..PoolPolicy::default() }
}

pub(crate) fn send(worker: WorkerId, task: u32, attempt: u32) -> Action {
    Action::Send { worker, task: t(task), attempt }
}

pub(crate) fn settle(task: u32, end: End) -> Action {
    Action::Settle { task: t(task), end }
}

pub(crate) fn take_back(worker: WorkerId, task: u32) -> Action {
    Action::TakeBack { worker, task: t(task) }
}

/// The worker that is to be started, the first if there are more.
pub(crate) fn started(actions: &[Action]) -> Option<WorkerId> {
    actions.iter().find_map(|action| match action {
        Action::Start { worker, .. } => Some(*worker),
        Action::Send { .. } | Action::TakeBack { .. } | Action::AskToStop { .. } | Action::Retire { .. } => None,
        Action::Terminate { .. } | Action::Kill { .. } | Action::Settle { .. } => None,
        Action::Understaffed { .. } | Action::Failed(_) | Action::Closed => None,
    })
}

/// Why the pool gave up.
pub(crate) fn failure(actions: &[Action]) -> Option<&PoolFailure> {
    actions.iter().find_map(|action| if let Action::Failed(failure) = action { Some(failure) } else { None })
}

impl Pool {
    /// A started pool, before anybody is ready.
    pub(crate) fn starting(policy: PoolPolicy) -> (Self, Vec<Action>) {
        let mut pool = Self { machine: Machine::new(policy, 1), now: 0 };
        let mut actions = Vec::new();
        pool.machine.start(Moment::default(), &mut actions);
        (pool, actions)
    }

    /// A started pool with all workers ready.
    pub(crate) fn ready(policy: PoolPolicy) -> Self {
        let workers = policy.workers;
        let (mut pool, _) = Self::starting(policy);
        for n in (0..workers).rev() {
            pool.on(Event::Ready { worker: w(n) });
        }
        pool
    }

    pub(crate) fn on(&mut self, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        self.machine.on(Moment::new(Duration::from_micros(self.now)), event, &mut actions);
        actions
    }

    pub(crate) fn submit(&mut self, task: u32) -> Vec<Action> {
        self.submit_with(task, &TaskPolicy::default())
    }

    pub(crate) fn submit_with(&mut self, task: u32, policy: &TaskPolicy) -> Vec<Action> {
        self.on(Event::Submitted { task: t(task), policy: Arc::new(policy.clone()) })
    }

    pub(crate) fn finish(&mut self, worker: WorkerId, task: u32, micros: u64) -> Vec<Action> {
        let (verdict, took) = (Verdict::Returned, Duration::from_micros(micros));
        self.on(Event::Finished { worker, task: t(task), verdict, took })
    }

    pub(crate) fn gone(&mut self, worker: WorkerId, current: Option<u32>) -> Vec<Action> {
        self.on(Event::WorkerGone { worker, current: current.map(t), exit: KILLED })
    }

    /// Lets time pass, with every tick that the machine asks for.
    pub(crate) fn pass(&mut self, micros: u64) -> Vec<Action> {
        let end = self.now + micros;
        let mut actions = Vec::new();
        while let Some(at) = self.machine.next_deadline().map(|at| at.since_start().as_micros() as u64)
            && at < end
        {
            self.now = self.now.max(at + 1);
            actions.extend(self.on(Event::Tick));
        }
        self.now = end;
        actions
    }

    /// Teaches the machine how long a task takes, with tasks numbered from 1000.
    pub(crate) fn learn(&mut self, worker: WorkerId, micros: u64) {
        for n in 1000..1050 {
            self.submit(n);
            self.finish(worker, n, micros);
        }
    }
}
