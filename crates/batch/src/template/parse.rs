//! From what was typed to pieces.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use super::{Kind, Piece, TemplateError, Word};
use crate::braces::{self, Brace, Replacement, UnknownReplacement, Which};
use crate::form::Form;
use crate::grammar::Grammar;
use crate::shell::{self, Context, Quoting, Role};

pub(super) fn command(grammar: &Grammar, words: &[OsString]) -> Result<Kind, TemplateError> {
    let kind = match words {
        [] => return Ok(Kind::Inputs),
        [only] if only.as_bytes().trim_ascii().is_empty() => return Err(TemplateError::NoCommand),
        [only] if !grammar.no_shell => one(grammar, only.as_bytes())?,
        words => Kind::Direct(words.iter().map(|word| plain(grammar, word.as_bytes())).collect::<Result<_, _>>()?),
    };
    Ok(if grammar.append { appended(kind) } else { kind })
}

fn one(grammar: &Grammar, text: &[u8]) -> Result<Kind, TemplateError> {
    let word = plain(grammar, text)?;
    let special = |piece: &Piece| matches!(piece, Piece::Text(text) if shell::is_special(text));
    if !word.iter().any(special) {
        return Ok(Kind::Direct(vec![word]));
    }
    let mut parser = Parser { grammar, quoting: Some(Quoting::default()), words: Vec::new(), word: Vec::new() };
    parser.parse(text)?;
    parser.end_word();
    Ok(Kind::Shell(parser.words))
}

/// A word in which there are no quotes.
pub(super) fn plain(grammar: &Grammar, text: &[u8]) -> Result<Word, TemplateError> {
    let mut parser = Parser { grammar, quoting: None, words: Vec::new(), word: Vec::new() };
    parser.parse(text)?;
    let mut word = parser.word;
    if word.is_empty() {
        word.push(Piece::Text(Vec::new()));
    }
    Ok(word)
}

/// Adds the inputs at the end of a command that takes no notice of them.
fn appended(kind: Kind) -> Kind {
    let is_text = |piece: &Piece| matches!(piece, Piece::Text(_));
    let input = || Piece::Input(Which::All, Form::Whole, Context::Bare);
    match kind {
        Kind::Shell(mut words) if words.iter().flatten().all(is_text) => {
            words.extend([vec![Piece::Text(b" ".to_vec())], vec![input()]]);
            Kind::Shell(words)
        }
        Kind::Direct(mut words) if words.iter().flatten().all(is_text) => {
            words.push(vec![input()]);
            Kind::Direct(words)
        }
        Kind::Inputs | Kind::Shell(_) | Kind::Direct(_) => kind,
    }
}

struct Parser<'g> {
    grammar: &'g Grammar,
    /// Follows the quotes of a shell command; there are none in an argument.
    quoting: Option<Quoting>,
    words: Vec<Word>,
    word: Word,
}

impl Parser<'_> {
    fn parse(&mut self, text: &[u8]) -> Result<(), TemplateError> {
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let escapes = byte == b'\\' && text.get(at + 1) == Some(&b'{');
            let escaped =
                escapes && matches!(self.judge(text, at + 1, false), Brace::Replacement(..) | Brace::Unknown(_));
            match self.judge(text, at, true) {
                Brace::Replacement(replacement, length) => {
                    let context = self.quoting.as_ref().map_or(Context::Bare, Quoting::context);
                    self.word.push(piece(replacement, context));
                    self.quoting.iter_mut().for_each(Quoting::skip);
                    at += length;
                }
                Brace::Unknown(length) => {
                    return Err(TemplateError::Unknown(UnknownReplacement::new(&text[at..at + length], self.grammar)));
                }
                // Of an escaped brace the backslash goes and the brace stays, as plain text.
                Brace::Plain if escaped => {
                    self.text(b'{');
                    at += 2;
                }
                Brace::Plain => {
                    self.text(byte);
                    at += 1;
                }
            }
        }
        Ok(())
    }

    fn judge(&self, text: &[u8], at: usize, is_start: bool) -> Brace {
        let before = at.checked_sub(1).map(|before| text[before]);
        // A shell may mean something else by it; elsewhere, it is a mistyped name only where there are names.
        let named = at == 0 && !self.grammar.names.is_empty();
        let at_word_start = is_start && self.quoting.as_ref().map_or(named, Quoting::at_word_start);
        braces::judge(&text[at..], before, at_word_start, self.grammar)
    }

    fn text(&mut self, byte: u8) {
        let role = self.quoting.as_mut().map(|quoting| quoting.follow(byte));
        let is_between = matches!(role, Some(Role::Blank | Role::Separator));
        // What stands between words is an element of its own: it is never repeated with them.
        if is_between {
            self.end_word();
        }
        match self.word.last_mut() {
            Some(Piece::Text(text)) => text.push(byte),
            Some(Piece::Input(..) | Piece::Number | Piece::Total | Piece::Slot) | None => {
                self.word.push(Piece::Text(vec![byte]));
            }
        }
        if is_between {
            self.end_word();
        }
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            self.words.push(std::mem::take(&mut self.word));
        }
    }
}

fn piece(replacement: Replacement, context: Context) -> Piece {
    match replacement {
        Replacement::Input(which, form) => Piece::Input(which, form, context),
        Replacement::Number => Piece::Number,
        Replacement::Total => Piece::Total,
        Replacement::Slot => Piece::Slot,
    }
}
