//! Where an outcome waits for those who want it: filled once, by whoever drains the rings.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use ganger_proto::message::Verdict;
use ganger_proto::outcome::{Exit, NotStarted};
use smallvec::SmallVec;

use crate::passing::Passed;

/// The bytes of a result: small ones without an allocation of their own.
pub(crate) type Body = SmallVec<[u8; 24]>;

/// How a task ended, still encoded: decoding is for the caller's own thread.
#[derive(Clone, Debug)]
pub(crate) enum Ended {
    Returned {
        body: Body,
        /// How long it ran, in nanoseconds; the most that fits for anything longer.
        took: u32,
    },
    Other(Box<Detail>),
}

impl Ended {
    fn is_light(&self) -> bool {
        matches!(self, Self::Returned { body, .. } if !body.spilled())
    }
}

/// Everything but success, with its circumstances.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    pub(crate) how: How,
    pub(crate) attempts: u32,
    pub(crate) worker: Option<u32>,
}

/// How a task ended without a result.
#[derive(Clone, Debug)]
pub(crate) enum How {
    /// An encoded result, with the descriptors that it names.
    ReturnedWith(Vec<u8>, Vec<Passed>),
    /// An encoded failure or panic.
    Reported(Verdict, Vec<u8>),
    Crashed(Vec<Exit>),
    TimedOut(Duration),
    Cancelled,
    NotStarted(NotStarted),
}

/// What is to happen when the slot is filled.
pub(crate) enum Hook {
    /// An async task to be polled again.
    Wake(Waker),
    /// User code. It runs on a thread of its own, so it can hold up nobody.
    Call(Box<dyn FnOnce() + Send>),
    /// One of many futures that somebody waits for.
    Tell(Arc<dyn Told>, usize),
}

/// Who waits for several slots at once.
pub(crate) trait Told: Send + Sync {
    /// Number `index` is done. Called with locks held: it must not call back.
    fn tell(&self, index: usize);
}

/// So many slots lie together. Slots of tasks that wait in a queue are then walked through in the order of memory, and
/// not in the order in which an allocator happens to give memory back.
const BLOCK: usize = 64;

/// A slot, held by its future and by the engine. The block it lies in goes with the last of its slots.
#[derive(Clone)]
pub(crate) struct SlotRef {
    block: Arc<[Slot; BLOCK]>,
    index: u32,
}

impl Deref for SlotRef {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        &self.block[self.index as usize]
    }
}

/// One who may read the outcome: a future, a callback. With the last of them the outcome goes, though its slot stays as
/// long as its block: results are not kept for their neighbours' sake.
pub(crate) struct Reading(SlotRef);

impl Reading {
    /// The first, and, until it is cloned, only one.
    pub(crate) fn first(slot: SlotRef) -> Self {
        Self(slot)
    }
}

impl Clone for Reading {
    fn clone(&self) -> Self {
        self.0.cell().more_readers += 1;
        Self(self.0.clone())
    }
}

impl Deref for Reading {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        &self.0
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if !self.0.is_light.load(Ordering::Acquire) {
            // With the lock free again: what a result holds may be anything.
            drop(self.0.leave());
        }
    }
}

/// Where new slots come from.
pub(crate) struct Slots {
    block: Arc<[Slot; BLOCK]>,
    used: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Self { block: Arc::new(std::array::from_fn(|_| Slot::default())), used: 0 }
    }
}

impl Slots {
    /// A slot that nobody has had.
    pub(crate) fn fresh(&mut self) -> SlotRef {
        if self.used == BLOCK {
            *self = Self::default();
        }
        let index = self.used as u32;
        self.used += 1;
        SlotRef { block: Arc::clone(&self.block), index }
    }
}

/// The place of one outcome.
#[derive(Default)]
pub(crate) struct Slot {
    cell: Mutex<Cell>,
    filled: Condvar,
    /// Whether it is filled with what owns no memory: then nobody need take it out.
    is_light: AtomicBool,
}

/// Most slots never have any.
pub(crate) type Hooks = SmallVec<[Hook; 1]>;

#[derive(Default)]
struct Cell {
    ended: Option<Ended>,
    hooks: Option<Box<Hooks>>,
    sleepers: u32,
    /// Beside the first.
    more_readers: u32,
    /// Nobody reads any more: what comes is not kept.
    is_left: bool,
}

impl Slot {
    fn cell(&self) -> MutexGuard<'_, Cell> {
        self.cell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills the slot. A second outcome is not believed: the first stands.
    pub(crate) fn fill(&self, ended: Ended) -> Option<Box<Hooks>> {
        let mut cell = self.cell();
        debug_assert!(cell.ended.is_none(), "a task settles once");
        if !cell.is_left {
            self.is_light.store(ended.is_light(), Ordering::Release);
            cell.ended.get_or_insert(ended);
        }
        if cell.sleepers > 0 {
            self.filled.notify_all();
        }
        cell.hooks.take()
    }

    /// A reader goes. With the last one, what was to be read.
    fn leave(&self) -> Option<Ended> {
        let mut cell = self.cell();
        match cell.more_readers.checked_sub(1) {
            Some(left) => {
                cell.more_readers = left;
                None
            }
            None => {
                cell.is_left = true;
                cell.ended.take()
            }
        }
    }

    pub(crate) fn is_filled(&self) -> bool {
        self.cell().ended.is_some()
    }

    /// Looks at the outcome, if it is there.
    pub(crate) fn peek<R>(&self, look: impl FnOnce(&Ended) -> R) -> Option<R> {
        self.cell().ended.as_ref().map(look)
    }

    /// Adds a hook, or gives it back because the outcome is there already.
    pub(crate) fn hook(&self, hook: Hook) -> Option<Hook> {
        let mut cell = self.cell();
        if cell.ended.is_some() {
            return Some(hook);
        }
        cell.hooks.get_or_insert_default().push(hook);
        None
    }

    /// Keeps one waker, the newest.
    pub(crate) fn set_waker(&self, waker: &Waker) -> bool {
        let mut cell = self.cell();
        if cell.ended.is_some() {
            return false;
        }
        let hooks = cell.hooks.get_or_insert_default();
        hooks.retain(|hook| !matches!(hook, Hook::Wake(_)));
        hooks.push(Hook::Wake(waker.clone()));
        true
    }

    /// Sleeps until the slot is filled, or the deadline.
    pub(crate) fn sleep(&self, deadline: Option<Instant>) {
        let mut cell = self.cell();
        cell.sleepers += 1;
        while cell.ended.is_none() {
            cell = match deadline.map(|d| d.saturating_duration_since(Instant::now())) {
                None => self.filled.wait(cell).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => self.filled.wait_timeout(cell, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        cell.sleepers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn large() -> Ended {
        Ended::Returned { body: Body::from_vec(vec![7; 100]), took: 0 }
    }

    #[test]
    fn an_outcome_goes_with_its_last_reader() {
        let slot = Slots::default().fresh();
        let (one, engine) = (Reading::first(slot.clone()), slot);
        engine.fill(large());
        let two = one.clone();
        drop(one);
        assert!(engine.is_filled());
        drop(two);
        assert!(!engine.is_filled());
    }

    #[test]
    fn what_comes_when_nobody_reads_is_not_kept() {
        let slot = Slots::default().fresh();
        drop(Reading::first(slot.clone()));
        slot.fill(large());
        assert!(!slot.is_filled());
    }
}
