//! Where the inputs come from.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use ganger_batch::{Regex, Trim};

/// Where the inputs come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Inputs")]
pub(crate) struct InputFlags {
    /// Read the inputs from a file, one a line; - is standard input. Several files: all combinations, as with several :::
    #[arg(short, long, value_name = "FILE")]
    pub(crate) arg_file: Vec<PathBuf>,

    /// Several lists go side by side, the first of each with the first of the others; shorter ones begin anew
    #[arg(long, alias = "xapply")]
    pub(crate) link: bool,

    /// The inputs end with NUL instead of a newline, as from find -print0
    #[arg(short = '0', long, conflicts_with = "delimiter")]
    pub(crate) null: bool,

    /// The inputs end with this character: a letter, \t, \0, \x3b
    #[arg(short, long, value_name = "CHAR", value_parser = delimiter, allow_hyphen_values = true)]
    pub(crate) delimiter: Option<u8>,

    /// An input is several arguments, {1} {2} ...: what matches this regular expression stands in between
    #[arg(short = 'C', long, value_name = "REGEX", value_parser = separator, allow_hyphen_values = true)]
    pub(crate) colsep: Option<Regex>,

    /// The inputs are comma-separated values; quotes and newlines within them count. --colsep ';': the separator
    #[arg(long)]
    pub(crate) csv: bool,

    /// The first input of each list is a header (:), which gives the arguments names: {name} {name.}. With --pipe the
    /// header goes before each block: a line (:), N lines, or what matches at the beginning
    #[arg(long, value_name = ":|N|REGEX", num_args = 1)]
    pub(crate) header: Option<String>,

    /// Cut blanks off the arguments: n (none), l (left), r (right), lr [default: n; with --colsep: lr]
    #[arg(long, value_name = "n|l|r|lr", value_parser = trim)]
    pub(crate) trim: Option<Trim>,

    /// Leave out empty inputs, and those of blanks alone
    #[arg(short = 'r', long)]
    pub(crate) no_run_if_empty: bool,

    /// An input like this ends its list
    #[arg(short = 'E', long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) eof: Option<OsString>,

    /// Take the inputs in a random order
    #[arg(long)]
    pub(crate) shuf: bool,

    /// What stands before inputs on the command line
    #[arg(long, value_name = "WORD", default_value = ":::", allow_hyphen_values = true)]
    pub(crate) arg_sep: OsString,

    /// What stands before files of inputs on the command line
    #[arg(long, value_name = "WORD", default_value = "::::", allow_hyphen_values = true)]
    pub(crate) arg_file_sep: OsString,
}

impl InputFlags {
    /// Whether it was said how inputs are to be read, so that there are some.
    pub(crate) fn say_how_to_read(&self) -> bool {
        let given = [self.delimiter.is_some(), self.colsep.is_some(), self.trim.is_some(), self.eof.is_some()];
        self.null || self.csv || self.shuf || self.changes_count() || given.contains(&true)
    }

    /// Whether there may be fewer tasks than there are inputs.
    pub(crate) fn changes_count(&self) -> bool {
        self.header.is_some() || self.eof.is_some() || self.no_run_if_empty || self.link
    }
}

/// One character as a shell user writes it.
fn delimiter(text: &str) -> Result<u8, String> {
    let number = |digits: &str, base| u8::from_str_radix(digits, base).ok();
    let found = match text.as_bytes() {
        [byte] => Some(*byte),
        b"\\n" => Some(b'\n'),
        b"\\t" => Some(b'\t'),
        b"\\r" => Some(b'\r'),
        b"\\\\" => Some(b'\\'),
        [b'\\', b'x', ..] => number(&text[2..], 16),
        [b'\\', ..] => number(&text[1..], 8),
        _ => None,
    };
    found.ok_or_else(|| "it is one character: `,`, `\\t`, `\\n`, `\\0`, in hex `\\x3b` or in octal `\\073`".to_owned())
}

fn separator(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("it is no regular expression: {error}"))
}

fn trim(text: &str) -> Result<Trim, &'static str> {
    let (left, right) = match text {
        "n" => (false, false),
        "l" => (true, false),
        "r" => (false, true),
        "lr" | "rl" => (true, true),
        _ => return Err("it is n (none), l (left), r (right) or lr (both)"),
    };
    Ok(Trim { left, right })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_read() {
        let table = [
            (",", b','),
            ("\\", b'\\'),
            ("\\t", b'\t'),
            ("\\n", b'\n'),
            ("\\0", 0),
            ("\\x3b", b';'),
            ("\\073", b';'),
            ("\\\\", b'\\'),
        ];
        for (text, byte) in table {
            assert_eq!(delimiter(text), Ok(byte), "{text}");
        }
        for text in ["", ",,", "\\xyz", "\\9", "ü"] {
            assert!(delimiter(text).is_err(), "{text}");
        }
    }
}
