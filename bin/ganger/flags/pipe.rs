//! Inputs that commands read.

use clap::Args;
use ganger_batch::{BlockSize, parse_size};

/// Inputs that commands read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Blocks for standard input")]
pub(crate) struct PipeFlags {
    /// Cut standard input (or -a FILE) into blocks of whole records, each the standard input of a command. -N: so many
    /// records a block; -L: so many lines a record
    #[arg(long, alias = "spreadstdin", conflicts_with_all = ["pipe_part", "link", "csv", "shuf", "worker"])]
    pub(crate) pipe: bool,

    /// As --pipe for the files of -a or ::::, which must allow positions: each command's part is found without reading the rest
    #[arg(
        long,
        alias = "pipepart",
        conflicts_with_all = ["link", "csv", "shuf", "worker", "max_args", "max_replace_args", "max_lines", "remove_rec_sep"]
    )]
    pub(crate) pipe_part: bool,

    /// How long a block is; -N with --pipe-part: N blocks for each job [default: 1M]
    #[arg(long, alias = "blocksize", value_name = "SIZE|-N", value_parser = block, allow_hyphen_values = true)]
    pub(crate) block: Option<BlockSize>,

    /// A record begins with this (\n, \t, \0 as usual)
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) recstart: Option<String>,

    /// A record ends with this; empty: anywhere [default: \n]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) recend: Option<String>,

    /// --recstart and --recend are regular expressions
    #[arg(long)]
    pub(crate) regexp: bool,

    /// Leave out what stands before, between and behind the records of a block
    #[arg(long, visible_alias = "rrs", alias = "removerecsep")]
    pub(crate) remove_rec_sep: bool,

    /// {} is the name of a file with the block, and standard input is empty. The file lies in memory
    #[arg(long, visible_alias = "fifo")]
    pub(crate) cat: bool,

    /// As --pipe, and lines with the same value of a column, one behind the other, stay in one block: by its number, by its
    /// name (with --header :), or what matches a regular expression. --colsep says what is between columns [default: blanks]
    #[arg(long, alias = "groupby", value_name = "COLUMN|REGEX", conflicts_with_all = ["pipe_part", "recstart", "recend", "max_lines", "link", "csv", "shuf", "worker"])]
    pub(crate) group_by: Option<String>,

    /// Not possible: see the error
    #[arg(long, alias = "roundrobin", alias = "round", hide = true)]
    pub(crate) round_robin: bool,

    /// Not possible: see the error
    #[arg(long, hide = true)]
    pub(crate) tee: bool,

    /// Not possible: see the error
    #[arg(long, value_name = "COLUMN", hide = true)]
    pub(crate) shard: Option<String>,

    /// Not possible: see the error
    #[arg(long, value_name = "COLUMN", hide = true)]
    pub(crate) bin: Option<String>,
}

impl PipeFlags {
    /// Whether commands read their inputs.
    pub(crate) fn is_used(&self) -> bool {
        self.pipe || self.pipe_part || self.group_by.is_some()
    }
}

fn block(text: &str) -> Result<BlockSize, String> {
    let size = match text.strip_prefix('-') {
        Some(per_job) => per_job.parse().ok().map(BlockSize::PerJob),
        None => Some(BlockSize::Bytes(parse_size(text)?)),
    };
    let some = |size: &BlockSize| !matches!(size, BlockSize::PerJob(0) | BlockSize::Bytes(0));
    size.filter(some).ok_or_else(|| "a block is a size (10M), or -N for N blocks for each job".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_blocks_are_read() {
        assert_eq!(block("1M"), Ok(BlockSize::Bytes(1 << 20)));
        assert_eq!(block("-2"), Ok(BlockSize::PerJob(2)));
        for text in ["", "0", "-0", "-", "-x", "x"] {
            assert!(block(text).is_err(), "{text}");
        }
    }
}
