//! `noop`: what a task costs that does nothing, with a future of its own.

use ganger::Pool;

use crate::figure::Figure;
use crate::{Measured, gang, tasks, timing};

const TASKS: u64 = 400_000;

pub(crate) fn measure() -> Measured {
    let pool = gang::ready(gang::builder(2))?;
    let rate = timing::rate(TASKS, || submit_and_collect(&pool, TASKS))?;
    Figure::new("noop", "ganger zygote submit", rate, "tasks/s").with("workers", 2).print()?;
    let rate = timing::rate(TASKS, || stream(&pool))?;
    Figure::new("noop", "ganger zygote imap_unordered(chunk_size=1)", rate, "tasks/s").with("workers", 2).print()?;
    Ok(())
}

/// Hands all in, then collects all: every task is queued while the first ones run.
pub(crate) fn submit_and_collect(pool: &Pool, tasks: u64) -> Measured {
    let futures = (0..tasks).map(|n| pool.submit(tasks::noop, n)).collect::<Result<Vec<_>, _>>()?;
    for (n, future) in futures.iter().enumerate() {
        assert_eq!(future.result()?, n as u64, "the result of another task");
    }
    Ok(())
}

fn stream(pool: &Pool) -> Measured {
    let results = pool.imap_unordered(tasks::noop, 0..TASKS)?.chunk_size(1);
    let sum = results.sum::<Result<u64, _>>()?;
    assert_eq!(sum, TASKS * (TASKS - 1) / 2, "a result is missing, or there twice");
    Ok(())
}
