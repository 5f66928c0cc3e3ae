//! `limits`: what the machine gives at best, between two processes and without Ganger's engine.
//!
//! ```text
//!   this process                         ganger-bench --other-end NAME
//!   pipe   ── 8 bytes ─────────────────► standard input
//!          ◄───────────────── 8 bytes ── standard output
//!   ring   ── a link in shared memory, whose descriptor is the other's standard input ──
//! ```

mod pipe;
mod words;
mod ring;

use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use crate::figure::{self, Figure};
use crate::{Measured, timing};

/// The argument that makes this program the other process.
pub(crate) const OTHER_END: &str = "--other-end";

const ROUND_TRIPS: usize = 20_000;

pub(crate) fn measure() -> Measured {
    pipe::measure()?;
    words::measure()?;
    ring::measure()
}

/// The other process: does what `name` says until the first one has had enough.
pub(crate) fn other_end(name: Option<&str>) -> ExitCode {
    let ended = match name {
        Some(pipe::NAME) => pipe::other_end(),
        Some(words::NAME) => words::other_end(),
        Some(ring::SPINNING) => ring::bounce(ring::SPIN),
        Some(ring::SLEEPING) => ring::bounce(std::time::Duration::ZERO),
        Some(ring::SINK) => ring::swallow(),
        unknown => Err(format!("{OTHER_END} of what? {unknown:?}").into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            figure::tell(&format!("the other end: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Starts the other process.
fn start(name: &str, stdin: Stdio, stdout: Stdio) -> std::io::Result<Child> {
    Command::new("/proc/self/exe").args([OTHER_END, name]).stdin(stdin).stdout(stdout).spawn()
}

/// Measures so many times there and back; the first tenth is for warming up.
fn round_trips(system: &str, mut once: impl FnMut(usize) -> Measured) -> Measured {
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for n in 0..ROUND_TRIPS {
        let begun = Instant::now();
        once(n)?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    let times = &mut times[ROUND_TRIPS / 10..];
    let (p50, p99) = (timing::quantile(times, 0.5), timing::quantile(times, 0.99));
    Ok(Figure::new("limits", system, p50, "us p50").with("p99", p99).print()?)
}
