//! What a running task can know of itself.

use std::cell::RefCell;

use ganger_proto::TaskId;
use ganger_shm::link::StatePage;

use crate::title;

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// The task that the calling thread is running.
///
/// ```
/// use ganger::{Pool, current};
///
/// #[ganger::task]
/// fn patient() -> u32 {
///     let task = current().expect("a task runs");
///     if task.should_stop() { 0 } else { task.attempt() }
/// }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// assert_eq!(Pool::new(1)?.apply(patient, ())?, 1);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Current {
    pub(crate) task: TaskId,
    pub(crate) attempt: u32,
    pub(crate) slot: u32,
    pub(crate) pool: std::sync::Arc<str>,
    pub(crate) state: StatePage,
}

impl Current {
    /// The task's id, unique among the tasks of its pool that have no outcome yet.
    #[must_use]
    pub fn task(&self) -> TaskId {
        self.task
    }

    /// Which try this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The worker's place among the workers of its pool, from 1. A replacement has the place of the one it replaces.
    #[must_use]
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// The pool's name.
    #[must_use]
    pub fn pool(&self) -> &str {
        &self.pool
    }

    /// Whether the task was asked to stop, because its soft time limit is over. A long task looks now and then.
    #[must_use]
    pub fn should_stop(&self) -> bool {
        self.state.asked_to_stop()
    }
}

/// The task that the calling thread is running; none outside of workers.
///
/// ```
/// assert!(ganger::current().is_none(), "this is no worker");
/// ```
#[must_use]
pub fn current() -> Option<Current> {
    CURRENT.with_borrow(Clone::clone)
}

/// The calling thread's task, and which try at it. None where there is none, or nobody can say any more.
pub(crate) fn current_attempt() -> Option<(TaskId, u32)> {
    let look = |current: &RefCell<Option<Current>>| {
        let current = current.try_borrow().ok()?;
        current.as_ref().filter(|current| current.attempt > 0).map(|current| (current.task, current.attempt))
    };
    CURRENT.try_with(look).ok().flatten()
}

/// The name of the worker whose thread this is.
pub(crate) fn current_worker() -> Option<String> {
    let look = |current: &RefCell<Option<Current>>| {
        current.try_borrow().ok()?.as_ref().map(|current| title::worker(&current.pool, current.slot))
    };
    CURRENT.try_with(look).ok().flatten()
}

pub(super) fn set(current: Option<Current>) {
    CURRENT.set(current);
}

/// Another task begins on this thread.
pub(super) fn update(task: TaskId, attempt: u32) {
    CURRENT.with_borrow_mut(|current| {
        if let Some(current) = current {
            current.task = task;
            current.attempt = attempt;
        }
    });
}
