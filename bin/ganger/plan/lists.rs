//! The lists of inputs: which there are, and how they go together.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ganger_batch::{Columns, Input, Join, Reading, Source, Trim};

use super::PlanError;
use crate::flags::InputFlags;
use crate::stdin;

/// A list as it was typed.
#[derive(Debug, PartialEq)]
pub(crate) enum List {
    Arguments(Vec<OsString>),
    File(PathBuf),
}

/// What stands between a command and its inputs.
struct Separators<'f> {
    arguments: &'f OsStr,
    files: &'f OsStr,
}

impl Separators<'_> {
    /// What a word separates, and how what follows is joined to what was before.
    fn read(&self, word: &OsStr) -> Option<(Kind, Join)> {
        let (arguments, files) = (self.arguments.as_encoded_bytes(), self.files.as_encoded_bytes());
        let word = word.as_encoded_bytes();
        let is = |mark: &[u8], join: &[u8]| word.strip_prefix(mark) == Some(join);
        match () {
            () if is(arguments, b"") => Some((Kind::Arguments, Join::Product)),
            () if is(arguments, b"+") => Some((Kind::Arguments, Join::Linked)),
            () if is(files, b"") => Some((Kind::Files, Join::Product)),
            () if is(files, b"+") => Some((Kind::Files, Join::Linked)),
            () => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Arguments,
    Files,
}

/// Parts the command from its inputs: at the first separator.
pub(super) fn split(words: Vec<OsString>, flags: &InputFlags) -> (Vec<OsString>, Vec<(Join, List)>) {
    let separators = Separators { arguments: &flags.arg_sep, files: &flags.arg_file_sep };
    let files = flags.arg_file.iter().map(|path| (Join::Product, List::File(path.clone())));
    let (mut command, mut lists) = (Vec::new(), files.collect::<Vec<_>>());
    let mut current = None;
    for word in words {
        match (separators.read(&word), current) {
            (Some((kind, join)), _) => {
                current = Some((kind, join));
                lists.extend((kind == Kind::Arguments).then(|| (join, List::Arguments(Vec::new()))));
            }
            (None, None) => command.push(word),
            (None, Some((Kind::Files, join))) => lists.push((join, List::File(word.into()))),
            (None, Some((Kind::Arguments, _))) => {
                if let Some((_, List::Arguments(arguments))) = lists.last_mut() {
                    arguments.push(word);
                }
            }
        }
    }
    (command, lists)
}

/// Opens all lists. Without any, standard input is one.
pub(super) fn open(mut lists: Vec<(Join, List)>, flags: &InputFlags) -> Result<Source, PlanError> {
    if lists.is_empty() {
        lists.push((Join::Product, List::File("-".into())));
    }
    let is_stdin = |list: &List| *list == List::File("-".into());
    if lists.iter().filter(|(_, list)| is_stdin(list)).count() > 1 {
        return Err(PlanError::StdinTwice);
    }
    let join = |at: usize, join| match (at, flags.link) {
        (0, _) => Join::Product,
        (_, true) => Join::Wrapped,
        (_, false) => join,
    };
    let opened = lists.into_iter().enumerate().map(|(at, (joined, list))| Ok((join(at, joined), input(list)?)));
    let opened = opened.collect::<Result<_, PlanError>>()?;
    Ok(Source::open(opened, &reading(flags)?))
}

pub(super) fn input(list: List) -> Result<Input, PlanError> {
    match list {
        List::Arguments(arguments) => Ok(Input::Arguments(arguments)),
        List::File(path) if path != Path::new("-") => file(&path).map_err(|source| PlanError::File { path, source }),
        List::File(_) if stdin::was_closed() => Err(PlanError::ClosedStdin),
        List::File(_) => Ok(Input::Stream { name: stdin::NAME.to_owned(), reader: Box::new(io::stdin()) }),
    }
}

fn file(path: &Path) -> io::Result<Input> {
    let reader = File::open(path)?;
    if reader.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(Input::Stream { name: path.display().to_string(), reader: Box::new(reader) })
}

fn reading(flags: &InputFlags) -> Result<Reading, PlanError> {
    let columns = match (&flags.colsep, flags.csv) {
        (None, false) => Columns::One,
        (None, true) => Columns::Csv(b','),
        (Some(separator), false) => Columns::Separated(separator.clone()),
        (Some(separator), true) => match separator.as_str() {
            "\\t" => Columns::Csv(b'\t'),
            "\\|" => Columns::Csv(b'|'),
            other if other.len() == 1 => Columns::Csv(other.as_bytes()[0]),
            other => return Err(PlanError::CsvSeparator { separator: other.to_owned() }),
        },
    };
    let spaced = matches!(columns, Columns::Separated(_));
    Ok(Reading {
        delimiter: if flags.null { 0 } else { flags.delimiter.unwrap_or(b'\n') },
        end: flags.eof.as_ref().map(|text| text.as_encoded_bytes().to_vec()),
        skip_blank: flags.no_run_if_empty,
        trim: flags.trim.unwrap_or(Trim { left: spaced, right: spaced }),
        columns,
    })
}
