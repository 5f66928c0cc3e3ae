//! What can be wrong with what was typed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use ganger_batch::TemplateError;
use ganger_store::StoreError;

use super::PipeError;
use crate::limits::TooFewProcessors;
use crate::program::ProgramError;
use crate::stdin;
use crate::toml::Fault;

/// Why what was typed cannot be done.
#[derive(Debug)]
pub(crate) enum PlanError {
    Template(TemplateError),
    Store(StoreError),
    Batch(ganger_batch::Error),
    /// There is to be a resume, and nothing to know from.
    NoRecords,
    /// Two kinds of records in one file.
    OneFile {
        first: &'static str,
        second: &'static str,
        path: PathBuf,
    },
    Program(ProgramError),
    File {
        path: PathBuf,
        source: io::Error,
    },
    Directory {
        path: PathBuf,
        source: io::Error,
    },
    /// There are to be inputs in standard input, and it is closed.
    ClosedStdin,
    /// The program cannot be looked at.
    Unreadable {
        path: PathBuf,
        source: io::Error,
    },
    /// A replacement string in the arguments of a program that is started before there is any input.
    InputInWorker {
        word: String,
    },
    /// Standard input is to be two lists.
    StdinTwice,
    /// `--csv` with a separator of more than one character.
    CsvSeparator {
        separator: String,
    },
    /// `-j FILE`
    Jobs {
        path: PathBuf,
        why: String,
    },
    /// For `--pin`.
    Processors(TooFewProcessors),
    /// The header could not be read.
    Header(ganger_batch::Error),
    /// The file of `--results`.
    Results {
        path: PathBuf,
        source: io::Error,
    },
    /// Of inputs that commands read.
    Pipe(PipeError),
    /// A job whose command has a replacement string for inputs has none.
    NothingGiven,
    /// `{%}` in a job for a service.
    Slot,
    /// What failed is to be run again, and it is a job of a file.
    JobOfFile {
        name: String,
    },
    /// A job file is at fault.
    Written(Fault),
    /// Keys of a job do not go together.
    Flags {
        why: String,
    },
    /// One of the jobs of a file cannot be done.
    OfJob {
        name: String,
        error: Box<PlanError>,
    },
}

const NOTHING_GIVEN: &str = "its command has a replacement string, and nothing stands there for it: give it inputs = [...], \
    inputs_from, array or product; for these very characters write \\\\{} in TOML";

const SLOT: &str = "{%}: a service knows a task's slot when it begins it; $GANGER_SLOT says it in a script of one word: \
    'echo $GANGER_SLOT {}'";

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::Template(error) => error.fmt(f),
            PlanError::Store(error) => error.fmt(f),
            PlanError::Batch(error) => error.fmt(f),
            PlanError::OneFile { first, second, path } => {
                write!(f, "{first} and {second} are one file, {}: each wants one of its own", path.display())
            }
            PlanError::NoRecords => write!(
                f,
                "what was done before is known from a store (--store FILE) or a job log (--joblog FILE): name one"
            ),
            PlanError::Program(error) => error.fmt(f),
            PlanError::File { path, source } => {
                write!(f, "failed to read the inputs from {}: {source}", path.display())
            }
            PlanError::Directory { path, source } => {
                write!(f, "--wd {}: {source}; it must be a directory that is there", path.display())
            }
            PlanError::ClosedStdin => write!(
                f,
                "there are no inputs: {} is closed; give them after ::: (ganger run COMMAND ::: INPUT...), \
                 in a file (-a FILE) or by a pipe",
                stdin::NAME
            ),
            PlanError::Processors(TooFewProcessors { wanted, there }) => {
                write!(f, "--pin: each command is to have {wanted} processors, and there are {there}: lower --cpus")
            }
            PlanError::Unreadable { path, source } => write!(f, "failed to read {}: {source}", path.display()),
            PlanError::InputInWorker { word } => write!(
                f,
                "--worker starts the program once, before there is an input: `{word}` stands for none; the inputs come on \
                 the program's standard input"
            ),
            PlanError::StdinTwice => {
                write!(f, "{} can be one list of inputs, not two: leave one - out, or give a file", stdin::NAME)
            }
            PlanError::CsvSeparator { separator } => {
                write!(f, "--csv --colsep {separator}: with --csv the separator is one character, as in --colsep ';'")
            }
            PlanError::Jobs { path, why } => write!(f, "-j {}: {why}", path.display()),
            PlanError::Header(error) => error.fmt(f),
            PlanError::Results { path, source } => write!(f, "--results {}: {source}", path.display()),
            PlanError::Pipe(error) => error.fmt(f),
            PlanError::NothingGiven => f.write_str(NOTHING_GIVEN),
            PlanError::Slot => f.write_str(SLOT),
            PlanError::JobOfFile { name } => write!(
                f,
                "{name} is a job of a job file: ganger run --file FILE --store STORE --resume runs again what failed, with \
                 what waits for it"
            ),
            PlanError::Written(fault) => fault.fmt(f),
            PlanError::Flags { why } => f.write_str(why),
            PlanError::OfJob { name, error } => write!(f, "job {name}: {error}"),
        }
    }
}

impl From<Fault> for PlanError {
    fn from(fault: Fault) -> Self {
        PlanError::Written(fault)
    }
}

impl From<TemplateError> for PlanError {
    fn from(error: TemplateError) -> Self {
        PlanError::Template(error)
    }
}

impl From<StoreError> for PlanError {
    fn from(error: StoreError) -> Self {
        PlanError::Store(error)
    }
}

impl From<ProgramError> for PlanError {
    fn from(error: ProgramError) -> Self {
        PlanError::Program(error)
    }
}

impl From<TooFewProcessors> for PlanError {
    fn from(error: TooFewProcessors) -> Self {
        PlanError::Processors(error)
    }
}

impl From<PipeError> for PlanError {
    fn from(error: PipeError) -> Self {
        PlanError::Pipe(error)
    }
}
