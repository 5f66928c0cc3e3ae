//! Here-documents in a shell command: which were announced, and where each ends.
//!
//! ```text
//!  cat <<END && cat <<-'NEXT'     announced: END, NEXT
//!  … {} …                         the first, up to a line that is its word and nothing else
//!  END
//! ```
//! A shell looks for that line before it expands anything. So no input may stand there as it is that could become one: it
//! would end the document, and what follows in it would be run.

use std::collections::VecDeque;

use super::Role;

/// Some of the ASCII characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Letters(u128);

impl Letters {
    fn of(word: &[u8]) -> Self {
        Self(word.iter().filter(|byte| byte.is_ascii()).fold(0, |set, byte| set | 1 << byte))
    }

    /// Whether a line in which this text stands may be a word of these letters.
    pub(super) fn may_spell(self, text: &[u8]) -> bool {
        text.iter().all(|byte| byte.is_ascii() && self.0 & 1 << byte != 0)
    }
}

/// Where a document ends.
#[derive(Debug, Default)]
pub(super) struct End {
    word: Vec<u8>,
    /// In quotes: nothing in the document is expanded.
    pub(super) is_quoted: bool,
    /// `<<-`: tabs before the word do not count.
    skips_tabs: bool,
    is_begun: bool,
}

impl End {
    pub(super) fn letters(&self) -> Letters {
        Letters::of(&self.word)
    }

    fn is(&self, line: &[u8]) -> bool {
        let tabs = line.iter().take_while(|byte| self.skips_tabs && **byte == b'\t').count();
        line[tabs..] == self.word
    }

    /// Takes in the next byte behind `<<`. False: the word is over, or there is none.
    fn read(&mut self, byte: u8, role: Role) -> bool {
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        match role {
            Role::Text if is_first && byte == b'-' => self.skips_tabs = true,
            Role::Text if is_first && byte == b'<' => return false,
            Role::Text => self.word.push(byte),
            Role::Quote => self.is_quoted = true,
            Role::Blank => return !self.is_there(),
            Role::Separator => return false,
        }
        true
    }

    fn is_there(&self) -> bool {
        self.is_quoted || !self.word.is_empty()
    }
}

/// Follows them, byte by byte.
#[derive(Debug, Default)]
pub(super) struct Documents {
    /// Whose word is being read.
    reading: Option<End>,
    announced: VecDeque<End>,
    current: Option<End>,
    /// Of the current one, so far.
    line: Vec<u8>,
}

impl Documents {
    /// The next byte of a command, outside quotes (but for those of the word) and documents; and the byte before it.
    pub(super) fn announce(&mut self, byte: u8, before: Option<u8>, role: Role) {
        match self.reading.as_mut().map(|end| end.read(byte, role)) {
            Some(true) => {}
            Some(false) => self.announced.extend(self.reading.take().filter(End::is_there)),
            None if byte == b'<' && before == Some(b'<') && role == Role::Text => self.reading = Some(End::default()),
            None => {}
        }
    }

    /// A line of a command is over: what was announced first begins.
    pub(super) fn begin(&mut self) -> Option<&End> {
        self.line.clear();
        self.current = self.announced.pop_front();
        self.current.as_ref()
    }

    /// Whether the word behind `<<` is being read.
    pub(super) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    pub(super) fn is_within(&self) -> bool {
        self.current.is_some()
    }

    /// The next byte of a document. True: with it, the document is over.
    pub(super) fn ends_with(&mut self, byte: u8) -> bool {
        if byte != b'\n' {
            self.line.push(byte);
            return false;
        }
        let is_over = self.current.as_ref().is_some_and(|end| end.is(&self.line));
        self.line.clear();
        is_over
    }

    /// Something that is no part of the document's text stands here: this line does not end it.
    pub(super) fn skip(&mut self) {
        self.line.push(0);
        // Nor can it be a part of a word that is known.
        self.reading = None;
    }
}
