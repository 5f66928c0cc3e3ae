//! What keeps a run from starting commands though there are slots for them.

use std::time::Instant;

use super::{Obstacle, Run};
use crate::engine::Engine;
use crate::observer::Notice;
use crate::throttle::{LOOK, Waiting};
use crate::verdict::Doom;

impl<E: Engine> Run<'_, E> {
    /// What is in the way of the next start.
    pub(super) fn hindrance(&mut self) -> Option<Obstacle> {
        let now = Instant::now();
        if let Some(left) = self.next_start.and_then(|start| start.checked_duration_since(now)) {
            return Some(Obstacle::Delay(left));
        }
        let waiting = self.valve.as_mut().and_then(|valve| valve.closed(now));
        self.tell_waiting(waiting);
        waiting.map(|_| Obstacle::Machine)
    }

    /// Progress has it at once; whoever sees no progress is told once, if nothing at all happens meanwhile.
    fn tell_waiting(&mut self, waiting: Option<Waiting>) {
        let changed = waiting.is_some() != self.waiting.is_some();
        self.waiting = waiting;
        if let Some(waiting) = waiting
            && self.running.is_empty()
            && !std::mem::replace(&mut self.told_waiting, true)
        {
            self.observer.notice(&Notice::Waiting(waiting));
        }
        if changed {
            self.tell_progress();
        }
    }

    /// Where memory becomes scarce, the command that was started last makes room for those that have done more.
    pub(super) fn make_room(&mut self) {
        let Some(valve) = self.valve.as_mut().filter(|valve| valve.guards_memory()) else { return };
        // Counted only where there is a valve: this is come by after each report.
        let runs = self.running.values().filter(|running| running.doom.is_none()).count();
        if runs < 2 || !valve.must_kill(Instant::now()) {
            return;
        }
        let youngest =
            self.running.iter_mut().filter(|(_, running)| running.doom.is_none()).max_by_key(|(_, r)| r.since);
        if let Some((id, running)) = youngest {
            running.doom = Some(Doom::Evicted);
            self.engine.cancel(*id);
        }
    }

    /// How long it may be before memory is looked at.
    pub(super) fn next_look(&self) -> Option<std::time::Duration> {
        self.valve.as_ref().filter(|valve| valve.guards_memory() && !self.running.is_empty()).map(|_| LOOK)
    }
}
