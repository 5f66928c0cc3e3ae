//! What was typed, and nothing else: no file is opened and no default looked up in here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use ganger_batch::{Halt, Timeout, parse_duration};

use crate::jobs::Jobs;

mod progress;
pub(crate) use progress::ProgressFlags;

mod record;
pub(crate) use record::RecordFlags;

/// Supervised worker processes for CPU-heavy work.
#[derive(Debug, Parser)]
#[command(name = "ganger", version, max_term_width = 100)]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run a command over many inputs, several at a time
    Run(Box<RunFlags>),
}

/// Run a command over many inputs, several at a time.
///
/// The inputs are the arguments after :::, or the lines of a file (-a), or the lines of standard input. Each command
/// runs in a process group of its own with /dev/null as its standard input, and its whole tree of processes ends with
/// it. Options of ganger stand before the command.
#[derive(Debug, Args)]
#[command(override_usage = "ganger run [OPTIONS] COMMAND... [::: INPUT...]", after_long_help = AFTER_HELP)]
pub(crate) struct RunFlags {
    /// How many commands run at a time: N, N% of the processors, +N or -N more or fewer than there are [default: 100%]
    #[arg(short, long, visible_short_alias = 'P', value_name = "N|N%|+N", allow_hyphen_values = true)]
    pub(crate) jobs: Option<Jobs>,

    /// Read the inputs from a file, one a line; - is standard input
    #[arg(short, long, value_name = "FILE")]
    pub(crate) arg_file: Option<PathBuf>,

    /// The inputs end with NUL instead of a newline, as from find -print0
    #[arg(short = '0', long)]
    pub(crate) null: bool,

    /// Take the inputs in a random order
    #[arg(long)]
    pub(crate) shuf: bool,

    /// Run the commands in this directory
    #[arg(long, visible_alias = "workdir", value_name = "DIR")]
    pub(crate) wd: Option<PathBuf>,

    /// Print the commands instead of running them
    #[arg(long, alias = "dryrun")]
    pub(crate) dry_run: bool,

    /// Print the output in the order of the inputs
    #[arg(short, long, help_heading = "Output")]
    pub(crate) keep_order: bool,

    /// Begin each line of output with its input and a tab
    #[arg(long, help_heading = "Output")]
    pub(crate) tag: bool,

    /// Print each line of output as soon as it is whole, not each command's output when it has ended
    #[arg(long, visible_alias = "lb", alias = "linebuffer", help_heading = "Output")]
    pub(crate) line_buffer: bool,

    /// Leave standard output and standard error to the commands, unsorted
    #[arg(short, long, conflicts_with_all = ["keep_order", "tag", "line_buffer"], help_heading = "Output")]
    pub(crate) ungroup: bool,

    /// Try a command that fails up to N times in all, with growing pauses from 0.1 to 10 s in between; 0 and 1: once
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = attempts, allow_hyphen_values = true, help_heading = "Failures")]
    pub(crate) retries: u32,

    /// Stop a command that runs for longer: 10s, 1h30m, or 300% of the median of those that succeeded
    #[arg(long, value_name = "TIME|N%", allow_hyphen_values = true, help_heading = "Failures")]
    pub(crate) timeout: Option<Timeout>,

    /// When to end early: never, or now|soon,fail|success|done=N|N%. soon: start no more; now: stop what runs, too
    #[arg(long, value_name = "WHEN", default_value_t = Halt::Never, allow_hyphen_values = true, help_heading = "Failures")]
    pub(crate) halt: Halt,

    /// Wait this long from one start to the next: 0.5, 250ms
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "0", hide_default_value = true, allow_hyphen_values = true, help_heading = "Failures")]
    pub(crate) delay: Duration,

    #[command(flatten)]
    pub(crate) progress: ProgressFlags,

    #[command(flatten)]
    pub(crate) record: RecordFlags,

    /// The command, and after ::: its inputs (or after :::: a file with them)
    #[arg(trailing_var_arg = true, value_name = "COMMAND", hide = true)]
    pub(crate) words: Vec<OsString>,
}

/// Whoever wants no retries says 0.
fn attempts(text: &str) -> Result<u32, &'static str> {
    let attempts = text.parse().map(|attempts: u32| attempts.max(1));
    attempts.map_err(|_| "it is how often a command is tried in all, a whole number: `3`; 0 and 1 mean once")
}

const AFTER_HELP: &str = "\
Replacement strings:
  {}    the input                     a/b.tar.gz
  {.}   without its extension         a/b.tar
  {/}   without its directory         b.tar.gz
  {//}  its directory                 a
  {/.}  without both                  b.tar
  {#}   the number of the input       1, 2, ...
  {%}   the number of the job slot    1 up to the number of jobs
  ${...}, {a,b} and the like are left alone; what looks like a mistyped replacement string is an error. A backslash
  makes plain text of one: \\{}

The command:
  Several words are run as they are, without a shell. One word with blanks or shell characters is run by sh -c.
  A command without {} or another replacement string gets the input at its end: as its last argument, or in a script
  of one word behind its last command ('sort | uniq -c' runs sort | uniq -c INPUT; to feed it: 'sort {} | uniq -c').

Quoting, in a script of one word:
  Inputs stand there as if quoted, whatever is in them, inside '...' and \"...\" as well: no part of one is run.
  In a here-document quotes are text, so an input with blanks or shell characters comes with quotes around it, and
  after <<'END' it does not come at all. Take a variable there: x={}; cat <<END ... $x ... END
  Where you hand inputs to another shell inside a script (sh -c 'echo {}', eval), they are run as code, and ganger
  warns; as an argument they are not: sh -c 'echo \"$1\"' sh {}. For inputs that are commands: sh -c {}

Environment of a command:
  GANGER_TASK     the number of its input, as {#}
  GANGER_SLOT     the number of its job slot, as {%}
  GANGER_ATTEMPT  which attempt it is, from 1

Exit status:
  0        all commands succeeded
  1..100   so many commands failed
  101      more than 100 failed
  130      interrupted (1st Ctrl-C: what runs may finish; 2nd: SIGTERM to it; 3rd: SIGKILL);
           SIGHUP counts as Ctrl-C, SIGTERM as the 2nd at once
  131      quit (Ctrl-\\: all is killed at once)
  141      nobody read the output to its end
  255      an error of ganger itself

Examples:
  ganger run gzip -9 ::: *.log
  ganger run --bar 'convert {} -resize 25% small/{/.}.jpg' ::: *.png
  find . -name '*.c' -print0 | ganger run -0 -k --tag wc -l
  seq 100 | ganger run -j 200% --retries 3 --timeout 10s 'curl -fsS https://example.org/{}'
  ganger run -j 1 --halt now,fail=1 sh -c {} < commands.txt
";
