//! Deadlines, the nearest first. Entries are never searched for: one that no longer holds is dropped when it comes up,
//! or when [`Timers::is_crowded`] says that the dropped ones may outnumber the rest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ganger_proto::{TaskId, WorkerId};

use crate::event::Moment;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// A worker's own: its start, its task's limits or its end, whichever its stage says.
    Worker(WorkerId),
    /// A worker has begun the task behind one that we want ended: the end of that one is overdue.
    Passed(WorkerId),
    /// A task's pause before its next attempt is over.
    Again(TaskId),
    /// A slot's pause before its next worker is over.
    Slot(u32),
    /// Look whether backlogs should be spread.
    Balance,
    /// The grace after TERM is over.
    KillAll,
}

/// Below this many entries nobody counts.
const FEW: usize = 64;

/// Invariant: every deadline that holds has an entry; not every entry is a deadline that holds.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Moment, Timer)>>,
    /// As many entries as held true when they were last looked through.
    true_ones: usize,
}

impl Timers {
    pub(crate) fn push(&mut self, at: Moment, timer: Timer) {
        self.heap.push(Reverse((at, timer)));
    }

    pub(crate) fn next(&self) -> Option<Moment> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes out an entry whose time has come.
    pub(crate) fn pop_due(&mut self, now: Moment) -> Option<(Moment, Timer)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// Whether it is time to [`retain`](Self::retain): at most once for every doubling, so that its cost is spread.
    pub(crate) fn is_crowded(&self) -> bool {
        self.heap.len() > FEW + 2 * self.true_ones
    }

    pub(crate) fn retain(&mut self, holds: impl Fn(Moment, Timer) -> bool) {
        self.heap.retain(|Reverse((at, timer))| holds(*at, *timer));
        self.true_ones = self.heap.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_holds_no_more_does_not_pile_up() {
        let mut timers = Timers::default();
        for n in 0..10_000u64 {
            timers.push(Moment::new(Duration::from_secs(n)), Timer::Slot((n % 100) as u32));
            if timers.is_crowded() {
                timers.retain(|_, timer| timer < Timer::Slot(10));
            }
        }
        assert!(timers.heap.len() <= FEW + 2 * 1000 + 1, "{}", timers.heap.len());
        assert_eq!(timers.next(), Some(Moment::default()));
    }
}
