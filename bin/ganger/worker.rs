//! What `--worker` comes to: which program, and by which way it is fed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ganger::Linkage;
use ganger_batch::{TemplateError, WorkerProgram};

use crate::flags::WorkerFlags;
use crate::plan::PlanError;
use crate::program;
use crate::show;

/// The program that was typed, found and looked at.
pub(crate) fn plan(flags: &WorkerFlags, words: Vec<OsString>, dir: Option<&Path>) -> Result<WorkerProgram, PlanError> {
    if let Some(word) = words.iter().find(|word| word.as_bytes().windows(2).any(|part| part == b"{}")) {
        return Err(PlanError::InputInWorker { word: word.to_string_lossy().into_owned() });
    }
    let start_timeout = flags.start_timeout;
    let name = shown(&words);
    if name.trim_matches(['`', ' ']).is_empty() {
        return Err(TemplateError::NoCommand.into());
    }
    if let [script] = &words[..]
        && ganger_batch::is_script(script)
    {
        let argv = vec!["/bin/sh".into(), "-c".into(), script.clone()];
        return Ok(WorkerProgram { name, argv, native: None, start_timeout });
    }
    let path = program::find(&words[0], dir)?;
    let native = native(&name, path)?;
    Ok(WorkerProgram { name, argv: words, native, start_timeout })
}

/// As people call it: as it was typed, though no more than fits a sentence.
fn shown(words: &[OsString]) -> String {
    const LONGEST: usize = 60;
    let shown: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let shown = shown.join(" ").replace(char::is_control, " ");
    let kept = &shown[..shown.floor_char_boundary(LONGEST)];
    let more = if kept.len() < shown.len() { "…" } else { "" };
    if shown.contains(' ') { format!("`{kept}{more}`") } else { format!("{kept}{more}") }
}

/// The program's file, if it takes the way without lines.
fn native(name: &str, path: PathBuf) -> Result<Option<PathBuf>, PlanError> {
    let linkage = ganger::linkage(&path).map_err(|source| PlanError::Unreadable { path: path.clone(), source })?;
    if linkage == Linkage::NoWorker {
        show::message(format_args!(
            "warning: {name} is built with ganger, but no function in it has #[ganger::worker]: it is fed JSON lines"
        ));
    }
    Ok((linkage == Linkage::Worker).then_some(path))
}
