//! What a command has started and let go of. It comes to this process, a subreaper: what ends by itself is reaped while the
//! command goes on, since each would keep its pid otherwise, and the rest is killed with the command.

use std::time::Duration;

use ganger_sys::{Usage, sweep};

/// How long what was killed may take to die before it is left to the kernel.
const PATIENCE: Duration = Duration::from_millis(200);

/// Those of one command.
pub(super) struct Strays {
    /// Whether they come to this process: not to a thread of the supervisor.
    come_here: bool,
    /// What those have used that were reaped.
    used: Usage,
}

impl Strays {
    pub(super) fn of_commands(come_here: bool) -> Self {
        Self { come_here, used: Usage::default() }
    }

    /// Reaps those that have ended.
    pub(super) fn reap(&mut self) {
        if self.come_here {
            // Who could not be found now is swept up at the end.
            self.used = sweep::reap_dead_orphans().map_or(self.used, |swept| self.used.and(swept.usage));
        }
    }

    /// Kills and reaps all that there are; what they have used, and those before them.
    pub(super) fn sweep(&self) -> Usage {
        if !self.come_here {
            return Usage::default();
        }
        let swept = sweep::sweep(|_| false, PATIENCE);
        swept.map(|swept| swept.usage.and(self.used)).unwrap_or_else(|error| {
            log::warn!("worker: failed to sweep up after a command: {error}");
            self.used
        })
    }
}
