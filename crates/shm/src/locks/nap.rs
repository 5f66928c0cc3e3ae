//! Sleeping in pieces: short enough that who waits finds out that somebody has died, and never past the deadline.

use std::time::{Duration, Instant};

/// The first piece. Whoever was dead before the wait began is found at its end.
const FIRST: Duration = Duration::from_millis(1);

/// The longest: a death is noticed no later.
const LONGEST: Duration = Duration::from_millis(100);

/// How long a lock is waited for at least, however near the deadline, that is held for less than a microsecond at a time:
/// unless its holder is stopped in the middle of it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// The pieces of one wait, each twice as long as the one before.
#[derive(Debug)]
pub(crate) struct Naps {
    deadline: Option<Instant>,
    length: Duration,
}

impl Naps {
    /// None: for ever.
    pub(crate) fn until(deadline: Option<Instant>) -> Self {
        Self { deadline, length: FIRST }
    }

    /// Whether the deadline is past.
    pub(crate) fn over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// How long the next piece is.
    pub(crate) fn next(&mut self) -> Duration {
        let length = self.length;
        self.length = (length * 2).min(LONGEST);
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        left.map_or(length, |left| left.min(length))
    }
}
