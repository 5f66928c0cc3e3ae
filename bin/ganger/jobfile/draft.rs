//! One `[[job]]` as it stands in the file: keys and types are right, and nothing else is known.

use std::ffi::OsString;
use std::ops::Range;

use clap::{Arg, Command};
use ganger_batch::OnFailure;

use super::inputs::{self, Inputs};
use crate::jobs::Jobs;
use crate::toml::{Document, Entry, Fault, Node, Setting, Settings, nearest};

/// A job as it was written.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    /// Where its name stands.
    pub(super) at: Range<usize>,
    pub(super) words: Vec<OsString>,
    /// The words are a program and its arguments, whatever is in them.
    pub(super) is_argv: bool,
    pub(super) inputs: Inputs,
    pub(super) after: Vec<(String, Range<usize>)>,
    pub(super) on_failure: OnFailure,
    pub(super) most: Option<Jobs>,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) settings: Vec<Setting>,
}

/// The keys that are no flags.
const KEYS: &[&str] = &[
    "name",
    "command",
    "inputs",
    "inputs_from",
    "array",
    "product",
    "after",
    "on_failure",
    "jobs",
    "directory",
    "environment",
];

/// Whether a flag concerns one command, and may stand in a job.
pub(super) fn is_of_a_job(flag: &Arg) -> bool {
    const OF_THE_RUN: &[&str] =
        &["halt", "delay", "arg_file", "arg_sep", "arg_file_sep", "load", "memfree", "slots", "cpus", "pin", "sandbox"];
    let heading = matches!(flag.get_help_heading(), Some("Inputs" | "Arguments" | "Failures" | "Limits and load"));
    heading && !OF_THE_RUN.contains(&flag.get_id().as_str())
}

/// All jobs of a file, in their order.
pub(super) fn drafts(document: &Document, command: &Command) -> Result<Vec<Draft>, Fault> {
    let settings = Settings::new(command, is_of_a_job);
    let mut drafts = Vec::new();
    for entry in document.entries()? {
        if entry.key != "job" {
            let why = format!("there is no `{}` in a job file, only [[job]]", entry.key);
            return Err(document.fault(entry.at, why + &nearest(&entry.key, ["job".to_owned()].into_iter())));
        }
        if !entry.value.is_array() {
            return Err(document.fault(entry.at, "a job is begun with [[job]], in two pairs of brackets"));
        }
        for node in entry.value.elements()? {
            drafts.push(draft(node, &settings)?);
        }
    }
    if drafts.is_empty() {
        return Err(document.fault(0..0, "there is no [[job]] in it"));
    }
    Ok(drafts)
}

fn draft(node: Node<'_>, settings: &Settings<'_>) -> Result<Draft, Fault> {
    let (document, at) = (node.document(), node.at.clone());
    let missing = |what: &str| document.fault(at.clone(), format!("this job has no {what}"));
    let mut blank = Blank::default();
    for entry in node.entries()? {
        blank.fill(entry, settings)?;
    }
    let Blank { name, command, inputs, after, on_failure, most, environment, settings } = blank;
    let (name, at) = name.ok_or_else(|| missing("name: name = \"...\""))?;
    let (words, is_argv) =
        command.ok_or_else(|| missing("command: command = \"...\", or [\"program\", \"argument\"]"))?;
    let inputs = inputs.unwrap_or(Inputs::None);
    Ok(Draft { name, at, words, is_argv, inputs, after, on_failure, most, environment, settings })
}

/// A job that is being read.
#[derive(Default)]
struct Blank {
    name: Option<(String, Range<usize>)>,
    command: Option<(Vec<OsString>, bool)>,
    inputs: Option<Inputs>,
    after: Vec<(String, Range<usize>)>,
    on_failure: OnFailure,
    most: Option<Jobs>,
    environment: Vec<(OsString, OsString)>,
    settings: Vec<Setting>,
}

impl Blank {
    fn fill(&mut self, entry: Entry<'_>, settings: &Settings<'_>) -> Result<(), Fault> {
        let Entry { key, at, value } = entry;
        match key.as_str() {
            "name" => self.name = Some((name(value)?, at)),
            "command" => self.command = Some(command(value)?),
            "inputs" | "inputs_from" | "array" | "product" => self.take_inputs(&key, at, value)?,
            "after" => self.after = after(value)?,
            "on_failure" => self.on_failure = on_failure(value)?,
            "jobs" => self.most = Some(most(value)?),
            "directory" => self.settings.push(directory(value)?),
            "environment" => self.environment = environment(value)?,
            _ => self.settings.push(settings.read(Entry { key, at, value }, KEYS)?),
        }
        Ok(())
    }

    fn take_inputs(&mut self, key: &str, at: Range<usize>, value: Node<'_>) -> Result<(), Fault> {
        let document = value.document();
        if self.inputs.replace(inputs::read(key, value)?).is_some() {
            let why = "a job has one of inputs, inputs_from, array and product, and this is the second";
            return Err(document.fault(at, why));
        }
        Ok(())
    }
}

fn name(value: Node<'_>) -> Result<String, Fault> {
    let bad = value.fault("a name has letters, digits, and - _ . between them");
    let name = value.text()?;
    let is_good = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    if !name.is_empty() && name.chars().all(is_good) { Ok(name) } else { Err(bad) }
}

/// A string is what is typed between quotes on a command line; an array is a program and its arguments.
fn command(value: Node<'_>) -> Result<(Vec<OsString>, bool), Fault> {
    let empty = value.fault("there is nothing in it to run");
    let is_argv = value.is_array();
    let words: Vec<OsString> = match is_argv {
        true => value.elements()?.into_iter().map(|word| word.word().map(Into::into)).collect::<Result<_, _>>()?,
        false => vec![value.text()?.into()],
    };
    if words.first().is_none_or(|word| word.is_empty()) { Err(empty) } else { Ok((words, is_argv)) }
}

fn after(value: Node<'_>) -> Result<Vec<(String, Range<usize>)>, Fault> {
    let elements = if value.is_array() { value.elements()? } else { vec![value] };
    elements
        .into_iter()
        .map(|job| Ok((job.at.clone(), job.text()?)))
        .map(|job| job.map(|(at, job)| (job, at)))
        .collect()
}

fn on_failure(value: Node<'_>) -> Result<OnFailure, Fault> {
    let wrong = value.fault("it is \"skip\" (the default) or \"run\": what becomes of this job if one before it fails");
    match value.text()?.as_str() {
        "skip" => Ok(OnFailure::Skip),
        "run" => Ok(OnFailure::Run),
        _ => Err(wrong),
    }
}

fn most(value: Node<'_>) -> Result<Jobs, Fault> {
    let (document, at) = (value.document(), value.at.clone());
    value.word()?.parse().map_err(|why: String| document.fault(at, why))
}

fn directory(value: Node<'_>) -> Result<Setting, Fault> {
    let word = format!("--wd={}", value.text()?);
    Ok(Setting { id: "wd".to_owned(), words: vec![word.into()] })
}

fn environment(value: Node<'_>) -> Result<Vec<(OsString, OsString)>, Fault> {
    let pair = |Entry { key, at, value }: Entry<'_>| {
        if key.is_empty() || key.contains(['=', '\0']) {
            return Err(value.document().fault(at, "no variable can be called so"));
        }
        if key.starts_with("__GANGER") {
            return Err(value
                .document()
                .fault(at, "inputs are handed over in variables of such names: choose another"));
        }
        Ok((key.into(), value.word()?.into()))
    };
    value.entries()?.into_iter().map(pair).collect()
}
