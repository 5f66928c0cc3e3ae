//! Where the inputs come from.

use std::path::PathBuf;

use clap::Args;

/// Where the inputs come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Inputs")]
pub(crate) struct InputFlags {
    /// Read the inputs from a file, one a line; - is standard input
    #[arg(short, long, value_name = "FILE")]
    pub(crate) arg_file: Option<PathBuf>,

    /// The inputs end with NUL instead of a newline, as from find -print0
    #[arg(short = '0', long)]
    pub(crate) null: bool,

    /// Take the inputs in a random order
    #[arg(long)]
    pub(crate) shuf: bool,
}
