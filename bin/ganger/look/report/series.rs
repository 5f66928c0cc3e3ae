//! Figures over a time whose end is not known yet.

/// How many cells there are. More time makes them wider, not more.
pub(crate) const CELLS: usize = 240;
/// How wide they are at first, in microseconds.
const NARROW: u64 = 1_000;

/// What two neighbours become when cells are widened.
pub(crate) trait Merge: Copy + Default {
    fn merged(self, other: Self) -> Self;
}

/// A figure a cell of time.
#[derive(Clone, Debug)]
pub(crate) struct Series<T> {
    /// Of a cell, in microseconds.
    pub(crate) width: u64,
    pub(crate) cells: Vec<T>,
}

impl<T: Merge> Series<T> {
    pub(crate) fn new() -> Self {
        Self { width: NARROW, cells: vec![T::default(); CELLS] }
    }

    /// The cell of a moment, in microseconds.
    pub(crate) fn at(&mut self, moment: u64) -> &mut T {
        while moment / self.width >= CELLS as u64 {
            self.widen();
        }
        &mut self.cells[(moment / self.width) as usize]
    }

    fn widen(&mut self) {
        let halved: Vec<T> =
            self.cells.chunks(2).map(|pair| pair.iter().fold(T::default(), |a, b| a.merged(*b))).collect();
        self.cells = halved;
        self.cells.resize(CELLS, T::default());
        self.width *= 2;
    }

    /// Up to a moment.
    pub(crate) fn until(&self, moment: u64) -> &[T] {
        &self.cells[..((moment / self.width) as usize + 1).min(CELLS)]
    }
}

impl Merge for u64 {
    fn merged(self, other: Self) -> Self {
        self + other
    }
}

impl Series<u64> {
    /// Adds how much of each cell lies between two moments.
    pub(crate) fn cover(&mut self, from: u64, to: u64) {
        self.at(to);
        let (first, last) = (from / self.width, to / self.width);
        for cell in first..=last {
            let (begin, end) = (cell * self.width, (cell + 1) * self.width);
            self.cells[cell as usize] += to.min(end).saturating_sub(from.max(begin));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_when_cells_are_widened() {
        let mut series = Series::<u64>::new();
        for moment in (0..10_000_000).step_by(1_000) {
            *series.at(moment) += 1;
        }
        assert_eq!(series.cells.iter().sum::<u64>(), 10_000);
        assert!(series.until(9_999_999).len() > CELLS / 2);
        let mut cover = Series::<u64>::new();
        cover.cover(500, 1_000_500);
        cover.cover(5_000_000, 5_000_001);
        assert_eq!(cover.cells.iter().sum::<u64>(), 1_000_001);
    }
}
