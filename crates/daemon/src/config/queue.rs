//! A queue, and who works it off.

use std::path::PathBuf;
use std::time::Duration;

use ganger::{Sandbox, StartMethod};

use super::Rate;

/// A queue, and who works it off.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueConfig {
    /// What it is called.
    pub name: String,
    /// How many of its tasks run at a time.
    pub slots: usize,
    /// What a task is.
    pub runs: Runs,
    /// How its workers come into being: `Zygote` or `Spawn`.
    pub start: StartMethod,
    /// How much of what an attempt prints is kept, in bytes.
    pub output: usize,
    /// What holds for a job that does not say so itself.
    pub defaults: Defaults,
    /// The most memory of a task with all its processes, in bytes. Of commands alone.
    pub memory: Option<u64>,
    /// The most processor time of a task with all its processes. Of commands alone.
    pub cpu_time: Option<Duration>,
    /// What its tasks, and all that they start, are kept from.
    pub sandbox: Option<Sandbox>,
    /// How many tasks may begin in a time.
    pub rate: Option<Rate>,
    /// No job is taken while more tasks wait.
    pub max_waiting: Option<u64>,
    /// Variables that its tasks have in their environment, unless their job says otherwise.
    pub environment: Vec<(String, String)>,
    /// Where its tasks run, unless their job says otherwise.
    pub directory: Option<PathBuf>,
}

/// What holds for a job that does not say so itself. None: as a service without a configuration has it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Defaults {
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
    /// How often a task may be tried that fails.
    pub attempts: Option<u32>,
    /// How often it may be tried when its worker, or the service, dies under it.
    pub crash_attempts: Option<u32>,
    /// How long a task rests before it is tried again: at first, and at most.
    pub backoff: Option<(Duration, Duration)>,
}

impl QueueConfig {
    /// Whether the workers of the one could do the other's work as it is to be done.
    pub(crate) fn has_workers_of(&self, other: &Self) -> bool {
        let kept = !matches!(self.runs, Runs::Commands);
        let same_place = self.environment == other.environment && self.directory == other.directory;
        (self.slots, &self.runs, self.start, &self.sandbox) == (other.slots, &other.runs, other.start, &other.sandbox)
            && (!kept || same_place)
    }
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            slots: ganger::cpu_count(),
            runs: Runs::Commands,
            start: StartMethod::default(),
            output: 1 << 20,
            defaults: Defaults::default(),
            memory: None,
            cpu_time: None,
            sandbox: None,
            rate: None,
            max_waiting: None,
            environment: Vec::new(),
            directory: None,
        }
    }
}

/// What the tasks of a queue are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Each is a program with its arguments.
    Commands,
    /// Each calls a function that a worker program registers by `#[ganger::task]`: the program, with its arguments.
    Functions(Vec<String>),
    /// Each is a line for a program that is kept, one a slot: its words, as `ganger::worker_protocol` says.
    Worker(Vec<String>),
}
