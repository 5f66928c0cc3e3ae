//! `--after`: a run that begins when a job of the same store is over, in whatever process that runs.
//!
//! The store has one writer at a time, which holds its lock. So a job that runs is waited for by looking at the file, and
//! afterwards the lock is waited for as well: others may wait for the same job.

use std::fmt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use ganger_store::{Reader, RunEnd, StoreError};

use crate::show;

/// How often is looked.
const LOOK: Duration = Duration::from_millis(200);

/// Why a run does not begin.
#[derive(Debug)]
pub(crate) enum AfterError {
    Store(StoreError),
    /// The job is over, and not all of it has succeeded.
    Failed {
        job: String,
        why: String,
    },
}

impl fmt::Display for AfterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AfterError::Store(error) => error.fmt(f),
            AfterError::Failed { job, why } => write!(
                f,
                "--after {job}: {why}; nothing was run. When it is mended, take it up with --resume, and run this again"
            ),
        }
    }
}

impl From<StoreError> for AfterError {
    fn from(error: StoreError) -> Self {
        AfterError::Store(error)
    }
}

/// Waits until these jobs have succeeded.
pub(crate) fn wait(store: &Path, jobs: &[String]) -> Result<(), AfterError> {
    jobs.iter().try_for_each(|job| wait_for(store, job))
}

fn wait_for(store: &Path, name: &str) -> Result<(), AfterError> {
    let reader = Reader::open(store)?;
    let job = reader.job(name)?;
    let mut told = false;
    loop {
        let run = reader.last_run(job.id)?;
        if !reader.is_running(&run)? {
            // It may have ended between the two looks.
            let run = reader.last_run(job.id)?;
            return judge(name, run.how);
        }
        if !std::mem::replace(&mut told, true) {
            show::message(format_args!("waiting for the job {name}, which process {} runs", run.pid));
        }
        thread::sleep(LOOK);
    }
}

fn judge(name: &str, how: Option<RunEnd>) -> Result<(), AfterError> {
    let why = match how {
        Some(RunEnd::Complete) => return Ok(()),
        Some(RunEnd::Failed) => "something in its last run has failed".to_owned(),
        Some(how) => format!("its last run is over before its end: {}", how.word()),
        None => "its last run was killed".to_owned(),
    };
    Err(AfterError::Failed { job: name.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_complete_and_has_succeeded_is_good_enough() {
        assert!(judge("a", Some(RunEnd::Complete)).is_ok());
        let table = [
            (Some(RunEnd::Failed), "has failed"),
            (Some(RunEnd::Halted), "over before its end: halted"),
            (None, "was killed"),
        ];
        for (how, told) in table {
            let error = judge("a", how).expect_err(told).to_string();
            assert!(error.starts_with("--after a: ") && error.contains(told), "{error}");
        }
    }
}
