//! `cpu`: how much faster two workers are than none, on work that only computes.

use std::time::{Duration, Instant};

use ganger::Pool;
use nix::time::{ClockId, clock_gettime};

use crate::figure::{self, Figure};
use crate::{Measured, gang, timing};

const TASKS: u64 = 200;
const TASK: Duration = Duration::from_millis(50);
/// Alone and together take turns, so that a machine that grows slower does so for both.
const TURNS: u64 = 5;
/// On a busy machine there are fewer turns.
const ENOUGH: Duration = Duration::from_secs(13);

pub(crate) fn measure() -> Measured {
    let pool = gang::ready(gang::builder(2))?;
    let (begun, mut alone, mut together, mut tasks) = (Instant::now(), 0.0, 0.0, 0);
    while tasks < TASKS && begun.elapsed() < ENOUGH {
        alone += timing::seconds(|| (0..TASKS / TURNS).try_for_each(|_| busy(TASK)))?;
        together += timing::seconds(|| share_out(&pool))?;
        tasks += TASKS / TURNS;
    }
    if tasks < TASKS {
        figure::tell(&format!("cpu: the machine is busy; {tasks} of {TASKS} tasks were measured"));
    }
    let figure = Figure::new("cpu", "ganger zygote map(chunk_size=1)", alone / together, "x speed-up");
    Ok(figure.with("workers", 2).with("tasks", tasks).print()?)
}

fn share_out(pool: &Pool) -> Measured {
    let work = (0..TASKS / TURNS).map(|_| TASK);
    Ok(pool.imap(busy, work)?.chunk_size(1).try_for_each(|done| done.map(drop))?)
}

/// Processor time, not time of the clock: neighbours on the machine make it slower, not shorter.
#[ganger::task]
fn busy(time: Duration) -> Result<(), String> {
    let end = used()? + time;
    while used()? < end {}
    Ok(())
}

/// Of this thread: those of the supervisor are not its work.
fn used() -> Result<Duration, String> {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).map_err(|e| e.to_string())
}
