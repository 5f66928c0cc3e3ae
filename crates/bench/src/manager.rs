//! `manager`: reading a managed dict, one call at a time and many under way.

use std::time::Instant;

use ganger::manager::{DictProxy, Manager};

use crate::figure::Figure;
use crate::{Measured, timing};

const KEYS: u64 = 1000;
const CALLS: u64 = 20_000;
/// So many are under way at a time.
const BATCH: u64 = 1000;

pub(crate) fn measure() -> Measured {
    let manager = Manager::start()?;
    let dict = manager.dict()?;
    dict.extend((0..KEYS).map(|n| (n, n)))?;
    let mut times = (0..CALLS).map(|n| round_trip(&dict, n % KEYS)).collect::<Result<Vec<_>, _>>()?;
    let mut at = |share| timing::quantile(&mut times, share);
    let (p50, p99) = (at(0.5), at(0.99));
    Figure::new("manager", "ganger dict get", p50, "us p50").with("p99", p99).print()?;
    let rate = timing::rate(CALLS, || pipelined(&dict))?;
    Figure::new("manager", "ganger dict get_later", rate, "tasks/s").with("window", BATCH).print()?;
    Ok(())
}

/// In microseconds.
fn round_trip(dict: &DictProxy<u64, u64>, key: u64) -> Result<f64, ganger::manager::ManagerError> {
    let begun = Instant::now();
    let value = dict.get(&key)?;
    let took = begun.elapsed();
    assert_eq!(value, Some(key), "the value of another key");
    Ok(took.as_secs_f64() * 1e6)
}

fn pipelined(dict: &DictProxy<u64, u64>) -> Measured {
    for _ in 0..CALLS / BATCH {
        let under_way = (0..BATCH).map(|n| dict.get_later(&(n % KEYS))).collect::<Result<Vec<_>, _>>()?;
        for (n, pending) in (0..).zip(under_way) {
            assert_eq!(pending.result()?, Some(n % KEYS), "the value of another key");
        }
    }
    Ok(())
}
