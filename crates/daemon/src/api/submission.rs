//! A job as a client hands it in.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};
use std::time::Duration;

use ganger_store::{Backoff, NewJob, Policy};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::calls::Called;
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
    #[schema(minimum = -2147483648, maximum = 2147483647, default = 0)]
    priority: i32,
    /// What each task's words begin with.
    #[serde(default)]
    #[schema(value_type = Vec<Word>)]
    command: Vec<String>,
    /// The words that each task adds: all have some, or none has. One task without any, if this is left out.
    #[schema(value_type = Option<Vec<Vec<Word>>>, min_items = 1, max_items = 10000)]
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
    #[schema(min_items = 1, max_items = 10000)]
    args: Option<Vec<String>>,
    /// How long an attempt may take, in seconds.
    #[schema(exclusive_minimum = 0, maximum = 4294967295_u32)]
    timeout: Option<f64>,
    /// How often a task may be tried that fails.
    #[schema(minimum = 1, maximum = 100, default = 1)]
    attempts: Option<u32>,
    /// How often it may be tried when its worker, or the service, dies under it.
    #[schema(minimum = 1, maximum = 100, default = 3)]
    crash_attempts: Option<u32>,
    /// Where its tasks run; else where the service does.
    #[schema(pattern = "^(/[^\\x00]*)?$")]
    directory: Option<String>,
    /// Variables beside the service's own.
    #[serde(default, deserialize_with = "once_each")]
    #[schema(value_type = BTreeMap<String, Word>)]
    environment: BTreeMap<String, String>,
}

/// A word of a program: the kernel ends it with a NUL.
#[derive(ToSchema)]
#[schema(pattern = "^[^\\x00]*$")]
#[expect(dead_code, reason = "it describes")]
struct Word(String);

/// The job that a schedule hands in, or why it cannot be.
pub(crate) fn job_of(json: &str, queues: &[Queue], limit: usize) -> Result<NewJob, String> {
    let submission = super::body::json::<Submission>(json.as_bytes(), "job");
    submission.and_then(|submission| submission.check(queues, limit)).map_err(Problem::into_detail)
}

fn default_queue() -> String {
    "default".to_owned()
}

/// A name is shown in lists, so it is short.
const NAME: usize = 200;

/// All attempts at a task are shown together.
const ATTEMPTS: u32 = 100;

impl Submission {
    /// The job, if all of it can be met. `queues`: those that there are; `limit`: the most tasks.
    pub(crate) fn check(self, queues: &[Queue], limit: usize) -> Result<NewJob, Problem> {
        let Queue { id: queue, config } = find_queue(&self.queue, queues)?;
        let policy = self.policy(&config.defaults)?;
        if let Some(function) = self.function {
            let called = Called { function, signature: self.signature, many: self.many, args: self.args };
            let (command, tasks) = called.words()?;
            check_count("args", tasks.len(), limit)?;
            let name = self.name.unwrap_or_else(|| String::from_utf8_lossy(&command[0]).into_owned());
            let (name, priority) = (check_name(name)?, self.priority);
            return Ok(NewJob { name, priority, policy, command, tasks, raw: true, ..NewJob::to(*queue) });
        }
        let tasks = self.tasks.unwrap_or_else(|| vec![Vec::new()]);
        check_count("tasks", tasks.len(), limit)?;
        if tasks.iter().any(Vec::is_empty) && !tasks.iter().all(Vec::is_empty) {
            return Err(Problem::invalid("some of `tasks` have words and others none: give two jobs"));
        }
        if self.command.is_empty() && tasks.iter().any(Vec::is_empty) {
            return Err(Problem::invalid("a task has no word: give a `command`, or words in each of `tasks`"));
        }
        let command = words("command", self.command)?;
        let name = check_name(self.name.unwrap_or_else(|| name_of(&command, &tasks)))?;
        let directory = check_directory(self.directory.unwrap_or_default())?;
        let environment = self.environment.into_iter().map(variable).collect::<Result<_, _>>()?;
        let tasks = tasks.into_iter().map(|task| words("tasks", task)).collect::<Result<_, _>>()?;
        Ok(NewJob {
            name,
            priority: self.priority,
            policy,
            command,
            tasks,
            directory,
            environment,
            ..NewJob::to(*queue)
        })
    }

    /// What it does not say, its queue does.
    fn policy(&self, defaults: &Defaults) -> Result<Policy, Problem> {
        let usual = Policy::default();
        let times = |name, times: Option<u32>, default| match times.unwrap_or(default) {
            times @ 1..=ATTEMPTS => Ok(times),
            times => Err(Problem::invalid(format!("`{name}` is {times}: give a number from 1 to {ATTEMPTS}"))),
        };
        Ok(Policy {
            timeout: self.timeout.map(seconds).transpose()?.or(defaults.timeout),
            failures: times("attempts", self.attempts, defaults.attempts.unwrap_or(usual.failures))?,
            losses: times("crash_attempts", self.crash_attempts, defaults.crash_attempts.unwrap_or(usual.losses))?,
            backoff: defaults.backoff.map_or(usual.backoff, |(first, most)| Backoff { first, most }),
        })
    }
}

fn find_queue<'q>(name: &str, queues: &'q [Queue]) -> Result<&'q Queue, Problem> {
    let found = queues.iter().find(|known| known.config.name == name);
    found.ok_or_else(|| {
        let all: Vec<_> = queues.iter().map(|queue| queue.config.name.as_str()).collect();
        Problem::invalid(format!("there is no queue {name:?}: there are {}", all.join(", ")))
    })
}

fn check_name(name: String) -> Result<String, Problem> {
    if name.chars().count() > NAME || name.contains(char::is_control) {
        return Err(Problem::invalid(format!("`name`: at most {NAME} characters, and no control characters")));
    }
    Ok(name)
}

fn check_count(field: &str, tasks: usize, limit: usize) -> Result<(), Problem> {
    match tasks {
        0 => Err(Problem::invalid(format!("`{field}` is empty: give one at least"))),
        tasks if tasks > limit => {
            Err(Problem::too_large(format!("{tasks} tasks in one request: at most {limit}, so send several jobs")))
        }
        _ => Ok(()),
    }
}

fn seconds(seconds: f64) -> Result<Duration, Problem> {
    if seconds > 0.0 && seconds <= f64::from(u32::MAX) {
        // The store counts microseconds.
        return Ok(Duration::from_secs_f64(seconds).max(Duration::from_micros(1)));
    }
    Err(Problem::invalid(format!("`timeout` is {seconds}: give seconds above 0 and up to {}", u32::MAX)))
}

/// Words of a program: the kernel ends them with a NUL.
fn words(field: &str, words: Vec<String>) -> Result<Vec<Vec<u8>>, Problem> {
    let found = words.iter().find(|word| word.contains('\0'));
    match found {
        Some(word) => Err(Problem::invalid(format!("`{field}`: a NUL in {word:?}, which no argument can hold"))),
        None => Ok(words.into_iter().map(String::into_bytes).collect()),
    }
}

fn check_directory(directory: String) -> Result<Vec<u8>, Problem> {
    if directory.contains('\0') || !(directory.is_empty() || directory.starts_with('/')) {
        return Err(Problem::invalid(format!("`directory` is {directory:?}: give a path that begins with /")));
    }
    Ok(directory.into_bytes())
}

fn variable((name, value): (String, String)) -> Result<Vec<u8>, Problem> {
    if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
        return Err(Problem::invalid(format!(
            "`environment`: {name:?} cannot be the name of a variable, or its value has a NUL"
        )));
    }
    Ok(format!("{name}={value}").into_bytes())
}

/// By the program, without its directory and without what could not be shown.
fn name_of(command: &[Vec<u8>], tasks: &[Vec<String>]) -> String {
    let first = tasks.iter().flatten().next().map(String::as_bytes);
    let word = command.first().map(Vec::as_slice).or(first).unwrap_or_default();
    let file = word.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let shown = String::from_utf8_lossy(file).into_owned();
    shown.chars().filter(|char| !char.is_control()).take(NAME / 4).collect()
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
