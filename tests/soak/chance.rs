//! Choices that look random, and are the same for the same seed.

use std::time::{Duration, Instant};

/// The choices of one round.
pub(crate) struct Chance(fastrand::Rng);

impl Chance {
    /// Those of this round of that soak, whatever the rounds before it chose.
    pub(crate) fn of(seed: u64, round: u64) -> Self {
        let mut of_soak = fastrand::Rng::with_seed(seed);
        Self(fastrand::Rng::with_seed(of_soak.u64(..) ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// For another thread.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.0.fork())
    }

    /// From 0 to `limit` - 1.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0.usize(..limit.max(1))
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Lets up to `most` go by, awake: a moment that is no multiple of a scheduler's slice.
    pub(crate) fn moment(&mut self, most: Duration) {
        let until = Instant::now() + most.mul_f64(self.0.f64());
        while Instant::now() < until {
            std::thread::yield_now();
        }
    }
}
