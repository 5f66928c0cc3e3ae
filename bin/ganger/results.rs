//! `--results`: where each command's results go.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganger_batch::{Format, Grammar, Results, Tag};

use crate::plan::PlanError;

/// What was typed, and the files of a table opened.
pub(crate) fn plan(text: &OsStr, grammar: &Grammar) -> Result<Results, PlanError> {
    if let Some((name, format)) = format(text) {
        return table(name, Path::new(text), format).map_err(|source| PlanError::Results { path: text.into(), source });
    }
    let name = Tag::with(grammar, text)?;
    Ok(match name.varies() {
        true => Results::Named(name),
        false => Results::Tree { dir: PathBuf::from(text), names: grammar.names.clone() },
    })
}

/// Whether what is typed is a table: its name, and how it is written.
pub(crate) fn format(text: &OsStr) -> Option<(&[u8], Format)> {
    let formats = [(".csv", Format::Separated(b',')), (".tsv", Format::Separated(b'\t')), (".json", Format::Json)];
    formats.into_iter().find_map(|(end, format)| Some((text.as_bytes().strip_suffix(end.as_bytes())?, format)))
}

fn table(name: &[u8], path: &Path, format: Format) -> io::Result<Results> {
    let (path, file) = match name {
        b"-" => (None, File::from(io::stdout().as_fd().try_clone_to_owned()?)),
        _ => (Some(path.to_owned()), File::options().read(true).append(true).create(true).open(path)?),
    };
    Ok(Results::Table { format, path, file: Arc::new(file) })
}
