//! What is left behind of a run, and taken up by the next.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use ganger_store::Durability;

/// Records and resume.
#[derive(Debug, Args)]
#[command(next_help_heading = "Records")]
pub(crate) struct RecordFlags {
    /// Record every task in this file: its input, attempts, exit, times, memory, output (made if there is none)
    #[arg(long, value_name = "FILE", env = "GANGER_STORE")]
    pub(crate) store: Option<PathBuf>,

    /// What the job is called in the store [default: the program's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// What a record survives: off nothing, process the death of ganger, full a loss of power [default: process]
    #[arg(long, value_name = "off|process|full", default_value = "process", hide_default_value = true)]
    pub(crate) durable: Durability,

    /// Keep so many jobs in the store, this one included: the oldest are forgotten before it begins
    #[arg(long, value_name = "N", requires = "store")]
    pub(crate) keep_jobs: Option<NonZeroUsize>,

    /// Leave out what has succeeded by the store, or else the job log: same command, input, directory, and --env
    #[arg(long, visible_alias = "resume-failed")]
    pub(crate) resume: bool,

    /// Run again what failed by the store, or else the job log; inputs and command are taken from there
    #[arg(long, conflicts_with_all = ["arg_file", "words", "resume"])]
    pub(crate) retry_failed: bool,

    /// Begin when this job of the same store is over, also if it runs elsewhere; end if not all of it has succeeded
    #[arg(long, value_name = "JOB", requires = "store")]
    pub(crate) after: Vec<String>,

    /// A variable whose value is part of what a task is: with another one, --resume runs it again
    #[arg(long = "env", value_name = "NAME", value_parser = OsStringValueParser::new().try_map(variable))]
    pub(crate) variables: Vec<OsString>,

    /// Write GNU parallel's job log: a line for each command that has ended
    #[arg(long, visible_alias = "jl", value_name = "FILE")]
    pub(crate) joblog: Option<PathBuf>,

    /// Keep what each command printed and how it ended: in files under DIR (1/INPUT/stdout, .../stderr, .../seq), or in files
    /// named by a text with {...}; or as a row in a .csv, .tsv or .json file (-.json: to standard output)
    #[arg(long, visible_alias = "res", value_name = "DIR|FILE.csv|-.json", allow_hyphen_values = true)]
    pub(crate) results: Option<OsString>,
}

/// The name of a variable, whatever stands in its value.
fn variable(name: OsString) -> Result<OsString, &'static str> {
    match name.as_encoded_bytes() {
        [] => Err("it is the name of an environment variable, as in --env LANG"),
        bytes if bytes.contains(&b'=') => Err(
            "it is the name of a variable alone, as in --env LANG; its value is taken from the environment of ganger",
        ),
        _ => Ok(name),
    }
}
