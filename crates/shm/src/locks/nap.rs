//! Sleeping in pieces: short enough that who waits finds out that somebody has died, and never past the deadline.

use std::time::{Duration, Instant};

/// The shortest piece. Whoever was dead before the wait began is found at its end.
const SHORTEST: Duration = Duration::from_millis(1);

/// The longest: a death is noticed no later.
const LONGEST: Duration = Duration::from_millis(50);

/// How long a lock is waited for at least, however near the deadline, that is held for less than a microsecond at a time:
/// unless its holder is stopped in the middle of it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// A piece is such a part of the time that one has waited already: so much longer a wait becomes by a death, whoever dies
/// when, and the looks grow fewer.
const PART: u32 = 8;

/// The pieces of one wait.
#[derive(Debug)]
pub(crate) struct Naps {
    deadline: Option<Instant>,
    /// When the first began.
    began: Option<Instant>,
}

impl Naps {
    /// None: for ever.
    pub(crate) fn until(deadline: Option<Instant>) -> Self {
        Self { deadline, began: None }
    }

    /// Whether the deadline is past.
    pub(crate) fn over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// How long the next piece is.
    pub(crate) fn next(&mut self) -> Duration {
        let now = Instant::now();
        let waited = now.saturating_duration_since(*self.began.get_or_insert(now));
        let length = (waited / PART).clamp(SHORTEST, LONGEST);
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(now));
        left.map_or(length, |left| left.min(length))
    }
}
