//! Calls that are under way, one behind the other.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::ManagerError;
use super::link::{Patience, Sent};
use super::protocol::Request;
use super::reception::Reception;
use super::referent::Referent;

/// The answer of a call that was sent and not waited for: many can be under way at a time, which takes a fraction of the
/// time that as many round trips take. The server does a process's calls in the order in which they were sent.
///
/// Dropping it leaves the call be, unless it waits for something: then it waits no longer.
///
/// ```
/// use ganger::manager::{Manager, ManagerError};
///
/// # fn main() -> Result<(), ManagerError> {
/// ganger::init();
/// let manager = Manager::start()?;
/// let squares = manager.dict::<u64, u64>()?;
/// let puts = (0..100).map(|n| squares.insert_later(&n, &(n * n))).collect::<Result<Vec<_>, _>>()?;
/// let gets = (0..100).map(|n| squares.get_later(&n)).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(gets.into_iter().last().expect("there are some").result()?, Some(99 * 99));
/// # drop(puts);
/// # Ok(()) }
/// ```
#[must_use = "without its result nobody learns whether the call was done"]
pub struct Pending<T> {
    referent: Arc<Referent>,
    sent: Sent,
    read: fn(Reception) -> Result<T, ManagerError>,
    asked: bool,
}

impl<T> Pending<T> {
    pub(super) fn new(referent: Arc<Referent>, sent: Sent, read: fn(Reception) -> Result<T, ManagerError>) -> Self {
        Self { referent, sent, read, asked: false }
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// Those of the call.
    pub fn result(self) -> Result<T, ManagerError> {
        self.result_until(None)
    }

    /// As [`result`](Self::result), with a time limit: then the call waits no longer.
    ///
    /// # Errors
    /// Those of the call with a time limit.
    pub fn result_timeout(self, timeout: Duration) -> Result<T, ManagerError> {
        self.result_until(Instant::now().checked_add(timeout))
    }

    fn result_until(mut self, deadline: Option<Instant>) -> Result<T, ManagerError> {
        self.asked = true;
        let answer = self.referent.link().answer(&self.sent, Patience::Until(deadline))?;
        (self.read)(answer)
    }

    /// Whether [`result`](Self::result) would give it at once.
    #[must_use]
    pub fn done(&self) -> bool {
        self.sent.wire.has_answer(self.sent.id)
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        if !self.asked {
            self.referent.link().tell(Request::Cancel { id: self.sent.id });
            self.sent.wire.abandon(self.sent.id);
        }
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("call", &self.sent.id).finish_non_exhaustive()
    }
}
