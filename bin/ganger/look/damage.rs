//! `ganger check` and `ganger salvage`: a store that is damaged.

use std::io::Write as _;

use ganger_store::Salvaged;
use serde::Serialize;

use super::error::LookError;
use super::{Out, file, json, plain};
use crate::flags::look::{SalvageFlags, StoreFlags};
use crate::show;

/// Something is damaged.
const DAMAGED: u8 = 1;

#[derive(Serialize)]
struct Checked {
    whole: bool,
    faults: Vec<String>,
}

/// Reads everything, and tells what is wrong.
pub(crate) fn check(flags: &StoreFlags, out: &mut Out) -> Result<u8, LookError> {
    let file = file(flags)?;
    let faults = ganger_store::check(file)?;
    let whole = faults.is_empty();
    if flags.json {
        json(out, &Checked { whole, faults })?;
    } else {
        faults.iter().try_for_each(|fault| writeln!(out, "{fault}"))?;
        match whole {
            true => writeln!(out, "{} is whole", file.display())?,
            false => show::message(format_args!(
                "{0} is damaged: ganger salvage {0} NEWFILE saves what can be read",
                file.display()
            )),
        }
    }
    Ok(if whole { 0 } else { DAMAGED })
}

#[derive(Serialize)]
struct Saved {
    jobs: u64,
    tasks: u64,
    attempts: u64,
    outputs: u64,
    left_out: u64,
    holes: u64,
}

/// Copies what can be read.
pub(crate) fn salvage(flags: &SalvageFlags, out: &mut Out) -> Result<u8, LookError> {
    let Salvaged { jobs, tasks, attempts, outputs, left_out, holes } = ganger_store::salvage(&flags.file, &flags.new)?;
    if flags.json {
        json(out, &Saved { jobs, tasks, attempts, outputs, left_out, holes })?;
        return Ok(0);
    }
    let count = plain::count;
    let (jobs, tasks, attempts) = (count(jobs, "job"), count(tasks, "task"), count(attempts, "attempt"));
    let (outputs, left_out, holes) = (count(outputs, "piece"), count(left_out, "row"), count(holes, "place"));
    writeln!(
        out,
        "saved {jobs}, {tasks}, {attempts} and {outputs} of output; left out {left_out} that made no sense; \
         at {holes} nothing could be read"
    )?;
    Ok(0)
}
