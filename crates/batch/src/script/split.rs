//! A script cut into its commands, and those into words without their quotes.

use crate::shell::{Context, Quoting, Role};
use crate::template::{Piece, Word};

/// What a script consists of.
#[derive(Default)]
pub(super) struct Parts {
    /// In their order; those inside `$(…)` are commands, too.
    pub(super) commands: Vec<Command>,
    /// Whether inputs stand in a here-document.
    pub(super) has_documents: bool,
    /// Whether inputs stand in `((…))`.
    pub(super) calculates: bool,
}

/// One of its commands.
#[derive(Default)]
pub(super) struct Command {
    /// What stands between it and the one before, without blanks.
    joint: Vec<u8>,
    pub(super) words: Vec<Word>,
}

impl Command {
    /// Whether it reads what those before it print.
    pub(super) fn is_piped(&self) -> bool {
        self.joint.iter().filter(|byte| **byte == b'|').count() == 1
    }

    /// Whether what it reads comes from a list of commands, `{ …; } |` or `( … ) |`, of which `before` is the last.
    pub(super) fn reads_a_list(&self, before: &Command) -> bool {
        let ends = [b"}".as_slice(), b"done", b"fi", b"esac"];
        self.joint.contains(&b')') || before.words.first().and_then(text).is_some_and(|word| ends.contains(&word))
    }
}

pub(super) fn split(program: &Word) -> Parts {
    let (mut quoting, mut splitter) = (Quoting::default(), Splitter::default());
    for piece in program {
        match piece {
            Piece::Text(text) => text.iter().for_each(|&byte| {
                let is_command = !matches!(quoting.context(), Context::Document(_) | Context::Verbatim(_));
                let role = quoting.follow(byte);
                if is_command || role == Role::Separator {
                    splitter.add(byte, role);
                }
            }),
            Piece::Input(..) | Piece::Number | Piece::Total | Piece::Slot => {
                splitter.parts.calculates |= quoting.is_calculating() && matches!(piece, Piece::Input(..));
                splitter.put(piece, quoting.context());
                quoting.skip();
            }
        }
    }
    splitter.end_command();
    splitter.parts
}

/// A word that is known beforehand.
pub(super) fn text(word: &Word) -> Option<&[u8]> {
    match word.as_slice() {
        [Piece::Text(text)] => Some(text),
        _ => None,
    }
}

/// What of a word is known before its first input.
pub(super) fn beginning(word: &Word) -> &[u8] {
    match word.first() {
        Some(Piece::Text(text)) => text,
        Some(Piece::Input(..) | Piece::Number | Piece::Total | Piece::Slot) | None => b"",
    }
}

pub(super) fn has_input(word: &Word) -> bool {
    word.iter().any(|piece| matches!(piece, Piece::Input(..)))
}

#[derive(Default)]
struct Splitter {
    parts: Parts,
    command: Command,
    word: Word,
}

impl Splitter {
    fn add(&mut self, byte: u8, role: Role) {
        match role {
            Role::Quote => {}
            Role::Blank => self.end_word(),
            Role::Separator => {
                self.end_command();
                self.command.joint.push(byte);
            }
            Role::Text => match self.word.last_mut() {
                Some(Piece::Text(text)) => text.push(byte),
                Some(Piece::Input(..) | Piece::Number | Piece::Total | Piece::Slot) | None => {
                    self.word.push(Piece::Text(vec![byte]));
                }
            },
        }
    }

    fn put(&mut self, piece: &Piece, context: Context) {
        match context {
            Context::Document(_) => self.parts.has_documents |= matches!(piece, Piece::Input(..)),
            Context::Verbatim(_) => {}
            Context::Bare | Context::Double | Context::Single | Context::Arithmetic => self.word.push(piece.clone()),
        }
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            self.command.words.push(std::mem::take(&mut self.word));
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        if !self.command.words.is_empty() {
            self.parts.commands.push(std::mem::take(&mut self.command));
        }
    }
}
