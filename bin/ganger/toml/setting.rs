//! Keys of a file that are flags of `ganger run`: which there are is read off the command line's own list.

use std::ffi::{OsStr, OsString};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::document::{Entry, Fault};

/// The flags that a table may set.
pub(crate) struct Settings<'c> {
    command: &'c Command,
    allowed: fn(&Arg) -> bool,
}

/// A flag that was set, as it would be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) id: String,
    pub(crate) words: Vec<OsString>,
}

impl<'c> Settings<'c> {
    /// Those flags of a command that are allowed and have a long name.
    pub(crate) fn new(command: &'c Command, allowed: fn(&Arg) -> bool) -> Self {
        Self { command, allowed }
    }

    fn flags(&self) -> impl Iterator<Item = &'c Arg> {
        let allowed = self.allowed;
        self.command.get_arguments().filter(move |flag| flag.get_long().is_some() && allowed(flag))
    }

    /// All keys, as they are written in TOML.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        self.flags().filter_map(Arg::get_long).map(|long| long.replace('-', "_"))
    }

    fn find(&self, key: &str) -> Option<&'c Arg> {
        let long = key.replace('_', "-");
        let is_it = |flag: &&Arg| {
            let aliases = flag.get_all_aliases().unwrap_or_default();
            flag.get_long() == Some(&long) || aliases.contains(&long.as_str())
        };
        self.flags().find(is_it)
    }

    /// Reads an entry as a flag; `others`: what else may stand there.
    pub(crate) fn read(&self, entry: Entry<'_>, others: &[&str]) -> Result<Setting, Fault> {
        let Some(flag) = self.find(&entry.key) else {
            let known = self.keys().chain(others.iter().map(|&key| key.to_owned()));
            let why = format!("there is no `{}`{}", entry.key, nearest(&entry.key, known));
            return Err(entry.value.document().fault(entry.at, why));
        };
        let (document, at) = (entry.value.document(), entry.value.at.clone());
        let words = words(flag, entry)?;
        let setting = Setting { id: flag.get_id().to_string(), words };
        self.check(&setting).map_err(|why| document.fault(at, why))?;
        Ok(setting)
    }

    /// Lets the flag's own parser say what is wrong with a value. What it needs beside it may come from elsewhere.
    fn check(&self, setting: &Setting) -> Result<(), String> {
        match self.command.clone().no_binary_name(true).try_get_matches_from(&setting.words) {
            Err(error) if error.kind() != ErrorKind::MissingRequiredArgument => Err(reason(&error)),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// What clap says, without what it says about the command line.
fn reason(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    first.strip_prefix("error: ").unwrap_or(first).to_owned()
}

/// A value as it would be typed behind its flag.
fn words(flag: &Arg, entry: Entry<'_>) -> Result<Vec<OsString>, Fault> {
    let long = flag.get_long().unwrap_or_default();
    let typed = |value: String| OsString::from(format!("--{long}={value}"));
    if matches!(flag.get_action(), ArgAction::SetTrue) {
        return Ok(entry.value.truth()?.then(|| format!("--{long}").into()).into_iter().collect());
    }
    if matches!(flag.get_action(), ArgAction::Append) && entry.value.is_array() {
        return entry.value.elements()?.into_iter().map(|element| element.word().map(typed)).collect();
    }
    Ok(vec![typed(entry.value.word()?)])
}

/// The flags that were given on the command line or in the environment.
pub(crate) fn given(command: &Command, matches: &ArgMatches, allowed: fn(&Arg) -> bool) -> Vec<Setting> {
    let was_given = |flag: &&Arg| {
        let source = matches.value_source(flag.get_id().as_str());
        matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable)) && allowed(flag)
    };
    command.get_arguments().filter(was_given).map(|flag| typed(flag, matches)).collect()
}

fn typed(flag: &Arg, matches: &ArgMatches) -> Setting {
    let id = flag.get_id().to_string();
    let (name, before_value) = match (flag.get_long(), flag.get_short()) {
        (Some(long), _) => (format!("--{long}"), "="),
        (None, Some(short)) => (format!("-{short}"), ""),
        (None, None) => (String::new(), ""),
    };
    let with = |value: &OsStr| {
        let mut word = OsString::from(format!("{name}{before_value}"));
        word.push(value);
        word
    };
    let is_a_switch = matches!(flag.get_action(), ArgAction::SetTrue);
    let words = match is_a_switch {
        true => vec![name.into()],
        false => matches.get_raw(&id).into_iter().flatten().map(with).collect(),
    };
    Setting { id, words }
}

/// Puts layers of settings on top of each other: what a flag says that does not go together with one of a later layer
/// does not count. Within a layer that is an error, for the parser to tell.
pub(crate) fn layered(command: &Command, layers: impl IntoIterator<Item = Vec<Setting>>) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for layer in layers {
        settings.retain(|below| !layer.iter().any(|above| clashes(command, below, above)));
        settings.extend(layer);
    }
    settings
}

/// Whether two settings are of one flag, or of two that exclude each other.
fn clashes(command: &Command, one: &Setting, other: &Setting) -> bool {
    let flag = |id: &str| command.get_arguments().find(|flag| flag.get_id() == id);
    let excludes = |one: &str, other: &str| {
        flag(one).is_some_and(|one| command.get_arg_conflicts_with(one).iter().any(|flag| flag.get_id() == other))
    };
    one.id == other.id || excludes(&one.id, &other.id) || excludes(&other.id, &one.id)
}

/// What was meant, most likely.
pub(crate) fn nearest(word: &str, known: impl Iterator<Item = String>) -> String {
    let word = word.replace('-', "_");
    let ranked = known.map(|name| (strsim::jaro_winkler(&word, &name), name));
    let best = ranked.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(likeness, _)| *likeness > 0.75);
    best.map(|(_, name)| format!("; is `{name}` meant?")).unwrap_or_default()
}
