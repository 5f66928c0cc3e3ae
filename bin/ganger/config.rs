//! The configuration file: what `ganger run` is to do unless it is told otherwise.
//!
//! ```toml
//! [run]                 # always
//! jobs = "200%"
//! [profile.quiet]       # with --profile quiet, on top of that
//! bar = false
//! ```
//! Keys are the long names of flags, so that there is no second list of them. What was typed wins: a flag of the file
//! that was typed as well, or that conflicts with one that was, is left out. There is no file of the project beside it:
//! who changes into a directory has not agreed to run commands in another way.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use crate::flags::{Flags, Typed};
use crate::toml::{self, Document, Entry, Fault, Setting, Settings, nearest};

/// Why a command line cannot be understood.
#[derive(Debug)]
pub(crate) enum Unclear {
    /// It is no command line of ours, or asks for help.
    Typed(clap::Error),
    /// The configuration file is at fault.
    Configured(Fault),
}

impl From<clap::Error> for Unclear {
    fn from(error: clap::Error) -> Self {
        Unclear::Typed(error)
    }
}

impl From<Fault> for Unclear {
    fn from(fault: Fault) -> Self {
        Unclear::Configured(fault)
    }
}

/// Reads the command line, and fills in what the configuration says.
pub(crate) fn parse(words: Vec<OsString>) -> Result<(Flags, Typed), Unclear> {
    let mut command = Flags::command();
    command.build();
    let mut matches = command.clone().try_get_matches_from(&words)?;
    let mut flags = Flags::from_arg_matches(&matches)?;
    if let Some(of_serve) = matches.subcommand_matches("serve") {
        let serve = command.find_subcommand("serve").cloned().unwrap_or_default();
        let filled = with_service(&serve, of_serve, words)?;
        return Ok((Flags::from_arg_matches(&command.try_get_matches_from(filled)?)?, Typed::default()));
    }
    if let Some(of_run) = matches.subcommand_matches("run") {
        let run = command.find_subcommand("run").cloned().unwrap_or_default();
        let filled = fill_in(&run, of_run, words)?;
        matches = command.try_get_matches_from(filled)?;
        flags = Flags::from_arg_matches(&matches)?;
        let matches = matches.remove_subcommand().map(|(_, matches)| matches).unwrap_or_default();
        return Ok((flags, Typed { command: run, matches }));
    }
    Ok((flags, Typed::default()))
}

/// The words with those of the configuration behind the verb.
fn fill_in(run: &Command, matches: &ArgMatches, mut words: Vec<OsString>) -> Result<Vec<OsString>, Unclear> {
    let Some(path) = path(matches) else { return Ok(words) };
    let layers = layers(&Document::read(&path)?, run, profiles(matches))?;
    add(&mut words, run, matches, layers);
    Ok(words)
}

/// The words with those of a service's `[service]` behind the verb.
fn with_service(serve: &Command, matches: &ArgMatches, mut words: Vec<OsString>) -> Result<Vec<OsString>, Unclear> {
    let Some(path) = matches.get_one::<PathBuf>("config") else { return Ok(words) };
    let document = Document::read(path)?;
    let settings =
        Settings::new(serve, |flag| !["help", "config", "check_config", "queues"].contains(&flag.get_id().as_str()));
    let tables = document.entries()?.into_iter().filter(|entry| entry.key == "service");
    let entries: Vec<_> = tables.map(|table| table.value.entries()).collect::<Result<_, _>>()?;
    let written = entries.into_iter().flatten().map(|entry| settings.read(entry, &[])).collect::<Result<_, _>>()?;
    add(&mut words, serve, matches, vec![written]);
    Ok(words)
}

/// Adds what is written to what was typed, where that says nothing of it.
fn add(words: &mut Vec<OsString>, verb: &Command, matches: &ArgMatches, mut layers: Vec<Vec<Setting>>) {
    let typed = toml::given(verb, matches, |_| true);
    layers.push(typed.clone());
    // Those that were typed stand there already.
    let added = toml::layered(verb, layers).into_iter().filter(|setting| !typed.contains(setting));
    words.splice(2..2, added.flat_map(|setting| setting.words));
}

fn profiles(matches: &ArgMatches) -> Vec<String> {
    matches.get_many::<String>("profile").into_iter().flatten().cloned().collect()
}

/// The file that was named, or the user's own if there is one.
fn path(matches: &ArgMatches) -> Option<PathBuf> {
    if let Some(path) = matches.get_one::<PathBuf>("config") {
        return Some(path.clone());
    }
    let home = || env::var_os("HOME").filter(|home| !home.is_empty()).map(|home| PathBuf::from(home).join(".config"));
    let base = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(home)?;
    let path = base.join("ganger/config.toml");
    // Whoever asks for a profile is told where it was looked for.
    (path.exists() || matches.contains_id("profile")).then_some(path)
}

/// Whether a flag may stand in a configuration.
fn is_a_default(flag: &Arg) -> bool {
    !["help", "config", "profile", "file", "graph", "after", "retry_failed"].contains(&flag.get_id().as_str())
}

/// What `[run]` and these profiles say, in this order.
fn layers(document: &Document, run: &Command, profiles: Vec<String>) -> Result<Vec<Vec<Setting>>, Fault> {
    let (mut always, mut named) = (Vec::new(), Vec::new());
    for Entry { key, at, value } in document.entries()? {
        match key.as_str() {
            "run" => always = table(value.entries()?, run)?,
            "profile" => named = value.entries()?,
            _ => {
                let known = ["run", "profile"].map(str::to_owned).into_iter();
                let why = format!("there is no `{key}`, only [run] and [profile.NAME]{}", nearest(&key, known));
                return Err(document.fault(at, why));
            }
        }
    }
    // All are looked at: a mistake should not wait for the day on which its profile is needed.
    let tables: Vec<(String, Vec<Setting>)> = named
        .into_iter()
        .map(|entry| Ok((entry.key, table(entry.value.entries()?, run)?)))
        .collect::<Result<_, _>>()?;
    let mut layers = vec![always];
    for profile in profiles {
        let found = tables.iter().find(|(name, _)| *name == profile).map(|(_, settings)| settings.clone());
        let known = || tables.iter().map(|(name, _)| name.clone());
        let why = || format!("there is no [profile.{profile}] in it{}", nearest(&profile, known()));
        layers.push(found.ok_or_else(|| document.fault(0..0, why()))?);
    }
    Ok(layers)
}

fn table(entries: Vec<Entry<'_>>, run: &Command) -> Result<Vec<Setting>, Fault> {
    let settings = Settings::new(run, is_a_default);
    entries.into_iter().map(|entry| settings.read(entry, &[])).collect()
}
