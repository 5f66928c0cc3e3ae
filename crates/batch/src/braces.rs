//! Which braces are replacement strings, which are typos of one, and which are plain text.
//!
//! Shell commands are full of braces, so a rule that is too keen breaks them, and one that is too lax runs ten thousand
//! commands with a typo in them. The rule:
//!
//! | braces | are |
//! |---|---|
//! | `{}` `{.}` `{/}` `{//}` `{/.}` `{#}` `{%}` | replacement strings |
//! | after `$`, as in `${HOME}` and `${#}` | plain text |
//! | around digits and marks alone, as in `{..}` `{##}` `{/,}` `{1}` | an error |
//! | … but not `{1,3}` `{1..9}` `[0-9]{4}` `(ab){2}` `stash@{0}` `%{1}` | plain text |
//! | around `=…=`, GNU parallel's Perl | an error |
//! | around one name, unquoted and alone at the beginning of a word of a shell command, as in `echo {foo}` | an error |
//! | around anything else, as in `{print $1}` `{a,b}` `'{print}'` `{ cd x; }` | plain text |
//!
//! A backslash before a brace that would be a replacement string or an error makes it plain text: `\{}`, `x\{3}`.

use std::fmt;

use crate::form::Form;

/// What a replacement string stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replacement {
    /// The input, or a part of it.
    Input(Form),
    /// `{#}`: the input's number, from 1.
    Number,
    /// `{%}`: the slot that the command runs in, from 1.
    Slot,
}

/// What a brace begins, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brace {
    Replacement(Replacement, usize),
    Unknown(usize),
    Plain,
}

/// No replacement string is longer, and neither is a typo of one.
const LONGEST: usize = 40;

/// Judges the brace at the beginning of `rest`. `before` is the byte before it; `at_word_start`: it begins a word of a
/// shell command, outside quotes.
pub(crate) fn judge(rest: &[u8], before: Option<u8>, at_word_start: bool) -> Brace {
    let end = rest.iter().take(LONGEST).position(|&byte| byte == b'}');
    let (Some(b'{'), Some(end)) = (rest.first(), end) else { return Brace::Plain };
    if before == Some(b'$') {
        return Brace::Plain;
    }
    let inside = &rest[1..end];
    match known(inside) {
        Some(replacement) => Brace::Replacement(replacement, end + 1),
        None if is_typo(inside, before) || at_word_start && is_name(inside) => Brace::Unknown(end + 1),
        None => Brace::Plain,
    }
}

fn known(inside: &[u8]) -> Option<Replacement> {
    Some(match inside {
        b"" => Replacement::Input(Form::Whole),
        b"." => Replacement::Input(Form::NoExtension),
        b"/" => Replacement::Input(Form::Basename),
        b"//" => Replacement::Input(Form::Dirname),
        b"/." => Replacement::Input(Form::Stem),
        b"#" => Replacement::Number,
        b"%" => Replacement::Slot,
        _ => return None,
    })
}

fn is_typo(inside: &[u8], before: Option<u8>) -> bool {
    let marks = |byte: &u8| byte.is_ascii_digit() || b"./#%,:;^?!+-@*=~".contains(byte);
    let perl = inside.len() > 1 && inside.starts_with(b"=") && inside.ends_with(b"=");
    let git_or_curl = matches!(before, Some(b'@' | b'%'));
    perl || inside.iter().all(marks) && !git_or_curl && !is_range(inside) && !is_repetition(inside, before)
}

/// `1..9`, for shells that have it.
fn is_range(inside: &[u8]) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = str::from_utf8(inside).unwrap_or_default();
    text.split_once("..").is_some_and(|(first, last)| number(first) && number(last))
}

/// `{1,3}` anywhere, and `{4}` after a bracket: of a regular expression.
fn is_repetition(inside: &[u8], before: Option<u8>) -> bool {
    let digits_and = |comma: bool| inside.iter().all(|&byte| byte.is_ascii_digit() || comma && byte == b',');
    let list = inside.contains(&b',') && inside.len() > 1 && digits_and(true);
    list || matches!(before, Some(b']' | b')')) && digits_and(false)
}

fn is_name(inside: &[u8]) -> bool {
    inside.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Braces that look like a replacement string and are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownReplacement {
    /// The braces, with what is in them.
    pub(crate) text: String,
}

impl std::error::Error for UnknownReplacement {}

impl fmt::Display for UnknownReplacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(f, "unknown replacement string {text}: ")?;
        if text.as_bytes().get(1).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-') {
            write!(f, "there is one list of inputs, so nothing to choose from by number; ")?;
        }
        write!(f, "there are {{}} {{.}} {{/}} {{//}} {{/.}} {{#}} {{%}}; for these very characters write \\{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str, at_word_start: bool) -> Brace {
        let at = text.find('{').expect("a brace");
        judge(&text.as_bytes()[at..], text.as_bytes()[..at].last().copied(), at_word_start)
    }

    #[test]
    fn replacement_strings_are_known() {
        let table = [
            ("{}", Replacement::Input(Form::Whole)),
            ("{.}x", Replacement::Input(Form::NoExtension)),
            ("{/}}", Replacement::Input(Form::Basename)),
            ("user@{//}", Replacement::Input(Form::Dirname)),
            ("{/.}", Replacement::Input(Form::Stem)),
            ("{#}", Replacement::Number),
            ("{%}", Replacement::Slot),
        ];
        for (text, replacement) in table {
            assert!(matches!(judged(text, false), Brace::Replacement(found, _) if found == replacement), "{text}");
        }
    }

    #[test]
    fn typos_are_told() {
        for text in ["{..}", "{/,}", "{##}", "{1}", "{-1}", "{2/.}", "{...}", "{+/}", "{:}", "{= $_++ =}", "a{3}"] {
            assert!(matches!(judged(text, false), Brace::Unknown(_)), "{text}");
        }
        assert!(matches!(judged("{foo}", true), Brace::Unknown(5)));
    }

    #[test]
    fn other_braces_are_left_alone() {
        let table = [
            "${HOME}",
            "${#}",
            "${1}",
            "{a,b}",
            "{1,3}",
            "{2,}",
            "{1..9}",
            "[0-9]{4}",
            "(ab){2}",
            "stash@{0}",
            "HEAD@{-1}",
            "%{1}",
            "{print $1}",
            "{print}",
            "{ echo; }",
            "{",
            "{\n}",
            "{a-b}",
            "{\"k\":1}",
            "a\\{2\\}",
        ];
        for text in table {
            assert_eq!(judged(text, false), Brace::Plain, "{text}");
        }
        assert_eq!(judged("{a,b}", true), Brace::Plain);
    }

    #[test]
    fn the_error_names_the_remedy() {
        let told = UnknownReplacement { text: "{1}".to_owned() }.to_string();
        assert!(told.contains("by number") && told.contains("\\{1}"), "{told}");
    }
}
