//! Managers at their limits: strangers, garbage, loads, lost connections, and deaths on both sides. What they do as a rule is
//! in `../conformance/manager`.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

#[path = "../outside/support/deadline.rs"]
mod deadline;

mod victims;

mod strangers;

mod load;

mod ends;

mod reconnect;

mod pools;

mod killed;

use std::time::Duration;

use ganger::manager::Manager;

/// A time that is over soon.
const SHORT: Duration = Duration::from_millis(50);

/// A time that is never over, unless something hangs.
const LONG: Duration = Duration::from_secs(30);

fn over_tcp() -> Manager {
    Manager::bind(("127.0.0.1", 0), "sesame").unwrap()
}

ganger::test_worker!();
