//! What will be done: flags → plan. The one place that looks at the world beforehand, so that what cannot work is told
//! before anything runs.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ganger_batch::{Input, Layout, Order, OutputMode, Plan, Style, Template, TemplateError};
use ganger_store::StoreError;

use crate::flags::RunFlags;
use crate::jobs::Jobs;
use crate::program::{self, ProgramError};
use crate::record;
use crate::stdin;

/// Why what was typed cannot be done.
#[derive(Debug)]
pub(crate) enum PlanError {
    Template(TemplateError),
    Store(StoreError),
    Batch(ganger_batch::Error),
    /// There is to be a resume, and nothing to know from.
    NoRecords,
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
    /// Both `-a` and `:::`.
    TwoSources,
    /// More than one `:::`, or a file too many after `::::`.
    SeveralLists {
        separator: String,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::Template(error) => error.fmt(f),
            PlanError::Program(error) => error.fmt(f),
            PlanError::Store(error) => error.fmt(f),
            PlanError::Batch(error) => error.fmt(f),
            PlanError::NoRecords => write!(
                f,
                "what was done before is known from a store (--store FILE) or a job log (--joblog FILE): name one"
            ),
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
            PlanError::TwoSources => {
                write!(f, "the inputs are both after ::: and in a file (-a): leave one of them out")
            }
            PlanError::SeveralLists { separator } => write!(
                f,
                "there is one list of inputs: {separator} for a second one is not supported; join the lists beforehand"
            ),
        }
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

/// Makes a plan of what was typed.
pub(crate) fn plan(mut flags: RunFlags) -> Result<Plan, PlanError> {
    let (command, list) = if flags.record.retry_failed {
        let failed = record::failed(&mut flags.record)?;
        flags.wd = flags.wd.or(failed.dir);
        (failed.words, Some(List::Arguments(failed.inputs)))
    } else {
        split(flags.words)?
    };
    let template = Template::parse(&command)?;
    let record = record::recording(flags.record, &command)?;
    let dir = flags.wd.map(directory).transpose()?;
    if let Some(program) = template.program() {
        program::find(program, dir.as_deref())?;
    }
    let input = input(list, flags.arg_file, if flags.null { 0 } else { b'\n' })?;
    let style = if flags.line_buffer { Style::Lines } else { Style::Grouped };
    let order = if flags.keep_order { Order::OfInput } else { Order::AsFinished };
    let collected = OutputMode::Collected(Layout { style, order, tag: flags.tag });
    Ok(Plan {
        shuffle: flags.shuf,
        jobs: flags.jobs.unwrap_or(Jobs::Percent(100.0)).of(ganger::cpu_count()),
        dir,
        attempts: flags.retries,
        timeout: flags.timeout,
        halt: flags.halt,
        delay: flags.delay,
        record,
        count_first: flags.progress.eta,
        output: if flags.ungroup { OutputMode::Ungrouped } else { collected },
        ..Plan::new(template, input)
    })
}

/// The inputs that stand on the command line.
enum List {
    Arguments(Vec<OsString>),
    File(PathBuf),
}

/// Parts the command from its inputs: at the first word that begins with three colons.
fn split(mut words: Vec<OsString>) -> Result<(Vec<OsString>, Option<List>), PlanError> {
    let is_separator = |word: &OsString| matches!(word.to_str(), Some(":::" | "::::" | ":::+" | "::::+"));
    let several = |word: &OsString| Err(PlanError::SeveralLists { separator: word.to_string_lossy().into_owned() });
    let Some(at) = words.iter().position(is_separator) else { return Ok((words, None)) };
    let inputs = words.split_off(at + 1);
    let separator = words.pop().unwrap_or_default();
    if let Some(second) = inputs.iter().find(|word| is_separator(word)) {
        return several(second);
    }
    let list = match (separator.to_str(), inputs.as_slice()) {
        (Some(":::"), _) => List::Arguments(inputs),
        (Some("::::"), [file]) => List::File(file.into()),
        _ => return several(&separator),
    };
    Ok((words, Some(list)))
}

fn input(list: Option<List>, arg_file: Option<PathBuf>, delimiter: u8) -> Result<Input, PlanError> {
    let path = match (list, arg_file) {
        (Some(_), Some(_)) => return Err(PlanError::TwoSources),
        (Some(List::Arguments(arguments)), None) => return Ok(Input::Arguments(arguments)),
        (Some(List::File(path)), None) | (None, Some(path)) => Some(path).filter(|path| path != Path::new("-")),
        (None, None) => None,
    };
    match path {
        None if stdin::was_closed() => Err(PlanError::ClosedStdin),
        None => Ok(Input::Stream { name: stdin::NAME.to_owned(), reader: Box::new(io::stdin()), delimiter }),
        Some(path) => file(&path, delimiter).map_err(|source| PlanError::File { path, source }),
    }
}

fn file(path: &Path, delimiter: u8) -> io::Result<Input> {
    let reader = File::open(path)?;
    if reader.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(Input::Stream { name: path.display().to_string(), reader: Box::new(reader), delimiter })
}

/// The directory's absolute path: workers need not stand where we do.
fn directory(path: PathBuf) -> Result<PathBuf, PlanError> {
    let absolute = path.canonicalize().and_then(|absolute| match absolute.is_dir() {
        true => Ok(absolute),
        false => Err(io::ErrorKind::NotADirectory.into()),
    });
    absolute.map_err(|source| PlanError::Directory { path, source })
}
