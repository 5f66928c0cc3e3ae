//! From what was written to jobs that can be run.

use std::ffi::OsString;

use clap::{ArgMatches, Args as _, Command, FromArgMatches as _};
use ganger_batch::{Args, Job, Planning};

use super::draft::{self, Draft};
use super::inputs::Inputs;
use crate::flags::RunFlags;
use crate::limits;
use crate::plan::{self, Given, PlanError};
use crate::toml::{self, Setting};

/// The jobs of these drafts. What waits for nobody is planned at once, and what cannot be done is told; the others may
/// need what those before them make, so of them only what was written is looked at.
pub(super) fn jobs(drafts: Vec<Draft>, command: &Command, matches: &ArgMatches) -> Result<Vec<Job>, PlanError> {
    let of_all = toml::given(command, matches, |flag| draft::is_of_a_job(flag) || flag.get_id() == "wd");
    drafts.into_iter().map(|draft| job(draft, &of_all, command)).collect()
}

fn job(draft: Draft, of_all: &[Setting], command: &Command) -> Result<Job, PlanError> {
    let Draft { name, words, is_argv, inputs, after, on_failure, most, environment, settings, .. } = draft;
    let named = |error: PlanError, name: &str| PlanError::OfJob { name: name.to_owned(), error: Box::new(error) };
    let settings = toml::layered(command, [of_all.to_vec(), settings]);
    let mut flags = flags(settings).map_err(|error| named(error, &name))?;
    flags.arguments.quote |= is_argv;
    let dir = flags.wd.as_ref().and_then(|dir| std::path::absolute(dir).ok());
    let tasks = inputs.count().filter(|_| !flags.arguments.packs() && !flags.inputs.changes_count());
    let limits = limits::limits(&flags.limits);
    let most = most.map(|most| most.of(ganger::cpu_count()));
    let (given, variables) = (given(inputs), environment.clone());
    let grammar = plan::check(&flags, &words, &given).map_err(|error| named(error, &name))?;
    let plan = {
        let words = words.clone();
        move || plan::assemble(flags, words, given).map(|plan| ganger_batch::Plan { environment: variables, ..plan })
    };
    let planning = match after.is_empty() {
        true => Planning::Made(Box::new(plan().map_err(|error| named(error, &name))?)),
        false => Planning::Later(Box::new(|| plan().map_err(|error| error.to_string()))),
    };
    Ok(Job { name: Some(name), words, grammar, dir, most, on_failure, environment, tasks, limits, planning })
}

/// The flags as if they had been typed.
fn flags(settings: Vec<Setting>) -> Result<RunFlags, PlanError> {
    let command = RunFlags::augment_args(Command::new("run")).no_binary_name(true);
    let matches = command.try_get_matches_from(settings.into_iter().flat_map(|setting| setting.words)).map_err(told)?;
    RunFlags::from_arg_matches(&matches).map_err(told)
}

/// Each value was looked at before: it is two keys that do not go together.
fn told(error: clap::Error) -> PlanError {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    PlanError::Flags { why: first.strip_prefix("error: ").unwrap_or(first).to_owned() }
}

fn given(inputs: Inputs) -> Given {
    let args = |row: Vec<OsString>| row.iter().map(|arg| arg.as_encoded_bytes()).collect::<Args>();
    match inputs {
        Inputs::None => Given::Nothing,
        Inputs::Each(inputs) => Given::lists(vec![inputs]),
        Inputs::Rows(rows) => Given::Tasks(rows.into_iter().map(args).collect()),
        Inputs::Product(lists) => Given::lists(lists),
        Inputs::From(path) => Given::file(path),
    }
}
