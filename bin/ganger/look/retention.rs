//! `ganger forget` and `ganger vacuum`: which jobs a store keeps.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;

use ganger_store::{Durability, Forget, JobId, Reader, Store, StoreError};
use serde::Serialize;

use super::error::LookError;
use super::{Out, file, json, plain};
use crate::flags::look::{ForgetFlags, StoreFlags};

#[derive(Serialize)]
struct Forgotten {
    job: i64,
    tasks: u64,
}

/// Deletes jobs; tells each.
pub(crate) fn forget(flags: &ForgetFlags, out: &mut Out) -> Result<u8, LookError> {
    let file = file(&flags.store)?;
    let named = named(file, &flags.jobs)?;
    let mut store = open(file)?;
    let jobs = match (flags.older_than, flags.keep) {
        (Some(age), _) => {
            let moment = SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
            store.forgettable(Forget::Before(moment))?
        }
        (None, Some(kept)) => store.forgettable(Forget::AllBut(kept))?,
        (None, None) => named,
    };
    for job in jobs {
        let tasks = store.forget(job)?;
        match flags.store.json {
            true => json(out, &Forgotten { job: job.0, tasks })?,
            false => writeln!(out, "forgot job {} with {}", job.0, plain::count(tasks, "task"))?,
        }
    }
    Ok(0)
}

/// What is to go, before anything does: a name that is none forgets nothing.
fn named(file: &Path, names: &[String]) -> Result<Vec<JobId>, StoreError> {
    let reader = Reader::open(file)?;
    let mut jobs = names.iter().map(|name| reader.job(name).map(|job| job.id)).collect::<Result<Vec<_>, _>>()?;
    jobs.sort_unstable();
    jobs.dedup();
    Ok(jobs)
}

#[derive(Serialize)]
struct Vacuumed {
    bytes_before: u64,
    bytes_after: u64,
}

/// Makes the file as small as it can be.
pub(crate) fn vacuum(flags: &StoreFlags, out: &mut Out) -> Result<u8, LookError> {
    let file = file(flags)?;
    let size = || fs::metadata(file).map_or(0, |data| data.len());
    let bytes_before = size();
    let mut store = open(file)?;
    store.vacuum()?;
    drop(store);
    let bytes_after = size();
    match flags.json {
        true => json(out, &Vacuumed { bytes_before, bytes_after })?,
        false => writeln!(out, "{} before, {} now", plain::size(bytes_before), plain::size(bytes_after))?,
    }
    Ok(0)
}

/// One that is there: nothing is made here.
fn open(file: &Path) -> Result<Store, StoreError> {
    drop(Reader::open(file)?);
    Store::open(file, Durability::Process)
}
