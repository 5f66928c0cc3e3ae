//! ① What is done with each input: a command for it, or a task of a program that is kept.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ganger::worker_protocol::Order;
use ganger::{Bytes, Command, CommandEnd, CommandOutput, Hosted, Outcome, PoolBuilder, Stdin};

use crate::input::{Args, Measure, Task};
use crate::template::{Length, Template};

/// What is done with each input.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A command is started for it.
    Command(Template),
    /// It is fed to a program that is started once for each slot.
    Program(WorkerProgram),
}

impl From<Template> for Work {
    fn from(template: Template) -> Self {
        Work::Command(template)
    }
}

impl From<WorkerProgram> for Work {
    fn from(program: WorkerProgram) -> Self {
        Work::Program(program)
    }
}

/// A program that answers lines: see [`ganger::worker_protocol`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerProgram {
    /// What it is called in errors.
    pub name: String,
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Its file, if it has a function with `#[ganger::worker]`: then its processes are workers of the pool themselves, and
    /// no line is written or read. [`ganger::linkage()`] tells.
    pub native: Option<PathBuf>,
    /// How long it may take to say that it is ready. None: it has its first task at once.
    pub start_timeout: Option<Duration>,
}

/// A task as the pool gets it.
pub(crate) enum Job<'t> {
    Command(Command),
    Line(&'t Task),
}

impl Work {
    pub(crate) fn job<'t>(
        &self,
        task: &'t Task,
        total: Option<u64>,
        dir: Option<&Path>,
        output: CommandOutput,
    ) -> Job<'t> {
        match self {
            Work::Command(template) => {
                let stdin = task.block.as_ref().map_or(Stdin::Null, |block| block.stdin());
                Job::Command(Command { dir: dir.map(bytes), output, stdin, ..template.command(task, total) })
            }
            Work::Program(_) => Job::Line(task),
        }
    }

    /// How many tasks are handed out beyond those that can run, where nothing speaks against it. The way there and back
    /// takes longer than a program that is there takes for a short answer.
    pub(crate) fn ahead(&self) -> usize {
        match self {
            Work::Command(_) => 16,
            Work::Program(_) => 2048,
        }
    }

    /// Whether it says how many tasks there are.
    pub(crate) fn needs_total(&self) -> bool {
        match self {
            Work::Command(template) => template.needs_total(),
            Work::Program(_) => false,
        }
    }

    /// How long a command becomes with its inputs. What is sent to a program may have any length.
    pub(crate) fn measure(&self) -> Box<dyn Measure> {
        match self {
            Work::Command(template) => Box::new(Length::of(template.clone())),
            Work::Program(_) => Box::new(Unmeasured),
        }
    }

    /// What an input, of which there are `total`, comes to, for people: a line.
    pub(crate) fn show(&self, task: &Task, total: Option<u64>) -> Vec<u8> {
        match self {
            Work::Command(template) => {
                let mut line = template.show_of(&task.args, task.number, total);
                line.push(b'\n');
                line
            }
            Work::Program(_) => {
                let mut line = Vec::new();
                let args: Vec<&[u8]> = task.args.iter().collect();
                Order { id: task.number, args: &args, attempt: 1, slot: 1 }.write(&mut line);
                line
            }
        }
    }

    /// The same without the end of the line, for a job log.
    pub(crate) fn line(&self, task: &Task) -> Vec<u8> {
        let mut line = self.show(task, None);
        line.pop();
        line
    }

    /// What a command has used, as its outcome tells. What a program answers is its own affair.
    pub(crate) fn used(&self, outcome: &Outcome) -> Option<CommandEnd> {
        match self {
            Work::Command(_) => ganger::command_end(outcome),
            Work::Program(_) => None,
        }
    }
}

/// A program that a pool keeps, and where.
pub(crate) struct Kept {
    pub(crate) program: WorkerProgram,
    pub(crate) dir: Option<PathBuf>,
}

impl Kept {
    /// A pool whose workers are, or host, it.
    pub(crate) fn pool(&self, pool: PoolBuilder) -> PoolBuilder {
        self.program.pool(pool, self.dir.as_deref())
    }
}

impl WorkerProgram {
    fn pool(&self, pool: PoolBuilder, dir: Option<&Path>) -> PoolBuilder {
        let pool = self.start_timeout.into_iter().fold(pool, PoolBuilder::start_timeout);
        let Some(native) = &self.native else { return pool.hosting(self.hosted(dir)) };
        let pool = pool.for_lines().worker_program(native).worker_args(self.argv.iter().skip(1).cloned());
        dir.into_iter().fold(pool, PoolBuilder::worker_dir)
    }

    fn hosted(&self, dir: Option<&Path>) -> Hosted {
        let argv = self.argv.iter().map(|word| Bytes::from(word.clone().into_vec())).collect();
        let command = Command { argv, dir: dir.map(bytes), ..Command::default() };
        Hosted { name: self.name.clone(), command, says_ready: self.start_timeout.is_some() }
    }
}

struct Unmeasured;

impl Measure for Unmeasured {
    fn empty(&self) -> usize {
        0
    }

    fn added(&self, _: &Args, _: usize) -> usize {
        0
    }
}

fn bytes(path: &Path) -> Bytes {
    Bytes::from(path.as_os_str().as_bytes())
}
