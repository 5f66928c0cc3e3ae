//! The machine: its parts, its entry, and what can be asked of it.

use std::time::Duration;

use ganger_proto::WorkerId;
use ganger_proto::outcome::PoolFailure;
use ganger_proto::policy::PoolPolicy;

use crate::crew::Slot;
use crate::event::{Action, Event, Moment};
use crate::ladder::Rung;
use crate::prefetch::Pace;
use crate::queue::Queue;
use crate::random::Random;
use crate::restart::Restarts;
use crate::starts::Starts;
use crate::task::Tasks;
use crate::timers::Timers;
use crate::worker::{Stage, Workers};

/// The decisions of one pool. See the [crate's documentation](crate) for its states and its invariants.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use ganger_machine::{Action, Event, Machine, Moment};
/// use ganger_proto::policy::{PoolPolicy, TaskPolicy};
/// use ganger_proto::TaskId;
///
/// let mut machine = Machine::new(PoolPolicy::default(), 1);
/// let mut actions = Vec::new();
/// machine.start(Moment::default(), &mut actions);
/// let Some(Action::Start { worker, slot: 1 }) = actions.pop() else { panic!("{actions:?}") };
///
/// let now = Moment::new(Duration::from_millis(1));
/// let (task, policy) = (TaskId::new(0, 0), Arc::new(TaskPolicy::default()));
/// machine.on(now, Event::Submitted { task, policy }, &mut actions);
/// machine.on(now, Event::Ready { worker }, &mut actions);
/// assert_eq!(actions, [Action::Send { worker, task, attempt: 1 }]);
/// ```
pub struct Machine {
    pub(crate) policy: PoolPolicy,
    /// The moment of the event in hand, on a clock that stands still while the supervisor does.
    pub(crate) now: Moment,
    /// How long the supervisor stood still in all.
    lag: Duration,
    pub(crate) rung: Rung,
    pub(crate) failure: Option<PoolFailure>,
    pub(crate) tasks: Tasks,
    pub(crate) queue: Queue,
    pub(crate) workers: Workers,
    pub(crate) slots: Vec<Slot>,
    /// The slots that have no worker and no pause, the next to be filled last.
    pub(crate) vacant: Vec<u32>,
    /// The workers that take tasks and hold none, the last to become so last: its caches are warm.
    pub(crate) idle: Vec<usize>,
    /// Workers that hold tasks and had room for more when they were put here; looked at again when taken out.
    pub(crate) spare: std::collections::VecDeque<usize>,
    /// The worker that was sent the last task.
    pub(crate) current: Option<usize>,
    /// How many workers hold more than the task that they are in.
    pub(crate) loaded: usize,
    pub(crate) pace: Pace,
    pub(crate) restarts: Restarts,
    pub(crate) starts: Starts,
    pub(crate) timers: Timers,
    /// When backlogs are looked at next.
    pub(crate) balance_at: Option<Moment>,
    /// Whether any task ever had a time limit.
    pub(crate) timed: bool,
    pub(crate) random: Random,
}

impl Machine {
    /// A machine for an empty pool. The same seed and the same events give the same actions.
    #[must_use]
    pub fn new(policy: PoolPolicy, seed: u64) -> Self {
        let workers = policy.workers.max(1);
        Self {
            now: Moment::default(),
            lag: Duration::ZERO,
            rung: Rung::Running,
            failure: None,
            tasks: Tasks::default(),
            queue: Queue::default(),
            workers: Workers::default(),
            slots: (0..workers).map(|_| Slot::default()).collect(),
            vacant: (0..workers).rev().collect(),
            idle: Vec::new(),
            spare: std::collections::VecDeque::new(),
            current: None,
            loaded: 0,
            pace: Pace::new(policy.prefetch.clone()),
            restarts: Restarts::default(),
            starts: Starts::default(),
            timers: Timers::default(),
            balance_at: None,
            timed: false,
            random: Random::new(seed),
            policy,
        }
    }

    /// Starts the workers of an eager pool. Others start as tasks need them.
    pub fn start(&mut self, now: Moment, actions: &mut Vec<Action>) {
        self.advance(now);
        self.staff(actions);
    }

    /// Takes in one event and appends what is to be done about it. Events that contradict what the machine knows (of
    /// unknown workers, about tasks that a worker does not hold) change nothing.
    pub fn on(&mut self, now: Moment, event: Event, actions: &mut Vec<Action>) {
        if let Event::Stalled { time } = event {
            self.lag += time;
        }
        self.advance(now);
        match event {
            Event::Submitted { task, policy } => self.on_submitted(task, policy, actions),
            Event::Finished { worker, task, verdict, took } => self.on_finished(worker, task, verdict, took, actions),
            Event::Cancelled { task } => self.on_cancelled(task, actions),
            Event::TakenBack { worker, task } => self.on_taken_back(worker, task, actions),
            Event::Kept { worker, task } => self.on_kept(worker, task, actions),
            Event::Ready { worker } => self.on_ready(worker, actions),
            Event::StartFailed { worker, error } => self.on_start_failed(worker, error, actions),
            Event::InitFailed { worker, error } => self.on_init_failed(worker, error, actions),
            Event::WorkerGone { worker, current, exit } => self.on_worker_gone(worker, current, exit, actions),
            Event::Memory { worker, resident } => self.on_memory(worker, resident, actions),
            Event::Grown { workers } => self.on_grown(workers, actions),
            Event::Tick => self.on_tick(actions),
            Event::Stalled { .. } => {}
            Event::Close => self.on_close(),
            Event::Interrupt => self.on_interrupt(actions),
            Event::Terminate => self.on_terminate(actions),
            Event::Kill => self.on_kill(actions),
        }
        self.arm_balance();
        self.wind_down(actions);
    }

    /// When the machine wants [`Event::Tick`] at the latest. It may come to nothing, but then it is not asked for again.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.timers.next().map(|at| self.in_pool_time(at))
    }

    /// How many tasks no worker holds yet; those that wait for another attempt are not among them.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// How many tasks were accepted and are not settled.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.tasks.live()
    }

    /// How many workers have a task in hand.
    #[must_use]
    pub fn running(&self) -> usize {
        self.workers.iter().filter(|worker| !worker.held.is_empty()).count()
    }

    /// How many workers the pool is to have.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.slots.len() as u32
    }

    /// A moment of this machine's own time as one of the pool's, which goes on while the supervisor stands still.
    #[must_use]
    pub fn in_pool_time(&self, moment: Moment) -> Moment {
        moment + self.lag
    }

    /// Whether [`Action::Closed`] was given.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.rung == Rung::Closed
    }

    /// Why the pool gave up, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<&PoolFailure> {
        self.failure.as_ref()
    }

    /// What a worker is doing; none if it is gone or was never there.
    #[must_use]
    pub fn worker(&self, id: WorkerId) -> Option<WorkerView<'_>> {
        self.workers.find(id).map(|place| WorkerView::new(&self.workers[place]))
    }

    /// All workers that are not gone.
    pub fn workers(&self) -> impl Iterator<Item = WorkerView<'_>> {
        self.workers.iter().map(WorkerView::new)
    }

    fn advance(&mut self, now: Moment) {
        self.now = self.now.max(now - self.lag);
    }
}

/// A worker, as the machine sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerView<'a> {
    /// Which.
    pub id: WorkerId,
    /// Its slot, from 1.
    pub slot: u32,
    /// What it is doing.
    pub status: WorkerStatus,
    /// When the first of what it holds began, as far as can be told, on the machine's own time.
    pub began: Moment,
    /// What it was sent and has not answered, in the order sent.
    pub held: &'a std::collections::VecDeque<ganger_proto::TaskId>,
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerStatus {
    /// It is not ready yet.
    Starting,
    /// It has nothing to do.
    Idle,
    /// It has tasks.
    Busy,
    /// It was told to end.
    Leaving,
    /// It was killed, or is about to be.
    Killed,
}

impl<'a> WorkerView<'a> {
    fn new(worker: &'a crate::worker::Worker) -> Self {
        let status = match worker.stage {
            Stage::Starting { .. } => WorkerStatus::Starting,
            Stage::Ready { .. } if worker.held.is_empty() => WorkerStatus::Idle,
            Stage::Ready { .. } => WorkerStatus::Busy,
            Stage::Retiring { .. } | Stage::Terminated => WorkerStatus::Leaving,
            Stage::Isolating { .. } | Stage::Killed { .. } | Stage::Gone => WorkerStatus::Killed,
        };
        Self { id: worker.id, slot: worker.slot + 1, status, began: worker.began, held: &worker.held }
    }
}
