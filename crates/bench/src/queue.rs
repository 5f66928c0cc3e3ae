//! `queue`: items from one process to another, as fast as they go, and there and back one at a time.

use std::time::Instant;

use ganger::{JoinableQueue, Pool, Queue};

use crate::figure::Figure;
use crate::{Measured, gang, timing};

const ITEMS: u64 = 1_000_000;
const ROUND_TRIPS: usize = 20_000;

pub(crate) fn measure() -> Measured {
    let pool = gang::ready(gang::builder(1))?;
    pipelined(&pool)?;
    joinable(&pool)?;
    there_and_back(&pool)
}

#[ganger::task]
fn take(count: u64, from: Queue<u64>) -> Result<u64, String> {
    (0..count).map(|_| from.get().map_err(|e| e.to_string())).sum()
}

fn pipelined(pool: &Pool) -> Measured {
    let rate = timing::rate(ITEMS, || {
        let queue = Queue::new(0)?;
        let taking = pool.submit(take, (ITEMS, queue.clone()))?;
        (0..ITEMS).try_for_each(|n| queue.put(&n))?;
        assert_eq!(taking.result()??, ITEMS * (ITEMS - 1) / 2, "other items than were put");
        Ok(())
    })?;
    Ok(Figure::new("queue", "ganger Queue pipelined", rate, "items/s").print()?)
}

#[ganger::task]
fn finish(count: u64, of: JoinableQueue<u64>) -> Result<(), String> {
    (0..count).try_for_each(|_| of.get().and_then(|_| of.task_done()).map_err(|e| e.to_string()))
}

fn joinable(pool: &Pool) -> Measured {
    let rate = timing::rate(ITEMS, || {
        let queue = JoinableQueue::new(0)?;
        let finishing = pool.submit(finish, (ITEMS, queue.clone()))?;
        (0..ITEMS).try_for_each(|n| queue.put(&n))?;
        queue.join()?;
        Ok(finishing.result()??)
    })?;
    Ok(Figure::new("queue", "ganger JoinableQueue pipelined", rate, "items/s").print()?)
}

#[ganger::task]
fn send_back(from: Queue<u64>, to: Queue<u64>) -> Result<(), String> {
    while let Ok(n) = from.get() {
        to.put(&n).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn there_and_back(pool: &Pool) -> Measured {
    let (there, back) = (Queue::new(0)?, Queue::new(0)?);
    let sending = pool.submit(send_back, (there.clone(), back.clone()))?;
    let mut times = (0..ROUND_TRIPS).map(|n| round_trip(&there, &back, n as u64)).collect::<Result<Vec<_>, _>>()?;
    there.close()?;
    sending.result()??;
    let mut at = |share| timing::quantile(&mut times, share);
    let (p50, p99) = (at(0.5), at(0.99));
    Ok(Figure::new("queue", "ganger Queue round trip", p50, "us p50").with("p99", p99).print()?)
}

/// In microseconds.
fn round_trip(there: &Queue<u64>, back: &Queue<u64>, n: u64) -> Result<f64, ganger::QueueError> {
    let begun = Instant::now();
    there.put(&n)?;
    let got = back.get()?;
    let took = begun.elapsed();
    assert_eq!(got, n, "another item");
    Ok(took.as_secs_f64() * 1e6)
}
