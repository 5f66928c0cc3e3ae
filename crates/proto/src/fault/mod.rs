//! Faults on order, for tests that kill workers: who does what to itself, and exactly where.
//!
//! ```text
//!  exit(3) at=write worker=2 task=7 attempt=1 pool=run times=2
//!  └ Deed  └ Point  └──────── which ────────┘          └ how often
//! ```
//!
//! A plan is a list of them. The supervisor keeps it and tells a worker of a fault just before the task that it belongs
//! to, over the way that the task takes; so nothing depends on time. Plain data: what a deed is in the world is told where
//! it is done.

use std::fmt;

use serde::{Deserialize, Serialize};

mod point;
pub use point::Point;

mod deed;
pub use deed::Deed;

mod text;
pub use text::parse;

/// [`Fault::times`] of one that is never spent.
pub const ALWAYS: u32 = u32::MAX;

/// One fault on order: a deed, the point where it is done, and in which of the cases that come past there.
///
/// ```
/// use ganger_proto::fault::{Deed, Fault, Point};
///
/// let fault = Fault::kill(Point::Begin).task(7).worker(2);
/// assert_eq!(fault.to_string(), "kill at=begin worker=2 task=7");
/// assert_eq!("kill at=begin worker=2 task=7".parse(), Ok(fault));
/// assert!(Deed::SlowReader.at(Point::Write).check().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fault {
    /// Where.
    pub point: Point,
    /// What.
    pub deed: Deed,
    /// By the worker in which slot, from 1; of a manager, by its nth process. None: by whichever comes first.
    pub worker: Option<u32>,
    /// Of which task: the nth that the pool accepted, from 1; of a manager, the nth request. None: of whichever comes first.
    pub task: Option<u64>,
    /// In which attempt of that task, from 1. None: in any. Where no task is at hand it means nothing.
    pub attempt: Option<u32>,
    /// Only in the pool, queue, process or manager of this name. None: in any.
    pub pool: Option<String>,
    /// How often, before it is spent. [`ALWAYS`]: it never is.
    pub times: u32,
}

impl Fault {
    /// A fault that strikes once, in a first attempt, whoever comes past the point first.
    #[must_use]
    pub const fn new(deed: Deed, point: Point) -> Self {
        Self { point, deed, worker: None, task: None, attempt: Some(1), pool: None, times: 1 }
    }

    /// SIGKILL.
    #[must_use]
    pub const fn kill(point: Point) -> Self {
        Self::new(Deed::Kill, point)
    }

    /// A segmentation fault.
    #[must_use]
    pub const fn segv(point: Point) -> Self {
        Self::new(Deed::Segv, point)
    }

    /// An exit with this status.
    #[must_use]
    pub const fn exit(status: u8, point: Point) -> Self {
        Self::new(Deed::Exit(status), point)
    }

    /// A panic.
    #[must_use]
    pub const fn panic(point: Point) -> Self {
        Self::new(Deed::Panic, point)
    }

    /// SIGSTOP: it stands still until somebody kills it, or has it go on.
    #[must_use]
    pub const fn stop(point: Point) -> Self {
        Self::new(Deed::Stop, point)
    }

    /// Only the worker in this slot, from 1.
    #[must_use]
    pub const fn worker(mut self, slot: u32) -> Self {
        self.worker = Some(slot);
        self
    }

    /// Only with the nth task that the pool accepted, from 1.
    #[must_use]
    pub const fn task(mut self, nth: u64) -> Self {
        self.task = Some(nth);
        self
    }

    /// Only in this attempt, from 1. If nothing is said, the first: so the next one succeeds.
    #[must_use]
    pub const fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = Some(attempt);
        self
    }

    /// In whichever attempt.
    #[must_use]
    pub const fn any_attempt(mut self) -> Self {
        self.attempt = None;
        self
    }

    /// Only in the pool, queue, process or manager of this name.
    #[must_use]
    pub fn pool(mut self, name: impl Into<String>) -> Self {
        self.pool = Some(name.into());
        self
    }

    /// So many times. If nothing is said, once.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Every time.
    #[must_use]
    pub const fn always(self) -> Self {
        self.times(ALWAYS)
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    /// When it does not: what contradicts what, and the remedy.
    pub fn check(&self) -> Result<(), FaultError> {
        self.point.check(self.deed)?;
        let counted = [
            ("worker", self.worker.map(u64::from)),
            ("task", self.task),
            ("attempt", self.attempt.map(u64::from)),
            ("times", Some(self.times.into())),
        ];
        if let Some((word, _)) = counted.iter().find(|(_, count)| *count == Some(0)) {
            return Err(FaultError(format!("'{self}': {word} counts from 1")));
        }
        if self.task.is_some() && !self.point.has_task() {
            let point = self.point;
            return Err(FaultError(format!("'{self}': at {point} no task is there yet; say which worker instead")));
        }
        Ok(())
    }

    /// Whether it concerns the pool, queue, process or manager of this name.
    #[must_use]
    pub fn concerns(&self, pool: &str) -> bool {
        self.pool.as_deref().is_none_or(|name| name == pool)
    }
}

/// Why a text is no fault, or a fault makes no sense: with the word that is wrong, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FaultError(String);

impl FaultError {
    /// One of whoever is to carry a plan out.
    #[must_use]
    pub fn new(why: String) -> Self {
        Self(why)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(self, f)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
