//! ① The command as it was typed, parsed once; with each task's arguments it becomes a [`Command`].
//!
//! ```text
//!  nothing                                      each input is itself a program for sh -c
//!  one word with blanks or shell characters     'gzip -9 < {} > {}.gz'     sh -c, see the module `shell`
//!  anything else                                gzip -9 {}                 argv, no shell in between
//!  none of {} {.} {1} {#} … in it               gzip -9                    the arguments are appended
//! ```
//! Several arguments in the place of one `{}` are words of their own, as they would be in a shell: `x{}y` becomes `xa`
//! and `by`. Where words are repeated (`-X`), it becomes `xay` and `xby`.

mod parse;
mod expand;
mod words;
mod length;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use ganger::{Bytes, Command, SLOT};

use crate::braces::{UnknownReplacement, Which};
use crate::form::Form;
use crate::grammar::Grammar;
use crate::input::{Args, Task};
use crate::script::{self, InputsAsCode};
use crate::shell::Context;

use expand::Values;

pub(crate) use length::Length;

/// A command with replacement strings.
///
/// ```
/// use ganger_batch::{Args, Template};
///
/// let template = Template::parse(&["convert".into(), "{}".into(), "{.}.png".into()])?;
/// assert_eq!(template.show(&Args::one(b"my cat.jpg".to_vec()), 1), b"convert 'my cat.jpg' 'my cat.png'");
/// # Ok::<(), ganger_batch::TemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    kind: Kind,
    /// With several arguments, a word around `{}` is there for each.
    repeat_words: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// The arguments are a program for `sh -c`.
    Inputs,
    /// A program for `sh -c`, cut between its words.
    Shell(Vec<Word>),
    /// Program and arguments.
    Direct(Vec<Word>),
}

pub(crate) type Word = Vec<Piece>;

/// A part of a word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text(Vec<u8>),
    Input(Which, Form, Context),
    Number,
    Total,
    Slot,
}

impl Piece {
    fn is_all(&self) -> bool {
        matches!(self, Piece::Input(Which::All, ..))
    }
}

/// Why what was typed is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// Only blanks were typed.
    NoCommand,
    /// A typo, most likely.
    Unknown(UnknownReplacement),
    /// `{%}` in a tag: what prints first has no slot that is known.
    SlotInTag,
}

impl std::error::Error for TemplateError {}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateError::NoCommand => write!(
                f,
                "no command: give one before the inputs, as in `ganger run 'gzip -9 {{}}' ::: *.log` \
                 (if the inputs are themselves commands, leave it out altogether: `ganger run < commands.txt`)"
            ),
            TemplateError::Unknown(unknown) => unknown.fmt(f),
            TemplateError::SlotInTag => {
                write!(f, "a tag has no {{%}}: print $GANGER_SLOT in the command, or tag with {{}} or {{#}}")
            }
        }
    }
}

impl Template {
    /// Reads a command as it was typed, one element a word, for tasks of one argument.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn parse(words: &[OsString]) -> Result<Self, TemplateError> {
        Self::with(&Grammar::default(), words)
    }

    /// Reads a command as it was typed, one element a word. Without any, the inputs are the commands.
    ///
    /// # Errors
    /// When there are only blanks, or braces look like a replacement string and are none.
    pub fn with(grammar: &Grammar, words: &[OsString]) -> Result<Self, TemplateError> {
        Ok(Self { kind: parse::command(grammar, words)?, repeat_words: grammar.repeat_words })
    }

    /// The program, if it is started directly and is the same for every input: it can be looked for beforehand.
    #[must_use]
    pub fn program(&self) -> Option<&OsStr> {
        match &self.kind {
            Kind::Inputs | Kind::Shell(_) => None,
            Kind::Direct(words) => match words.first()?.as_slice() {
                [Piece::Text(text)] => Some(OsStr::from_bytes(text)),
                _ => None,
            },
        }
    }

    /// Whether something in it stands for an input.
    #[must_use]
    pub fn takes_inputs(&self) -> bool {
        let is_input = |piece: &Piece| matches!(piece, Piece::Input(..));
        match &self.kind {
            Kind::Inputs => true,
            Kind::Shell(words) | Kind::Direct(words) => words.iter().flatten().any(is_input),
        }
    }

    /// Whether inputs become part of a script for another shell, which runs them.
    #[must_use]
    pub fn inputs_as_code(&self) -> Option<InputsAsCode> {
        match &self.kind {
            Kind::Inputs => None,
            Kind::Shell(words) => script::in_program(&words.concat()),
            Kind::Direct(words) => script::in_words(words),
        }
    }

    /// Whether nothing was typed: each input is a command.
    pub(crate) fn is_the_input(&self) -> bool {
        self.kind == Kind::Inputs
    }

    /// Whether it says how many tasks there are.
    #[must_use]
    pub fn needs_total(&self) -> bool {
        match &self.kind {
            Kind::Inputs => false,
            Kind::Shell(words) | Kind::Direct(words) => words.iter().flatten().any(|piece| *piece == Piece::Total),
        }
    }

    /// The command for a task, of which there are `total`.
    pub(crate) fn command(&self, task: &Task, total: Option<u64>) -> Command {
        let values = Values { args: &task.args, number: task.number, total, slot: SLOT };
        let number = task.number.to_string();
        // Left to the pool, GANGER_TASK would be the task's id, which counts otherwise. The others are GNU parallel's.
        let told =
            [("GANGER_TASK", number.as_bytes()), ("PARALLEL_SEQ", number.as_bytes()), ("PARALLEL_JOBSLOT", SLOT)];
        let mut env = told.map(|(name, value)| (Bytes::from(name), Bytes::from(value))).to_vec();
        let argv = match &self.kind {
            Kind::Inputs => shell(Bytes::from(task.args.joined())),
            Kind::Shell(words) => shell(expand::program(words, self.repeat_words, &values, &mut env).into()),
            Kind::Direct(words) => {
                let mut argv = Vec::with_capacity(words.len());
                expand::arguments(words, self.repeat_words, &values, |argument| argv.push(Bytes::from(argument)));
                argv
            }
        };
        Command { argv, env, ..Command::default() }
    }

    /// The command for a task as a person would type it into a shell. `{%}` is shown as 1.
    #[must_use]
    pub fn show(&self, args: &Args, number: u64) -> Vec<u8> {
        self.show_of(args, number, None)
    }

    pub(crate) fn show_of(&self, args: &Args, number: u64, total: Option<u64>) -> Vec<u8> {
        let values = Values { args, number, total, slot: b"1" };
        match &self.kind {
            Kind::Inputs => args.joined().to_vec(),
            Kind::Shell(words) => expand::shown(words, self.repeat_words, &values),
            Kind::Direct(words) => {
                let mut shown = Vec::with_capacity(args.joined().len() + 64);
                expand::arguments(words, self.repeat_words, &values, |argument| {
                    shown.extend_from_slice(if shown.is_empty() { b"" } else { b" " });
                    Context::Bare.quote(argument, &mut shown);
                });
                shown
            }
        }
    }
}

fn shell(program: Bytes) -> Vec<Bytes> {
    vec![Bytes::from(b"/bin/sh".as_slice()), Bytes::from(b"-c".as_slice()), program]
}

/// What stands before each line of a command's output.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// None: the arguments.
    word: Option<Word>,
}

impl Tag {
    /// The command's arguments.
    pub const INPUTS: Tag = Tag { word: None };

    /// Text with replacement strings.
    ///
    /// # Errors
    /// As for a command; and it knows no `{%}`.
    pub fn with(grammar: &Grammar, text: &OsStr) -> Result<Self, TemplateError> {
        let word = parse::plain(grammar, text.as_bytes())?;
        match word.contains(&Piece::Slot) {
            true => Err(TemplateError::SlotInTag),
            false => Ok(Self { word: Some(word) }),
        }
    }

    /// Whether it is not the same for all tasks.
    #[must_use]
    pub fn varies(&self) -> bool {
        self.word.as_ref().is_none_or(|word| word.iter().any(|piece| !matches!(piece, Piece::Text(_))))
    }

    /// It, and the tab behind it.
    pub(crate) fn of(&self, task: &Task) -> Vec<u8> {
        let mut tag = self.text(task);
        tag.push(b'\t');
        tag
    }

    pub(crate) fn text(&self, task: &Task) -> Vec<u8> {
        let mut tag = Vec::new();
        match &self.word {
            None => tag.extend_from_slice(task.args.joined()),
            Some(word) => {
                expand::text(word, &Values { args: &task.args, number: task.number, total: None, slot: b"" }, &mut tag);
            }
        }
        tag
    }
}

#[cfg(test)]
mod tests;
