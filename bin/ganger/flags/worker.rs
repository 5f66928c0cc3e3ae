//! Flags of programs that are kept: `--worker`.

use std::time::Duration;

use clap::Args;
use ganger_batch::parse_duration;

/// As it was typed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Worker programs")]
pub(crate) struct WorkerFlags {
    /// Start the command once for each slot, and feed it the inputs: {"id":1,"input":"…"} a line on its standard input, and
    /// {"id":1,"output":…} or {"id":1,"error":…} a line on its standard output. A Rust program with a function that has
    /// #[ganger::worker] needs neither
    #[arg(long)]
    pub(crate) worker: bool,

    /// Wait until the program says {"ready":true}, at most this long, before its first task
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "worker", allow_hyphen_values = true)]
    pub(crate) start_timeout: Option<Duration>,
}
