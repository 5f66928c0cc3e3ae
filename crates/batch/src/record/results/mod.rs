//! What each command printed and how it ended, for programs to read: `--results`.
//!
//! ```text
//!  printed ─┬─► tree    DIR/1/INPUT/{stdout,stderr,seq}    written as it comes
//!           └─► table   a row of CSV, TSV or JSON          waits in a spill, written when the command has ended
//! ```

mod tree;
mod table;
mod escape;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganger::Stream;

use super::Times;
use crate::error::Error;
use crate::input::Task;
use crate::spill::Spool;
use crate::template::Tag;
use crate::verdict::Verdict;
use crate::work::Work;
use table::Table;

/// Where the results of a run go.
#[derive(Clone, Debug)]
pub enum Results {
    /// Files in directories that are named after the inputs.
    Tree {
        /// The directory that has them all.
        dir: PathBuf,
        /// The names of the arguments, from the first; the others are called by their numbers.
        names: Vec<Vec<u8>>,
    },
    /// Files that are named by a text with replacement strings: standard output has that name, and `.err` and `.seq` stand
    /// behind it for the others. If it ends with a slash it is a directory of theirs.
    Named(Tag),
    /// A row for each command.
    Table {
        /// How it is written.
        format: Format,
        /// None: to standard output.
        path: Option<PathBuf>,
        /// Open for writing at its end, and for reading unless it is standard output.
        file: Arc<File>,
    },
}

/// How a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values with this in between, and quotes where they are needed.
    Separated(u8),
    /// An object a line.
    Json,
}

/// What is written of the results.
pub(super) enum Book {
    Files(Results),
    Rows(Box<Table>),
}

/// Those of one task, while it runs.
#[derive(Debug, Default)]
pub(super) struct Entry {
    files: Option<tree::Files>,
    rows: [Spool; 2],
}

/// How a task ended.
pub(super) struct Row<'a> {
    pub(super) task: &'a Task,
    pub(super) work: &'a Work,
    pub(super) verdict: &'a Verdict,
    pub(super) times: Times,
    /// Bytes of standard output.
    pub(super) stdout: u64,
}

impl Book {
    pub(super) fn open(results: &Results, goes_on: bool) -> Result<Self, Error> {
        match results {
            Results::Tree { .. } | Results::Named(_) => Ok(Book::Files(results.clone())),
            Results::Table { format, path, file } => {
                let table = Table::open(*format, path.clone(), Arc::clone(file), goes_on)?;
                Ok(Book::Rows(Box::new(table)))
            }
        }
    }

    pub(super) fn printed(
        &mut self,
        entry: &mut Entry,
        task: &Task,
        stream: Stream,
        bytes: &[u8],
    ) -> Result<(), Error> {
        match self {
            Book::Files(results) => files(results, entry, task)?.write(stream, bytes),
            Book::Rows(table) => table.printed(&mut entry.rows, stream, bytes),
        }
    }

    /// What an attempt printed counts for nothing.
    pub(super) fn void(&mut self, entry: &mut Entry) -> Result<(), Error> {
        match self {
            Book::Files(_) => entry.files.as_mut().map_or(Ok(()), tree::Files::clear),
            Book::Rows(table) => {
                table.void(&mut entry.rows);
                Ok(())
            }
        }
    }

    pub(super) fn ended(&mut self, entry: &mut Entry, row: &Row<'_>) -> Result<(), Error> {
        match self {
            Book::Files(results) => {
                files(results, entry, row.task)?;
                entry.files = None;
                Ok(())
            }
            Book::Rows(table) => table.ended(&mut entry.rows, row),
        }
    }
}

/// The files of a task, made when they are first needed.
fn files<'e>(results: &Results, entry: &'e mut Entry, task: &Task) -> Result<&'e mut tree::Files, Error> {
    let files = match entry.files.take() {
        Some(files) => files,
        None => tree::Files::create(results, task)?,
    };
    Ok(entry.files.insert(files))
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    |source| Error::results(path, source)
}
