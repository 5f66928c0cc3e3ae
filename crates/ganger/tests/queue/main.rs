//! Queues: what Python's tests do not ask, and what becomes of them when somebody is killed.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

#[path = "../outside/support/deadline.rs"]
mod deadline;

#[path = "../outside/support/kills.rs"]
mod kills;

#[expect(dead_code, reason = "some of it is for the tests outside alone")]
#[path = "../outside/support/methods.rs"]
mod methods;

#[path = "../conformance/away.rs"]
mod away;

mod items;

mod ends;

mod polling;

mod dead;

mod killed;

ganger::test_worker!();
