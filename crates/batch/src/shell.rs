//! How a value gets into a shell command without becoming a part of the program.
//!
//! A value of harmless characters stands there as it is, so that `$(({} * 2))` counts. Any other value is handed over
//! in a variable of the environment, and the program names that variable: `"${__GANGER_INPUT}"`. The shell does not parse
//! what a variable holds, so no input, however it is named, is ever run; were the value itself quoted into the program,
//! one misjudged quote around `{}` would let `$(rm -rf ~)` loose. [`Quoting`] only judges how to *write* the reference:
//! where it is wrong, a value comes apart at its blanks, and nothing worse. The two `__` in its name are there so that no
//! script sets or unsets it by chance.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// What stands around a place in a shell command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// No quotes.
    Bare,
    /// `"…"`.
    Double,
    /// `'…'`.
    Single,
}

impl Context {
    /// How the variable is named at such a place.
    pub(crate) fn reference(self, variable: &str, out: &mut Vec<u8>) {
        let (before, after) = match self {
            Context::Bare => ("\"${", "}\""),
            Context::Double => ("${", "}"),
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
        }
    }
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
}

/// What has been opened and not closed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Single,
    Double,
    /// `$(` or `(`.
    Parenthesis,
    Backtick,
}

impl Quoting {
    /// What stands around the next byte.
    pub(crate) fn context(&self) -> Context {
        match self.open.last() {
            Some(Open::Single) => Context::Single,
            Some(Open::Double) => Context::Double,
            Some(Open::Parenthesis | Open::Backtick) | None => Context::Bare,
        }
    }

    /// Whether the next byte begins a word.
    pub(crate) fn at_word_start(&self) -> bool {
        self.context() == Context::Bare
            && self.last.is_none_or(|last| last.is_ascii_whitespace() || b";&|(".contains(&last))
    }

    /// Something that is no syntax stands here.
    pub(crate) fn skip(&mut self) {
        (self.after_backslash, self.last) = (false, Some(b'x'));
    }

    /// The next byte, and what it is.
    pub(crate) fn follow(&mut self, byte: u8) -> Role {
        let role = if self.in_comment {
            self.in_comment = byte != b'\n';
            if self.in_comment { Role::Blank } else { Role::Separator }
        } else if self.after_backslash {
            self.after_backslash = false;
            Role::Text
        } else {
            self.read(byte)
        };
        self.last = Some(byte);
        role
    }

    fn read(&mut self, byte: u8) -> Role {
        let top = self.open.last().copied();
        match (top, byte) {
            (Some(Open::Single), b'\'') | (Some(Open::Double), b'"') => self.close(Role::Quote),
            (Some(Open::Backtick), b'`') | (Some(Open::Parenthesis), b')') => self.close(Role::Separator),
            (Some(Open::Single), _) => Role::Text,
            (_, b'\\') => {
                self.after_backslash = true;
                Role::Quote
            }
            (_, b'`') => self.open(Open::Backtick, Role::Separator),
            (Some(Open::Double), b'(') if self.last == Some(b'$') => self.open(Open::Parenthesis, Role::Separator),
            (Some(Open::Double), _) => Role::Text,
            (_, b'\'') => self.open(Open::Single, Role::Quote),
            (_, b'"') => self.open(Open::Double, Role::Quote),
            (_, b'(') => self.open(Open::Parenthesis, Role::Separator),
            (_, b'#') if self.at_word_start() => {
                self.in_comment = true;
                Role::Blank
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_of_the_mark_is_found() {
        let table = [
            ("echo @", Context::Bare),
            ("echo \"@\"", Context::Double),
            ("echo '@'", Context::Single),
            ("echo \"it's @\"", Context::Double),
            ("echo it\\'s @", Context::Bare),
            ("echo '\\' @", Context::Bare),
            ("echo \"\\\" @\"", Context::Double),
            ("echo \"$(cat @)\"", Context::Bare),
            ("echo \"$(cat \"@\")\"", Context::Double),
            ("echo \"$(cat x) @\"", Context::Double),
            ("echo \"`cat @`\"", Context::Bare),
            ("echo \"`cat x` @\"", Context::Double),
            ("(cd /; ls '@')", Context::Single),
            ("echo x # don't\necho @", Context::Bare),
            ("echo x#'@'", Context::Single),
            ("awk '{print $1}' @", Context::Bare),
        ];
        for (command, context) in table {
            let mut quoting = Quoting::default();
            command.bytes().take_while(|&byte| byte != b'@').for_each(|byte| _ = quoting.follow(byte));
            assert_eq!(quoting.context(), context, "{command}");
        }
    }
}
