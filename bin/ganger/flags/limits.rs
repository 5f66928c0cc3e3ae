//! Limits and load, as they are typed.

use std::num::NonZero;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use ganger::{EndingStep, Sandbox};
use ganger_batch::{Growth, Load, Slots, parse_duration, parse_ending, parse_size};

/// What each command may use, and when no more are started.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits and load")]
pub(crate) struct LimitFlags {
    /// Kill a command whose processes together use more memory: 512M, 1.5G
    ///
    /// The failure says that it was out of memory, and the most that it had. Where ganger is alone in a control group
    /// (cgroup v2) that it may write, the kernel holds commands to it: systemd-run --user --scope -p Delegate=yes
    /// ganger run ... Elsewhere their processes are looked at 50 times a second, which misses what comes and goes in
    /// between, and cannot hold what forks faster than that. RUST_LOG=info tells which it is.
    #[arg(long, value_name = "SIZE", value_parser = some_size, conflicts_with = "worker", allow_hyphen_values = true)]
    pub(crate) memory_max: Option<u64>,

    /// Try a command that ran out of memory again with more, up to the machine's: 2x, 1.5x, +512M
    ///
    /// These tries are not among those of --retries.
    #[arg(long, value_name = "Nx|+SIZE", requires = "memory_max", allow_hyphen_values = true)]
    pub(crate) retry_memory: Option<Growth>,

    /// End a command whose processes together use more processor time: SIGXCPU, and SIGKILL a second of it later
    #[arg(long, value_name = "TIME", value_parser = some_time, conflicts_with = "worker", allow_hyphen_values = true)]
    pub(crate) cpu_time: Option<Duration>,

    /// Run the commands at this niceness, from -20 (first) to 19 (last)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(-20..=19), conflicts_with = "worker", allow_hyphen_values = true)]
    pub(crate) nice: Option<i32>,

    /// How a command is ended at its time limit, by a halt and by the second Ctrl-C: signals with milliseconds between
    /// them, and SIGKILL after the last [default: TERM and a few seconds]
    #[arg(long, value_name = "SIGNAL,MS,...", conflicts_with = "worker", allow_hyphen_values = true)]
    pub(crate) termseq: Option<Ending>,

    /// Keep the commands, and all that they start, from files, sockets and other processes: strict (they read the system's
    /// programs, write nothing, and have no network), or words such as read=DIR,write=DIR,net=off
    ///
    /// Any sandbox keeps them from new privileges and from processes outside. More words are added: strict,read=.,write=out.
    /// read=PATH, once or more: nothing else is read. write=PATH: nothing else is written. net=on, net=unix or net=off: any
    /// socket, Unix sockets, none. What is refused fails as if the user had no right to it. It takes Linux 6.12; an older
    /// kernel does what it can if best-effort is among the words. Where a path may be written, the modes and times of other
    /// files of this user can be changed too.
    #[arg(long, value_name = "strict|WORD,...")]
    pub(crate) sandbox: Option<Sandbox>,

    /// Start no more while so many threads run on the machine: 8, or 100% of the processors
    #[arg(long, value_name = "N|N%", allow_hyphen_values = true)]
    pub(crate) load: Option<Load>,

    /// Start no more while less memory is available; below half of it, kill the youngest command and run it again later
    #[arg(long, value_name = "SIZE", value_parser = some_size, allow_hyphen_values = true)]
    pub(crate) memfree: Option<u64>,

    /// Give each command one of these values in an environment variable, and no other the same at a time:
    /// CUDA_VISIBLE_DEVICES=0,1; without -j as many run as there are values
    #[arg(long, value_name = "NAME=VALUE,...", conflicts_with = "worker")]
    pub(crate) slots: Vec<Slots>,

    /// Each command takes so many of the -j slots
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true)]
    pub(crate) cpus: NonZero<usize>,

    /// Each command runs on --cpus processors of its own, and on no others
    #[arg(long, conflicts_with = "worker")]
    pub(crate) pin: bool,
}

/// The steps of ending a command.
#[derive(Clone, Debug)]
pub(crate) struct Ending(pub(crate) Vec<EndingStep>);

impl FromStr for Ending {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_ending(text).map(Self)
    }
}

pub(crate) fn some_size(text: &str) -> Result<u64, String> {
    match parse_size(text)? {
        0 => Err("with no memory nothing can be done: leave it out for no limit".to_owned()),
        bytes => Ok(bytes),
    }
}

pub(crate) fn some_time(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("in no time nothing can be done: leave it out for no limit".to_owned()),
        time => Ok(time),
    }
}
