//! What can be done to the world: small numbers, so that a failing script shrinks.

/// SplitMix64.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Submit,
    Cancel,
    /// A worker begins or finishes something.
    Work,
    /// The driver reads what a worker wrote.
    Read,
    /// The driver tells the answer to a take-back.
    Answer,
    /// A starting worker is ready, or fails.
    Boot,
    Die,
    /// What was told to end ends.
    End,
    Advance,
    Tick,
    Stall,
    Memory,
    /// The pool is to have more workers.
    Grow,
    Lie,
    /// One rung of the ladder.
    Stop,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) deed: Deed,
    pub(crate) pick: usize,
    pub(crate) param: u64,
}

/// How often what is done.
const DEEDS: [(Deed, u8); 15] = [
    (Deed::Submit, 48),
    (Deed::Work, 70),
    (Deed::Read, 35),
    (Deed::Answer, 15),
    (Deed::Boot, 16),
    (Deed::Cancel, 12),
    (Deed::Die, 6),
    (Deed::End, 12),
    (Deed::Advance, 12),
    (Deed::Tick, 14),
    (Deed::Stall, 2),
    (Deed::Memory, 4),
    (Deed::Grow, 2),
    (Deed::Lie, 6),
    (Deed::Stop, 2),
];

impl From<(u8, u8, u8)> for Step {
    fn from((deed, pick, param): (u8, u8, u8)) -> Self {
        let mut left = deed;
        for (deed, weight) in DEEDS {
            if left < weight {
                return Self { deed, pick: pick.into(), param: param.into() };
            }
            left -= weight;
        }
        unreachable!("the weights add up to 256");
    }
}

const _: () = {
    let (mut sum, mut n) = (0, 0);
    while n < DEEDS.len() {
        sum += DEEDS[n].1 as u32;
        n += 1;
    }
    assert!(sum == 256);
};

impl Step {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let mut byte = || chance.below(256) as u8;
        (byte(), byte(), byte()).into()
    }
}
