//! Faults that strike this process itself in the middle of what processes share.
//!
//! ```text
//!   arm ──► the plan of this process ──► ganger_shm::hook, which looks only where something is armed
//!                    ▲                             │ reached
//!                    └───── due? the deed ◄────────┘
//! ```

use std::sync::Mutex;

use ganger_proto::fault::{Deed, Fault, FaultError, Point};
use ganger_shm::hook::{self, Reached, Site};

use super::deeds::strike;
use crate::engine::lock;

/// What is armed in this process.
static PLAN: Mutex<Vec<Armed>> = Mutex::new(Vec::new());

struct Armed {
    fault: Fault,
    site: Site,
    /// How often somebody came past it.
    passed: u32,
    /// It goes with the task that a worker is in.
    of_task: bool,
}

/// Has this process strike itself when one of its threads comes past a point in what processes share: at
/// [`Point::Lock`], [`Point::Turn`], [`Point::Put`] or [`Point::Get`]. The point is exact, so no sleep and no chance is needed to kill a
/// process that holds a lock.
///
/// Which time that is says [`Fault::nth`]; which lock or queue, [`Fault::memory`]. It is for code that runs in a process of its
/// own: the function of a [`Process`](crate::Process), a task. In a pool a plan ([`PoolBuilder::faults`](crate::PoolBuilder::faults)) says
/// the same for a task, without a change of it.
///
/// ```
/// use ganger::sync::Lock;
/// use ganger::testing::{Fault, Point, arm, memory_of};
/// use ganger::{Exit, Process};
///
/// #[ganger::task]
/// fn die_with(lock: Lock) {
///     arm(Fault::kill(Point::Lock).memory(memory_of(&lock))).expect("a lock's point");
///     let _held = lock.lock();
///     unreachable!("it was killed when it held the lock");
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// ganger::init();
/// let lock = Lock::new()?;
/// let process = Process::new(die_with, lock.clone())?;
/// process.start()?;
/// assert_eq!(process.join(None)?, Some(Exit::Signal { number: 9, core: false }));
/// assert!(lock.lock().is_err(), "the next one is told");
/// # Ok(()) }
/// ```
///
/// # Errors
/// When the fault makes no sense, is for another point, or names a worker, a task or a pool: here is only this process.
pub fn arm(fault: Fault) -> Result<(), FaultError> {
    fault.check()?;
    let elsewhere = |why: &str| FaultError::new(format!("'{fault}': {why}"));
    let Some(site) = site(fault.point) else {
        let remedy = "only at=lock, turn, put and get are this process's own; give it to the builder of a pool";
        return Err(elsewhere(remedy));
    };
    if fault.worker.is_some() || fault.task.is_some() || fault.pool.is_some() {
        return Err(elsewhere("it is armed for this very process: leave out worker, task and pool"));
    }
    add([(site, fault)], false);
    Ok(())
}

/// Takes back all that was armed in this process.
///
/// ```
/// use ganger::testing::{Fault, Point, arm, disarm};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// arm(Fault::kill(Point::Lock))?;
/// disarm();
/// assert_eq!(ganger::sync::Lock::new()?.acquire(), ganger::sync::Acquired::Clean);
/// # Ok(()) }
/// ```
pub fn disarm() {
    let mut plan = lock(&PLAN);
    plan.clear();
    listen(&plan);
}

/// Where a point lies in what processes share; none: elsewhere.
fn site(point: Point) -> Option<Site> {
    match point {
        Point::Lock => Some(Site::Lock),
        Point::Turn => Some(Site::Turn),
        Point::Put => Some(Site::Put),
        Point::Get => Some(Site::Get),
        Point::Start
        | Point::Init
        | Point::Begin
        | Point::Write
        | Point::Written
        | Point::Idle
        | Point::Retire
        | Point::Request
        | Point::Answer => None,
    }
}

/// Arms those of a process's plan that strike in what processes share.
pub(crate) fn of_process(faults: &[Fault]) {
    add(faults.iter().filter_map(|fault| Some((site(fault.point)?, fault.clone()))), false);
}

/// A worker begins a task: those of it are armed, and of no other task any more.
pub(crate) fn of_task(faults: impl IntoIterator<Item = Fault>) {
    lock(&PLAN).retain(|armed| !armed.of_task);
    add(faults.into_iter().filter_map(|fault| Some((site(fault.point)?, fault))), true);
}

fn add(faults: impl IntoIterator<Item = (Site, Fault)>, of_task: bool) {
    let mut plan = lock(&PLAN);
    plan.extend(faults.into_iter().map(|(site, fault)| Armed { fault, site, passed: 0, of_task }));
    listen(&plan);
}

fn listen(plan: &[Armed]) {
    hook::arm(plan.iter().map(|armed| armed.site), reached);
}

/// A thread is there, with what it holds in its hands.
fn reached(reached: &Reached) {
    let due = {
        let mut plan = lock(&PLAN);
        let due = plan.iter_mut().find_map(|armed| Some((armed.due(reached)?, armed.fault.point)));
        plan.retain(|armed| !armed.is_spent());
        listen(&plan);
        due
    };
    if let Some((deed, point)) = due {
        strike(deed, point);
    }
}

impl Armed {
    fn due(&mut self, reached: &Reached) -> Option<Deed> {
        let meant = || self.fault.memory.is_none() || self.fault.memory == reached.memory();
        if self.site != reached.site || !meant() {
            return None;
        }
        self.passed = self.passed.saturating_add(1);
        (self.passed >= self.fault.nth).then_some(self.fault.deed)
    }

    fn is_spent(&self) -> bool {
        self.passed >= self.fault.nth && self.passed - self.fault.nth + 1 >= self.fault.times
    }
}
