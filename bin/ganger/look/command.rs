//! The command of a recorded task.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use ganger_batch::{Args, Grammar, Replay, Template, TemplateError};
use ganger_store::{Run, Task};

use super::plain;

/// With which word a worker program's job begins: behind it stands the program, and its tasks have no command of their own.
const WORKER: &[u8] = b"--worker";

/// What a run made of its inputs.
pub(crate) enum Recipe {
    /// A command each.
    Command(Template),
    /// A task for this program: its words.
    Worker(Vec<OsString>),
}

/// The recipe of a run.
pub(crate) fn recipe(run: &Run) -> Result<Recipe, TemplateError> {
    match run.setting.words.split_first() {
        Some((first, program)) if first == WORKER => Ok(Recipe::Worker(typed(program))),
        _ => {
            let words = typed(&run.setting.words);
            Template::with(&Grammar::from_stored(&run.setting.grammar), &words).map(Recipe::Command)
        }
    }
}

fn typed(words: &[Vec<u8>]) -> Vec<OsString> {
    words.iter().map(|word| OsString::from_vec(word.clone())).collect()
}

/// A worker program as it was typed, on a line.
pub(crate) fn line(program: &[OsString]) -> String {
    let words: Vec<&[u8]> = program.iter().map(|word| word.as_bytes()).collect();
    plain::line(&words.join(&b' '))
}

/// What feeds a worker program one task: `ganger run` itself.
pub(crate) fn feed(program: &[OsString], task: &Task) -> Vec<OsString> {
    let ganger = std::env::current_exe().map_or_else(|_| "ganger".into(), OsString::from);
    let mut argv = vec![ganger, "run".into(), "--worker".into()];
    argv.extend(program.iter().cloned());
    for arg in plain::args(&task.input) {
        argv.extend([":::".into(), OsString::from_vec(arg.to_vec())]);
    }
    argv
}

impl Recipe {
    /// What was run for a task, on a line.
    pub(crate) fn shown(&self, task: &Task) -> String {
        match self {
            Self::Command(template) => {
                String::from_utf8_lossy(&template.show(&Args::from_stored(&task.input), task.number)).into_owned()
            }
            Self::Worker(program) => format!("{}, given {}", line(program), plain::line(&task.input)),
        }
    }
}

/// The command of a task, to be started again in a slot.
pub(crate) fn replay(template: &Template, task: &Task, slot: u32) -> Replay {
    template.replay(Args::from_stored(&task.input), task.number, slot)
}
