//! Words of shared memory that are changed in turns, each by one at a time, each whole or not at all.
//!
//! ```text
//!  0         128     192                                         words
//!  ├─────────┼───────┼───────┬─────────┬────────────────────────┼──────┬──────┬───
//!  │ kind    │ gate  │ inner │ changed │ redo: count, 8 entries │  0   │  1   │ …
//!  └─────────┴───────┴───────┴─────────┴────────────────────────┴──────┴──────┴───
//! ```
//!
//! Invariants:
//! - The words are changed by the holder of `inner` alone, through `redo`. So whoever holds it sees the end of some turn, never
//!   the middle of one; a holder who died in the middle of one is finished first.
//! - `changed` counts the turns that woke somebody. Who will sleep has read it while holding `inner`, so a turn that
//!   comes after its look finds it asleep, or keeps it from falling asleep.
//! - What is in the memory is believed as values, never as places: every index is held against the number of words.

use std::sync::Arc;
use std::time::Instant;

#[cfg(not(loom))]
use super::memory::Memory;
use super::nap::{Naps, PATIENCE};
use super::redo::Redo;
use super::robust::{Acquired, RobustWord};
#[cfg(not(loom))]
use super::survey;
use super::turn::Turn;
use crate::futex;
use crate::layout::Line;
#[cfg(loom)]
use crate::model::LedgerMemory as Memory;
use crate::sync::{Identity, Ordering, Shared64, Word};

/// What stands before the words.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Head {
    /// What kind of object this is.
    pub(crate) kind: Line<Shared64>,
    /// When somebody last looked who has died, in milliseconds since the machine began.
    surveyed: Shared64,
    /// A lock for the object's users.
    gate: Line<RobustWord>,
    pub(crate) inner: RobustWord,
    pub(crate) changed: Word,
    redo: Redo,
}

/// Words that several processes share.
#[derive(Clone, Debug)]
pub struct Ledger {
    memory: Arc<Memory>,
}

impl Ledger {
    pub(crate) fn over(memory: Arc<Memory>) -> Self {
        Self { memory }
    }

    #[cfg(loom)]
    pub(crate) fn head(&self) -> &Head {
        self.memory.head()
    }

    /// A lock that has nothing to do with the turns.
    #[must_use]
    pub fn gate(&self) -> &RobustWord {
        &self.memory.head().gate.0
    }

    /// How many words there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "what it has does not change")]
    pub fn len(&self) -> usize {
        self.memory.words().len()
    }

    /// All words, for those that no turn changes.
    #[cfg(not(loom))]
    pub(crate) fn words(&self) -> &[Shared64] {
        self.memory.words()
    }

    /// What a word says now, without a turn.
    ///
    /// # Panics
    /// When there is no such word.
    #[must_use]
    pub fn peek(&self, index: usize) -> u64 {
        self.memory.words()[index].load(Ordering::Acquire)
    }

    /// Changes a word that no turn changes: one that belongs to the holder of the [`gate`](Self::gate), say.
    ///
    /// # Panics
    /// When there is no such word.
    pub fn poke(&self, index: usize, value: u64) {
        self.memory.words()[index].store(value, Ordering::Release);
    }

    /// Takes a turn. None: somebody else's did not end within the deadline, and a second.
    pub fn turn<R>(&self, deadline: Option<Instant>, look: impl FnOnce(&mut Turn<'_>) -> R) -> Option<R> {
        self.counted_turn(deadline, look).map(|(result, _)| result)
    }

    /// Takes turns until one gives a value, and sleeps between them: until it is [woken](Turn::wake) by a bit of `mask`, or
    /// for a tenth of a second. When nobody has woken it, `survey` looks, outside of any turn, who has died meanwhile,
    /// and the next turn is handed what it found. It does so before giving up, but else only if no other process has
    /// done so just before. None: not until the deadline.
    pub fn wait<D, R>(
        &self,
        deadline: Option<Instant>,
        mask: u32,
        mut survey: impl FnMut() -> Option<D>,
        mut look: impl FnMut(&mut Turn<'_>, Option<D>) -> Option<R>,
    ) -> Option<R> {
        let mut naps = Naps::until(deadline);
        let (mut last, mut dead) = (false, None);
        loop {
            let (found, changed) = self.counted_turn(deadline, |turn| look(turn, dead.take()))?;
            if found.is_some() || last {
                return found;
            }
            last = naps.over();
            let woken = !last && futex::wait_masked(&self.memory.head().changed, changed, mask, naps.next());
            if last || (!woken && self.survey_is_due()) {
                dead = survey();
            }
        }
    }

    /// Whether nobody has looked for the dead just before: many who wait shall not all look at many.
    #[cfg(not(loom))]
    fn survey_is_due(&self) -> bool {
        survey::is_due(&self.memory.head().surveyed)
    }

    #[cfg(loom)]
    fn survey_is_due(&self) -> bool {
        true
    }

    /// A turn, and the count of those that woke somebody, as it is in it.
    fn counted_turn<R>(&self, deadline: Option<Instant>, look: impl FnOnce(&mut Turn<'_>) -> R) -> Option<(R, u32)> {
        let (head, words) = (self.memory.head(), self.memory.words());
        let inner = self.enter(deadline)?;
        let mut turn = Turn::new(words);
        let result = look(&mut turn);
        head.redo.change(words, turn.changes());
        let changed = head.changed.load(Ordering::Relaxed);
        if turn.to_wake().is_some() {
            head.changed.store(changed.wrapping_add(1), Ordering::Relaxed);
        }
        drop(inner);
        if let Some((count, mask)) = turn.to_wake() {
            futex::wake_masked(&head.changed, count, mask);
        }
        Some((result, changed))
    }

    fn enter(&self, deadline: Option<Instant>) -> Option<Inner<'_>> {
        let (head, words) = (self.memory.head(), self.memory.words());
        let patience = || deadline.map(|deadline| deadline.max(Instant::now() + PATIENCE));
        let acquired = head.inner.acquire_until(Identity::of_this_process(), patience)?;
        if acquired == Acquired::OwnerDied {
            head.redo.finish(words);
        }
        Some(Inner(&head.inner))
    }
}

/// The inner lock, held. A look that panics has changed nothing, and lets it go.
struct Inner<'a>(&'a RobustWord);

impl Drop for Inner<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl Head {
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            kind: Line(Shared64::new(0)),
            surveyed: Shared64::new(0),
            gate: Line(RobustWord::new()),
            inner: RobustWord::new(),
            changed: Word::new(),
            redo: Redo::new(),
        }
    }
}
