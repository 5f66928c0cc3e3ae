//! ② Which worker gets which task: the hot path. All of it is O(1) and, once warm, allocates nothing.
//!
//! ```text
//!  submitted ─► the worker that was sent the last task, if it has less to do than another takes to wake
//!            ─► else an idle one, the last that became idle
//!            ─► else a busy one with room, in turn
//!            ─► else the queue ─► refill: a worker at less than half of its limit is filled up to its share
//! ```
//! What was handed out ahead is not overtaken: a task of a higher priority goes to the front of the queue, and waits
//! there behind at most [`Prefetch::work`](ganger_proto::policy::Prefetch::work) of lower ones in each worker.

use std::sync::Arc;

use ganger_proto::TaskId;
use ganger_proto::policy::TaskPolicy;

use crate::event::{Action, End};
use crate::machine::Machine;
use crate::task::TaskState;

/// So many times the cost of a wake-up a hot worker may be silent: its outcomes are read every few dozen submits, so what
/// is known of it is that old.
const UNHEARD: u32 = 4;

impl Machine {
    pub(crate) fn on_submitted(&mut self, task: TaskId, policy: Arc<TaskPolicy>, actions: &mut Vec<Action>) {
        if let Some(refusal) = self.refusal() {
            actions.push(Action::Settle { task, end: End::NotStarted(refusal) });
            return;
        }
        let priority = policy.priority;
        self.timed |= policy.timeout.is_some() || policy.soft_timeout.is_some();
        if !self.tasks.insert(task, policy) {
            return;
        }
        // Nobody overtakes the queue.
        match self.queue.is_empty().then(|| self.choose()).flatten() {
            Some(place) => self.send(place, task, actions),
            None => self.queue.push_back(priority, task),
        }
        if !self.vacant.is_empty() {
            self.staff(actions);
        }
    }

    /// Hands out what waits, as far as anybody has room.
    pub(crate) fn pump(&mut self, actions: &mut Vec<Action>) {
        while !self.queue.is_empty()
            && let Some(place) = self.choose()
            && let Some(task) = self.next_task()
        {
            self.send(place, task, actions);
        }
    }

    /// Fills a worker up that has less than half of what it may hold: in batches, since each send costs a wake-up.
    pub(crate) fn refill(&mut self, place: usize, actions: &mut Vec<Action>) {
        let depth = self.workers[place].held.len();
        let limit = self.pace.limit();
        if self.queue.is_empty() || 2 * depth >= limit || self.is_stuck(place) || !self.takes_tasks(place) {
            return;
        }
        // Towards the end of the queue everybody gets a part.
        let share = self.queue.len() / self.workers.live() + 1;
        for _ in 0..share.min(limit - depth) {
            if self.workers[place].is_spent() {
                return;
            }
            let Some(task) = self.next_task() else { return };
            self.send(place, task, actions);
        }
    }

    /// Puts a task back to the front of its priority: nothing is charged to it.
    pub(crate) fn give_back(&mut self, task: TaskId, actions: &mut Vec<Action>) {
        if let Some(end) = self.end_of_waiting(task) {
            self.settle(task, end, actions);
        } else if let Some(entry) = self.tasks.get_mut(task) {
            entry.state = TaskState::Queued;
            self.queue.push_front(entry.policy.priority, task);
        }
    }

    /// A worker holds nothing any more.
    pub(crate) fn on_empty(&mut self, place: usize, actions: &mut Vec<Action>) {
        if self.workers[place].is_ready() {
            if self.workers[place].is_spent() {
                self.retire(place, actions);
            } else {
                self.refill(place, actions);
                self.rest(place);
            }
        }
        self.let_successor_work(place, actions);
    }

    /// Notes that a worker takes tasks and holds none.
    pub(crate) fn rest(&mut self, place: usize) {
        if self.workers[place].held.is_empty() && self.takes_tasks(place) {
            self.idle.push(place);
        }
    }

    /// Nothing more is sent to a worker.
    pub(crate) fn shun(&mut self, place: usize) {
        self.idle.retain(|idle| *idle != place);
        if std::mem::take(&mut self.workers[place].in_spare) {
            self.spare.retain(|spare| *spare != place);
        }
        self.current = self.current.filter(|current| *current != place);
    }

    /// Notes that a busy worker has room for more.
    pub(crate) fn offer_room(&mut self, place: usize) {
        let worker = &mut self.workers[place];
        if !worker.in_spare && worker.held.len() < self.pace.limit() && worker.is_ready() && !worker.is_spent() {
            worker.in_spare = true;
            self.spare.push_back(place);
        }
    }

    fn next_task(&mut self) -> Option<TaskId> {
        let tasks = &self.tasks;
        self.queue.pop(|task| tasks.waits(task))
    }

    fn choose(&mut self) -> Option<usize> {
        self.hot_worker().or_else(|| self.idle.pop()).or_else(|| self.spare_worker())
    }

    fn hot_worker(&self) -> Option<usize> {
        let place = self.current?;
        let worker = &self.workers[place];
        let depth = worker.held.len();
        let has_room = worker.is_ready() && !worker.is_spent() && 0 < depth && depth < self.pace.hot();
        // A front that runs for much longer than that is no task of microseconds, whatever the mean says.
        (has_room && self.now.since(worker.began) <= UNHEARD * self.policy.prefetch.wake_cost).then_some(place)
    }

    fn spare_worker(&mut self) -> Option<usize> {
        while let Some(place) = self.spare.pop_front() {
            let worker = &mut self.workers[place];
            worker.in_spare = false;
            let depth = worker.held.len();
            let has_room = worker.is_ready() && !worker.is_spent() && 0 < depth && depth < self.pace.limit();
            if has_room && !self.is_stuck(place) {
                return Some(place);
            }
        }
        None
    }

    /// Whether a worker is in a task that takes so long that its backlog would be spread.
    fn is_stuck(&self, place: usize) -> bool {
        let worker = &self.workers[place];
        !worker.held.is_empty() && self.now.since(worker.began) > self.policy.prefetch.balance
    }

    /// Invariant: `place` takes tasks and has room; it is in no list of idle workers any more.
    fn send(&mut self, place: usize, task: TaskId, actions: &mut Vec<Action>) {
        let worker = &mut self.workers[place];
        let Some(entry) = self.tasks.get_mut(task) else { return };
        entry.state = TaskState::Held { worker: worker.id };
        actions.push(Action::Send { worker: worker.id, task, attempt: entry.charged() + 1 });
        worker.held.push_back(task);
        worker.sent += 1;
        self.current = Some(place);
        match worker.held.len() {
            1 => self.begin(place),
            2 => self.loaded += 1,
            _ => {}
        }
        if self.workers[place].is_spent() {
            self.recycle(place, actions);
        } else {
            self.offer_room(place);
        }
    }
}
