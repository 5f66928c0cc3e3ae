//! When to look who has died: those who wait together shall not all look.

use crate::futex;
use crate::sync::{Ordering, Shared64};

/// Time between two surveys, in milliseconds. A clock that seems to go back makes one due.
/// Where no time passes one is always due.
const BETWEEN: u64 = if cfg!(loom) { 0 } else { 50 };

/// Whether nobody has looked just before; `surveyed` is when somebody last did.
pub(crate) fn is_due(surveyed: &Shared64) -> bool {
    let now = u64::try_from(futex::since_the_beginning().as_millis()).unwrap_or(u64::MAX);
    let due = now.wrapping_sub(surveyed.load(Ordering::Relaxed)) >= BETWEEN;
    if due {
        surveyed.store(now, Ordering::Relaxed);
    }
    due
}
