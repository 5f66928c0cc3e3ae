//! Shared state and those who are killed while they change it.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

#[path = "../outside/support/kills.rs"]
mod kills;

mod killed;

mod garbage;

mod bytes;

ganger::test_worker!();
