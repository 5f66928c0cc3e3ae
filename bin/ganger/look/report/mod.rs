//! `ganger report`: how a job went.
//!
//! ```text
//!  attempts, one page after the other ─► gather ─► Report ─┬─► text
//!  failed tasks ─► causes ─────────────────────────▲       ├─► JSON
//!                                                          └─► html, with plots
//! ```
//!
//! Everything is counted as it goes by, in memory that does not grow with the job.

mod series;
mod gather;
mod causes;
mod text;
mod html;
mod plots;

use std::fs;
use std::io::Write as _;

use serde::Serialize;

use super::error::LookError;
use super::rows::{Bytes, InputName, JobRow};
use super::{Out, json, open_job};
use crate::flags::look::ReportFlags;
use crate::record::same_file;
use crate::show;

/// Makes the report, in the form that was asked for.
pub(crate) fn report(flags: &ReportFlags, out: &mut Out) -> Result<u8, LookError> {
    let (reader, job) = open_job(&flags.of)?;
    let (report, timeline) = gather::gather(&reader, &job)?;
    match &flags.html {
        Some(path) => {
            if flags.of.store.store.as_deref().is_some_and(|store| same_file(store, path)) {
                return Err(LookError::OverStore(path.clone()));
            }
            let page = html::page(&report, &timeline);
            fs::write(path, page).map_err(|source| LookError::File { path: path.clone(), source })?;
            show::message(format_args!("the report is in {}", path.display()));
        }
        None if flags.of.store.json => json(out, &report)?,
        None => out.write_all(text::text(&report).as_bytes())?,
    }
    Ok(0)
}

/// All that is told. Durations are seconds, sizes bytes.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) job: JobRow,
    /// How many are over.
    pub(crate) attempts: u64,
    pub(crate) repeated: Repeated,
    /// Of attempts that ran to an end; none if none did.
    pub(crate) durations: Option<Durations>,
    pub(crate) histogram: Vec<Bin>,
    pub(crate) slowest: Vec<Slow>,
    /// Of tasks that failed, by their last attempt; the most frequent first.
    pub(crate) failures: Vec<Cause>,
    pub(crate) processor: Processor,
    pub(crate) memory: Memory,
    pub(crate) throughput: Throughput,
}

/// Attempts after the first in a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Repeated {
    pub(crate) attempts: u64,
    /// So many of them succeeded.
    pub(crate) succeeded: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Durations {
    pub(crate) attempts: u64,
    pub(crate) min_seconds: f64,
    pub(crate) median_seconds: f64,
    pub(crate) p90_seconds: f64,
    pub(crate) p99_seconds: f64,
    pub(crate) max_seconds: f64,
    pub(crate) mean_seconds: f64,
}

/// How many took so long.
#[derive(Debug, Serialize)]
pub(crate) struct Bin {
    pub(crate) from_seconds: f64,
    pub(crate) to_seconds: f64,
    pub(crate) attempts: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Slow {
    pub(crate) task: i64,
    pub(crate) number: u64,
    #[serde(flatten)]
    pub(crate) input: Bytes<InputName>,
    pub(crate) wall_seconds: f64,
    pub(crate) end: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Cause {
    pub(crate) end: String,
    /// What the command said first on standard error, with `{}` for its input.
    pub(crate) said: String,
    pub(crate) tasks: u64,
    /// The first of them.
    pub(crate) number: u64,
    #[serde(flatten)]
    pub(crate) input: Bytes<InputName>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Processor {
    pub(crate) user_seconds: f64,
    pub(crate) system_seconds: f64,
    /// How many there were, as far as they were used.
    pub(crate) slots: u32,
    /// Processor time, as a share of the time that all slots had.
    pub(crate) utilisation: f64,
    /// The time in which attempts ran, as a share of the same.
    pub(crate) busy: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) max_rss_bytes: u64,
    pub(crate) median_rss_bytes: u64,
    /// The most that all processes of an attempt had together; null if nobody watched.
    pub(crate) peak_bytes: Option<u64>,
}

/// Over the time of all runs, without the pauses between them.
#[derive(Debug, Serialize)]
pub(crate) struct Throughput {
    pub(crate) attempts_per_second: f64,
    pub(crate) interval_seconds: f64,
    pub(crate) intervals: Vec<Interval>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Interval {
    pub(crate) attempts: u64,
    /// So many of them did not succeed.
    pub(crate) failed: u64,
    pub(crate) max_rss_bytes: u64,
}
