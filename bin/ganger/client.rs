//! A service is asked: one function a verb.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use ganger_daemon::{Answer, Client};
use serde_json::{Value, json};

use crate::flags::client::{Ask, ServiceFlags, StatusFlags, SubmitFlags, WaitFlags};
use crate::look::plain;
use crate::show;

/// How long the service is waited for, beyond what it is asked to wait itself.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long it is asked to wait at a time, in seconds.
const WAIT: u32 = 50;
/// The most tasks that it takes in one job.
const TASKS: usize = 10_000;

/// Why it came to nothing.
type Told = Box<dyn Display>;

/// Does what such a verb says: its exit status.
pub(crate) fn ask(verb: Ask) -> Result<u8, Told> {
    match verb {
        Ask::Submit(flags) => submit(flags),
        Ask::Status(flags) => status(&flags),
        Ask::Wait(flags) => wait(&mut connect(&flags.service)?, &flags),
    }
}

fn submit(flags: SubmitFlags) -> Result<u8, Told> {
    let mut client = connect(&flags.service)?;
    let (command, inputs) = split(&flags)?;
    let directory = std::env::current_dir().map_err(|error| told(format!("this directory: {error}")))?;
    let mut jobs = Vec::new();
    for tasks in inputs.chunks(TASKS) {
        let mut job = json!({
            "queue": flags.queue, "priority": flags.priority, "attempts": flags.attempts,
            "command": command, "tasks": tasks, "directory": text(directory.as_os_str())?,
        });
        for (field, value) in [("name", json!(flags.name)), ("timeout", json!(flags.timeout.map(|t| t.as_secs_f64())))]
        {
            if !value.is_null() {
                job[field] = value;
            }
        }
        let receipt = read(client.post("/v1/jobs", job.to_string().as_bytes()))?;
        print(&receipt["id"].to_string())?;
        jobs.extend(receipt["id"].as_u64());
    }
    if flags.wait { wait(&mut client, &WaitFlags { service: flags.service, jobs }) } else { Ok(0) }
}

/// The command, and the words that each task adds.
fn split(flags: &SubmitFlags) -> Result<(Vec<String>, Vec<Vec<String>>), Told> {
    let words: Vec<String> = flags.words.iter().map(|word| text(word)).collect::<Result<_, _>>()?;
    if let Some(other) = words.iter().find(|word| [":::+", "::::", "::::+"].contains(&word.as_str())) {
        return Err(told(format!("{other} is not for submit yet: give the inputs after :::")));
    }
    let mut parts = words.split(|word| word == ":::");
    let command = parts.next().unwrap_or_default().to_vec();
    match (parts.next(), parts.next()) {
        (Some([]), None) => Err(told("there is no input after :::, so there is nothing to do".to_owned())),
        (Some(inputs), None) => Ok((command, inputs.iter().map(|input| vec![input.clone()]).collect())),
        (None, _) => Ok((command, vec![Vec::new()])),
        (Some(_), Some(_)) => Err(told("two lists of inputs are not for submit yet: give one :::".to_owned())),
    }
}

fn status(flags: &StatusFlags) -> Result<u8, Told> {
    let mut client = connect(&flags.service)?;
    let path = flags.job.map_or("/v1/jobs".to_owned(), |job| format!("/v1/jobs/{job}"));
    let found = read(client.get(&path))?;
    if flags.json {
        return print(&found.to_string()).map(|()| 0);
    }
    let one = std::slice::from_ref(&found);
    found.as_array().map_or(one, Vec::as_slice).iter().try_for_each(|job| print(&line(job)))?;
    Ok(0)
}

/// Number, state, how many tasks are in each, queue and name.
fn line(job: &Value) -> String {
    let word = |field: &str| plain::line(job[field].as_str().unwrap_or_default().as_bytes());
    let states = ["succeeded", "failed", "stopped", "running", "waiting"];
    let some = states.iter().filter(|state| job["tasks"][**state] != json!(0));
    let counts: Vec<String> = some.map(|state| format!("{} {state}", job["tasks"][*state])).collect();
    format!("{}\t{}\t{}\t{}\t{}", job["id"], word("state"), counts.join(", "), word("queue"), word("name"))
}

fn wait(client: &mut Client, flags: &WaitFlags) -> Result<u8, Told> {
    let mut failed = 0;
    for job in &flags.jobs {
        failed += loop {
            let tasks = &read(client.get(&format!("/v1/jobs/{job}?wait={WAIT}")))?["tasks"];
            let count = |state: &str| tasks[state].as_u64().unwrap_or(0);
            if count("waiting") + count("running") == 0 {
                break count("failed") + count("stopped");
            }
        };
    }
    Ok(u8::try_from(failed.min(101)).unwrap_or(101))
}

fn connect(service: &ServiceFlags) -> Result<Client, Told> {
    let path: &Path = &service.connect.0;
    let remedy = "is there a service? ganger serve starts one";
    Client::connect(path, PATIENCE).map_err(|error| told(format!("the socket {}: {error}; {remedy}", path.display())))
}

/// What was asked for; a problem is told as the service does.
fn read(answer: io::Result<Answer>) -> Result<Value, Told> {
    let answer = answer.map_err(|error| told(format!("the service: {error}")))?;
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if (200..300).contains(&answer.status) {
        return Ok(value);
    }
    let detail = value["detail"].as_str().map_or_else(|| format!("status {}", answer.status), str::to_owned);
    Err(told(format!("the service: {}", plain::line(detail.as_bytes()))))
}

/// A service is told in JSON, which has text alone.
fn text(word: &std::ffi::OsStr) -> Result<String, Told> {
    word.to_str()
        .map(str::to_owned)
        .ok_or_else(|| told(format!("{word:?} is no UTF-8, which a service cannot be told")))
}

fn print(line: &str) -> Result<(), Told> {
    let mut out = show::stdout().map_err(|error| told(error.to_string()))?;
    writeln!(out, "{line}").map_err(|error| told(format!("standard output: {error}")))
}

fn told(what: String) -> Told {
    Box::new(what)
}
