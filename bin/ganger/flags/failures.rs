//! What becomes of commands that fail or take too long.

use std::time::Duration;

use clap::Args;
use ganger_batch::{Halt, Timeout, parse_duration};

/// What becomes of commands that fail or take too long.
#[derive(Debug, Args)]
#[command(next_help_heading = "Failures")]
pub(crate) struct FailureFlags {
    /// Try a command that fails up to N times in all, with growing pauses from 0.1 to 10 s in between; 0 and 1: once
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = attempts, allow_hyphen_values = true)]
    pub(crate) retries: u32,

    /// Stop a command that runs for longer: 10s, 1h30m, or 300% of the median of those that succeeded
    #[arg(long, value_name = "TIME|N%", allow_hyphen_values = true)]
    pub(crate) timeout: Option<Timeout>,

    /// When to end early: never, or now|soon,fail|success|done=N|N%. soon: start no more; now: stop what runs, too
    #[arg(long, value_name = "WHEN", default_value_t = Halt::Never, allow_hyphen_values = true)]
    pub(crate) halt: Halt,

    /// Wait this long from one start to the next: 0.5, 250ms
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "0", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) delay: Duration,
}

/// Whoever wants no retries says 0.
fn attempts(text: &str) -> Result<u32, &'static str> {
    let attempts = text.parse().map(|attempts: u32| attempts.max(1));
    attempts.map_err(|_| "it is how often a command is tried in all, a whole number: `3`; 0 and 1 mean once")
}
