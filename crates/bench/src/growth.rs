//! `growth`: whether a task costs the same, however many wait and however many workers there are.

use std::error::Error;
use std::time::Duration;

use ganger::Pool;

use crate::figure::{self, Figure};
use crate::gate::Gate;
use crate::{Measured, gang, noop, tasks, timing};

/// The first is what the others are held against.
const QUEUES: &[u64] = &[1_000, 10_000, 100_000, 1_000_000];
const WORKERS: &[usize] = &[1, 2, 8, 32, 128, 512, 1_000];
/// Queues are measured as often as it takes to come to so many tasks.
const ALTOGETHER: u64 = 3_000_000;
const OFTEN_ENOUGH: u64 = 300;
const TIMES: usize = 5;
/// The tasks that go through every number of workers.
const TASKS: u64 = 100_000;
/// Memory is counted over so many tasks.
const COUNTED: u64 = 1_000_000;
/// Bytes of the argument of a no-op.
const PAYLOAD: f64 = 8.0;

pub(crate) fn measure() -> Measured {
    queues(QUEUES)?;
    workers()?;
    bytes()
}

/// Takes more memory than some machines have.
pub(crate) fn measure_ten_million() -> Measured {
    queues(&[QUEUES[0], 10_000_000])
}

fn queues(sizes: &[u64]) -> Measured {
    let pool = gang::ready(gang::builder(2))?;
    let mut base = None;
    for &tasks in sizes {
        let times = (ALTOGETHER / tasks).clamp(1, OFTEN_ENOUGH);
        let mut costs = (0..times).map(|_| queued(&pool, tasks)).collect::<Result<Vec<_>, _>>()?;
        let cost = timing::quantile(&mut costs, 0.5);
        let ratio = cost / *base.get_or_insert(cost);
        let figure = Figure::new("growth", "ganger queue", ratio, "x cost ratio").with("tasks", tasks);
        figure.with("us", cost * 1e6).with("against", sizes[0]).print()?;
    }
    Ok(())
}

/// Seconds a task: handed in while nobody works, and then worked off.
fn queued(pool: &Pool, tasks: u64) -> Result<f64, Box<dyn Error>> {
    let gate = Gate::close(pool)?;
    let mut futures = Vec::with_capacity(tasks as usize);
    let submit = timing::seconds(|| {
        (0..tasks).try_for_each(|n| pool.submit(tasks::noop, n).map(|future| futures.push(future)))
    })?;
    gate.open()?;
    let collect = timing::seconds(|| futures.iter().try_for_each(|future| future.result().map(drop)))?;
    Ok((submit + collect) / tasks as f64)
}

fn workers() -> Measured {
    let one = gang::ready(gang::builder(WORKERS[0]))?;
    for &workers in WORKERS {
        match beside(&one, workers) {
            Ok((ratio, cost)) => {
                let figure = Figure::new("growth", "ganger workers", ratio, "x cost ratio").with("workers", workers);
                figure.with("us", cost * 1e6).with("against", WORKERS[0]).print()?;
            }
            Err(why) => {
                figure::tell(&format!("SKIPPED growth to {workers} workers and more: {why}"));
                break;
            }
        }
    }
    Ok(())
}

/// Seconds a task through so many workers, and how many times those of the first number that is. Both are measured in
/// turn: a machine that grows slower does so for both.
fn beside(one: &Pool, workers: usize) -> Result<(f64, f64), Box<dyn Error>> {
    let pool = gang::ready(gang::builder(workers))?;
    let (mut base, mut costs) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        base.push(through(one)?);
        costs.push(through(&pool)?);
    }
    let cost = timing::quantile(&mut costs, 0.5);
    Ok((cost / timing::quantile(&mut base, 0.5), cost))
}

/// Seconds a task.
fn through(pool: &Pool) -> Result<f64, Box<dyn Error>> {
    let took = timing::seconds(|| noop::submit_and_collect(pool, TASKS))?;
    Ok(took / TASKS as f64)
}

/// What a task takes while it waits: with its future, as the caller sees it, and without, as the pool does.
fn bytes() -> Measured {
    let pool = gang::ready(gang::builder(2))?;
    let gate = Gate::close(&pool)?;
    let before = resident()?;
    (0..COUNTED).try_for_each(|n| pool.submit(tasks::noop, n).map(drop))?;
    let alone = (resident()? - before) / COUNTED as f64 - PAYLOAD;
    let mut futures = Vec::with_capacity(COUNTED as usize);
    let before = resident()?;
    (0..COUNTED).try_for_each(|n| pool.submit(tasks::noop, n).map(|future| futures.push(future)))?;
    let held = (resident()? - before) / COUNTED as f64 - PAYLOAD;
    Figure::new("growth", "ganger bytes", alone, "bytes a queued task").with("tasks", COUNTED).print()?;
    Figure::new("growth", "ganger bytes with future", held, "bytes a queued task").with("tasks", COUNTED).print()?;
    gate.open()?;
    pool.close();
    Ok(pool.join(Some(Duration::from_secs(10)))?)
}

fn resident() -> std::io::Result<f64> {
    Ok(ganger_sys::memory::resident(std::process::id())? as f64)
}
