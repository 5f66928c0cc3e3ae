//! `latency`: one task at a time, there and back, while those who wait may spin and while they may not.

use std::time::{Duration, Instant};

use ganger::{Pool, PoolBuilder};

use crate::figure::Figure;
use crate::{Measured, gang, tasks, timing};

const TASKS: u64 = 20_000;

pub(crate) fn measure() -> Measured {
    one("ganger zygote submit spin", gang::builder(1))?;
    one("ganger zygote submit no-spin", gang::builder(1).spin(Duration::ZERO))
}

fn one(system: &str, builder: PoolBuilder) -> Measured {
    let pool = gang::ready(builder)?;
    let mut times = (0..TASKS).map(|n| round_trip(&pool, n)).collect::<Result<Vec<_>, _>>()?;
    let mut at = |share| timing::quantile(&mut times, share);
    let (p50, p99) = (at(0.5), at(0.99));
    Figure::new("latency", system, p50, "us p50").with("p99", p99).print()?;
    Ok(())
}

/// In microseconds.
fn round_trip(pool: &Pool, n: u64) -> Result<f64, ganger::Error> {
    let begun = Instant::now();
    let result = pool.submit(tasks::noop, n)?.result()?;
    let took = begun.elapsed();
    assert_eq!(result, n, "the result of another task");
    Ok(took.as_secs_f64() * 1e6)
}
