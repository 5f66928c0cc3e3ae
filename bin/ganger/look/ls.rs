//! `ganger ls`: the jobs of a store.

use std::io::Write as _;

use super::error::LookError;
use super::rows::JobRow;
use super::{Out, json, open, plain};
use crate::flags::look::LsFlags;
use crate::show;

/// JSON lines, or a table.
pub(crate) fn ls(flags: &LsFlags, out: &mut Out) -> Result<u8, LookError> {
    let reader = open(&flags.store)?;
    let limit = if flags.limit == 0 { usize::MAX } else { flags.limit };
    let jobs = reader.newest_jobs(limit)?;
    if jobs.is_empty() && !flags.store.json {
        show::message("the store has no job yet");
    }
    let mut rows = Vec::new();
    for job in jobs {
        let row = JobRow::of(&reader, job)?;
        if flags.store.json { json(out, &row)? } else { rows.push(cells(&row)) }
    }
    if !rows.is_empty() {
        rows.insert(0, HEAD.map(str::to_owned).into());
        out.write_all(plain::table(&rows, &[0, 4]).as_bytes())?;
    }
    Ok(0)
}

const HEAD: [&str; 7] = ["JOB", "NAME", "STATE", "BEGUN", "TOOK", "TASKS", "COMMAND"];

fn cells(row: &JobRow) -> Vec<String> {
    vec![
        row.id.to_string(),
        plain::line(row.name.as_bytes()),
        row.state.word().to_owned(),
        plain::moment(row.since),
        plain::seconds(row.seconds),
        row.tasks.shown(),
        plain::line(row.command.as_bytes()),
    ]
}
