//! `start`: from nothing to a pool of which every worker has answered.

use std::error::Error;
use std::time::Instant;

use ganger::StartMethod;

use crate::figure::Figure;
use crate::{Measured, gang, timing};

const TIMES: usize = 5;

pub(crate) fn measure() -> Measured {
    for (system, method) in [("ganger zygote", StartMethod::Zygote), ("ganger spawn", StartMethod::Spawn)] {
        for workers in [2, 16] {
            let mut took = (0..TIMES).map(|_| one(workers, method)).collect::<Result<Vec<_>, _>>()?;
            let took = timing::quantile(&mut took, 0.5);
            Figure::new("start", system, took, "s").with("workers", workers).print()?;
        }
    }
    Ok(())
}

/// Seconds until the last has answered. Stopping the pool is not in it.
fn one(workers: usize, method: StartMethod) -> Result<f64, Box<dyn Error>> {
    let begun = Instant::now();
    let pool = gang::ready(gang::builder(workers).start_method(method))?;
    let took = begun.elapsed();
    drop(pool);
    Ok(took.as_secs_f64())
}
