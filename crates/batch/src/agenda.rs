//! What a run has to do: the tasks of its jobs, of those whose turn it is.
//!
//! A job is begun when the [`Schedule`] says so, hands out its inputs as they come, and is over when it has no more of
//! them and none of its commands runs. That may let others begin.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use ganger::{Backoff, Bytes, CommandOutput, TaskOptions};

use crate::control::Control;
use crate::dag::{self, OnFailure, Schedule};
use crate::input::{self, InputError, Source, Task};
use crate::limits::Limits;
use crate::plan::Plan;
use crate::summary::End;
use crate::timeout::{Runtimes, Timeout};
use crate::work::{self, Work};
use crate::workflow::{Job, Planning};

/// Where a command finds what its job is called, if it has a name.
pub(crate) const JOB: &str = "GANGER_JOB";

/// What all commands of a job have in common.
pub(crate) struct Common {
    /// None: it is the only job.
    pub(crate) name: Option<String>,
    pub(crate) work: Work,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) environment: Vec<(Bytes, Bytes)>,
    pub(crate) attempts: u32,
    pub(crate) backoff: Backoff,
    pub(crate) limits: Limits,
    pub(crate) options: TaskOptions,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) runtimes: RefCell<Runtimes>,
}

/// What [`Agenda::next`] has.
pub(crate) enum Next {
    Task(Task, Rc<Common>),
    /// No input that could be taken has come yet.
    NotYet,
    /// What could be taken next depends on what runs.
    Blocked,
    /// Nothing any more.
    End,
}

/// What happened to a job that people should hear of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It could not begin: why.
    Failed { name: String, why: String },
    /// It is not run, because of another that failed or was skipped.
    Skipped { name: String, because: String },
}

/// The jobs of a run.
pub(crate) struct Agenda {
    parts: Vec<Part>,
    schedule: Schedule,
    /// What is to be done with jobs before the next task is handed out.
    steps: VecDeque<dag::Step>,
    /// The jobs that may have inputs left, in the order in which they are asked.
    open: Vec<usize>,
    handed_out: u64,
    news: VecDeque<News>,
}

struct Part {
    name: Option<String>,
    most: usize,
    tasks: Option<u64>,
    stage: Stage,
}

enum Stage {
    Waiting(Planning),
    Begun(Box<Begun>),
    /// So many tasks of it were handed out.
    Over(u64),
}

/// A job that hands out tasks, or waits for those that run.
struct Begun {
    common: Rc<Common>,
    source: Source,
    handed_out: u64,
    running: usize,
    failed: bool,
}

impl Agenda {
    /// The jobs, none of which has begun.
    pub(crate) fn new(jobs: Vec<Job>, graph: dag::Graph) -> Self {
        let policies: Vec<OnFailure> = jobs.iter().map(|job| job.on_failure).collect();
        let parts = jobs.into_iter().map(Part::from).collect();
        let mut schedule = Schedule::new(graph, policies);
        let steps = schedule.begin().into();
        Self { parts, schedule, steps, open: Vec::new(), handed_out: 0, news: VecDeque::new() }
    }

    /// How many tasks may be handed out beyond those that can run.
    pub(crate) fn ahead(&self) -> usize {
        let begun = self.open.iter().filter_map(|&job| match &self.parts[job].stage {
            Stage::Begun(begun) => Some(begun.source.ahead()),
            Stage::Waiting(_) | Stage::Over(_) => None,
        });
        begun.min().unwrap_or(usize::MAX)
    }

    /// The next task of a job that may run one more. Jobs begin in here and nowhere else: a run that takes no more tasks
    /// lets no job begin.
    ///
    /// # Errors
    /// When an input could not be read or cannot be an argument: once, and its job has no more.
    pub(crate) fn next(&mut self) -> Result<Next, InputError> {
        self.follow();
        let (mut inputs_may_come, mut at) = (false, 0);
        while let Some(&job) = self.open.get(at) {
            let Part { stage: Stage::Begun(begun), most, .. } = &mut self.parts[job] else { return Ok(Next::Blocked) };
            if begun.running >= *most {
                at += 1;
                continue;
            }
            match begun.source.next() {
                Ok(input::Next::Ready(task)) => return Ok(self.handed(job, task)),
                Ok(input::Next::NotYet) => {
                    inputs_may_come = true;
                    at += 1;
                }
                // Others may begin now, which are then asked as well.
                Ok(input::Next::End) => {
                    self.exhausted(job);
                    self.follow();
                    at = 0;
                }
                Err(error) => {
                    self.exhausted(job);
                    return Err(error);
                }
            }
        }
        Ok(match (inputs_may_come, self.open.is_empty() && self.schedule.waiting() == 0) {
            (true, _) => Next::NotYet,
            (false, true) => Next::End,
            (false, false) => Next::Blocked,
        })
    }

    fn handed(&mut self, job: usize, mut task: Task) -> Next {
        let Stage::Begun(begun) = &mut self.parts[job].stage else { return Next::Blocked };
        self.handed_out += 1;
        begun.handed_out += 1;
        begun.running += 1;
        (task.job, task.turn) = (job, self.handed_out);
        Next::Task(task, Rc::clone(&begun.common))
    }

    /// A task that was handed out has ended.
    pub(crate) fn ended(&mut self, job: usize, succeeded: bool) {
        if let Stage::Begun(begun) = &mut self.parts[job].stage {
            begun.running -= 1;
            begun.failed |= !succeeded;
            self.look_for_end(job);
        }
    }

    fn exhausted(&mut self, job: usize) {
        self.open.retain(|&open| open != job);
        self.look_for_end(job);
    }

    fn look_for_end(&mut self, job: usize) {
        let Stage::Begun(begun) = &self.parts[job].stage else { return };
        if begun.running == 0 && !self.open.contains(&job) {
            let succeeded = !begun.failed;
            self.over(job, succeeded);
        }
    }

    fn over(&mut self, job: usize, succeeded: bool) {
        let handed_out = match &self.parts[job].stage {
            Stage::Begun(begun) => begun.handed_out,
            Stage::Waiting(_) | Stage::Over(_) => 0,
        };
        self.parts[job].stage = Stage::Over(handed_out);
        self.steps.extend(self.schedule.over(job, succeeded));
    }

    /// Does what the schedule says, and what follows from that.
    fn follow(&mut self) {
        while let Some(step) = self.steps.pop_front() {
            match step {
                dag::Step::Begin(job) => self.begin(job),
                dag::Step::Skip { job, because } => {
                    self.parts[job].stage = Stage::Over(0);
                    let (name, because) = (self.name(job), self.name(because));
                    self.news.push_back(News::Skipped { name, because });
                }
            }
        }
    }

    fn begin(&mut self, job: usize) {
        let part = &mut self.parts[job];
        let Stage::Waiting(planning) = std::mem::replace(&mut part.stage, Stage::Over(0)) else { return };
        let plan = match planning {
            Planning::Made(plan) => Ok(*plan),
            Planning::Later(make) => make(),
        };
        match plan {
            Ok(plan) => {
                part.stage = Stage::Begun(Box::new(Begun::new(part.name.clone(), plan)));
                self.open.push(job);
                self.open.sort_unstable();
            }
            Err(why) => {
                let name = self.name(job);
                self.news.push_back(News::Failed { name, why });
                self.over(job, false);
            }
        }
    }

    fn name(&self, job: usize) -> String {
        self.parts[job].name.clone().unwrap_or_default()
    }

    /// What has happened to jobs since the last time.
    pub(crate) fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Waits until there may be something to be said by [`next`](Self::next), at most `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) {
        let share = limit / u32::try_from(self.open.len().max(1)).unwrap_or(u32::MAX);
        for &job in &self.open {
            if let Stage::Begun(begun) = &mut self.parts[job].stage {
                begun.source.wait(share);
            }
        }
    }

    /// How many tasks there are in all, once that is known.
    pub(crate) fn total(&self) -> Option<u64> {
        self.parts.iter().map(Part::total).sum()
    }

    /// Waits for the first input of a single job, or the end of all; with several there is always something to do.
    /// Some: there is nothing, or whoever holds the run has ended it before.
    ///
    /// # Errors
    /// As for [`next`](Self::next), if there is nothing but that.
    pub(crate) fn over_at_once(&mut self, control: &Control) -> Result<Option<End>, InputError> {
        const GLANCE: Duration = Duration::from_millis(50);
        self.follow();
        let [Part { stage: Stage::Begun(begun), .. }] = self.parts.as_mut_slice() else { return Ok(None) };
        if !control.is_held() {
            begun.source.wait_for_first();
        }
        while !begun.source.has_first() {
            if let Some(end) = control.ordered_end() {
                return Ok(Some(end));
            }
            begun.source.wait(GLANCE);
        }
        if begun.source.total() == Some(0) {
            return self.next().map(|_| Some(End::Complete));
        }
        Ok(None)
    }

    /// How many tasks a job has, once that is known.
    pub(crate) fn total_of(&self, job: usize) -> Option<u64> {
        self.parts[job].total()
    }

    /// How many jobs have not begun anything, though none that they wait for has failed.
    pub(crate) fn unreached(&self) -> u64 {
        self.parts.iter().filter(|part| part.is_unreached()).count() as u64
    }
}

impl Common {
    /// What the pool gets for one of its inputs, of which there are `total`.
    pub(crate) fn job<'t>(&self, task: &'t Task, total: Option<u64>, output: CommandOutput) -> work::Job<'t> {
        let mut job = self.work.job(task, total, self.dir.as_deref(), output);
        if let work::Job::Command(command) = &mut job {
            command.env.extend(self.environment.iter().cloned());
        }
        job
    }

    /// Whether further attempts are ours to make, and not the pool's.
    pub(crate) fn counts_attempts(&self) -> bool {
        self.limits.retry_memory.is_some()
    }

    /// How long a command may run that starts now.
    pub(crate) fn limit(&self) -> Option<Duration> {
        match self.timeout? {
            Timeout::After(limit) => Some(limit),
            Timeout::OfMedian(percent) => self.runtimes.borrow().share(percent),
        }
    }
}

impl From<Job> for Part {
    fn from(job: Job) -> Self {
        let most = job.most.unwrap_or(usize::MAX);
        Self { name: job.name, most, tasks: job.tasks, stage: Stage::Waiting(job.planning) }
    }
}

impl Part {
    fn is_unreached(&self) -> bool {
        let idle = match &self.stage {
            Stage::Waiting(_) => true,
            Stage::Begun(begun) => begun.handed_out == 0,
            Stage::Over(_) => false,
        };
        idle && self.name.is_some()
    }

    fn total(&self) -> Option<u64> {
        match &self.stage {
            Stage::Waiting(_) => self.tasks,
            Stage::Begun(begun) => begun.source.total(),
            Stage::Over(handed_out) => Some(*handed_out),
        }
    }
}

impl Begun {
    fn new(name: Option<String>, plan: Plan) -> Self {
        let Plan { work, input: source, dir, environment, attempts, backoff, timeout, limits, .. } = plan.opened();
        let bytes = |text: OsString| Bytes::from(text.into_vec());
        let job = name.iter().map(|name| (Bytes::from(JOB), Bytes::from(name.as_bytes())));
        let named = environment.into_iter().map(|(name, value)| (bytes(name), bytes(value)));
        let environment = job.chain(named).collect();
        // A command whose worker died is tried again like any task; how often one that failed is, was asked for.
        let failures = if limits.retry_memory.is_some() { 1 } else { attempts };
        let options = TaskOptions::new().failure_attempts(failures).crash_attempts(attempts.max(3)).backoff(backoff);
        let runtimes = RefCell::default();
        let common = Common { name, work, dir, environment, attempts, backoff, limits, options, timeout, runtimes };
        Self { common: Rc::new(common), source, handed_out: 0, running: 0, failed: false }
    }
}
