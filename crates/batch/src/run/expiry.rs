//! How long a command may run.

use std::time::Duration;

use super::{Run, Running};
use crate::engine::Engine;
use crate::verdict::Doom;

impl Running {
    /// How long it may run, where the pool does not know its limit: it began before there was a median.
    fn late_limit(&self) -> Option<Duration> {
        if self.limit.is_some() { None } else { self.common.limit() }
    }
}

impl<E: Engine> Run<'_, E> {
    /// Whether a limit may come that the pool does not know: then no command waits in it for its turn.
    fn follows_median(&self) -> bool {
        self.settings.ahead == 0
    }

    /// When the next command runs for too long whose limit the pool does not know.
    pub(super) fn next_expiry(&self) -> Option<Duration> {
        if !self.follows_median() {
            return None;
        }
        let left = |running: &Running| Some(running.late_limit()?.saturating_sub(running.since.elapsed()));
        self.running.values().filter_map(left).min()
    }

    pub(super) fn expire(&mut self) {
        if !self.follows_median() {
            return;
        }
        for (id, running) in &mut self.running {
            if let Some(limit) = running.late_limit().filter(|limit| running.since.elapsed() >= *limit) {
                running.limit = Some(limit);
                running.doom.get_or_insert(Doom::Expired);
                self.engine.cancel(*id);
            }
        }
    }
}
