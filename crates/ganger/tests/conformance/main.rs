//! CPython's own tests, in Rust: a module for each group of classes, in it a module for each class, and in that one test
//! for each case, of the same name. Each runs on the backends that its class names.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

#[path = "../outside/support/deadline.rs"]
mod deadline;

mod away;

mod process;

mod connection;

mod listener;

mod wait;

mod eintr;

mod simple_queue;

mod state;

mod shared_memory;

mod logging;

mod manager;

ganger::test_worker!();
