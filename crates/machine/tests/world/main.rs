//! A simulated world around the machine: random pools, tasks, deaths, cancels, stalls and lies. After every step the
//! promises of the crate's documentation are checked; a failure prints its seed and all that happened.

mod step;
mod policies;
mod model;
mod sim;
mod promises;
mod obey;
mod world;

use proptest::prelude::*;

use step::{Chance, Step};
use world::World;

const SEEDS: u64 = 12_000;

fn run(seed: u64, steps: &[Step]) -> Result<(), String> {
    World::new(seed, false).live(steps).map_err(|_| {
        let mut world = World::new(seed, true);
        let error = world.live(steps).expect_err("the same seed fails the same way");
        format!("seed {seed}: {error}\n{}\n{:?}", world.trace(), world.machine)
    })
}

fn run_seeds(seeds: impl Iterator<Item = u64>) {
    for seed in seeds {
        let mut chance = Chance::new(seed);
        let count = chance.below(160);
        let steps: Vec<Step> = (0..count).map(|_| Step::draw(&mut chance)).collect();
        if let Err(error) = run(seed, &steps) {
            panic!("{error}");
        }
    }
}

#[test]
fn promises_hold_in_even_worlds() {
    run_seeds((0..SEEDS).step_by(2));
}

#[test]
fn promises_hold_in_odd_worlds() {
    run_seeds((1..SEEDS).step_by(2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn promises_hold_for_scripts(seed in 0u64..1000, script in prop::collection::vec(any::<(u8, u8, u8)>(), 0..120)) {
        let steps: Vec<Step> = script.into_iter().map(Step::from).collect();
        run(seed, &steps).map_err(TestCaseError::fail)?;
    }
}
