//! What CPython runs on managers: classes of its own, and those that run on processes and threads as well.

mod containers;

mod types;

mod queue;

mod locks;

mod meeting;

mod own;

mod remote;

mod pool;

use std::time::Duration;

use ganger::manager::Manager;

/// A time that is over soon.
const SHORT: Duration = Duration::from_millis(50);

/// A time that is never over, unless something hangs.
const LONG: Duration = Duration::from_secs(30);

fn manager() -> Manager {
    Manager::start().unwrap()
}
