//! One look at a ledger's words, and what it changes.

use super::redo::MOST;
use crate::sync::{Ordering, Shared64};

/// All who wait, whatever they wait for: the mask of who waits for anything.
pub const EVERYONE: u32 = u32::MAX;

/// The words of a ledger in the hands of one. Nothing is changed before the turn ends, and then everything.
#[derive(Debug)]
pub struct Turn<'a> {
    words: &'a [Shared64],
    staged: [(usize, u64); MOST],
    len: usize,
    wake: Option<(u32, u32)>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(words: &'a [Shared64]) -> Self {
        Self { words, staged: [(0, 0); MOST], len: 0, wake: None }
    }

    /// How many words there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "what it has does not change")]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// What a word says, or will say when this turn has ended.
    ///
    /// # Panics
    /// When there is no such word.
    #[must_use]
    pub fn get(&self, index: usize) -> u64 {
        let staged = self.changes().iter().find(|(at, _)| *at == index);
        staged.map_or_else(|| self.words[index].load(Ordering::Relaxed), |(_, value)| *value)
    }

    /// Changes a word when this turn ends.
    ///
    /// # Panics
    /// When there is no such word, or more than eight are changed in one turn.
    pub fn set(&mut self, index: usize, value: u64) {
        assert!(index < self.words.len(), "word {index} of {}", self.words.len());
        let at = self.changes().iter().position(|(at, _)| *at == index).unwrap_or(self.len);
        assert!(at < MOST, "a turn changes at most {MOST} words");
        self.staged[at] = (index, value);
        self.len = self.len.max(at + 1);
    }

    /// Wakes, when this turn has ended, up to `count` of those whose masks have a bit of `mask`. More than one call: the
    /// bits of all, and the largest count.
    pub fn wake(&mut self, count: u32, mask: u32) {
        let (counts, masks) = self.wake.unwrap_or((0, 0));
        self.wake = Some((counts.max(count), masks | mask));
    }

    pub(crate) fn changes(&self) -> &[(usize, u64)] {
        &self.staged[..self.len]
    }

    pub(crate) fn to_wake(&self) -> Option<(u32, u32)> {
        self.wake
    }
}
