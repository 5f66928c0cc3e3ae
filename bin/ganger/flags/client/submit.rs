//! A job, as it is typed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ganger_batch::parse_duration;

use super::ServiceFlags;
use crate::flags::{ArgumentFlags, InputFlags};

/// Hand a job to a service; its number is printed when it is safe.
///
/// Commands and inputs are written as for ganger run: the inputs are the arguments after :::, or the lines of a file (-a,
/// ::::) or of standard input. A command without {} runs once where standard input is a terminal or /dev/null; without a
/// command, each line of standard input is one. Inputs are read here, and may be any number: they are handed over as they come. Commands run in
/// this directory, with the service's environment and --env.
#[derive(Debug, Args)]
#[command(args_override_self = true, override_usage = "ganger submit [OPTIONS] COMMAND... [::: INPUT...]...")]
pub(crate) struct SubmitFlags {
    #[command(flatten)]
    pub(crate) wish: WishFlags,

    /// Not before so much time has passed
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "at")]
    pub(crate) delay: Option<Duration>,

    /// Not before this moment: 2026-11-30T08:00, in this machine's time zone, or with Z or an offset
    #[arg(long, value_name = "MOMENT")]
    pub(crate) at: Option<String>,

    /// When this job has succeeded; if it fails, this one is cancelled
    #[arg(long, value_name = "JOB", value_delimiter = ',')]
    pub(crate) after: Vec<u64>,

    /// When this job is over, however that came about
    #[arg(long, value_name = "JOB", value_delimiter = ',', conflicts_with = "after")]
    pub(crate) after_any: Vec<u64>,

    /// If a job with this key is not over, no new one is made: its number is printed
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,

    /// Held until ganger resume
    #[arg(long)]
    pub(crate) paused: bool,

    /// More tasks may come, by ganger append, until ganger append --close
    #[arg(long, conflicts_with_all = ["wait", "follow"])]
    pub(crate) open: bool,

    /// Wait for the job, as ganger wait does
    #[arg(long)]
    pub(crate) wait: bool,

    /// Print what its tasks print as they print it, and wait for the job
    #[arg(long)]
    pub(crate) follow: bool,

    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    #[command(flatten)]
    pub(crate) inputs: InputFlags,

    #[command(flatten)]
    pub(crate) arguments: ArgumentFlags,

    /// The command, and after ::: its inputs (or after :::: files with them)
    #[arg(trailing_var_arg = true, value_name = "COMMAND", hide = true)]
    pub(crate) words: Vec<OsString>,
}

/// Add tasks to a job that was submitted with --open.
///
/// The command is written as it was for ganger submit, and so are the inputs: each is a task more.
#[derive(Debug, Args)]
#[command(args_override_self = true, override_usage = "ganger append [OPTIONS] JOB COMMAND... [::: INPUT...]...")]
pub(crate) struct AppendFlags {
    /// These are the last
    #[arg(long)]
    pub(crate) close: bool,

    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    #[command(flatten)]
    pub(crate) inputs: InputFlags,

    #[command(flatten)]
    pub(crate) arguments: ArgumentFlags,

    /// The job's number
    #[arg(value_name = "JOB", value_parser = super::jobs::job)]
    pub(crate) job: u64,

    /// The command, and after ::: its inputs (or after :::: files with them)
    #[arg(trailing_var_arg = true, value_name = "COMMAND", hide = true)]
    pub(crate) words: Vec<OsString>,
}

/// How a job is to be run, now or by a schedule.
#[derive(Debug, Args)]
#[command(next_help_heading = "Job")]
pub(crate) struct WishFlags {
    /// Which queue
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) queue: String,

    /// What the job is called [default: the program's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// What is higher begins first
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    pub(crate) priority: i32,

    /// How often a task may be tried that fails [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) attempts: Option<u32>,

    /// How often it may be tried when its worker, or the service, dies under it [default: 3]
    #[arg(long, value_name = "N")]
    pub(crate) crash_attempts: Option<u32>,

    /// How long to wait before it is tried again, and how long at most: the time doubles from one try to the next
    #[arg(long, value_name = "TIME[,MOST]", value_parser = backoff)]
    pub(crate) backoff: Option<Backoff>,

    /// How long an attempt may take
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,

    /// How long it is remembered when it is over [default: as its queue says]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) keep: Option<Duration>,

    /// A variable that the commands have: NAME=VALUE, or NAME for its value here
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<OsString>,

    /// Run the commands in this directory [default: this one]
    #[arg(long, visible_alias = "workdir", value_name = "DIR")]
    pub(crate) wd: Option<PathBuf>,
}

/// A pause before what failed is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) most: Option<Duration>,
}

fn backoff(text: &str) -> Result<Backoff, String> {
    let (first, most) = text.split_once(',').map_or((text, None), |(first, most)| (first, Some(most)));
    let backoff = Backoff { first: parse_duration(first)?, most: most.map(parse_duration).transpose()? };
    match backoff.most.is_some_and(|most| most < backoff.first) {
        true => Err("the first pause is longer than the longest: give the shorter one first".to_owned()),
        false => Ok(backoff),
    }
}

/// Hand a job in again and again, at the times of a cron expression.
#[derive(Debug, Args)]
pub(crate) struct AddFlags {
    /// In which time zone the times are: Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,

    /// If its last job is not over: skip (leave this time out) or queue (one more)
    #[arg(long, value_name = "skip|queue", value_parser = ["skip", "queue"])]
    pub(crate) overlap: Option<String>,

    #[command(flatten)]
    pub(crate) wish: WishFlags,

    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    #[command(flatten)]
    pub(crate) inputs: InputFlags,

    #[command(flatten)]
    pub(crate) arguments: ArgumentFlags,

    /// What the schedule is called
    #[arg(value_name = "NAME")]
    pub(crate) schedule: String,

    /// When: minute, hour, day, month, day of the week: "*/5 * * * *"
    #[arg(value_name = "CRON")]
    pub(crate) cron: String,

    /// The command, and after ::: its inputs
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) words: Vec<OsString>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_read() {
        let seconds = |text: &str| backoff(text).map(|found| (found.first.as_secs(), found.most.map(|m| m.as_secs())));
        assert_eq!(seconds("1s"), Ok((1, None)));
        assert_eq!(seconds("1s,5m"), Ok((1, Some(300))));
        for text in ["", "x", "1s,", "5m,1s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
