//! How a value gets into a shell command without becoming a part of the program.
//!
//! A value of harmless characters stands there as it is, so that `$(({} * 2))` counts. Any other value is handed over
//! in a variable of the environment, and the program names that variable: `"${__GANGER_INPUT}"`. The shell does not parse
//! what a variable holds, so no input, however it is named, is ever run; were the value itself quoted into the program,
//! one misjudged quote around `{}` would let `$(rm -rf ~)` loose. [`Quoting`] only judges how to *write* the reference:
//! where it is wrong, a value comes apart at its blanks, and nothing worse. The two `__` in its name are there so that no
//! script sets or unsets it by chance.
//!
//! Two places are told apart because a shell reads there what expansion has put there. In a here-document quotes are text,
//! and a line that is its last word ends it. In arithmetic, shells with arrays evaluate a value once more, and run
//! `a[$(rm -rf ~)]`: what could be such a value is refused, by an expansion that fails.

mod document;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use document::{Documents, Letters};

/// What stands around a place in a shell command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// No quotes.
    Bare,
    /// `"…"`.
    Double,
    /// `'…'`.
    Single,
    /// A here-document, after `<<END`. The letters are those of its last line.
    Document(Letters),
    /// A here-document in which nothing is expanded, after `<<'END'`.
    Verbatim(Letters),
    /// `$((…))`.
    Arithmetic,
}

/// How a value gets to a place in a shell command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It stands there.
    AsItIs,
    /// A variable is named there.
    InVariable,
    /// It does not get there: [`REFUSAL`] stands there.
    Refused,
}

/// An expansion that fails, and says why.
pub(crate) const REFUSAL: &str = "${__GANGER_NO_NUMBER:?an input that is no number}";

impl Context {
    /// How a value gets there.
    pub(crate) fn way(self, value: &[u8]) -> Way {
        let is_evaluated = |byte: &u8| b"[]$`\\\"'".contains(byte);
        let names_ours = || value.windows(8).any(|part| part == b"__GANGER");
        match self {
            Context::Arithmetic if value.iter().any(is_evaluated) || names_ours() => Way::Refused,
            Context::Document(end) | Context::Verbatim(end) if end.may_spell(value) => Way::InVariable,
            _ if is_harmless(value) => Way::AsItIs,
            Context::Bare
            | Context::Double
            | Context::Single
            | Context::Document(_)
            | Context::Verbatim(_)
            | Context::Arithmetic => Way::InVariable,
        }
    }

    /// How the variable is named at such a place.
    pub(crate) fn reference(self, variable: &str, out: &mut Vec<u8>) {
        let (before, after) = match self {
            Context::Bare => ("\"${", "}\""),
            Context::Double | Context::Document(_) | Context::Verbatim(_) | Context::Arithmetic => ("${", "}"),
            Context::Single => ("'\"${", "}\"'"),
        };
        for part in [before, variable, after] {
            out.extend_from_slice(part.as_bytes());
        }
    }

    /// The value as a person would write it at such a place: for display, and for commands to be pasted.
    pub(crate) fn quote(self, value: &[u8], out: &mut Vec<u8>) {
        match self {
            Context::Bare if is_harmless(value) => out.extend_from_slice(value),
            Context::Bare => {
                out.push(b'\'');
                Context::Single.quote(value, out);
                out.push(b'\'');
            }
            Context::Double => value.iter().for_each(|&byte| match byte {
                b'"' | b'\\' | b'$' | b'`' => out.extend_from_slice(&[b'\\', byte]),
                _ => out.push(byte),
            }),
            Context::Single => value.iter().for_each(|&byte| match byte {
                b'\'' => out.extend_from_slice(b"'\\''"),
                _ => out.push(byte),
            }),
            Context::Document(end) if !end.may_spell(value) && !value.contains(&b'\n') => {
                value.iter().for_each(|&byte| match byte {
                    b'\\' | b'$' | b'`' => out.extend_from_slice(&[b'\\', byte]),
                    _ => out.push(byte),
                });
            }
            Context::Document(_) | Context::Arithmetic => printed(value, out),
            // Nothing is expanded there, so this is what is read there.
            Context::Verbatim(_) => self.reference("__GANGER_INPUT", out),
        }
    }
}

/// A value as what a command prints, in one line: the shell neither reads it nor splits it there. What it prints loses the
/// newlines at its end; those come behind it.
fn printed(value: &[u8], out: &mut Vec<u8>) {
    let text = value.len() - value.iter().rev().take_while(|byte| **byte == b'\n').count();
    out.extend_from_slice(b"$(printf '");
    value[..text].iter().for_each(|&byte| match byte {
        b'%' => out.extend_from_slice(b"%%"),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\'' => out.extend_from_slice(b"'\\''"),
        _ => out.push(byte),
    });
    out.extend_from_slice(b"')");
    value[text..].iter().for_each(|_| out.extend_from_slice(b"\n$()"));
}

/// Whether the value means itself wherever it stands in a shell command.
pub(crate) fn is_harmless(value: &[u8]) -> bool {
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./:@%+,-".contains(byte);
    !value.is_empty() && value.iter().all(harmless)
}

/// Whether a command of one word is a script: whether a shell would read more than a plain word.
///
/// ```
/// assert!(ganger_batch::is_script("python3 w.py".as_ref()) && !ganger_batch::is_script("./w.py".as_ref()));
/// ```
#[must_use]
pub fn is_script(word: &OsStr) -> bool {
    is_special(word.as_bytes())
}

/// Whether a shell would read more than a plain word.
pub(crate) fn is_special(text: &[u8]) -> bool {
    text.iter().any(|byte| byte.is_ascii_whitespace() || b"|&;<>()$`\\\"'*?[]#~={}!".contains(byte))
}

/// What a byte is in a shell command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A part of a word.
    Text,
    /// A mark around a part of a word.
    Quote,
    /// Between two words.
    Blank,
    /// Between two commands; a command within another begins or ends.
    Separator,
}

/// Follows the quotes of a shell command, byte by byte.
#[derive(Debug, Default)]
pub(crate) struct Quoting {
    open: Vec<Open>,
    after_backslash: bool,
    in_comment: bool,
    last: Option<u8>,
    documents: Documents,
}

/// What has been opened and not closed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Single,
    Double,
    /// `(`.
    Parenthesis,
    /// `$(`.
    Substitution,
    Backtick,
    /// `$((`, or a parenthesis in it.
    Arithmetic,
    /// `((`: arithmetic where sh is bash, elsewhere commands in commands.
    Calculation,
    Document(Letters),
    Verbatim(Letters),
}

impl Quoting {
    /// What stands around the next byte.
    pub(crate) fn context(&self) -> Context {
        match self.open.last() {
            Some(Open::Single) => Context::Single,
            Some(Open::Double) => Context::Double,
            Some(Open::Parenthesis | Open::Substitution | Open::Backtick | Open::Calculation) | None => Context::Bare,
            Some(Open::Arithmetic) => Context::Arithmetic,
            Some(Open::Document(end)) => Context::Document(*end),
            Some(Open::Verbatim(end)) => Context::Verbatim(*end),
        }
    }

    /// Whether the next byte stands in `((…))`.
    pub(crate) fn is_calculating(&self) -> bool {
        self.open.last() == Some(&Open::Calculation)
    }

    /// Whether the next byte begins a word.
    pub(crate) fn at_word_start(&self) -> bool {
        self.context() == Context::Bare
            && self.last.is_none_or(|last| last.is_ascii_whitespace() || b";&|(".contains(&last))
    }

    /// Something that is no syntax stands here.
    pub(crate) fn skip(&mut self) {
        (self.after_backslash, self.last) = (false, Some(b'x'));
        self.documents.skip();
    }

    /// The next byte, and what it is.
    pub(crate) fn follow(&mut self, byte: u8) -> Role {
        let is_bare = self.context() == Context::Bare && !self.is_calculating() && !self.documents.is_within();
        let is_escaped = self.after_backslash && !self.in_comment;
        let role = if self.documents.is_within() && !self.after_backslash && self.documents.ends_with(byte) {
            self.end_document()
        } else if self.in_comment {
            self.in_comment = byte != b'\n';
            if self.in_comment { Role::Blank } else { Role::Separator }
        } else if self.after_backslash {
            self.after_backslash = false;
            Role::Text
        } else {
            self.read(byte)
        };
        if is_bare || self.documents.is_reading() {
            self.documents.announce(byte, self.last, role);
        }
        if is_bare && byte == b'\n' && role == Role::Separator {
            self.begin_document();
        }
        self.last = Some(if is_escaped { b'x' } else { byte });
        role
    }

    fn begin_document(&mut self) {
        self.open.extend(self.documents.begin().map(|end| match end.is_quoted {
            true => Open::Verbatim(end.letters()),
            false => Open::Document(end.letters()),
        }));
    }

    /// With all that was opened in it; and the next one begins, if there is one.
    fn end_document(&mut self) -> Role {
        let is_document = |open: &Open| matches!(open, Open::Document(_) | Open::Verbatim(_));
        self.open.truncate(self.open.iter().rposition(is_document).unwrap_or(self.open.len()));
        self.in_comment = false;
        self.begin_document();
        Role::Separator
    }

    fn read(&mut self, byte: u8) -> Role {
        let top = self.open.last().copied();
        match (top, byte) {
            (Some(Open::Single), b'\'') | (Some(Open::Double), b'"') => self.close(Role::Quote),
            (Some(Open::Backtick), b'`') => self.close(Role::Separator),
            (Some(Open::Parenthesis | Open::Substitution | Open::Arithmetic | Open::Calculation), b')') => {
                self.close(Role::Separator)
            }
            (Some(Open::Single), _) => Role::Text,
            (Some(Open::Verbatim(_)), _) => between_words(byte),
            (_, b'\\') => {
                self.after_backslash = true;
                Role::Quote
            }
            (_, b'`') => self.open(Open::Backtick, Role::Separator),
            (Some(Open::Double | Open::Document(_)), b'(') if self.last == Some(b'$') => {
                self.open(Open::Substitution, Role::Separator)
            }
            (Some(Open::Double), _) => Role::Text,
            (Some(Open::Document(_)), _) => between_words(byte),
            (Some(Open::Arithmetic), b'(') => self.open(Open::Arithmetic, Role::Separator),
            (Some(Open::Substitution), b'(') if self.last == Some(b'(') => self.open(Open::Arithmetic, Role::Separator),
            (Some(Open::Parenthesis), b'(') if self.last == Some(b'(') => self.open(Open::Calculation, Role::Separator),
            (_, b'(') if self.last == Some(b'$') => self.open(Open::Substitution, Role::Separator),
            (_, b'\'') => self.open(Open::Single, Role::Quote),
            (_, b'"') => self.open(Open::Double, Role::Quote),
            (_, b'(') => self.open(Open::Parenthesis, Role::Separator),
            (_, b'#') if self.at_word_start() => {
                self.in_comment = true;
                Role::Blank
            }
            // `2>&1`
            (_, b'&') if matches!(self.last, Some(b'<' | b'>')) => Role::Text,
            (_, b';' | b'&' | b'|' | b')' | b'\n') => Role::Separator,
            (_, blank) if blank.is_ascii_whitespace() => Role::Blank,
            _ => Role::Text,
        }
    }

    fn open(&mut self, what: Open, role: Role) -> Role {
        self.open.push(what);
        role
    }

    fn close(&mut self, role: Role) -> Role {
        self.open.pop();
        role
    }
}

/// Text in which nothing but blanks counts.
fn between_words(byte: u8) -> Role {
    if byte.is_ascii_whitespace() { Role::Blank } else { Role::Text }
}

#[cfg(test)]
mod tests;
