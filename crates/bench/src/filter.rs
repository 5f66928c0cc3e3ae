//! `filter`: the example `filter_records` on generated files, by workers and by a plain loop without any.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::figure::Figure;
use crate::{Measured, examples, timing};

/// A file each; some 5 million records in all.
const FILES: &str = "24";
const RECORDS: &str = "200000";
const TIMES: usize = 3;

pub(crate) fn measure() -> Measured {
    let program = examples::built("filter_records")?;
    let place = tempfile::tempdir()?;
    run(generate(&program, place.path()))?;
    let megabytes = size(&place.path().join("hours"))? as f64 / 1e6;
    let workers = ganger::cpu_count();
    let alone = megabytes / timing::median_seconds(TIMES, || run(filter(&program, place.path(), 0)))?;
    Figure::new("filter", "plain loop", alone, "MB/s").print()?;
    let together = megabytes / timing::median_seconds(TIMES, || run(filter(&program, place.path(), workers)))?;
    Figure::new("filter", "ganger zygote", together, "MB/s").with("workers", workers).print()?;
    let share = together / alone / workers as f64;
    Figure::new("filter", "ganger per worker", share, "x plain loop").with("workers", workers).print()?;
    Ok(())
}

/// What `scripts/peers` makes for Python, too.
fn generate(program: &Path, place: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["generate", "--files", FILES, "--records", RECORDS]).arg("--output").arg(place.join("hours"));
    command.arg("--ids").arg(place.join("ids.csv"));
    command
}

fn filter(program: &Path, place: &Path, workers: usize) -> Command {
    let mut command = Command::new(program);
    command.arg("--source").arg(place.join("hours")).arg("--output").arg(place.join("kept"));
    command.arg("--ids").arg(place.join("ids.csv")).arg("--workers").arg(workers.to_string());
    command
}

fn run(mut command: Command) -> Measured {
    let status = command.stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("filter_records ended with {status}").into()) }
}

/// Of all files below, as they lie there.
fn size(directory: &Path) -> Result<u64, Box<dyn Error>> {
    let mut sum = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        sum += if entry.file_type()?.is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(sum)
}
