//! Pools as the workloads want them.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::{Duration, Instant};

use ganger::{Future, Pool, PoolBuilder, StartMethod};

use crate::tasks::answer;

/// No pool takes that long to start.
const PATIENCE: Duration = Duration::from_secs(15);
const SHORTEST_NAP: Duration = Duration::from_micros(50);
const LONGEST_NAP: Duration = Duration::from_millis(10);

pub(crate) fn builder(workers: usize) -> PoolBuilder {
    Pool::builder().workers(workers).start_method(StartMethod::Zygote)
}

/// A pool of which every worker has answered.
pub(crate) fn ready(builder: PoolBuilder) -> Result<Pool, Box<dyn Error>> {
    let pool = builder.build()?;
    each_answered(&pool)?;
    Ok(pool)
}

/// Asks until as many different workers have answered as the pool has. Nobody hands tasks to a certain worker, and the
/// first ones up may take those of the others: hence again, with a little more to do each time.
pub(crate) fn each_answered(pool: &Pool) -> Result<(), Box<dyn Error>> {
    let (begun, mut nap, mut answered) = (Instant::now(), Duration::ZERO, BTreeSet::new());
    while answered.len() < pool.workers() {
        if begun.elapsed() > PATIENCE {
            return Err(format!("only {} of {} workers have answered", answered.len(), pool.workers()).into());
        }
        answered.extend(answers(pool, nap)?);
        nap = (nap * 2).clamp(SHORTEST_NAP, LONGEST_NAP);
    }
    Ok(())
}

/// One for each worker, if each takes one.
fn answers(pool: &Pool, nap: Duration) -> Result<Vec<u32>, Box<dyn Error>> {
    let asked = (0..pool.workers()).map(|_| pool.submit(answer, nap)).collect::<Result<Vec<_>, _>>()?;
    Ok(asked.iter().map(Future::result).collect::<Result<_, _>>()?)
}
