//! What was typed, and nothing else: no file is opened and no default looked up in here. One file a group of the help.

pub(crate) mod look;
pub(crate) mod pages;
mod inputs;
mod pipe;
mod arguments;
mod output;
mod progress;
mod failures;
mod limits;
mod record;
mod worker;
mod serve;
pub(crate) mod client;
mod help;
mod examples;

pub(crate) use arguments::ArgumentFlags;
pub(crate) use failures::FailureFlags;
pub(crate) use inputs::InputFlags;
pub(crate) use limits::{LimitFlags, some_size, some_time};
pub(crate) use output::OutputFlags;
pub(crate) use pipe::PipeFlags;
pub(crate) use progress::ProgressFlags;
pub(crate) use record::RecordFlags;
pub(crate) use serve::{AccessFlags, QueueFlag, ServeFlags, ServiceLimitFlags};
pub(crate) use worker::WorkerFlags;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, Parser, Subcommand};

use crate::jobs::JobsFlag;

/// Runs commands over many inputs by supervised worker processes; records them, resumes, and shows what became of them. Keeps
/// a durable queue of jobs as a service, and asks it.
#[derive(Debug, Parser)]
#[command(name = "ganger", version, max_term_width = 100)]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// How the flags of `run` were given, for those who must know whether they were.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    pub(crate) command: Command,
    pub(crate) matches: ArgMatches,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Run(Box<RunFlags>),
    #[command(after_long_help = examples::SERVE)]
    Serve(ServeFlags),
    #[command(flatten)]
    Ask(client::Ask),
    #[command(flatten)]
    Look(look::Look),
    #[command(after_long_help = examples::COMPLETIONS)]
    Completions(pages::CompletionFlags),
    #[command(after_long_help = examples::MAN)]
    Man(pages::ManFlags),
}

/// Run a command over many inputs, several at a time.
///
/// The inputs are the arguments after :::, or the lines of a file (-a, ::::), or the lines of standard input. Of several
/// such lists all combinations are run. Without a command, each input is itself a command. Each command runs in a process
/// group of its own with /dev/null as its standard input, and its whole tree of processes ends with it. Options of ganger
/// stand before the command.
#[derive(Debug, Args)]
#[command(args_override_self = true, override_usage = "ganger run [OPTIONS] COMMAND... [::: INPUT...]...", after_long_help = help::AFTER_HELP)]
pub(crate) struct RunFlags {
    /// How many commands run at a time: N, N% of the processors, +N or -N more or fewer than there are, or a file that
    /// says so [default: 100%]
    #[arg(
        short,
        long,
        visible_short_alias = 'P',
        alias = "max-procs",
        value_name = "N|N%|+N",
        allow_hyphen_values = true
    )]
    pub(crate) jobs: Option<JobsFlag>,

    /// Run the commands in this directory
    #[arg(long, visible_alias = "workdir", value_name = "DIR")]
    pub(crate) wd: Option<PathBuf>,

    /// Run the jobs of this file, several commands with their inputs, some of which wait for others (see below)
    #[arg(long, value_name = "JOBS.toml", conflicts_with_all = ["words", "arg_file", "retry_failed", "worker"])]
    pub(crate) file: Option<PathBuf>,

    /// Print who waits for whom in the file, for Graphviz (| dot -Tsvg), and run nothing
    #[arg(long, requires = "file")]
    pub(crate) graph: bool,

    /// Take defaults from [profile.NAME] of the configuration file; of several, later ones count
    #[arg(short = 'J', long, value_name = "NAME")]
    pub(crate) profile: Vec<String>,

    /// The configuration file [default: ~/.config/ganger/config.toml]
    #[arg(long, value_name = "FILE", env = "GANGER_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Print the commands instead of running them
    #[arg(long, alias = "dryrun")]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) inputs: InputFlags,

    #[command(flatten)]
    pub(crate) pipe: PipeFlags,

    #[command(flatten)]
    pub(crate) arguments: ArgumentFlags,

    #[command(flatten)]
    pub(crate) output: OutputFlags,

    #[command(flatten)]
    pub(crate) progress: ProgressFlags,

    #[command(flatten)]
    pub(crate) failures: FailureFlags,

    #[command(flatten)]
    pub(crate) limits: LimitFlags,

    #[command(flatten)]
    pub(crate) record: RecordFlags,

    #[command(flatten)]
    pub(crate) worker: WorkerFlags,

    /// The command, and after ::: its inputs (or after :::: files with them)
    #[arg(trailing_var_arg = true, value_name = "COMMAND", hide = true)]
    pub(crate) words: Vec<OsString>,
}
