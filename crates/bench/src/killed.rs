//! `killed`: SIGKILL in a task, until the task runs again.
//!
//! The task itself looks at the clock: at the end of its first attempt, just before it kills its worker, and at the
//! beginning of the second.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use ganger::Pool;
use nix::sys::signal::{Signal, raise};
use nix::time::{ClockId, clock_gettime};

use crate::figure::Figure;
use crate::{Measured, gang, timing};

/// Each in a pool of its own: a pool with many deaths slows its replacements down, and a user's has few.
const KILLS: usize = 31;
/// A worker that has been ready for so long is replaced at once.
const HEALTHY: Duration = Duration::from_millis(1_200);

pub(crate) fn measure() -> Measured {
    one("ganger zygote", 1, "the replacement runs it again")?;
    one("ganger zygote, another worker idle", 2, "the other worker runs it again")
}

fn one(system: &str, workers: usize, what: &str) -> Measured {
    let pools = (0..KILLS).map(|_| gang::ready(gang::builder(workers))).collect::<Result<Vec<_>, _>>()?;
    std::thread::sleep(HEALTHY);
    let mut took = pools.iter().enumerate().map(|(n, pool)| kill(pool, n)).collect::<Result<Vec<_>, _>>()?;
    let mut at = |share| timing::quantile(&mut took, share);
    let figure = Figure::new("killed", system, at(0.5), "s").with("worst", at(1.0));
    figure.with("workers", workers).with("kills", KILLS).with("what", what).print()?;
    Ok(())
}

/// Seconds from the kill to the second attempt.
fn kill(pool: &Pool, n: usize) -> Result<f64, Box<dyn Error>> {
    let note = std::env::temp_dir().join(format!("ganger-bench-killed-{}-{n}", std::process::id()));
    let took = pool.apply(dies_once, note.clone());
    fs::remove_file(&note)?;
    Ok(took??)
}

#[ganger::task]
fn dies_once(note: PathBuf) -> Result<f64, String> {
    let current = ganger::current().ok_or("it runs in no worker")?;
    let now = monotonic().map_err(|e| e.to_string())?;
    if current.attempt() > 1 {
        let killed = fs::read_to_string(&note).map_err(|e| format!("{}: {e}", note.display()))?;
        return Ok(now - killed.parse::<f64>().map_err(|e| e.to_string())?);
    }
    fs::write(&note, now.to_string()).map_err(|e| format!("{}: {e}", note.display()))?;
    raise(Signal::SIGKILL).map_err(|e| e.to_string())?;
    Err("it survived SIGKILL".to_owned())
}

/// Seconds, on a clock that is the same in all processes.
fn monotonic() -> nix::Result<f64> {
    Ok(Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?).as_secs_f64())
}
