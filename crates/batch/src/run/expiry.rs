//! How long a command may run.

use std::time::Duration;

use super::Run;
use crate::engine::Engine;
use crate::timeout::Timeout;
use crate::verdict::Doom;

impl<E: Engine> Run<'_, E> {
    /// How long a command may run that starts now.
    pub(super) fn limit(&self) -> Option<Duration> {
        match self.settings.timeout? {
            Timeout::After(limit) => Some(limit),
            Timeout::OfMedian(percent) => self.runtimes.share(percent),
        }
    }

    /// When the next command runs for too long, where the pool does not know its limit: one that began before there was
    /// a median.
    pub(super) fn next_expiry(&self) -> Option<Duration> {
        let limit = self.median_limit()?;
        let oldest = self.running.values().filter(|running| running.limit.is_none()).map(|running| running.since).min();
        oldest.map(|since| limit.saturating_sub(since.elapsed()))
    }

    fn median_limit(&self) -> Option<Duration> {
        match self.settings.timeout? {
            Timeout::After(_) => None,
            Timeout::OfMedian(percent) => self.runtimes.share(percent),
        }
    }

    pub(super) fn expire(&mut self) {
        let Some(limit) = self.median_limit() else { return };
        for (id, running) in &mut self.running {
            if running.limit.is_none() && running.since.elapsed() >= limit {
                running.limit = Some(limit);
                running.doom.get_or_insert(Doom::Expired);
                self.engine.cancel(*id);
            }
        }
    }
}
