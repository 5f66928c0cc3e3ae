//! All files: who reads which, and what came of it.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ganger::{Pool, TaskOptions, as_completed};

use crate::filter::{Counts, Job, filter, load_ids};
use crate::flags::JobFlags;
use crate::store::Store;

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) counts: Counts,
    pub(crate) files: usize,
    /// What is said of each file that was left behind.
    pub(crate) broken: Vec<String>,
    took: Duration,
}

pub(crate) fn run(flags: &JobFlags) -> Result<Summary, Box<dyn Error>> {
    let begun = Instant::now();
    let files = largest_first(Store::open(&flags.source)?.list()?);
    if files.is_empty() {
        return Err(format!("no file in {}", flags.source).into());
    }
    let JobFlags { source, output, framing, layout, .. } = flags;
    let job = Job { source: source.clone(), output: output.clone(), framing: *framing, layout: *layout };
    let mut summary = match flags.workers.unwrap_or_else(ganger::cpu_count) {
        0 => alone(flags, job, files)?,
        workers => by_workers(workers, flags, job, files)?,
    };
    summary.took = begun.elapsed();
    Ok(summary)
}

/// Or else all may have to wait for one at the end.
fn largest_first(mut files: Vec<(String, u64)>) -> Vec<String> {
    files.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    files.into_iter().map(|(name, _)| name).collect()
}

fn by_workers(workers: usize, flags: &JobFlags, job: Job, files: Vec<String>) -> Result<Summary, Box<dyn Error>> {
    let pool = Pool::builder().name("filter_records").workers(workers).preload(load_ids, flags.ids.clone()).build()?;
    let attempts = flags.retries.saturating_add(1);
    let mut futures = Vec::new();
    for file in files {
        let options = TaskOptions::new().name(&file).failure_attempts(attempts).crash_attempts(attempts);
        futures.push(pool.submit_with(&options, filter, (job.clone(), file))?);
    }
    let mut summary = Summary::default();
    for future in as_completed(futures) {
        match future.result() {
            Ok(outcome) => summary.note(outcome),
            Err(lost) if lost.is_not_started() => return Err(lost.into()),
            // Its worker died of it, or it panicked; the error has its name.
            Err(lost) => summary.note(Err(lost)),
        }
    }
    Ok(summary)
}

/// The same without workers: what a plain program would do, for comparison and for a debugger.
fn alone(flags: &JobFlags, job: Job, files: Vec<String>) -> Result<Summary, Box<dyn Error>> {
    load_ids(flags.ids.clone())?;
    let mut summary = Summary::default();
    for file in files {
        let mut outcome = filter(job.clone(), file.clone());
        for _ in 0..flags.retries {
            outcome = outcome.or_else(|_| filter(job.clone(), file.clone()));
        }
        summary.note(outcome);
    }
    Ok(summary)
}

impl Summary {
    /// Says at once what is broken: the rest may take hours.
    fn note(&mut self, outcome: Result<Counts, impl fmt::Display>) {
        self.files += 1;
        match outcome {
            Ok(Counts { read, kept, bytes }) => {
                self.counts.read += read;
                self.counts.kept += kept;
                self.counts.bytes += bytes;
            }
            Err(broken) => {
                eprintln!("left behind: {broken}");
                self.broken.push(broken.to_string());
            }
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { counts: Counts { read, kept, bytes }, files, broken, took } = self;
        let (seconds, megabytes) = (took.as_secs_f64(), *bytes as f64 / 1e6);
        write!(f, "{kept} of {read} records kept, from {} of {files} files; ", files - broken.len())?;
        write!(f, "{megabytes:.0} MB of records in {seconds:.2} s, {:.0} MB/s", megabytes / seconds)?;
        broken.iter().try_for_each(|broken| write!(f, "\nbroken: {broken}"))
    }
}
