//! Why something recorded cannot be seen, or not be run again.

use std::fmt;
use std::io;
use std::path::PathBuf;

use ganger_batch::TemplateError;
use ganger_store::{StoreError, Task};

use super::plain;
use crate::flags::look::TaskName;
use crate::program::ProgramError;

/// What is wrong, with the remedy.
#[derive(Debug)]
pub(crate) enum LookError {
    NoStore,
    /// One task of a store's job is to be followed.
    FollowTask,
    /// The report would be written over the store.
    OverStore(PathBuf),
    Store(StoreError),
    /// Standard output.
    Write(io::Error),
    NoTask {
        job: String,
        name: TaskName,
    },
    SeveralTasks {
        job: String,
        tasks: Vec<Task>,
    },
    /// It is a worker program's.
    OfWorker {
        program: String,
    },
    /// It is a job of the service, which runs its tasks with an environment of its own.
    OfService {
        job: String,
    },
    /// It read a block of a stream or a file.
    OfBlock {
        block: String,
    },
    Template(TemplateError),
    Directory {
        path: PathBuf,
        source: io::Error,
    },
    Program(ProgramError),
    NoDebugger,
    Start {
        program: PathBuf,
        source: io::Error,
    },
    File {
        path: PathBuf,
        source: io::Error,
    },
}

impl LookError {
    /// Whether nobody reads what we print.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self, Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for LookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStore => write!(
                f,
                "no store is named: --store FILE, or GANGER_STORE=FILE in the environment, with the file that ganger run \
                 --store FILE has made"
            ),
            Self::FollowTask => write!(
                f,
                "--follow: a store has an attempt's output when it is over, so a whole job is followed: leave out the task"
            ),
            Self::OverStore(path) => {
                write!(f, "--html {}: that is the store itself; give the report another name", path.display())
            }
            Self::Store(error) => error.fmt(f),
            Self::Write(error) => write!(f, "failed to write to standard output: {error}"),
            Self::NoTask { job, name: TaskName::Number(number) } => {
                write!(f, "job {job:?} has no task of input {number}: ganger show {job} --all lists those that it has")
            }
            Self::NoTask { job, name: TaskName::Id(id) } => {
                write!(f, "job {job:?} has no task #{}: ganger show {job} --all lists those that it has", id.0)
            }
            Self::SeveralTasks { job, tasks } => {
                write!(
                    f,
                    "job {job:?} has several tasks of that number, from runs with different inputs: name one by its id"
                )?;
                tasks.iter().try_for_each(|task| write!(f, "; '#{}' is {}", task.id.0, plain::line(&task.input)))
            }
            Self::OfWorker { program } => write!(
                f,
                "{program} is a worker program, which ganger starts and feeds: start it yourself under gdb, and give it \
                 the task on its standard input"
            ),
            Self::OfService { job } => write!(
                f,
                "{job} is a job of ganger serve, whose environment is not in the store: ganger show has its command"
            ),
            Self::OfBlock { block } => write!(
                f,
                "the task read {block} of its inputs, and the store does not keep blocks: cut them out, and run its command \
                 on them"
            ),
            Self::Template(error) => error.fmt(f),
            Self::Directory { path, source } => {
                write!(
                    f,
                    "the task ran in {}: {source}; make that directory, or print the command (--print)",
                    path.display()
                )
            }
            Self::Program(error) => error.fmt(f),
            Self::NoDebugger => {
                write!(f, "--debug needs gdb, which is in no directory of PATH: install it (apt-get install gdb)")
            }
            Self::Start { program, source } => write!(f, "failed to start {}: {source}", program.display()),
            Self::File { path, source } => write!(f, "failed to write {}: {source}", path.display()),
        }
    }
}

impl From<StoreError> for LookError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<io::Error> for LookError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<TemplateError> for LookError {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}

impl From<ProgramError> for LookError {
    fn from(error: ProgramError) -> Self {
        Self::Program(error)
    }
}
