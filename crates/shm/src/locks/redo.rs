//! Changes of several words that happen all or not at all, wherever who makes them is killed.
//!
//! The new values are first written down beside the words. One store, of how many there are, decides; only then they are
//! stored where they belong, and the count becomes 0 again. Who comes after a death finds a count and does it all once
//! more, or none and nothing was changed.
//!
//! Each store must become visible before the next begins: a killed process's stores all arrive, in the order in which they
//! were made, so it is the compiler that must keep that order, and the processor where it does not by itself.

use crate::hook::{Site, at};
use crate::sync::{Ordering, Shared64, fence};

/// How many words one change may have.
pub(crate) const MOST: usize = 8;

/// What is to be done again if who does it dies.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Redo {
    count: Shared64,
    entries: [Entry; MOST],
}

#[repr(C)]
#[derive(Debug)]
struct Entry {
    index: Shared64,
    value: Shared64,
}

impl Redo {
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        let entry = || Entry { index: Shared64::new(0), value: Shared64::new(0) };
        Self { count: Shared64::new(0), entries: std::array::from_fn(|_| entry()) }
    }

    /// Changes the words. Called by the holder of their lock.
    pub(crate) fn change(&self, words: &[Shared64], changes: &[(usize, u64)]) {
        match changes {
            [] => {}
            [(index, value)] => words[*index].store(*value, Ordering::Release),
            several => {
                self.note(several);
                self.decide(several.len() as u64);
                at(Site::Turn, words);
                self.apply(words, several.len());
                self.decide(0);
            }
        }
    }

    /// Finishes what the last holder had decided and may not have finished.
    pub(crate) fn finish(&self, words: &[Shared64]) {
        let count = self.count.load(Ordering::Acquire);
        self.apply(words, usize::try_from(count).map_or(MOST, |count| count.min(MOST)));
        self.decide(0);
    }

    fn note(&self, changes: &[(usize, u64)]) {
        for (entry, (index, value)) in self.entries.iter().zip(changes) {
            entry.index.store(*index as u64, Ordering::Relaxed);
            entry.value.store(*value, Ordering::Relaxed);
        }
    }

    fn decide(&self, count: u64) {
        fence(Ordering::Release);
        self.count.store(count, Ordering::Release);
        fence(Ordering::Release);
    }

    /// An index out of range was written by one who scribbles, and is passed over.
    fn apply(&self, words: &[Shared64], count: usize) {
        for entry in &self.entries[..count] {
            let index = usize::try_from(entry.index.load(Ordering::Relaxed)).ok();
            if let Some(word) = index.and_then(|index| words.get(index)) {
                word.store(entry.value.load(Ordering::Relaxed), Ordering::Release);
            }
        }
    }
}
