//! Several jobs in one run, some of which wait for others. Policy is data, as in a plan.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ganger::Sandbox;

use crate::control::Control;
use crate::dag::{Graph, OnFailure};
use crate::grammar::Grammar;
use crate::halt::Halt;
use crate::limits::Limits;
use crate::plan::{OutputMode, Plan};
use crate::record::Recording;
use crate::slots::Slots;
use crate::throttle::Throttle;
use crate::timeout::Timeout;
use crate::work::{Kept, Work};

/// Several jobs that share one pool, and which waits for which.
///
/// ```
/// use ganger_batch::{Graph, Input, Job, Plan, Template, Workflow, dry_run};
///
/// let workflow = |input: &str| -> Result<Workflow, Box<dyn std::error::Error>> {
///     Ok(Plan::new(Template::parse(&["echo".into()])?, Input::Arguments(vec![input.into()])).into())
/// };
/// let mut both = workflow("a")?;
/// both.jobs[0].name = Some("first".to_owned());
/// both.jobs.push(Job { name: Some("second".to_owned()), ..workflow("b")?.jobs.remove(0) });
/// both.graph = Graph::new(vec![vec![1], vec![]])?;
///
/// let mut told = Vec::new();
/// dry_run(both, &mut told)?;
/// assert_eq!(told, b"# second\necho b\n# first, after second\necho a\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Workflow {
    /// The jobs. Where several may start a command, the first does.
    pub jobs: Vec<Job>,
    /// Who waits for whom.
    pub graph: Graph,
    /// How many commands run at a time, of all jobs (1 or more).
    pub slots: usize,
    /// When the run ends before its inputs do: all jobs' commands count.
    pub halt: Halt,
    /// The time from one start to the next, at least.
    pub delay: Duration,
    /// What becomes of what commands print.
    pub output: OutputMode,
    /// Whether each command is told of when it begins.
    pub verbose: bool,
    /// What is left behind of it. The store's jobs have the names and words of these, and not those that stand there.
    pub record: Recording,
    /// What the commands of all jobs, and all that they start, are kept from.
    pub sandbox: Option<Sandbox>,
    /// When no more are started though there are slots for them.
    pub throttle: Throttle,
    /// Lists of values that commands have in turn: no more run at a time than the shortest has.
    pub values: Vec<Slots>,
    /// Each command is given so many processors of its own, and runs on no others.
    pub pinned: Option<usize>,
    /// Who holds the run while it goes on.
    pub control: Control,
}

/// One of the jobs of a workflow.
#[derive(Debug)]
pub struct Job {
    /// What it is called. None: it is the only one, and needs no name.
    pub name: Option<String>,
    /// The command, one element a word, before an input is in it.
    pub words: Vec<OsString>,
    /// What the replacement strings in it are.
    pub grammar: Grammar,
    /// The directory that it runs in; our own if none.
    pub dir: Option<PathBuf>,
    /// How many of its commands run at a time, at most. None: as many as there are slots.
    pub most: Option<usize>,
    /// What becomes of it when one that it waits for has failed.
    pub on_failure: OnFailure,
    /// Variables that its commands have beside our own.
    pub environment: Vec<(OsString, OsString)>,
    /// How many inputs it has, where that is known before it begins.
    pub tasks: Option<u64>,
    /// What each of its commands may use.
    pub limits: Limits,
    /// Its command and inputs.
    pub planning: Planning,
}

/// A job's plan. What concerns the run as a whole in it (slots, halt, delay, output, records) is the workflow's, and not
/// looked at.
pub enum Planning {
    /// It is made.
    Made(Box<Plan>),
    /// It is made when the job begins, since the program, the directory or the list of inputs may be made by a job
    /// before it. The error is told, and the job has failed.
    Later(Box<dyn FnOnce() -> Result<Plan, String>>),
}

impl fmt::Debug for Planning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Planning::Made(plan) => f.debug_tuple("Made").field(plan).finish(),
            Planning::Later(_) => f.write_str("Later"),
        }
    }
}

impl Workflow {
    /// The plans that are made.
    pub fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.jobs.iter().filter_map(|job| match &job.planning {
            Planning::Made(plan) => Some(&**plan),
            Planning::Later(_) => None,
        })
    }

    /// How many commands are handed out beyond those that can run. None where what ends decides over what starts: a time
    /// limit that follows the median, or which job's turn it is.
    pub(crate) fn ahead(&self) -> usize {
        match self.jobs.as_slice() {
            [Job { planning: Planning::Made(plan), .. }] if !matches!(plan.timeout, Some(Timeout::OfMedian(_))) => {
                plan.work.ahead()
            }
            _ => 0,
        }
    }

    /// The limits of all jobs together: what the pool has to be prepared for.
    pub(crate) fn limits(&self) -> Limits {
        self.jobs.iter().map(|job| job.limits.clone()).reduce(Limits::together).unwrap_or_default()
    }

    /// The program that the workers are, or host, where it is not commands that they run.
    pub(crate) fn program(&self) -> Option<Kept> {
        match self.jobs.as_slice() {
            [Job { planning: Planning::Made(plan), .. }] => match &plan.work {
                Work::Program(program) => Some(Kept { program: program.clone(), dir: plan.dir.clone() }),
                Work::Command(_) => None,
            },
            _ => None,
        }
    }
}

impl From<Plan> for Workflow {
    /// One job that waits for nobody.
    fn from(plan: Plan) -> Self {
        let stored = plan.record.store.as_ref().map(|storage| (storage.words.clone(), storage.grammar.clone()));
        let (words, grammar) = stored.unwrap_or_default();
        let (slots, halt, delay, verbose) = (plan.jobs, plan.halt, plan.delay, plan.verbose);
        let output = plan.output.clone();
        let (dir, record, environment) = (plan.dir.clone(), plan.record.clone(), plan.environment.clone());
        let (most, on_failure, tasks) = (None, OnFailure::default(), None);
        let (limits, throttle, values) = (plan.limits.clone(), plan.throttle, plan.slots.clone());
        let (pinned, control, sandbox) = (limits.pinned, plan.control.clone(), plan.sandbox.clone());
        let planning = Planning::Made(Box::new(plan));
        let job = Job { name: None, words, grammar, dir, most, on_failure, environment, tasks, limits, planning };
        Self {
            jobs: vec![job],
            graph: Graph::alone(),
            slots,
            halt,
            delay,
            output,
            verbose,
            record,
            sandbox,
            throttle,
            values,
            pinned,
            control,
        }
    }
}
