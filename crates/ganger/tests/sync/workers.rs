//! Others to share with: tasks in processes, or in threads.

use std::time::Duration;

use ganger::{Backoff, Pool, Restart, StartMethod};

pub(crate) use crate::deadline::{eventually, on_each};

/// Processes of both kinds, and threads.
pub(crate) const ALL: &[StartMethod] = &[StartMethod::Zygote, StartMethod::Spawn, StartMethod::Thread];

/// Those that can be killed.
pub(crate) const PROCESSES: &[StartMethod] = &[StartMethod::Zygote, StartMethod::Spawn];

/// A time that is over soon.
pub(crate) const SHORT: Duration = Duration::from_millis(50);

/// A time that is never over, unless something hangs.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// So many workers, each with one task at a time, whose dead are replaced at once.
pub(crate) fn pool(method: StartMethod, workers: usize) -> Pool {
    let restart = Restart { backoff: Backoff::NONE, ..Restart::default() };
    Pool::builder().workers(workers).start_method(method).restart(restart).build().unwrap()
}
