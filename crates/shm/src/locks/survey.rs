//! When to look who has died: those who wait together shall not all look.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::futex;

/// Time between two surveys, in milliseconds. A clock that seems to go back makes one due.
const BETWEEN: u64 = 50;

/// Whether nobody has looked just before; `surveyed` is when somebody last did.
pub(crate) fn is_due(surveyed: &AtomicU64) -> bool {
    let now = u64::try_from(futex::since_the_beginning().as_millis()).unwrap_or(u64::MAX);
    let due = now.wrapping_sub(surveyed.load(Ordering::Relaxed)) >= BETWEEN;
    if due {
        surveyed.store(now, Ordering::Relaxed);
    }
    due
}
