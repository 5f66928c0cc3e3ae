//! Locks and their relatives between processes and threads: what they do when somebody dies, and
//! what else Python's own tests do not ask.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

#[path = "../outside/support/deadline.rs"]
mod deadline;

#[path = "../outside/support/kills.rs"]
mod kills;

mod workers;

mod lock;

mod semaphore;

mod condition;

mod event;

mod barrier;

mod dead;

mod killed;

ganger::test_worker!();
