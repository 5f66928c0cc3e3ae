//! A thing that happens once, and those who wait for it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::lock;

/// Closed, then open for ever.
#[derive(Default)]
pub(crate) struct Latch {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Latch {
    pub(crate) fn open(&self) {
        *lock(&self.open) = true;
        self.opened.notify_all();
    }

    /// Waits until it is open. False: not within the time.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> bool {
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        let mut open = lock(&self.open);
        while !*open {
            open = match deadline.map(|d| d.saturating_duration_since(Instant::now())) {
                None => self.opened.wait(open).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return false,
                Some(left) => self.opened.wait_timeout(open, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        true
    }
}
