//! The machine in a few lines, for logs and for failed tests.

use std::fmt;

use crate::machine::Machine;
use crate::task::TaskState;
use crate::worker::Worker;

impl fmt::Debug for Machine {
    /// One line for the pool and one for each worker. Behind a held task, `?` stands for taking back, `!` for doomed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}, {} queued, ", self.rung, self.now.since_start(), self.queue.len())?;
        write!(f, "{} unsettled, limit {}, vacant {:?}", self.tasks.live(), self.pace.limit(), self.vacant)?;
        self.workers.iter().try_for_each(|worker| self.show_worker(worker, f))
    }
}

impl Machine {
    fn show_worker(&self, worker: &Worker, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n  {} in slot {}: {:?}, holds", worker.id, worker.slot + 1, worker.stage)?;
        for task in &worker.held {
            let mark = match self.tasks.state(*task) {
                Some(TaskState::Held { .. }) => "",
                Some(TaskState::TakingBack { .. }) => "?",
                Some(TaskState::Doomed { .. }) => "!",
                Some(TaskState::Queued | TaskState::Backoff { .. }) | None => " (not its own)",
            };
            write!(f, " {task}{mark}")?;
        }
        Ok(())
    }
}
