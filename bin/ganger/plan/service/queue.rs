//! `[queue.NAME]` of a configuration file.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ganger::{Sandbox, StartMethod};
use ganger_batch::parse_size;
use ganger_daemon::{Defaults, QueueConfig, Runs};

use crate::flags::{QueueFlag, some_size, some_time};
use crate::toml::{Document, Entry, Fault, Node, nearest};

/// Its keys.
const KEYS: &[&str] = &[
    "slots",
    "program",
    "functions",
    "start",
    "timeout",
    "attempts",
    "crash_attempts",
    "backoff",
    "memory",
    "cpu_time",
    "sandbox",
    "output",
    "rate",
    "max_waiting",
    "environment",
    "directory",
];

/// All queues, in the order in which they stand in the file.
pub(super) fn read(document: &Document) -> Result<Vec<QueueConfig>, Fault> {
    let mut queues = Vec::new();
    for Entry { key, at, value } in document.entries()? {
        match key.as_str() {
            "service" => {}
            "queue" => {
                queues = value.entries()?.into_iter().map(queue).collect::<Result<_, _>>()?;
            }
            _ => {
                let known = ["service", "queue"].map(str::to_owned).into_iter();
                let why = format!("there is no `{key}`, only [service] and [queue.NAME]{}", nearest(&key, known));
                return Err(document.fault(at, why));
            }
        }
    }
    Ok(queues)
}

fn queue(Entry { key, at, value }: Entry<'_>) -> Result<QueueConfig, Fault> {
    let document = value.document();
    // By the rules for one that is typed, of which the number stands apart here.
    let named = key.parse::<QueueFlag>().and_then(|flag| match flag.slots {
        None => Ok(flag.name),
        Some(_) => Err(format!("{key:?} cannot be a queue's name")),
    });
    let name = named.map_err(|why| document.fault(at.clone(), why))?;
    let mut queue = QueueConfig { name, ..QueueConfig::default() };
    for entry in value.entries()? {
        fill(&mut queue, entry)?;
    }
    check(&queue).map_err(|why| document.fault(at, why))?;
    Ok(queue)
}

fn fill(queue: &mut QueueConfig, Entry { key, at, value }: Entry<'_>) -> Result<(), Fault> {
    match key.as_str() {
        "slots" => queue.slots = number(value, 1..=10_000)?,
        "program" => queue.runs = Runs::Worker(program(value)?),
        "functions" => queue.runs = Runs::Functions(program(value)?),
        "start" => queue.start = start(value)?,
        "timeout" => queue.defaults.timeout = Some(value.parsed(some_time)?),
        "attempts" => queue.defaults.attempts = Some(number(value, 1..=100)?),
        "crash_attempts" => queue.defaults.crash_attempts = Some(number(value, 1..=100)?),
        "backoff" => queue.defaults.backoff = Some(backoff(value)?),
        "memory" => queue.memory = Some(value.parsed(some_size)?),
        "cpu_time" => queue.cpu_time = Some(value.parsed(some_time)?),
        "sandbox" => queue.sandbox = Some(sandbox(value)?),
        "output" => queue.output = usize::try_from(value.parsed(parse_size)?).unwrap_or(usize::MAX),
        "rate" => queue.rate = Some(parsed(value)?),
        "max_waiting" => queue.max_waiting = Some(number(value, 1..=u64::MAX)?),
        "environment" => queue.environment = environment(value)?,
        "directory" => queue.directory = Some(directory(value)?),
        _ => {
            let known = KEYS.iter().map(|&key| key.to_owned());
            let why = format!("a queue has no `{key}`{}", nearest(&key, known));
            return Err(value.document().fault(at, why));
        }
    }
    Ok(())
}

/// What does not go together.
fn check(queue: &QueueConfig) -> Result<(), String> {
    let kept = !matches!(queue.runs, Runs::Commands);
    let of_commands = [("memory", queue.memory.is_some()), ("cpu_time", queue.cpu_time.is_some())];
    match of_commands.into_iter().find(|(_, given)| kept && *given) {
        Some((key, _)) => {
            Err(format!("`{key}` is for commands: a `program` is kept for many tasks, so limit it itself"))
        }
        None => Ok(()),
    }
}

fn parsed<T: FromStr<Err = String>>(node: Node<'_>) -> Result<T, Fault> {
    node.parsed(str::parse)
}

fn number<T: FromStr + PartialOrd + Display>(node: Node<'_>, range: RangeInclusive<T>) -> Result<T, Fault> {
    let told = || format!("give a whole number from {} to {}", range.start(), range.end());
    node.parsed(|word| word.parse().ok().filter(|number| range.contains(number)).ok_or_else(told))
}

/// The words of a program.
fn program(node: Node<'_>) -> Result<Vec<String>, Fault> {
    let empty = node.fault("it is empty: give the program and its arguments, [\"python3\", \"worker.py\"]");
    let words: Vec<String> = node.elements()?.into_iter().map(Node::text).collect::<Result<_, _>>()?;
    if words.first().is_none_or(String::is_empty) { Err(empty) } else { Ok(words) }
}

fn start(node: Node<'_>) -> Result<StartMethod, Fault> {
    node.parsed(|word| match word {
        "zygote" => Ok(StartMethod::Zygote),
        "spawn" => Ok(StartMethod::Spawn),
        _ => Err(format!("{word:?} is none of zygote, spawn")),
    })
}

/// `{ first = "1s", most = "5m" }`
fn backoff(node: Node<'_>) -> Result<(Duration, Duration), Fault> {
    let (mut first, mut most, whole) =
        (None, None, node.fault("give { first = \"1s\", most = \"5m\" }, of which `most` is not less"));
    for Entry { key, at, value } in node.entries()? {
        match key.as_str() {
            "first" => first = Some(value.parsed(some_time)?),
            "most" => most = Some(value.parsed(some_time)?),
            _ => {
                let known = ["first", "most"].map(str::to_owned).into_iter();
                let why = format!("a backoff has no `{key}`{}", nearest(&key, known));
                return Err(value.document().fault(at, why));
            }
        }
    }
    first.zip(most).filter(|(first, most)| first <= most).ok_or(whole)
}

fn environment(node: Node<'_>) -> Result<Vec<(String, String)>, Fault> {
    let variable = |Entry { key, at, value }: Entry<'_>| {
        let document = value.document();
        if key.is_empty() || key.contains(['=', '\0']) {
            return Err(document.fault(at, format!("{key:?} cannot be the name of a variable")));
        }
        let place = value.at.clone();
        let value = value.word()?;
        if value.contains('\0') {
            return Err(document.fault(place, "no variable can hold a NUL"));
        }
        Ok((key, value))
    };
    node.entries()?.into_iter().map(variable).collect()
}

/// A service's own directory is no place that a path could be relative to.
fn sandbox(node: Node<'_>) -> Result<Sandbox, Fault> {
    node.parsed(|words| {
        let sandbox: Sandbox = words.parse()?;
        match sandbox.paths().concat().iter().find(|path| !path.starts_with(b"/")) {
            None => Ok(sandbox),
            Some(path) => Err(format!("{:?} is no path that begins with /", String::from_utf8_lossy(path))),
        }
    })
}

fn directory(node: Node<'_>) -> Result<PathBuf, Fault> {
    node.parsed(|word| match word.starts_with('/') && !word.contains('\0') {
        true => Ok(word.into()),
        false => Err(format!("{word:?} is no path that begins with /")),
    })
}

/// For who asks what would be served.
pub(super) fn shown(Defaults { timeout, attempts, crash_attempts, backoff }: &Defaults) -> Vec<String> {
    let time = |time: &Duration| format!("{} s", time.as_secs_f64());
    let lines = [
        timeout.as_ref().map(|limit| format!("each attempt up to {}", time(limit))),
        attempts.map(|times| format!("{times} attempts")),
        crash_attempts.map(|times| format!("{times} attempts if it crashes")),
        backoff.as_ref().map(|(first, most)| format!("tried again after {} to {}", time(first), time(most))),
    ];
    lines.into_iter().flatten().collect()
}
