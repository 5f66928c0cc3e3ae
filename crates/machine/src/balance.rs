//! Spreading backlogs: what was handed out ahead is taken back when it lies behind one worker while another could run it.

use std::time::Duration;

use crate::event::Action;
use crate::machine::Machine;
use crate::task::{Recall, TaskState};
use crate::timers::Timer;

/// With nobody idle, a worker counts as stuck in its task after so many times the balance pause.
const STUCK: u32 = 10;

impl Machine {
    /// Sees to it that backlogs are looked at, if there are any and somebody else could have them.
    #[inline]
    pub(crate) fn arm_balance(&mut self) {
        if self.loaded == 0 || self.balance_at.is_some() || self.workers.live() < 2 || !self.rung.retries() {
            return;
        }
        let pause = self.policy.prefetch.balance;
        let pause = if self.idle.is_empty() { pause.saturating_mul(STUCK) } else { pause };
        let at = self.now + pause.max(Duration::from_nanos(1));
        self.balance_at = Some(at);
        self.timers.push(at, Timer::Balance);
    }

    /// With somebody idle: takes back half of what the longest backlog has not begun. Otherwise all that lies behind a
    /// worker that is stuck, or it might wait for as long as there is work for the others.
    pub(crate) fn balance(&mut self, actions: &mut Vec<Action>) {
        if self.idle.is_empty() {
            let pause = self.policy.prefetch.balance.saturating_mul(STUCK);
            for place in self.workers.places() {
                if self.now.since(self.workers[place].began) > pause {
                    self.recall_last(place, self.workers[place].held.len().saturating_sub(1), actions);
                }
            }
        } else if let Some(place) = self.longest() {
            let unbegun = self.workers[place].held.len() - 1;
            self.recall_last(place, unbegun.div_ceil(2), actions);
        }
    }

    /// The worker with the most tasks that it has not begun, if they will lie there for longer than the balance pause.
    fn longest(&self) -> Option<usize> {
        let balance = self.policy.prefetch.balance;
        let loaded = self.workers.places().filter(|place| {
            let worker = &self.workers[*place];
            let lies = self.now.since(worker.began) >= balance || self.pace.estimate(worker.held.len()) >= balance;
            worker.is_ready() && worker.held.len() > 1 && lies
        });
        loaded.max_by_key(|place| self.workers[*place].held.len())
    }

    fn recall_last(&mut self, place: usize, count: usize, actions: &mut Vec<Action>) {
        if !self.workers[place].is_ready() {
            return;
        }
        // From the back: the least likely to begin meanwhile, and given back in this order they keep their old one.
        let last: Vec<_> = self.workers[place].held.iter().rev().take(count).copied().collect();
        for task in last {
            if let Some(TaskState::Held { worker }) = self.tasks.state(task) {
                self.take_back(worker, task, Recall::ToMove, actions);
            }
        }
    }
}
