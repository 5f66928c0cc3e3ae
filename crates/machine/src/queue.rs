//! The tasks that no worker holds yet: the highest priority first, first in first out among equals.
//!
//! A task that is cancelled in here leaves its entry behind. The entry is dropped when it comes up, and all such are
//! swept out as soon as they outnumber the tasks that wait, so that a cancel is O(1) and their memory is bounded.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use ganger_proto::TaskId;

/// The priority of nearly all tasks; its line is found without a search.
const USUAL: i32 = 0;

/// Below this many left-behind entries nobody sweeps.
const FEW: usize = 64;

/// Invariant: `entries` is the sum of the lengths of all lines, and `waiting` how many of these still wait.
#[derive(Default)]
pub(crate) struct Queue {
    usual: VecDeque<TaskId>,
    others: BTreeMap<Reverse<i32>, VecDeque<TaskId>>,
    entries: usize,
    waiting: usize,
}

impl Queue {
    /// How many tasks wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    pub(crate) fn push_back(&mut self, priority: i32, task: TaskId) {
        self.line(priority).push_back(task);
        self.count_one();
    }

    pub(crate) fn push_front(&mut self, priority: i32, task: TaskId) {
        self.line(priority).push_front(task);
        self.count_one();
    }

    /// Takes out the next task that `waits`.
    pub(crate) fn pop(&mut self, waits: impl Fn(TaskId) -> bool) -> Option<TaskId> {
        if self.waiting == 0 {
            return None;
        }
        loop {
            let task = self.pop_entry()?;
            if waits(task) {
                self.waiting -= 1;
                return Some(task);
            }
        }
    }

    /// One task no longer waits, wherever its entry is.
    pub(crate) fn forget_one(&mut self, waits: impl Fn(TaskId) -> bool) {
        self.waiting -= 1;
        if self.entries > 2 * self.waiting + FEW {
            self.sweep(waits);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn line(&mut self, priority: i32) -> &mut VecDeque<TaskId> {
        if priority == USUAL { &mut self.usual } else { self.others.entry(Reverse(priority)).or_default() }
    }

    fn count_one(&mut self) {
        self.entries += 1;
        self.waiting += 1;
    }

    fn pop_entry(&mut self) -> Option<TaskId> {
        let task = if self.others.is_empty() { self.usual.pop_front() } else { self.pop_by_priority() };
        self.entries -= usize::from(task.is_some());
        task
    }

    fn pop_by_priority(&mut self) -> Option<TaskId> {
        let mut first = self.others.first_entry()?;
        if first.key().0 < USUAL && !self.usual.is_empty() {
            return self.usual.pop_front();
        }
        let task = first.get_mut().pop_front();
        if first.get().is_empty() {
            first.remove();
        }
        task
    }

    fn sweep(&mut self, waits: impl Fn(TaskId) -> bool) {
        self.usual.retain(|task| waits(*task));
        for line in self.others.values_mut() {
            line.retain(|task| waits(*task));
        }
        self.others.retain(|_, line| !line.is_empty());
        self.entries = self.usual.len() + self.others.values().map(VecDeque::len).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn task(n: u32) -> TaskId {
        TaskId::new(n, 0)
    }

    #[test]
    fn the_highest_priority_first_and_first_come_among_equals() {
        let mut queue = Queue::default();
        for (n, priority) in [0, -1, 5, 0, 5, -1].into_iter().enumerate() {
            queue.push_back(priority, task(n as u32));
        }
        queue.push_front(-1, task(9));
        let order: Vec<usize> = std::iter::from_fn(|| queue.pop(|_| true)).map(TaskId::index).collect();
        assert_eq!(order, [2, 4, 0, 3, 9, 1, 5]);
        assert!(queue.is_empty() && queue.others.is_empty());
    }

    #[test]
    fn entries_of_cancelled_tasks_are_swept() {
        let mut queue = Queue::default();
        let mut waiting = HashSet::new();
        for n in 0..10_000 {
            queue.push_back((n % 3) as i32, task(n));
            waiting.insert(task(n));
        }
        for n in 0..9_999 {
            waiting.remove(&task(n));
            queue.forget_one(|task| waiting.contains(&task));
            assert!(queue.entries <= 2 * queue.len() + FEW);
        }
        assert_eq!(queue.pop(|task| waiting.contains(&task)), Some(task(9_999)));
        assert_eq!(queue.pop(|_| true), None);
    }
}
