//! A stream or a file in blocks of whole records, each the standard input of a command.
//!
//! ```text
//!  stream ─► Cutter ─► memory file   opened by the worker, so that nothing is sent   (--pipe)
//!  file   ─► Parts ──► positions     copied into memory by the worker                (--pipe-part)
//! ```

mod separator;
mod groups;
mod cutter;
mod parts;
mod block;
mod feed;

use regex::bytes::Regex;

pub(crate) use block::Block;
pub(crate) use feed::Feed;
pub use groups::{Column, Groups};
pub use parts::BlockSize;
pub use separator::Separator;

/// How a stream is cut into blocks.
#[derive(Clone, Debug)]
pub struct Blocks {
    /// About how long a block is, in bytes (1 or more): it ends with the last record that fits. Where none does, it is
    /// as long as that record.
    pub size: usize,
    /// What stands between records.
    pub separator: Separator,
    /// A block has so many records (1 or more), whatever its length.
    pub records: Option<u64>,
    /// So many lines (1 or more) are a record.
    pub lines: Option<u64>,
    /// What the stream begins with is the beginning of each block.
    pub header: Option<Regex>,
    /// Without what stands between records.
    pub bare: bool,
    /// The block is a file that is named by `{}`, not standard input.
    pub named: bool,
}

#[cfg(test)]
mod tests;
