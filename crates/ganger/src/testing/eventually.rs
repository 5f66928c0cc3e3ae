//! Waiting for what becomes true sooner or later, by looking, never by a guess how long it takes.

use std::thread;
use std::time::{Duration, Instant};

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// Looks until `condition` holds, or for as long as `deadline`; then a last time.
///
/// ```
/// use std::time::Duration;
/// use ganger::testing::eventually;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let began = std::time::Instant::now();
/// eventually(Duration::from_secs(30), || began.elapsed() > Duration::from_millis(3))?;
/// assert!(eventually(Duration::from_millis(3), || false).is_err());
/// # Ok(()) }
/// ```
///
/// # Errors
/// When it did not come to hold: the error says how long that was, and where it was waited for.
#[track_caller]
pub fn eventually(deadline: Duration, mut condition: impl FnMut() -> bool) -> Result<(), Overdue> {
    let place = std::panic::Location::caller();
    let until = Instant::now() + deadline;
    loop {
        let last = Instant::now() >= until;
        if condition() {
            return Ok(());
        }
        if last {
            return Err(Overdue { deadline, place });
        }
        thread::sleep(PAUSE);
    }
}

/// What was waited for did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: it did not come to hold within {deadline:?}")]
pub struct Overdue {
    deadline: Duration,
    place: &'static std::panic::Location<'static>,
}
