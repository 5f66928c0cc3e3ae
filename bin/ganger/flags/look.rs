//! What was recorded, and what is to be seen of it.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};
use ganger_batch::parse_duration;
use ganger_store::{State, TaskId};

use super::client::DoorFlags;
use super::examples;

/// The verbs that look at a store.
#[derive(Debug, Subcommand)]
pub(crate) enum Look {
    /// List the recorded jobs, the newest first
    #[command(after_long_help = examples::LS)]
    Ls(LsFlags),
    /// Show a job, or one of its tasks: command, attempts, output, resources
    #[command(after_long_help = examples::SHOW)]
    Show(ShowFlags),
    /// Print what a job's tasks printed
    #[command(after_long_help = examples::LOGS)]
    Logs(LogsFlags),
    /// Run exactly one recorded task again, in the foreground
    #[command(after_long_help = examples::REPLAY)]
    Replay(ReplayFlags),
    /// Tell how a job went: durations, slowest tasks, failures by cause, processor time and memory
    #[command(after_long_help = examples::REPORT)]
    Report(ReportFlags),
    /// Delete jobs from a store, or from a service
    #[command(after_long_help = examples::FORGET)]
    Forget(ForgetFlags),
    /// Give the room of what was deleted back to the disk
    #[command(after_long_help = examples::VACUUM)]
    Vacuum(StoreFlags),
    /// Read all of a store and tell what is damaged; exit status 1 if anything is
    #[command(after_long_help = examples::CHECK)]
    Check(StoreFlags),
    /// Copy what can be read of a damaged store into a new one
    #[command(after_long_help = examples::SALVAGE)]
    Salvage(SalvageFlags),
}

/// Which store, and in which form.
#[derive(Debug, Args)]
pub(crate) struct StoreFlags {
    /// The store: what was given to ganger run --store
    #[arg(long, value_name = "FILE", env = "GANGER_STORE")]
    pub(crate) store: Option<PathBuf>,

    /// Print JSON for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which job, and of which store.
#[derive(Debug, Args)]
pub(crate) struct JobFlags {
    #[command(flatten)]
    pub(crate) store: StoreFlags,

    /// The job's name (the last one that is called so) or its number
    #[arg(value_name = "JOB")]
    pub(crate) job: String,
}

/// List the recorded jobs, the newest first.
#[derive(Debug, Args)]
pub(crate) struct LsFlags {
    #[command(flatten)]
    pub(crate) store: StoreFlags,

    /// So many jobs at most; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
}

/// Show a job, or one of its tasks.
#[derive(Debug, Args)]
pub(crate) struct ShowFlags {
    #[command(flatten)]
    pub(crate) of: JobFlags,

    /// The number of its input, or '#ID' of the task
    #[arg(value_name = "TASK")]
    pub(crate) task: Option<TaskName>,

    /// List all tasks, not only some that run or failed
    #[arg(long, conflicts_with_all = ["state", "task"])]
    pub(crate) all: bool,

    /// List all tasks in this state: running, succeeded, failed, stopped, waiting
    #[arg(long, value_name = "STATE", conflicts_with = "task")]
    pub(crate) state: Option<State>,
}

/// Print what a job's tasks printed: standard output to standard output, standard error to standard error.
///
/// Of a store (--store), or else of a service (--connect): there a job is its number, and a task may be JOB.TASK.
#[derive(Debug, Args)]
pub(crate) struct LogsFlags {
    #[command(flatten)]
    pub(crate) of: JobFlags,

    /// The number of its input, or '#ID' of the task [default: all tasks]
    #[arg(value_name = "TASK")]
    pub(crate) task: Option<TaskName>,

    /// Which attempt at a task: its place from 1, or all [default: the last]
    #[arg(long, value_name = "N|all", default_value = "last", hide_default_value = true)]
    pub(crate) attempt: Which,

    /// Begin each line with its input and a tab
    #[arg(long)]
    pub(crate) tag: bool,

    /// Only of tasks that failed
    #[arg(long)]
    pub(crate) failed: bool,

    /// Only what went to standard error
    #[arg(long)]
    pub(crate) stderr: bool,

    /// Go on until the job is over. Of a store: each attempt's output when it is over; of a service: as it is printed
    #[arg(short, long, conflicts_with_all = ["failed", "attempt"])]
    pub(crate) follow: bool,

    #[command(flatten)]
    pub(crate) door: DoorFlags,
}

impl LogsFlags {
    /// Whether a service is asked: where one is named, or no store is.
    pub(crate) fn is_of_service(&self) -> bool {
        self.door.connect.is_some() || self.of.store.store.is_none()
    }
}

/// Run exactly one recorded task again: its words, input, directory and environment; its exit status is ours.
#[derive(Debug, Args)]
pub(crate) struct ReplayFlags {
    #[command(flatten)]
    pub(crate) of: JobFlags,

    /// The number of its input, or '#ID' of the task
    #[arg(value_name = "TASK")]
    pub(crate) task: TaskName,

    /// Run it under gdb
    #[arg(long)]
    pub(crate) debug: bool,

    /// Print it as a command for a shell instead, with what is different from the present environment
    #[arg(long, conflicts_with = "debug")]
    pub(crate) print: bool,
}

/// Tell how a job went.
#[derive(Debug, Args)]
pub(crate) struct ReportFlags {
    #[command(flatten)]
    pub(crate) of: JobFlags,

    /// Write one HTML file with plots, that needs no other
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub(crate) html: Option<PathBuf>,
}

/// Delete jobs from a store: those that are named, or by age or number.
///
/// Of a store (--store), or else of a service (--connect): there a job is its number, and is over; when others go is said by
/// keep, of the queue or of the job.
#[derive(Debug, Args)]
pub(crate) struct ForgetFlags {
    #[command(flatten)]
    pub(crate) store: StoreFlags,

    /// Names (the last one that is called so) or numbers
    #[arg(value_name = "JOB", required_unless_present_any = ["older_than", "keep"])]
    pub(crate) jobs: Vec<String>,

    /// Those that were last run longer ago: 30d, 12h
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "jobs")]
    pub(crate) older_than: Option<Duration>,

    /// All but the N newest
    #[arg(long, value_name = "N", conflicts_with_all = ["jobs", "older_than"])]
    pub(crate) keep: Option<usize>,

    #[command(flatten)]
    pub(crate) door: DoorFlags,
}

impl ForgetFlags {
    /// Whether a service is asked: where one is named, or no store is.
    pub(crate) fn is_of_service(&self) -> bool {
        self.door.connect.is_some() || self.store.store.is_none()
    }
}

/// Copy what can be read of a damaged store into a new one; the damaged one is left as it is.
#[derive(Debug, Args)]
pub(crate) struct SalvageFlags {
    /// The damaged store
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Where what was saved goes
    #[arg(value_name = "NEWFILE")]
    pub(crate) new: PathBuf,

    /// Print JSON for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a task is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskName {
    /// By the number of its input.
    Number(u64),
    /// By its number in the store.
    Id(TaskId),
}

impl FromStr for TaskName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = match text.strip_prefix('#') {
            Some(id) => id.parse().map(|id| Self::Id(TaskId(id))),
            None => text.parse().map(Self::Number),
        };
        named.map_err(|_| "a task is the number of its input, from 1, or '#ID' as ganger show tells it (in quotes)")
    }
}

/// Which attempts at a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Last,
    All,
    /// By its place, from 1.
    Nth(usize),
}

impl FromStr for Which {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.parse()) {
            ("last", _) => Ok(Self::Last),
            ("all", _) => Ok(Self::All),
            (_, Ok(nth)) if nth > 0 => Ok(Self::Nth(nth)),
            _ => Err("an attempt is its place from 1, `last` or `all`"),
        }
    }
}
