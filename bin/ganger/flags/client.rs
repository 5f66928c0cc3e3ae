//! What is asked of a service.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};
use ganger_batch::parse_duration;

/// What is asked of a service. Not in the help as long as the service is not.
#[derive(Debug, Subcommand)]
pub(crate) enum Ask {
    #[command(hide = true)]
    Submit(SubmitFlags),
    #[command(hide = true)]
    Status(StatusFlags),
    #[command(hide = true)]
    Wait(WaitFlags),
}

/// Which service.
#[derive(Debug, Args)]
pub(crate) struct ServiceFlags {
    /// Where the service listens
    #[arg(long, value_name = "unix:PATH", env = "GANGER_CONNECT")]
    pub(crate) connect: Socket,
}

/// Hand a job to a service; its number is printed when it is safe.
///
/// Each input after ::: is a task, and stands at the end of the command. It runs in this directory, with the service's
/// environment.
#[derive(Debug, Args)]
#[command(override_usage = "ganger submit [OPTIONS] COMMAND... [::: INPUT...]")]
pub(crate) struct SubmitFlags {
    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    /// Which queue
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) queue: String,

    /// What the job is called [default: the program's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// What is higher begins first
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    pub(crate) priority: i32,

    /// How often a task may be tried that fails
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) attempts: u32,

    /// How long an attempt may take
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,

    /// Wait for the job, as `ganger wait` does
    #[arg(long)]
    pub(crate) wait: bool,

    #[arg(trailing_var_arg = true, value_name = "COMMAND", required = true)]
    pub(crate) words: Vec<OsString>,
}

/// Show a service's jobs, the newest first, or one of them.
#[derive(Debug, Args)]
pub(crate) struct StatusFlags {
    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    /// As the service tells it: JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// The job's number
    #[arg(value_name = "JOB")]
    pub(crate) job: Option<u64>,
}

/// Wait until jobs of a service are over: the exit status counts the tasks that failed or were cancelled, to 100; 101: more.
#[derive(Debug, Args)]
pub(crate) struct WaitFlags {
    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    /// The jobs' numbers
    #[arg(value_name = "JOB", required = true)]
    pub(crate) jobs: Vec<u64>,
}

/// A service's Unix socket.
#[derive(Clone, Debug)]
pub(crate) struct Socket(pub(crate) PathBuf);

impl FromStr for Socket {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some(path) if !path.is_empty() => Ok(Self(path.into())),
            _ => Err(format!("{text:?} is no unix:PATH, like unix:/run/ganger.sock")),
        }
    }
}
