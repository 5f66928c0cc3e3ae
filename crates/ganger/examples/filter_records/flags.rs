//! What was typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use crate::framing::Framing;
use crate::records::Layout;

pub(crate) enum Flags {
    Job(JobFlags),
    Generate(GenerateFlags),
}

impl Flags {
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        match words.get(1).and_then(|word| word.to_str()) {
            Some("generate") => GenerateFlags::try_parse_from(&words[1..]).map(Self::Generate),
            _ => JobFlags::try_parse_from(words).map(Self::Job),
        }
    }
}

/// Keeps the records whose id is in a list.
#[derive(Parser)]
#[command(name = "filter_records", after_help = "`filter_records generate --help`: files to try it on")]
pub(crate) struct JobFlags {
    /// Directory or URL of the files
    #[arg(long)]
    pub(crate) source: String,
    /// Directory or URL that gets a file for each of the source
    #[arg(long)]
    pub(crate) output: String,
    /// CSV with the ids that are kept: its column `gid`, or the first one if it has no header
    #[arg(long)]
    pub(crate) ids: PathBuf,
    /// Worker processes; 0: none, one file after the other in this process [default: as many as processors]
    #[arg(long)]
    pub(crate) workers: Option<usize>,
    /// How often a file that failed is tried again
    #[arg(long, default_value_t = 2)]
    pub(crate) retries: u32,
    /// How the files are packed [default: as each one's first bytes say]
    #[arg(long, value_enum)]
    pub(crate) framing: Option<Framing>,
    #[command(flatten)]
    pub(crate) layout: Layout,
}

/// Makes files to try it on.
#[derive(Parser)]
#[command(name = "filter_records generate")]
pub(crate) struct GenerateFlags {
    /// Directory or URL for the files
    #[arg(long)]
    pub(crate) output: String,
    /// Where to write the CSV with the ids that will be kept
    #[arg(long)]
    pub(crate) ids: PathBuf,
    /// How many files, one for each hour
    #[arg(long, default_value_t = 24)]
    pub(crate) files: u64,
    /// How many records each
    #[arg(long, default_value_t = 100_000)]
    pub(crate) records: u64,
    /// The share of ids, and so about that of records, in the CSV
    #[arg(long, default_value_t = 0.01)]
    pub(crate) share: f64,
    /// The same seed makes the same files
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Without packing, instead of in snappy's framing
    #[arg(long)]
    pub(crate) plain: bool,
    #[command(flatten)]
    pub(crate) layout: Layout,
}
