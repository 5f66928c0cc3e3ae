//! What can be wrong with inputs.

use std::fmt;
use std::io;

use super::Packing;

/// Why there is no next input.
#[derive(Debug)]
pub(crate) enum InputError {
    /// Reading failed.
    Read { name: String, source: io::Error },
    /// No program could be given it as an argument.
    TooLong { name: String, number: u64, longest: usize },
    /// No program could be given it as an argument.
    Nul { name: String, number: u64 },
    /// In comma-separated values.
    OpenQuotes { name: String, number: u64 },
    /// A command with it alone is too long.
    NoRoom { number: u64, length: usize, most: usize },
    /// No record ends within what a block may have.
    NoBorder { name: String, longest: usize },
    /// Records are to be grouped by a column that is not there.
    NoColumn { name: String, column: String },
    /// A block cannot be kept.
    Memory { source: io::Error },
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputError::Read { name, source } => write!(f, "failed to read the inputs from {name}: {source}"),
            InputError::TooLong { name, number, longest } => write!(
                f,
                "input {number} of {name} is longer than {longest} bytes, the most that an argument may have: \
                 is it a list with one input a line (with -0: with a NUL after each)?"
            ),
            InputError::Nul { name, number } => write!(
                f,
                "input {number} of {name} has a NUL in it, which no argument may have: if NULs end the inputs, say -0"
            ),
            InputError::OpenQuotes { name, number } => write!(
                f,
                "input {number} of {name} begins a quote that never ends: close it, or leave out --csv if the quotes \
                 are no marks around columns"
            ),
            InputError::NoRoom { number, length, most } => write!(
                f,
                "input {number} makes the command {length} bytes long, and it may have {most}: fewer inputs for a \
                 command (-n), or more bytes (-s), of which {} are the most",
                Packing::LONGEST
            ),
            InputError::NoBorder { name, longest } => write!(
                f,
                "a record of {name} is longer than {longest} bytes, the most that a block may have: say with --recend or \
                 --recstart where records end (--recend '': anywhere)"
            ),
            InputError::NoColumn { name, column } => {
                write!(
                    f,
                    "--group-by {column}: the header of {name} has no such column; is --colsep what stands between them?"
                )
            }
            InputError::Memory { source } => {
                write!(
                    f,
                    "failed to keep a block of the input in memory: {source}; smaller blocks (--block) or fewer jobs need less"
                )
            }
        }
    }
}
