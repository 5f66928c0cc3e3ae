//! Cells of one type in the words of a ledger.

use std::marker::PhantomData;
use std::ops::Range;

use super::{Integer, Plain, Scalar};
use crate::locks::Ledger;
use crate::sync::Shared64;

const WORD: usize = size_of::<Shared64>();

/// So many values of one type. Each scalar is read and written in one step; all others are in pieces, which is why they
/// want a lock.
#[derive(Clone, Debug)]
pub struct Cells<T> {
    ledger: Ledger,
    /// The first word.
    first: usize,
    len: usize,
    holds: PhantomData<T>,
}

impl<T: Plain> Cells<T> {
    /// A number that says of which type they are.
    pub const TAG: u64 = T::TAG;

    /// How many words so many cells take. None: more than there can be.
    #[must_use]
    pub fn words(len: usize) -> Option<usize> {
        len.checked_mul(T::SIZE).map(|bytes| bytes.div_ceil(WORD))
    }

    /// Cells in a ledger's words from `first` on. None: it has not so many. Nobody takes turns over these words.
    #[must_use]
    pub fn over(ledger: &Ledger, first: usize, len: usize) -> Option<Self> {
        let end = first.checked_add(Self::words(len)?)?;
        let ledger = ledger.clone();
        (end <= ledger.len()).then_some(Self { ledger, first, len, holds: PhantomData })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What a cell holds.
    ///
    /// # Panics
    /// When there is no such cell.
    #[must_use]
    pub fn load(&self, index: usize) -> T {
        // SAFETY: `at` gives a cell of this type.
        unsafe { T::load(self.at(index)) }
    }

    /// Changes a cell.
    ///
    /// # Panics
    /// When there is no such cell.
    pub fn store(&self, index: usize, value: T) {
        // SAFETY: `at` gives a cell of this type.
        unsafe { T::store(self.at(index), value) };
    }

    /// What some cells hold.
    ///
    /// # Panics
    /// When they are not all there.
    #[must_use]
    pub fn load_all(&self, range: Range<usize>) -> Vec<T> {
        range.map(|index| self.load(index)).collect()
    }

    fn at(&self, index: usize) -> *const u8 {
        assert!(index < self.len, "cell {index} of {}", self.len);
        let words = self.ledger.words()[self.first..].as_ptr();
        // SAFETY: so many cells lie within the words, as `over` has seen. A word's alignment is that of any cell, and a
        // cell's size a multiple of its own. Words that nobody takes turns over are used by cells alone.
        unsafe { words.cast::<u8>().add(index * T::SIZE) }
    }
}

impl<T: Scalar> Cells<T> {
    /// Changes a cell. What it held.
    ///
    /// # Panics
    /// When there is no such cell.
    pub fn swap(&self, index: usize, value: T) -> T {
        // SAFETY: `at` gives a cell of this type.
        unsafe { T::swap(self.at(index), value) }
    }

    /// Changes a cell if it holds `current`; what it held otherwise.
    ///
    /// # Errors
    /// What the cell holds instead.
    ///
    /// # Panics
    /// When there is no such cell.
    pub fn compare_exchange(&self, index: usize, current: T, new: T) -> Result<T, T> {
        // SAFETY: `at` gives a cell of this type.
        unsafe { T::compare_exchange(self.at(index), current, new) }
    }

    /// Changes a cell to what `update` makes of it, which is asked again if somebody else was faster. What it held.
    ///
    /// # Errors
    /// What the cell holds, when `update` makes nothing of it.
    ///
    /// # Panics
    /// When there is no such cell.
    pub fn fetch_update(&self, index: usize, update: impl FnMut(T) -> Option<T>) -> Result<T, T> {
        // SAFETY: `at` gives a cell of this type.
        unsafe { T::fetch_update(self.at(index), update) }
    }
}

impl<T: Integer> Cells<T> {
    /// Adds to a cell, and wraps around. What it held.
    ///
    /// # Panics
    /// When there is no such cell.
    pub fn fetch_add(&self, index: usize, value: T) -> T {
        // SAFETY: `at` gives a cell of this type.
        unsafe { T::fetch_add(self.at(index), value) }
    }

    /// Subtracts from a cell, and wraps around. What it held.
    ///
    /// # Panics
    /// When there is no such cell.
    pub fn fetch_sub(&self, index: usize, value: T) -> T {
        // SAFETY: `at` gives a cell of this type.
        unsafe { T::fetch_sub(self.at(index), value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<T: Plain>(len: usize) -> Cells<T> {
        let words = Cells::<T>::words(len).expect("few");
        let (ledger, _fd) = Ledger::create("test", 1, words + 1).expect("memory");
        assert!(Cells::<T>::over(&ledger, 2, len).is_none(), "one word too few");
        Cells::over(&ledger, 1, len).expect("as many words as that")
    }

    fn comes_back<T: Plain + PartialEq + std::fmt::Debug>(zero: T, value: T) {
        let cells = cells::<T>(3);
        assert_eq!(cells.load_all(0..3), [zero; 3]);
        cells.store(1, value);
        assert_eq!(cells.load_all(0..3), [zero, value, zero]);
    }

    #[test]
    fn every_type_comes_back_and_touches_no_other_cell() {
        comes_back(0_u8, u8::MAX);
        comes_back(0_i16, i16::MIN);
        comes_back(0_i32, -7);
        comes_back(0_u64, u64::MAX);
        comes_back(0.0, f64::MIN_POSITIVE);
        comes_back(0.0_f32, -1.5);
        comes_back(false, true);
        comes_back('\0', 'ß');
        comes_back([0_u8; 5], *b"hello");
        comes_back((0_u8, 0_i64, false, [0_u16; 3]), (1, -1, true, [1, 2, 3]));
    }

    #[test]
    fn a_tuple_lies_as_in_c() {
        assert_eq!(Cells::<(u8, i64, bool)>::words(1), Some(3));
        assert_eq!(Cells::<(u8, u16, u32)>::words(3), Some(3));
        assert_eq!(Cells::<[u64; 4]>::words(usize::MAX / 8), None);
    }

    #[test]
    fn garbage_is_some_value() {
        let words = cells::<u32>(1);
        words.store(0, 0xd800);
        let chars = Cells::<char>::over(&words.ledger, 1, 1).expect("the same words");
        assert_eq!(chars.load(0), char::REPLACEMENT_CHARACTER);
        assert_eq!(chars.fetch_update(0, |_| Some('x')), Ok(char::REPLACEMENT_CHARACTER));
        let bools = Cells::<bool>::over(&words.ledger, 1, 1).expect("the same words");
        assert_eq!(bools.fetch_update(0, |yes| Some(!yes)), Ok(true));
        assert!(!bools.load(0));
    }

    #[test]
    fn what_is_added_at_a_time_adds_up() {
        let cells = cells::<i32>(2);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| assert!(cells.fetch_add(1, 3) < 12_000)));
            }
        });
        assert_eq!((cells.load(0), cells.fetch_sub(1, 12_001), cells.swap(1, 5)), (0, 12_000, -1));
        assert_eq!((cells.compare_exchange(1, 4, 9), cells.compare_exchange(1, 5, 9)), (Err(5), Ok(5)));
    }

    #[test]
    #[should_panic(expected = "cell 3 of 3")]
    fn a_cell_that_is_not_there_is_not_reached() {
        cells::<u8>(3).store(3, 1);
    }
}
