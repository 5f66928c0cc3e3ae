//! What a job is, as the service wants to be told.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde_json::{Map, Value, json};

use super::AskError;
use super::service::{Service, encoded};
use crate::flags::client::{SubmitFlags, WishFlags};

/// What a script of one word is called: its first line as it was typed, since what the service gets has an input in it.
pub(super) fn script_name(words: &[OsString]) -> Option<String> {
    const MOST: usize = 50;
    let [script, ..] = words else { return None };
    let line = script.to_str()?.lines().map(str::trim).find(|line| !line.is_empty())?;
    let shown = || line.chars().filter(|char| !char.is_control()).take(MOST).collect();
    line.contains(char::is_whitespace).then(shown)
}

/// All but its tasks. What was not typed is left to the service.
pub(super) fn job(service: &mut Service, flags: &WishFlags, prefix: Vec<Vec<u8>>) -> Result<Value, AskError> {
    let mut job = Map::new();
    let mut say = |field: &str, value: Value| drop(job.insert(field.to_owned(), value));
    say("queue", json!(flags.queue));
    say("priority", json!(flags.priority));
    say("command", json!(texts(prefix)?));
    if flags.wd.is_some() || runs_commands(service, &flags.queue)? {
        say("directory", json!(directory(flags.wd.as_deref())?));
    }
    let given = [
        ("name", flags.name.as_ref().map(|name| json!(name))),
        ("attempts", flags.attempts.map(|times| json!(times))),
        ("crash_attempts", flags.crash_attempts.map(|times| json!(times))),
        ("keep", flags.keep.map(|time| json!(time.as_secs_f64()))),
        ("timeout", flags.timeout.map(|time| json!(time.as_secs_f64()))),
    ];
    given.into_iter().for_each(|(field, value)| value.into_iter().for_each(|value| say(field, value)));
    if let Some(backoff) = flags.backoff {
        let most = backoff.most.unwrap_or(backoff.first);
        say("backoff", json!({"first": backoff.first.as_secs_f64(), "most": most.as_secs_f64()}));
    }
    if !flags.env.is_empty() {
        say("environment", flags.env.iter().map(|word| variable(word)).collect::<Result<Map<_, _>, _>>()?.into());
    }
    Ok(Value::Object(job))
}

/// When it may begin, and what else concerns this one job alone.
pub(super) fn conditions(flags: &SubmitFlags, job: &mut Value) -> Result<(), AskError> {
    let start_at = flags.at.as_deref().map(moment).transpose()?;
    let (after, after_if) = match flags.after_any.is_empty() {
        true => (&flags.after, "succeeded"),
        false => (&flags.after_any, "over"),
    };
    let waits = !after.is_empty();
    let given = [
        ("delay", flags.delay.map(|delay| json!(delay.as_secs_f64()))),
        ("start_at", start_at.map(|at| json!(at))),
        ("after", waits.then(|| json!(after))),
        ("after_if", waits.then(|| json!(after_if))),
        ("key", flags.key.as_ref().map(|key| json!(key))),
        ("paused", flags.paused.then_some(Value::Bool(true))),
        ("open", flags.open.then_some(Value::Bool(true))),
    ];
    given.into_iter().for_each(|(field, value)| value.into_iter().for_each(|value| job[field] = value));
    Ok(())
}

/// Whether a queue starts a process for each task: one that is kept stands where it does. Of one that is not there, or of an
/// older service, that is supposed: it says itself what is wrong.
fn runs_commands(service: &mut Service, queue: &str) -> Result<bool, AskError> {
    match service.get_patiently(&format!("/v1/queues/{}", encoded(queue))) {
        Ok(found) => Ok(found["runs"].as_str().is_none_or(|runs| runs == "commands")),
        Err(AskError::Refused { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// A service is told in JSON, which has text alone.
pub(super) fn texts(words: Vec<Vec<u8>>) -> Result<Vec<String>, AskError> {
    words.into_iter().map(text).collect()
}

fn text(word: Vec<u8>) -> Result<String, AskError> {
    String::from_utf8(word).map_err(|error| AskError::NoText { word: OsString::from_vec(error.into_bytes()) })
}

/// The service stands elsewhere, so the whole path.
fn directory(given: Option<&Path>) -> Result<String, AskError> {
    let path = given.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let whole = path.canonicalize().map_err(|source| AskError::Directory { path, source })?;
    text(whole.into_os_string().into_vec())
}

/// `NAME=VALUE`, or `NAME` for its value here; what is not set here is empty.
fn variable(word: &OsStr) -> Result<(String, Value), AskError> {
    let bytes = word.as_bytes();
    let (name, value) = match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => (bytes[..at].to_vec(), bytes[at + 1..].to_vec()),
        None => (bytes.to_vec(), env::var_os(word).unwrap_or_default().into_vec()),
    };
    Ok((text(name)?, json!(text(value)?)))
}

/// In seconds since 1970. Without a zone it is this machine's.
fn moment(text: &str) -> Result<f64, AskError> {
    let local = || text.parse::<civil::DateTime>().ok()?.to_zoned(TimeZone::system()).ok();
    let stamp = text.parse::<Timestamp>().ok().or_else(|| local().map(|zoned| zoned.timestamp()));
    stamp.map(|stamp| stamp.as_microsecond() as f64 / 1e6).ok_or_else(|| AskError::NoMoment { text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        assert_eq!(moment("2026-11-30T08:00:00Z").expect("a moment"), 1_796_025_600.0);
        assert_eq!(moment("2026-11-30T09:00:00.5+01:00").expect("a moment"), 1_796_025_600.5);
        assert!(moment("2026-11-30T08:00").is_ok());
        let told = moment("tomorrow").expect_err("no moment").to_string();
        assert!(told.contains("--at tomorrow") && told.contains("--delay"), "{told}");
    }

    #[test]
    fn variables_have_a_value_or_that_of_here() {
        assert_eq!(variable(OsStr::new("A=b=c")).expect("text"), ("A".to_owned(), json!("b=c")));
        assert_eq!(variable(OsStr::new("GANGER_NOT_SET")).expect("text"), ("GANGER_NOT_SET".to_owned(), json!("")));
    }
}
