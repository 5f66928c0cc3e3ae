//! How a run is followed while it goes on.

use clap::Args;

/// Progress, all of it on standard error or the terminal.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Progress")]
pub(crate) struct ProgressFlags {
    /// Show a bar with the rate, the time left and failures; where standard error is no terminal, a line a second
    #[arg(long, conflicts_with = "tui")]
    pub(crate) bar: bool,

    /// Show the same as one line
    #[arg(long, conflicts_with = "tui")]
    pub(crate) progress: bool,

    /// --progress, with all inputs read before the first is run: so the time that is left is known from the start
    #[arg(long, conflicts_with = "tui")]
    pub(crate) eta: bool,

    /// Show on the whole terminal what runs; keys pause, change the number of jobs, kill one, quit (? tells them all).
    /// What commands print to this terminal comes when it is closed
    #[arg(long, conflicts_with = "ungroup")]
    pub(crate) tui: bool,
}
