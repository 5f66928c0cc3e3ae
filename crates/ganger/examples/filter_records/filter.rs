//! The work: one file, from its first record to its last.

use std::collections::HashSet;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::framing::{Framing, Packed, unpacked};
use crate::records::{Broken, Layout, Records};
use crate::store::{Input, Output, Store};

/// How many records are read between two words about them.
const TOLD_EVERY: u64 = 1_000_000;

static IDS: OnceLock<HashSet<u64>> = OnceLock::new();

/// What is the same for all files.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) source: String,
    pub(crate) output: String,
    pub(crate) framing: Option<Framing>,
    pub(crate) layout: Layout,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) read: u64,
    pub(crate) kept: u64,
    /// Of what was read, unpacked.
    pub(crate) bytes: u64,
}

/// Loads the ids, once for all workers: they share the memory of the process that has called it.
#[ganger::task]
pub(crate) fn load_ids(csv: PathBuf) -> Result<(), String> {
    let ids = read_ids(&csv).map_err(|error| format!("{}: {error}", csv.display()))?;
    // Whoever comes second has read the same.
    IDS.get_or_init(|| ids);
    Ok(())
}

/// What was loaded.
pub(crate) fn loaded() -> Option<&'static HashSet<u64>> {
    IDS.get()
}

/// The column `gid`; of a file without header, the first one.
fn read_ids(csv: &Path) -> Result<HashSet<u64>, Box<dyn std::error::Error>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_path(csv)?;
    let mut rows = reader.records().peekable();
    let Some(Ok(first)) = rows.peek() else { return Ok(rows.next().transpose().map(|_| HashSet::new())?) };
    let headless = first.get(0).is_some_and(|field| field.parse::<u64>().is_ok());
    let column =
        if headless { 0 } else { first.iter().position(|name| name == "gid").ok_or("no column is named gid")? };
    let id = |row: csv::Result<csv::StringRecord>| {
        let row = row?;
        let field = row.get(column).unwrap_or_default();
        field
            .parse()
            .map_err(|_| format!("{field:?} in line {} is no id", row.position().map_or(0, csv::Position::line)).into())
    };
    rows.skip(usize::from(!headless)).map(id).collect()
}

/// Keeps the records of one file whose id was loaded.
#[ganger::task]
pub(crate) fn filter(job: Job, file: String) -> Result<Counts, Broken> {
    let broken = |why: String| Broken { file: file.clone(), offset: None, why };
    let (records, output) = open(&job, &file).map_err(|error| broken(error.to_string()))?;
    let (counts, output) = copy(records, output, &file)?;
    let written = output.finish().and_then(Output::finish);
    written.map_err(|error| broken(error.to_string()))?;
    Ok(counts)
}

type Opened = (Records<Box<dyn std::io::BufRead>>, Packed<Output>);

fn open(job: &Job, file: &str) -> Result<Opened, Box<dyn std::error::Error>> {
    let input: Input = Store::open(&job.source)?.read(file)?;
    let (input, framing) = unpacked(input, job.framing)?;
    let output = Packed::new(Store::open(&job.output)?.write(file), framing);
    Ok((Records::new(input, job.layout), output))
}

fn copy(
    mut records: Records<Box<dyn std::io::BufRead>>,
    mut output: Packed<Output>,
    file: &str,
) -> Result<(Counts, Packed<Output>), Broken> {
    let ids = loaded().expect("they are loaded before the first file");
    let mut counts = Counts::default();
    loop {
        match keep(&mut records, &mut output, ids) {
            Ok(None) => break,
            Ok(Some(kept)) => counts.kept += u64::from(kept),
            Err(error) => {
                return Err(Broken { file: file.to_owned(), offset: Some(records.offset()), why: error.to_string() });
            }
        }
        counts.read += 1;
        if counts.read.is_multiple_of(TOLD_EVERY) {
            tell(file, counts);
        }
    }
    Ok((Counts { bytes: records.end(), ..counts }, output))
}

/// Whether the next record, if there is one, was kept.
fn keep(
    records: &mut Records<Box<dyn std::io::BufRead>>,
    output: &mut Packed<Output>,
    ids: &HashSet<u64>,
) -> std::io::Result<Option<bool>> {
    let Some(record) = records.read()? else { return Ok(None) };
    let kept = record.gid().map_err(std::io::Error::other)?.is_some_and(|gid| ids.contains(&gid));
    if kept {
        output.write_all(record.bytes)?;
    }
    Ok(Some(kept))
}

/// In one piece, so that the lines of two workers do not mix.
fn tell(file: &str, counts: Counts) {
    let Counts { read, kept, .. } = counts;
    // Nobody may be there to read it.
    let _ = stderr().write_all(format!("{file}: {} M records read, {kept} kept\n", read / TOLD_EVERY).as_bytes());
}
