//! How inputs get into a command.

use std::ffi::OsString;

use clap::Args;
use ganger_batch::Packing;

/// How inputs get into a command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Arguments")]
pub(crate) struct ArgumentFlags {
    /// Up to N inputs for each command; 0: none of them, the command only runs once for each
    #[arg(short = 'n', long, value_name = "N", conflicts_with_all = ["max_replace_args", "max_lines"])]
    pub(crate) max_args: Option<usize>,

    /// As -n, with {1} up to {N} for the inputs of a command
    #[arg(short = 'N', long, value_name = "N", conflicts_with = "max_lines")]
    pub(crate) max_replace_args: Option<usize>,

    /// As -n; an input that ends with a blank goes on with the next one
    #[arg(short = 'L', long, value_name = "N")]
    pub(crate) max_lines: Option<usize>,

    /// As many inputs as fit into each command; the last ones are shared among the jobs. A word with {} is there for each
    #[arg(short = 'X')]
    pub(crate) extended: bool,

    /// As -X, but the inputs are put into a word with {} with blanks in between
    #[arg(short = 'm')]
    pub(crate) multiple: bool,

    /// As -m, and the last inputs are not shared
    #[arg(long)]
    pub(crate) xargs: bool,

    /// A command may have up to so many bytes
    #[arg(short = 's', long, value_name = "BYTES", value_parser = max_chars)]
    pub(crate) max_chars: Option<usize>,

    /// If -n inputs do not fit into a command, end instead of taking fewer
    #[arg(short = 'x', long)]
    pub(crate) exit: bool,

    /// Stands for the input instead of {}
    #[arg(short = 'I', long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) replace: Option<OsString>,

    /// The same as -I {}
    #[arg(short = 'i', hide = true)]
    pub(crate) braces: bool,

    /// Stands for the input without its extension instead of {.}
    #[arg(long, visible_alias = "er", short_alias = 'U', value_name = "TEXT", hide = true)]
    pub(crate) extensionreplace: Option<OsString>,

    /// Stands for the input without its directory instead of {/}
    #[arg(long, visible_alias = "bnr", value_name = "TEXT", hide = true)]
    pub(crate) basenamereplace: Option<OsString>,

    /// Stands for the input's directory instead of {//}
    #[arg(long, visible_alias = "dnr", value_name = "TEXT", hide = true)]
    pub(crate) dirnamereplace: Option<OsString>,

    /// Stands for the input without directory and extension instead of {/.}
    #[arg(long, visible_alias = "bner", value_name = "TEXT", hide = true)]
    pub(crate) basenameextensionreplace: Option<OsString>,

    /// Stands for the number of the task instead of {#}
    #[arg(long, value_name = "TEXT", hide = true)]
    pub(crate) seqreplace: Option<OsString>,

    /// Stands for the number of the job slot instead of {%}
    #[arg(long, value_name = "TEXT", hide = true)]
    pub(crate) slotreplace: Option<OsString>,

    /// More replacement strings: {..} {+/} {+.} {%PATTERN} {#PATTERN} {/PATTERN/TEXT} {:-TEXT} ... (see below)
    #[arg(long)]
    pub(crate) plus: bool,

    /// The command is a program and its arguments, also if it is one word: no shell
    #[arg(short, long)]
    pub(crate) quote: bool,
}

impl ArgumentFlags {
    /// Whether several inputs make a task.
    pub(crate) fn packs(&self) -> bool {
        let by_number = self.max_args.or(self.max_replace_args).or(self.max_lines).is_some();
        by_number || self.extended || self.multiple || self.xargs || self.max_chars.is_some()
    }
}

fn max_chars(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=Packing::LONGEST).contains(number));
    number.ok_or_else(|| format!("it is a number of bytes, at most {}", Packing::LONGEST))
}
