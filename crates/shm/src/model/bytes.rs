//! Bytes that processes share, beside words.
//!
//! A word and the bytes at the same place are apart here: nobody reads as one what was written as the other. Bytes that are
//! written while another reads or writes them are found; who writes some may die before the last of them.

use std::cell::UnsafeCell as Plain;

use loom::cell::UnsafeCell;

use super::locks::{Word64, step};
use crate::locks::RobustWord;

/// What is written at once.
const UNIT: usize = 8;

#[derive(Debug)]
pub(crate) struct Bytes {
    words: Vec<RobustWord>,
    tracked: Vec<UnsafeCell<()>>,
    bytes: Plain<Vec<u8>>,
}

// SAFETY: the bytes are reached through `read` and `write` alone, which tell `tracked` first; loom ends a run in which two
// threads could touch a unit at once, and none of its threads runs at the same time as another.
unsafe impl Send for Bytes {}
// SAFETY: as above.
unsafe impl Sync for Bytes {}

impl Bytes {
    pub(crate) fn new(len: usize) -> Self {
        Self {
            words: (0..len / UNIT).map(|_| RobustWord::free()).collect(),
            tracked: (0..len.div_ceil(UNIT)).map(|_| UnsafeCell::new(())).collect(),
            bytes: Plain::new(vec![0; len]),
        }
    }

    pub(crate) fn word(&self, at: usize) -> &Word64 {
        self.words[at].word()
    }

    pub(crate) fn lock(&self, at: usize) -> &RobustWord {
        &self.words[at]
    }

    pub(crate) fn naps_end(&self) {
        self.words.iter().for_each(RobustWord::naps_end);
    }

    pub(crate) fn write(&self, offset: usize, from: &[u8]) {
        for (at, byte) in (offset..).zip(from) {
            if at % UNIT == 0 && !step() {
                return;
            }
            self.tracked[at / UNIT].with_mut(|_| {
                // SAFETY: nobody else touches it meanwhile, see above.
                unsafe { (&mut *self.bytes.get())[at] = *byte }
            });
        }
    }

    pub(crate) fn read(&self, offset: usize, out: &mut [u8]) {
        for (at, byte) in (offset..).zip(out) {
            self.tracked[at / UNIT].with(|_| {
                // SAFETY: as above.
                *byte = unsafe { (&*self.bytes.get())[at] };
            });
        }
    }

    /// No memory is given back.
    pub(crate) fn discard(&self, _: std::ops::Range<usize>) {}
}
