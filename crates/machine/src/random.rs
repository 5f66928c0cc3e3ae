//! Chance, for jitter alone: SplitMix64, so that the same seed decides the same way.

/// A small generator. Nothing secret may depend on it.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in 0.0 .. 1.0.
    pub(crate) fn chance(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in 0 ..= `max`.
    pub(crate) fn up_to(&mut self, max: u32) -> u32 {
        (self.next() % (u64::from(max) + 1)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_in_their_range_and_reach_its_ends() {
        let mut random = Random::new(7);
        let draws: Vec<u32> = (0..200).map(|_| random.up_to(3)).collect();
        assert!((0..=3).all(|n| draws.contains(&n)) && draws.iter().all(|n| *n <= 3), "{draws:?}");
        assert!((0..200).all(|_| (0.0..1.0).contains(&random.chance())));
    }
}
