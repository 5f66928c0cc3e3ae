//! The command of a recorded task.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use ganger_batch::{Args, Grammar, Replay, Template, TemplateError};
use ganger_store::{Run, Task};

use super::plain;

/// With which word a worker program's job begins: behind it stands the program, and its tasks have no command of their own.
const WORKER: &[u8] = b"--worker";

/// What a run made of its inputs.
pub(crate) enum Recipe {
    /// A command each.
    Command(Template),
    /// A task for this program.
    Worker(String),
}

/// The recipe of a run.
pub(crate) fn recipe(run: &Run) -> Result<Recipe, TemplateError> {
    match run.setting.words.split_first() {
        Some((first, program)) if first == WORKER => Ok(Recipe::Worker(plain::line(&program.join(&b' ')))),
        _ => {
            let words: Vec<_> = run.setting.words.iter().map(|word| OsString::from_vec(word.clone())).collect();
            Template::with(&Grammar::from_stored(&run.setting.grammar), &words).map(Recipe::Command)
        }
    }
}

impl Recipe {
    /// What was run for a task, on a line.
    pub(crate) fn shown(&self, task: &Task) -> String {
        match self {
            Self::Command(template) => {
                String::from_utf8_lossy(&template.show(&Args::from_stored(&task.input), task.number)).into_owned()
            }
            Self::Worker(program) => format!("{program}, given {}", plain::line(&task.input)),
        }
    }
}

/// The command of a task, to be started again in a slot.
pub(crate) fn replay(template: &Template, task: &Task, slot: u32) -> Replay {
    template.replay(Args::from_stored(&task.input), task.number, slot)
}
