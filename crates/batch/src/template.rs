//! ① The command as it was typed, parsed once; with each input it becomes a [`Command`].
//!
//! ```text
//!  one word with blanks or shell characters    'gzip -9 < {} > {}.gz'     sh -c, see the module `shell`
//!  anything else                               gzip -9 {}                 argv, no shell in between
//!  no {} {.} {/} {//} {/.} {#} {%} in it       gzip -9                    the input is appended
//! ```

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use ganger::{Bytes, Command, SLOT};

use crate::braces::{self, Brace, Replacement, UnknownReplacement};
use crate::form::Form;
use crate::input::Task;
use crate::script::{self, InputsAsCode};
use crate::shell::{self, Context, Quoting};

/// Where a command finds what `{#}` stands for. Left to the pool it would be the task's id, which counts otherwise.
const TASK: &str = "GANGER_TASK";

/// A command with replacement strings.
///
/// ```
/// use ganger_batch::Template;
///
/// let template = Template::parse(&["convert".into(), "{}".into(), "{.}.png".into()])?;
/// assert_eq!(template.show(b"my cat.jpg", 1), b"convert 'my cat.jpg' 'my cat.png'");
/// # Ok::<(), ganger_batch::TemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// A program for `sh -c`.
    Shell(Word),
    /// Program and arguments.
    Direct(Vec<Word>),
}

pub(crate) type Word = Vec<Piece>;

/// A part of a word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text(Vec<u8>),
    Input(Form, Context),
    Number,
    Slot,
}

/// Why what was typed is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// Nothing was typed, or only blanks.
    NoCommand,
    /// A typo, most likely.
    Unknown(UnknownReplacement),
}

impl std::error::Error for TemplateError {}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateError::NoCommand => write!(
                f,
                "no command: give one before the inputs, as in `ganger run 'gzip -9 {{}}' ::: *.log` \
                 (if the inputs are themselves commands: `ganger run sh -c {{}}`)"
            ),
            TemplateError::Unknown(unknown) => unknown.fmt(f),
        }
    }
}

impl Template {
    /// Reads a command as it was typed, one element a word.
    ///
    /// # Errors
    /// When there is no command, or braces in it look like a replacement string and are none.
    pub fn parse(words: &[OsString]) -> Result<Self, TemplateError> {
        let kind = match words {
            [] => return Err(TemplateError::NoCommand),
            [only] if only.as_bytes().trim_ascii().is_empty() => return Err(TemplateError::NoCommand),
            [only] => Self::parse_one(only.as_bytes())?,
            several => Kind::Direct(several.iter().map(|word| direct(word.as_bytes())).collect::<Result<_, _>>()?),
        };
        Ok(Self { kind: appended(kind) })
    }

    fn parse_one(text: &[u8]) -> Result<Kind, TemplateError> {
        let word = direct(text)?;
        let special = |piece: &Piece| matches!(piece, Piece::Text(text) if shell::is_special(text));
        if word.iter().any(special) {
            let mut quoting = Quoting::default();
            return Ok(Kind::Shell(parse_word(text, Some(&mut quoting))?));
        }
        Ok(Kind::Direct(vec![word]))
    }

    /// The program, if it is started directly and is the same for every input: it can be looked for beforehand.
    #[must_use]
    pub fn program(&self) -> Option<&OsStr> {
        match &self.kind {
            Kind::Shell(_) => None,
            Kind::Direct(words) => match words.first()?.as_slice() {
                [Piece::Text(text)] => Some(OsStr::from_bytes(text)),
                _ => None,
            },
        }
    }

    /// Whether inputs become part of a script for another shell, which runs them.
    #[must_use]
    pub fn inputs_as_code(&self) -> Option<InputsAsCode> {
        match &self.kind {
            Kind::Shell(program) => script::in_program(program),
            Kind::Direct(words) => script::in_words(words),
        }
    }

    /// The command for one input.
    pub(crate) fn command(&self, task: &Task) -> Command {
        let mut env = vec![(Bytes::from(TASK), Bytes::from(task.number.to_string()))];
        let argv = match &self.kind {
            Kind::Shell(program) => {
                let program = shell_program(program, task, &mut env);
                vec![Bytes::from(b"/bin/sh".as_slice()), Bytes::from(b"-c".as_slice()), program]
            }
            Kind::Direct(words) => words.iter().map(|word| argument(word, task)).collect(),
        };
        Command { argv, env, ..Command::default() }
    }

    /// The command for one input as a person would type it into a shell. `{%}` is shown as 1.
    #[must_use]
    pub fn show(&self, value: &[u8], number: u64) -> Vec<u8> {
        let mut shown = Vec::new();
        match &self.kind {
            Kind::Shell(program) => program.iter().for_each(|piece| match piece {
                Piece::Input(form, context) => context.quote(form.of(value), &mut shown),
                Piece::Text(_) | Piece::Number | Piece::Slot => verbatim(piece, value, number, b"1", &mut shown),
            }),
            Kind::Direct(words) => words.iter().for_each(|word| {
                let mut argument = Vec::new();
                word.iter().for_each(|piece| verbatim(piece, value, number, b"1", &mut argument));
                shown.extend_from_slice(if shown.is_empty() { b"" } else { b" " });
                Context::Bare.quote(&argument, &mut shown);
            }),
        }
        shown
    }
}

/// Adds the input at the end of a command that takes no notice of it.
fn appended(kind: Kind) -> Kind {
    let is_text = |piece: &Piece| matches!(piece, Piece::Text(_));
    match kind {
        Kind::Shell(mut word) if word.iter().all(is_text) => {
            word.extend([Piece::Text(b" ".to_vec()), Piece::Input(Form::Whole, Context::Bare)]);
            Kind::Shell(word)
        }
        Kind::Direct(mut words) if words.iter().flatten().all(is_text) => {
            words.push(vec![Piece::Input(Form::Whole, Context::Bare)]);
            Kind::Direct(words)
        }
        Kind::Shell(_) | Kind::Direct(_) => kind,
    }
}

fn direct(text: &[u8]) -> Result<Word, TemplateError> {
    parse_word(text, None)
}

/// Takes a word apart. `quoting` follows the quotes of a shell command; there are none in an argument.
fn parse_word(text: &[u8], mut quoting: Option<&mut Quoting>) -> Result<Word, TemplateError> {
    let (mut word, mut plain, mut at) = (Word::new(), Vec::new(), 0);
    while let Some(&byte) = text.get(at) {
        let escaped = byte == b'\\' && matches!(judge(text, at + 1, None), Brace::Replacement(..) | Brace::Unknown(_));
        match judge(text, at, quoting.as_deref()) {
            Brace::Replacement(replacement, length) => {
                word.extend((!plain.is_empty()).then(|| Piece::Text(std::mem::take(&mut plain))));
                let context = quoting.as_deref().map_or(Context::Bare, Quoting::context);
                word.push(piece(replacement, context));
                quoting.as_deref_mut().into_iter().for_each(Quoting::skip);
                at += length;
            }
            Brace::Unknown(length) => {
                let text = String::from_utf8_lossy(&text[at..at + length]).into_owned();
                return Err(TemplateError::Unknown(UnknownReplacement { text }));
            }
            Brace::Plain => {
                // Of an escaped brace the backslash goes and the brace stays, as plain text.
                let byte = if escaped { b'{' } else { byte };
                quoting.as_deref_mut().into_iter().for_each(|quoting| _ = quoting.follow(byte));
                plain.push(byte);
                at += if escaped { 2 } else { 1 };
            }
        }
    }
    word.extend((!plain.is_empty() || word.is_empty()).then_some(Piece::Text(plain)));
    Ok(word)
}

fn judge(text: &[u8], at: usize, quoting: Option<&Quoting>) -> Brace {
    let before = at.checked_sub(1).map(|before| text[before]);
    braces::judge(&text[at.min(text.len())..], before, quoting.is_some_and(Quoting::at_word_start))
}

fn piece(replacement: Replacement, context: Context) -> Piece {
    match replacement {
        Replacement::Input(form) => Piece::Input(form, context),
        Replacement::Number => Piece::Number,
        Replacement::Slot => Piece::Slot,
    }
}

/// What a piece stands for, without any quoting.
fn verbatim(piece: &Piece, value: &[u8], number: u64, slot: &[u8], out: &mut Vec<u8>) {
    match piece {
        Piece::Text(text) => out.extend_from_slice(text),
        Piece::Input(form, _) => out.extend_from_slice(form.of(value)),
        Piece::Number => out.extend_from_slice(number.to_string().as_bytes()),
        Piece::Slot => out.extend_from_slice(slot),
    }
}

fn argument(word: &Word, task: &Task) -> Bytes {
    let mut argument = Vec::with_capacity(task.value.len() + 16);
    word.iter().for_each(|piece| verbatim(piece, &task.value, task.number, SLOT, &mut argument));
    Bytes::from(argument)
}

/// The text for `sh -c`; values that are not harmless go into `env` and are named there.
fn shell_program(word: &Word, task: &Task, env: &mut Vec<(Bytes, Bytes)>) -> Bytes {
    let mut program = Vec::with_capacity(task.value.len() + 64);
    for piece in word {
        match piece {
            Piece::Input(form, context) => {
                let part = form.of(&task.value);
                if shell::is_harmless(part) {
                    program.extend_from_slice(part);
                } else {
                    context.reference(form.variable(), &mut program);
                    define(env, form.variable(), part);
                }
            }
            Piece::Text(_) | Piece::Number | Piece::Slot => {
                verbatim(piece, &task.value, task.number, SLOT, &mut program);
            }
        }
    }
    Bytes::from(program)
}

fn define(env: &mut Vec<(Bytes, Bytes)>, variable: &str, value: &[u8]) {
    if env.iter().all(|(name, _)| name.as_slice() != variable.as_bytes()) {
        env.push((Bytes::from(variable.as_bytes()), Bytes::from(value)));
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
