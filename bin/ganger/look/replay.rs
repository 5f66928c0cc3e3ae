//! `ganger replay`: exactly one recorded task, again, in the foreground.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use ganger_batch::{Grammar, quoted};
use ganger_store::{Attempt, Run, Task};
use serde::Serialize;

use super::command::{self, Recipe, recipe};
use super::error::LookError;
use super::{Out, find, json, open_job};
use crate::flags::look::ReplayFlags;
use crate::program;

type Environment = BTreeMap<OsString, OsString>;

/// Becomes the task's command, so that the terminal, signals and the exit status are its own. Returns after printing alone.
pub(crate) fn replay(flags: &ReplayFlags, out: &mut Out) -> Result<u8, LookError> {
    let again = {
        let (reader, job) = open_job(&flags.of)?;
        let task = find(&reader, &job, flags.task)?;
        let run = reader.run_of(task.id, job.id)?;
        Again::of(&run, &task, reader.last_attempt(task.id)?.as_ref(), flags.debug)?
    };
    if flags.of.store.json {
        json(out, &again.document())?;
        return Ok(0);
    }
    if flags.print {
        out.write_all(&again.line())?;
        return Ok(0);
    }
    if flags.debug { again.debugged()? } else { again }.start()
}

/// What is to be run.
struct Again {
    argv: Vec<OsString>,
    directory: PathBuf,
    environment: Environment,
}

impl Again {
    fn of(run: &Run, task: &Task, last: Option<&Attempt>, debug: bool) -> Result<Self, LookError> {
        let directory = PathBuf::from(OsString::from_vec(run.setting.directory.clone()));
        let mut environment = recorded(run);
        if Grammar::from_stored(&run.setting.grammar).piped {
            return Err(LookError::OfBlock { block: String::from_utf8_lossy(&task.input).into_owned() });
        }
        match recipe(run)? {
            Recipe::Command(template) => {
                let replay = command::replay(&template, task, last.map_or(1, |last| last.slot.max(1)));
                environment.extend(replay.env);
                let attempt = last.map_or(1, |last| last.number);
                environment.insert("GANGER_ATTEMPT".into(), attempt.to_string().into());
                Ok(Self { argv: replay.argv, directory, environment })
            }
            Recipe::Worker(program) if debug => Err(LookError::OfWorker { program: command::line(&program) }),
            Recipe::Worker(program) => {
                // A replay is no job.
                environment.remove(OsStr::new("GANGER_STORE"));
                Ok(Self { argv: command::feed(&program, task), directory, environment })
            }
        }
    }

    fn debugged(self) -> Result<Self, LookError> {
        program::find("gdb".as_ref(), None).map_err(|_| LookError::NoDebugger)?;
        let mut argv: Vec<OsString> = vec!["gdb".into()];
        if self.argv.first().is_some_and(|program| program == "/bin/sh") {
            // What is to be debugged is what the shell starts.
            argv.extend(["-ex".into(), "set follow-fork-mode child".into()]);
        }
        argv.push("--args".into());
        argv.extend(self.argv);
        Ok(Self { argv, ..self })
    }

    fn start(self) -> Result<u8, LookError> {
        let Self { argv, directory, environment } = self;
        check_directory(&directory)?;
        let (program, arguments) = argv.split_first().unwrap_or((&EMPTY, &[]));
        if program.as_bytes().contains(&b'/') {
            program::find(program, Some(&directory))?;
        }
        let mut command = Command::new(program);
        // It comes back only with an error.
        let source = command.args(arguments).current_dir(&directory).env_clear().envs(&environment).exec();
        Err(LookError::Start { program: program.into(), source })
    }

    /// For a shell in the present environment.
    fn line(&self) -> Vec<u8> {
        let present: Environment = env::vars_os().collect();
        let gone = present.keys().filter(|name| !self.environment.contains_key(*name));
        let changed = self.environment.iter().filter(|(name, value)| present.get(*name) != Some(value));
        let mut words: Vec<Vec<u8>> =
            vec![b"cd".to_vec(), quoted(self.directory.as_os_str()), b"&&".to_vec(), b"env".to_vec()];
        gone.for_each(|name| words.extend([b"-u".to_vec(), quoted(name)]));
        changed.for_each(|(name, value)| words.push(assigned(name, value)));
        words.extend(self.argv.iter().map(|word| quoted(word)));
        let mut line = words.join(&b' ');
        line.push(b'\n');
        line
    }

    fn document(&self) -> Document {
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        Document {
            argv: self.argv.iter().map(|word| text(word)).collect(),
            directory: text(self.directory.as_os_str()),
            environment: self.environment.iter().map(|(name, value)| (text(name), text(value))).collect(),
        }
    }
}

static EMPTY: OsString = OsString::new();

/// What would be run. What is no UTF-8 is marked by U+FFFD.
#[derive(Serialize)]
struct Document {
    argv: Vec<String>,
    directory: String,
    environment: BTreeMap<String, String>,
}

fn assigned(name: &OsStr, value: &OsStr) -> Vec<u8> {
    [name.as_bytes(), b"=", &quoted(value)].concat()
}

/// The environment of a run. Secrets are in no store: they come from our own.
fn recorded(run: &Run) -> Environment {
    let ours = env::vars_os().filter(|(name, _)| ganger_batch::is_secret(name));
    let theirs = run.setting.environment.iter().filter_map(|assignment| {
        let at = assignment.iter().position(|&byte| byte == b'=')?;
        Some((OsString::from_vec(assignment[..at].to_vec()), OsString::from_vec(assignment[at + 1..].to_vec())))
    });
    ours.chain(theirs).collect()
}

fn check_directory(path: &Path) -> Result<(), LookError> {
    let found = path.metadata().and_then(|data| match data.is_dir() {
        true => Ok(()),
        false => Err(std::io::ErrorKind::NotADirectory.into()),
    });
    found.map_err(|source| LookError::Directory { path: path.to_owned(), source })
}
