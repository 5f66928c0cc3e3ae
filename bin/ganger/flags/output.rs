//! What becomes of what commands print.

use std::ffi::OsString;

use clap::Args;

/// What becomes of what commands print.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputFlags {
    /// Print the output in the order of the inputs
    #[arg(short, long)]
    pub(crate) keep_order: bool,

    /// Begin each line of output with its input and a tab
    #[arg(long)]
    pub(crate) tag: bool,

    /// Begin each line of output with this text and a tab; it may have replacement strings
    #[arg(long, value_name = "TEXT", conflicts_with = "tag", allow_hyphen_values = true)]
    pub(crate) tagstring: Option<OsString>,

    /// Print each line of output as soon as it is whole, not each command's output when it has ended
    #[arg(long, visible_alias = "lb", alias = "linebuffer")]
    pub(crate) line_buffer: bool,

    /// Leave standard output and standard error to the commands, unsorted
    #[arg(short, long, conflicts_with_all = ["keep_order", "tag", "tagstring", "line_buffer"])]
    pub(crate) ungroup: bool,

    /// Print each command to standard error before it starts
    #[arg(short = 't', long)]
    pub(crate) verbose: bool,
}
