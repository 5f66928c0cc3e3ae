//! How many items go into a chunk.

use std::time::Duration;

/// What a chunk should take.
const WORK: Duration = Duration::from_micros(200);
/// A chunk's size may grow by this factor with each that has come back.
const GROWTH: usize = 8;

/// Fixed, or found out by what the last chunks took.
pub(super) enum Size {
    Fixed(usize),
    /// The size of the largest chunk that has come back, and what an item takes in nanoseconds.
    Adaptive {
        last: usize,
        per_item: Option<f64>,
    },
}

impl Size {
    pub(super) const UNKNOWN: Self = Self::Adaptive { last: 1, per_item: None };

    /// The size of the next chunk, where `left` items are to be shared fairly among `workers`.
    pub(super) fn next(&self, left: usize, workers: usize) -> usize {
        match self {
            Self::Fixed(size) => *size,
            Self::Adaptive { last, per_item } => {
                let by_work = per_item.map_or(1, |ns| (WORK.as_nanos() as f64 / ns.max(0.1)) as usize);
                by_work.min(last * GROWTH).min(left.div_ceil(workers * 2)).max(1)
            }
        }
    }

    /// A chunk of so many items took so long.
    pub(super) fn learn(&mut self, took: Duration, items: usize) {
        if let Self::Adaptive { last, per_item } = self {
            let now = took.as_nanos() as f64 / items as f64;
            *per_item = Some(per_item.map_or(now, |before| before * 0.7 + now * 0.3));
            *last = (*last).max(items);
        }
    }
}
