//! A job as a client hands it in.

mod kind;
mod name;

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};
use std::time::SystemTime;

use ganger_store::{Backoff, How, JobId, Needs, NewJob, Policy, Schedule, Unique, Until};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::body::Whole;
use super::calls::Called;
use super::checks::{self, Word};
use super::problem::Problem;
use crate::config::Defaults;
use crate::queues::Queue;

/// The body of `POST /v1/jobs`. A task's words are those of `command` and its own of `tasks`: one at least.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Submission {
    /// What it is called; else by its program.
    #[schema(max_length = 200, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    name: Option<String>,
    #[serde(default = "default_queue")]
    #[schema(default = "default")]
    queue: String,
    /// What is higher begins first.
    #[serde(default)]
    #[schema(value_type = i32, minimum = -2147483648, maximum = 2147483647, default = 0)]
    priority: Whole<i32>,
    /// What each task's words begin with.
    #[serde(default)]
    #[schema(value_type = Vec<Word>)]
    command: Vec<String>,
    /// The words that each task adds: all have some, or none has. One task without any, if this is left out
    /// and it is not open.
    #[schema(value_type = Option<Vec<Vec<Word>>>)]
    tasks: Option<Vec<Vec<String>>>,
    /// For a queue of functions: the module and the name of what each task calls, instead of a command.
    #[schema(max_length = 4096)]
    function: Option<String>,
    /// The function's type as its caller has it, to be compared; whatever it is, if this is left out.
    #[schema(max_length = 4096)]
    signature: Option<String>,
    /// Whether each of `args` are many items, each an argument.
    #[serde(default)]
    many: bool,
    /// The arguments of each task, as `ganger` encodes them, in base64.
    args: Option<Vec<String>>,
    /// How long an attempt may take, in seconds.
    #[schema(exclusive_minimum = 0, maximum = 4294967295_u32)]
    timeout: Option<f64>,
    /// How often a task may be tried that fails.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100, default = 1)]
    attempts: Option<Whole<u32>>,
    /// How often it may be tried when its worker, or the service, dies under it.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100, default = 3)]
    crash_attempts: Option<Whole<u32>>,
    /// How long a task waits that has failed and is tried again: not at all, if this is left out.
    backoff: Option<BackoffTimes>,
    /// Nothing of it begins before so many seconds have passed.
    #[schema(minimum = 0, maximum = 4294967295_u32)]
    delay: Option<f64>,
    /// Nothing of it begins before that moment, in seconds since 1970.
    #[schema(minimum = 0, maximum = 4294967295_u32)]
    start_at: Option<f64>,
    /// Jobs that must be over before it begins.
    #[serde(default)]
    #[schema(value_type = Vec<i64>, max_items = 1000)]
    after: Vec<Whole<i64>>,
    /// How they must have ended; if one has not, it is cancelled.
    #[serde(default)]
    #[schema(inline, default = "succeeded")]
    after_if: AfterIf,
    /// A word by which its client knows it: if another job has it, that is the answer, and nothing is made.
    #[schema(min_length = 1, max_length = 200, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    key: Option<String>,
    /// Until when the key is taken.
    #[serde(default)]
    #[schema(inline, default = "over")]
    unique: UniqueUntil,
    /// Whether tasks are added later: then it may have none, and is not over before it was closed.
    #[serde(default)]
    open: bool,
    /// Whether nothing of it begins until it is resumed.
    #[serde(default)]
    paused: bool,
    /// How long it is remembered when it is over, in seconds; else as long as its queue says.
    #[schema(minimum = 0, maximum = 4294967295_u32)]
    keep: Option<f64>,
    /// Where its tasks run; else where the service does.
    #[schema(pattern = "^(/[^\\x00]*)?$")]
    directory: Option<String>,
    /// Variables beside the service's own.
    #[serde(default, deserialize_with = "once_each")]
    #[schema(value_type = BTreeMap<String, Word>)]
    environment: BTreeMap<String, String>,
}

/// How long a task waits that has failed and is tried again, in seconds.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BackoffTimes {
    /// After its first attempt. It doubles with each,
    #[schema(minimum = 0, maximum = 4294967295_u32)]
    first: f64,
    /// up to this.
    #[schema(minimum = 0, maximum = 4294967295_u32)]
    most: Option<f64>,
}

/// How the jobs that another one needs must have ended: without a failure, or in any way.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum AfterIf {
    #[default]
    Succeeded,
    Over,
}

/// Until when a key is taken: until its job is over, or until it is forgotten.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum UniqueUntil {
    #[default]
    Over,
    Forgotten,
}

/// The job that a schedule hands in, or why it cannot be.
pub(crate) fn scheduled_job(schedule: &Schedule, queues: &[Queue], limit: usize) -> Result<NewJob, String> {
    let submission = super::body::json::<Submission>(schedule.job.as_bytes(), "job");
    let job = submission.and_then(|submission| submission.check(queues, limit)).map_err(Problem::into_detail)?;
    let meta = serde_json::json!({ "schedule": schedule.name });
    Ok(NewJob { meta: Some(meta.to_string()), ..job })
}

fn default_queue() -> String {
    "default".to_owned()
}

/// All attempts at a task are shown together.
const ATTEMPTS: u32 = 100;
/// How many other jobs one may wait for.
const AFTER: usize = 1_000;

impl Submission {
    /// Where it would wait.
    pub(super) fn queue(&self) -> &str {
        &self.queue
    }

    /// The job, if all of it can be met. `queues`: those that there are; `limit`: the most tasks.
    pub(crate) fn check(self, queues: &[Queue], limit: usize) -> Result<NewJob, Problem> {
        let queue = find_queue(&self.queue, queues)?;
        self.check_kind(queue)?;
        let job = self.terms(queue)?;
        if self.function.is_some() { self.calls(job, limit) } else { self.commands(job, limit) }
    }

    /// What does not depend on what its tasks are.
    fn terms(&self, queue: &Queue) -> Result<NewJob, Problem> {
        let paused_or_open = NewJob { paused: self.paused, open: self.open, ..NewJob::to(queue.id) };
        self.name.iter().filter(|name| !name.is_empty()).try_for_each(|name| checks::name("name", name))?;
        Ok(NewJob {
            name: self.name.clone().unwrap_or_default(),
            priority: self.priority.0,
            policy: self.policy(&queue.config.defaults)?,
            due: self.due()?,
            needs: self.needs()?,
            unique: self.unique()?,
            keep: self.keep.map(|keep| checks::time("keep", keep)).transpose()?,
            ..paused_or_open
        })
    }

    fn calls(self, job: NewJob, limit: usize) -> Result<NewJob, Problem> {
        let Self { function, signature, many, args, open, .. } = self;
        let args = args.or_else(|| open.then(Vec::new));
        let called = Called { function: function.unwrap_or_default(), signature, many, args };
        let (command, tasks) = called.words()?;
        check_count("args", tasks.len(), limit, open)?;
        let name = if job.name.is_empty() { String::from_utf8_lossy(&command[0]).into_owned() } else { job.name };
        checks::name("function", &name)?;
        Ok(NewJob { name, command, tasks, raw: true, ..job })
    }

    fn commands(self, job: NewJob, limit: usize) -> Result<NewJob, Problem> {
        let tasks = self.tasks.unwrap_or_else(|| if self.open { Vec::new() } else { vec![Vec::new()] });
        check_count("tasks", tasks.len(), limit, self.open)?;
        checks::alike(&tasks)?;
        if self.command.is_empty() && tasks.iter().any(Vec::is_empty) {
            return Err(Problem::invalid("`command`: a task has no word: give one, or words in each of `tasks`"));
        }
        let command = checks::words("command", self.command)?;
        let name = if job.name.is_empty() { name::of(&command, &tasks) } else { job.name };
        Ok(NewJob {
            name,
            command,
            tasks: checks::all_words(tasks)?,
            directory: checks::directory(self.directory.unwrap_or_default())?,
            environment: self.environment.into_iter().map(checks::variable).collect::<Result<_, _>>()?,
            ..job
        })
    }

    /// What it does not say, its queue does.
    fn policy(&self, defaults: &Defaults) -> Result<Policy, Problem> {
        let usual = Policy::default();
        let backoff = defaults.backoff.map(|(first, most)| Backoff { first, most });
        let times = |name, times: Option<Whole<u32>>, default| match times.map_or(default, |times| times.0) {
            times @ 1..=ATTEMPTS => Ok(times),
            times => Err(Problem::invalid(format!("`{name}` is {times}: give a number from 1 to {ATTEMPTS}"))),
        };
        Ok(Policy {
            timeout: self
                .timeout
                .map(|timeout| checks::some_time("timeout", timeout))
                .transpose()?
                .or(defaults.timeout),
            failures: times("attempts", self.attempts, defaults.attempts.unwrap_or(usual.failures))?,
            losses: times("crash_attempts", self.crash_attempts, defaults.crash_attempts.unwrap_or(usual.losses))?,
            backoff: self.backoff.map(BackoffTimes::check).transpose()?.or(backoff).unwrap_or(usual.backoff),
        })
    }

    fn due(&self) -> Result<Option<SystemTime>, Problem> {
        match (self.delay, self.start_at) {
            (None, None) => Ok(None),
            (Some(delay), None) => Ok(Some(SystemTime::now() + checks::time("delay", delay)?)),
            (None, Some(moment)) => Ok(Some(SystemTime::UNIX_EPOCH + checks::time("start_at", moment)?)),
            (Some(_), Some(_)) => Err(Problem::invalid("`delay` and `start_at` both say when: give one of them")),
        }
    }

    fn needs(&self) -> Result<Needs, Problem> {
        if self.after.len() > AFTER {
            return Err(Problem::invalid(format!("`after`: at most {AFTER} jobs")));
        }
        let how = match self.after_if {
            AfterIf::Succeeded => How::Succeeded,
            AfterIf::Over => How::Over,
        };
        Ok(Needs { jobs: self.after.iter().map(|job| JobId(job.0)).collect(), how })
    }

    fn unique(&self) -> Result<Option<Unique>, Problem> {
        let Some(key) = self.key.clone() else { return Ok(None) };
        checks::name("key", &key)?;
        let until = match self.unique {
            UniqueUntil::Over => Until::Over,
            UniqueUntil::Forgotten => Until::Forgotten,
        };
        Ok(Some(Unique { key, until }))
    }
}

impl BackoffTimes {
    fn check(self) -> Result<Backoff, Problem> {
        let first = checks::time("backoff.first", self.first)?;
        let most = self.most.map_or(Ok(first), |most| checks::time("backoff.most", most))?;
        if most < first {
            let (first, most) = (first.as_secs_f64(), most.as_secs_f64());
            return Err(Problem::invalid(format!("`backoff.most` is {most}: give no less than `first`, {first}")));
        }
        Ok(Backoff { first, most })
    }
}

fn find_queue<'q>(name: &str, queues: &'q [Queue]) -> Result<&'q Queue, Problem> {
    let found = queues.iter().find(|known| known.config.name == name);
    found.ok_or_else(|| {
        let all: Vec<_> = queues.iter().map(|queue| queue.config.name.as_str()).collect();
        Problem::invalid(format!("`queue`: there is no queue {name:?}: there are {}", all.join(", ")))
    })
}

fn check_count(field: &str, tasks: usize, limit: usize, open: bool) -> Result<(), Problem> {
    if tasks == 0 && !open {
        return Err(Problem::invalid(format!("`{field}` is empty: give one at least")));
    }
    checks::count(field, tasks, limit)
}

/// A map that says no key twice: which of the two was meant, nobody knows.
fn once_each<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Once;
    impl<'de> Visitor<'de> for Once {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, to: &mut Formatter<'_>) -> fmt::Result {
            to.write_str("an object of strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, value)) = entries.next_entry()? {
                if let Some((key, _)) = map.get_key_value(&key) {
                    return Err(A::Error::custom(format!("{key:?} is there twice")));
                }
                map.insert(key, value);
            }
            Ok(map)
        }
    }
    from.deserialize_map(Once)
}
