//! Faults on order: each deed at each point where it makes sense, and what is left of a pool afterwards.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

mod bench;

mod pairs;

mod which;

mod refused;

mod roles;

mod looks;

ganger::test_worker!();
