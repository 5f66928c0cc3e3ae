//! What was refused, for the log: a flood of it does not fill the journal.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many lines in such a time; the rest is counted.
const LINES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(10);

/// Tells refusals, not too many.
#[derive(Debug)]
pub(super) struct Refusals(Mutex<Window>);

#[derive(Debug)]
struct Window {
    began: Instant,
    count: u32,
}

/// What becomes of one more.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Whole,
    /// The first of a new time, after so many that were only counted.
    After(u32),
    Counted,
}

impl Window {
    fn one_more(&mut self, now: Instant) -> Told {
        self.count += 1;
        if now.duration_since(self.began) >= WINDOW {
            let silent = self.count.saturating_sub(LINES + 1);
            *self = Self { began: now, count: 1 };
            return if silent > 0 { Told::After(silent) } else { Told::Whole };
        }
        if self.count <= LINES { Told::Whole } else { Told::Counted }
    }
}

impl Refusals {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Window { began: Instant::now(), count: 0 }))
    }

    /// What it was is only put into words if it is told.
    pub(super) fn tell(&self, what: impl FnOnce() -> String) {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).one_more(Instant::now());
        match told {
            Told::Whole => log::warn!("{}", what()),
            Told::After(silent) => log::warn!("{}; before that {silent} others, refused without a line", what()),
            Told::Counted => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted() {
        let began = Instant::now();
        let mut window = Window { began, count: 0 };
        let told: Vec<Told> = (0..100).map(|_| window.one_more(began)).collect();
        assert_eq!(told.iter().filter(|told| **told == Told::Whole).count(), LINES as usize);
        assert!(told.last() == Some(&Told::Counted));
        assert_eq!(window.one_more(began + WINDOW), Told::After(90));
        assert_eq!(window.one_more(began + WINDOW), Told::Whole);
    }
}
