//! CPython's own tests, in Rust: a module for each group of classes, in it a module for each class, and in that one test
//! for each case, of the same name. Each runs on the backends that its class names.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

#[expect(dead_code, unused_imports, reason = "some of it is for the tests outside alone")]
#[path = "../outside/support/mod.rs"]
mod support;
use support::{deadline, methods};

#[path = "../outside/tasks.rs"]
mod tasks;

#[path = "../outside/traps.rs"]
mod traps;

mod away;

mod process;

mod subclassing;

mod connection;

mod listener;

mod wait;

mod eintr;

mod simple_queue;

mod queue;

mod state;

mod shared_memory;

mod logging;

#[path = "../sync/workers.rs"]
mod workers;

mod locks;

mod semaphores;

mod conditions;

mod events;

mod barriers;

mod pool;

mod executors;

mod futures;

mod gathering;

mod deadlock;

mod initializers;

mod shutdown;

mod process_pool;

mod pool_workers;

mod starting;

mod finalize;

mod trackers;

mod manager;

ganger::test_worker!();
