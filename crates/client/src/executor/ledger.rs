//! What was handed in, what the service has, and who waits for it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ganger::Outcome;
use ganger::remote::{Call, Promise};

use super::task_ref::TaskRef;
use crate::connection::Hangup;

/// Shared by the executor and its two threads.
#[derive(Default)]
pub(super) struct Ledger {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Not handed to the service yet.
    waiting: Vec<(Call, Promise)>,
    /// Handed to it, and not answered.
    sent: HashSet<u64>,
    /// Accepted, and not known to be over.
    open: BTreeMap<TaskRef, Promise>,
    /// Where each of those is.
    places: HashMap<u64, TaskRef>,
    cancels: Vec<Cancel>,
    /// Those of `sent` that are to be ended when they are accepted.
    late: HashSet<u64>,
    /// Ends what the listener waits for: there is more to wait for.
    hangup: Option<Hangup>,
    /// The executor is gone.
    closed: bool,
}

/// What is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cancel {
    Task(TaskRef),
    Job(i64),
}

/// What the sender has to do.
pub(super) enum Work {
    /// Hand in what waits.
    Submit,
    Cancel(Cancel),
    /// Nothing any more.
    End,
}

/// How often those look who wait for what may never come.
const GLANCE: Duration = Duration::from_secs(1);

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&'a self, state: MutexGuard<'a, State>, at_most: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, at_most).unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn hand_in(&self, call: Call, promise: Promise) {
        self.state().waiting.push((call, promise));
        self.changed.notify_all();
    }

    /// The executor is gone: its threads end when there is nothing left to do.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// Waits until all that was handed in was accepted or refused. False: not before the deadline.
    pub(super) fn flush(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.state();
        while !state.waiting.is_empty() || !state.sent.is_empty() {
            let left = deadline.map_or(GLANCE, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            state = self.wait(state, left);
        }
        true
    }

    /// Where a task is, once that is known. None: it is not at the service.
    pub(super) fn place(&self, task: u64) -> Option<TaskRef> {
        let mut state = self.state();
        while state.sent.contains(&task) || state.waiting.iter().any(|(_, promise)| promise.task() == task) {
            state = self.wait(state, GLANCE);
        }
        state.places.get(&task).copied()
    }

    pub(super) fn expect(&self, id: TaskRef, promise: Promise) {
        let mut state = self.state();
        state.places.insert(promise.task(), id);
        if let Some(other) = state.open.insert(id, promise) {
            log::warn!("task {id} was asked for twice: the first future of it is cancelled");
            drop(other);
        }
        self.more_is_open(state);
    }

    /// The listener, if it waits, is to wait for more.
    fn more_is_open(&self, mut state: MutexGuard<'_, State>) {
        if let Some(hangup) = state.hangup.take() {
            hangup.end();
        }
        drop(state);
        self.changed.notify_all();
    }

    /// What does not wait at the service any more is settled at once, or was settled.
    pub(super) fn cancel(&self, task: u64) {
        let mut state = self.state();
        if let Some(id) = state.places.get(&task).copied() {
            state.cancels.push(Cancel::Task(id));
        } else if state.sent.contains(&task) {
            state.late.insert(task);
        }
        let at = state.waiting.iter().position(|(_, promise)| promise.task() == task);
        let unsent = at.map(|at| state.waiting.remove(at));
        drop(state);
        if let Some((_, promise)) = unsent {
            promise.keep(Outcome::Cancelled, 0, None);
        }
        self.changed.notify_all();
    }

    pub(super) fn cancel_all(&self) {
        let mut state = self.state();
        let jobs: HashSet<i64> = state.open.keys().map(|id| id.job).collect();
        state.cancels.extend(jobs.into_iter().map(Cancel::Job));
        let unsent = mem::take(&mut state.waiting);
        drop(state);
        drop(unsent);
        self.changed.notify_all();
    }

    /// What the sender does next. It waits for that.
    pub(super) fn next_work(&self) -> Work {
        let mut state = self.state();
        loop {
            if let Some(cancel) = state.cancels.pop() {
                return Work::Cancel(cancel);
            }
            if !state.waiting.is_empty() {
                return Work::Submit;
            }
            if state.closed {
                return Work::End;
            }
            state = self.wait(state, GLANCE);
        }
    }

    /// Those that `choose` takes of what waits, to be handed in.
    pub(super) fn take(
        &self,
        choose: impl FnOnce(&mut Vec<(Call, Promise)>) -> Vec<(Call, Promise)>,
    ) -> Vec<(Call, Promise)> {
        let mut state = self.state();
        let chosen = choose(&mut state.waiting);
        state.sent.extend(chosen.iter().map(|(_, promise)| promise.task()));
        chosen
    }

    /// The service has accepted these as a job.
    pub(super) fn accepted(&self, job: i64, calls: Vec<(Call, Promise)>) {
        let mut state = self.state();
        for ((_, promise), number) in calls.into_iter().zip(1..) {
            let (id, task) = (TaskRef { job, number }, promise.task());
            state.sent.remove(&task);
            if state.late.remove(&task) {
                state.cancels.push(Cancel::Task(id));
            }
            state.places.insert(task, id);
            state.open.insert(id, promise);
        }
        self.more_is_open(state);
    }

    /// It has refused them, or cannot be asked.
    pub(super) fn refused(&self, calls: Vec<(Call, Promise)>, outcome: &Outcome) {
        let mut state = self.state();
        for (_, promise) in &calls {
            state.sent.remove(&promise.task());
            state.late.remove(&promise.task());
        }
        drop(state);
        calls.into_iter().for_each(|(_, promise)| promise.keep(outcome.clone(), 0, None));
        self.changed.notify_all();
    }

    /// What is open, as runs of numbers of each job, the oldest `most` of them; that is waited for. None: nothing will be any more.
    pub(super) fn open(&self, most: usize) -> Option<Vec<(i64, u64, u64)>> {
        let mut state = self.state();
        while state.open.is_empty() {
            if state.closed && state.waiting.is_empty() && state.sent.is_empty() {
                return None;
            }
            state = self.wait(state, GLANCE);
        }
        Some(runs(state.open.keys().copied(), most))
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.state().open.len()
    }

    /// How the listener can be told that there is more. False: there is more already than the `known` runs say.
    pub(super) fn listen(&self, hangup: Hangup, known: &[(i64, u64, u64)], most: usize) -> bool {
        let mut state = self.state();
        let same = runs(state.open.keys().copied(), most) == known;
        state.hangup = same.then_some(hangup);
        same
    }

    /// The listener waits no more. False: it was told that there is more.
    pub(super) fn heard(&self) -> bool {
        self.state().hangup.take().is_some()
    }

    /// A task is over.
    pub(super) fn settle(&self, id: TaskRef, outcome: Outcome, attempts: u32) {
        if let Some(promise) = self.remove(id) {
            promise.keep(outcome, attempts, None);
        }
    }

    fn remove(&self, id: TaskRef) -> Option<Promise> {
        let mut state = self.state();
        let promise = state.open.remove(&id)?;
        state.places.remove(&promise.task());
        Some(promise)
    }

    /// Nothing is known any more of what is open of a job, or at all.
    pub(super) fn give_up(&self, job: Option<i64>, outcome: &Outcome) {
        let ids: Vec<TaskRef> = self.state().open.keys().copied().collect();
        for id in ids.into_iter().filter(|id| job.is_none_or(|job| job == id.job)) {
            self.settle(id, outcome.clone(), 0);
        }
    }
}

fn runs(ids: impl Iterator<Item = TaskRef>, most: usize) -> Vec<(i64, u64, u64)> {
    let mut runs: Vec<(i64, u64, u64)> = Vec::new();
    for TaskRef { job, number } in ids {
        let full = runs.len() == most;
        match runs.last_mut() {
            Some((of, _, last)) if *of == job && *last + 1 == number => *last = number,
            _ if full => break,
            _ => runs.push((job, number, number)),
        }
    }
    runs
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Ledger")
            .field("waiting", &state.waiting.len())
            .field("open", &state.open.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_told_in_runs() {
        let ids = [(1, 1), (1, 2), (1, 4), (2, 5), (2, 6), (3, 7)].map(|(job, number)| TaskRef { job, number });
        assert_eq!(runs(ids.into_iter(), 9), [(1, 1, 2), (1, 4, 4), (2, 5, 6), (3, 7, 7)]);
        assert_eq!(runs(ids.into_iter(), 2), [(1, 1, 2), (1, 4, 4)]);
    }
}
