//! What `--plus` adds in the manner of a shell's `${...}`: cutting off, replacing, another case.
//!
//! | in braces | makes of the argument |
//! |---|---|
//! | `:-text` | `text`, if it is empty |
//! | `:number`, `:number:length` | what begins there |
//! | `#pattern`, `##pattern` | it without what matches at its beginning, as little or as much as possible |
//! | `%pattern`, `%%pattern` | it without what matches at its end |
//! | `/pattern/text`, `//pattern/text` | it with `text` in place of the first match, or of every one |
//! | `^text`, `^^text`, `,text`, `,,text` | it with this in upper or lower case, at its beginning or everywhere |

use std::borrow::Cow;

use regex::bytes::{NoExpand, Regex};

/// A change of an argument.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    /// As it was typed; two that were typed alike are alike.
    typed: Vec<u8>,
    change: Change,
}

#[derive(Clone, Debug)]
enum Change {
    Default(Vec<u8>),
    From {
        start: usize,
        length: usize,
    },
    First(Regex, Vec<u8>),
    Every(Regex, Vec<u8>),
    /// The shortest end that matches as a whole.
    ShortestEnd(Regex),
    Upper(Regex),
    Lower(Regex),
}

impl PartialEq for Edit {
    fn eq(&self, other: &Self) -> bool {
        self.typed == other.typed
    }
}

impl Eq for Edit {}

impl Edit {
    /// Reads what stands in braces. None: it is nothing of the kind.
    pub(crate) fn read(inside: &[u8]) -> Option<Self> {
        let text = str::from_utf8(inside).ok()?;
        let change = [part, cut, replaced, other_case].iter().find_map(|read| read(text))?;
        Some(Self { typed: inside.to_vec(), change })
    }

    pub(crate) fn of<'v>(&self, value: &'v [u8]) -> Cow<'v, [u8]> {
        match &self.change {
            Change::Default(text) if value.is_empty() => text.clone().into(),
            Change::Default(_) => value.into(),
            Change::From { start, length } => {
                let rest = value.get(*start..).unwrap_or_default();
                rest[..rest.len().min(*length)].into()
            }
            Change::First(pattern, text) => pattern.replace(value, NoExpand(text)),
            Change::Every(pattern, text) => pattern.replace_all(value, NoExpand(text)),
            Change::ShortestEnd(pattern) => {
                let cut = (0..=value.len()).rev().find(|&at| pattern.is_match(&value[at..]));
                value[..cut.unwrap_or(value.len())].into()
            }
            Change::Upper(pattern) => {
                pattern.replace_all(value, |found: &regex::bytes::Captures<'_>| found[0].to_ascii_uppercase())
            }
            Change::Lower(pattern) => {
                pattern.replace_all(value, |found: &regex::bytes::Captures<'_>| found[0].to_ascii_lowercase())
            }
        }
    }
}

fn part(text: &str) -> Option<Change> {
    let rest = text.strip_prefix(':')?;
    if let Some(default) = rest.strip_prefix('-') {
        return Some(Change::Default(default.into()));
    }
    let (start, length) = rest.split_once(':').map_or((rest, None), |(start, length)| (start, Some(length)));
    let length = length.map_or(Some(usize::MAX), |length| length.parse().ok())?;
    Some(Change::From { start: start.parse().ok()?, length })
}

fn cut(text: &str) -> Option<Change> {
    let pattern = |text: String| (!text.is_empty()).then(|| Regex::new(&text).ok()).flatten();
    let first = |text: String| pattern(text).map(|found| Change::First(found, Vec::new()));
    match (text.as_bytes(), text.get(1..), text.get(2..)) {
        ([b'#' | b'%'], ..) | ([b'#', b'#'], ..) | ([b'%', b'%'], ..) => None,
        ([b'#', b'#', ..], _, Some(greedy)) => first(format!("^(?:{greedy})")),
        ([b'%', b'%', ..], _, Some(greedy)) => first(format!("(?:{greedy})$")),
        ([b'#', ..], Some(lazy), _) => first(format!("^(?U:{lazy})")),
        ([b'%', ..], Some(lazy), _) => pattern(format!("^(?:{lazy})$")).map(Change::ShortestEnd),
        _ => None,
    }
}

fn replaced(text: &str) -> Option<Change> {
    let all = text.strip_prefix("//");
    let (pattern, by) = all.or_else(|| text.strip_prefix('/'))?.split_once('/')?;
    let pattern = Regex::new(pattern).ok().filter(|_| !pattern.is_empty())?;
    Some(if all.is_some() { Change::Every(pattern, by.into()) } else { Change::First(pattern, by.into()) })
}

fn other_case(text: &str) -> Option<Change> {
    let mark = text.chars().next().filter(|mark| matches!(mark, '^' | ','))?;
    let everywhere = text[1..].strip_prefix(mark);
    let literal = regex::escape(everywhere.unwrap_or(&text[1..]));
    let anchored = if everywhere.is_some() { literal } else { format!("^{literal}") };
    let pattern = Regex::new(&anchored).ok().filter(|_| !text.trim_matches(mark).is_empty())?;
    Some(if mark == '^' { Change::Upper(pattern) } else { Change::Lower(pattern) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_edited_as_in_a_shell() {
        let table = [
            (":-myval", "", "myval"),
            (":-myval", "x", "x"),
            (":2", "abcAaAdef", "cAaAdef"),
            (":2:3", "abcAaAdef", "cAa"),
            (":20", "abc", ""),
            ("#bc", "abcAaAdef", "abcAaAdef"),
            ("#abc", "abcAaAdef", "AaAdef"),
            ("#.*a", "abcAaAdef", "bcAaAdef"),
            ("##.*a", "abcAaAdef", "Adef"),
            ("%de", "abcAaAdef", "abcAaAdef"),
            ("%def", "abcAaAdef", "abcAaA"),
            ("%A.*", "abcAaAdef", "abcAa"),
            ("%%A.*", "abcAaAdef", "abc"),
            ("/def/ghi", "abcAaAdef", "abcAaAghi"),
            ("/a/", "abcAaAdef", "bcAaAdef"),
            ("//[aA]/$1", "abcA", "$1bc$1"),
            ("^a", "abcAaAdef", "AbcAaAdef"),
            ("^^a", "abcAaAdef", "AbcAAAdef"),
            (",A", "AbcAaAdef", "abcAaAdef"),
            (",,A", "AbcAaAdef", "abcaaadef"),
        ];
        for (inside, value, wanted) in table {
            let edit = Edit::read(inside.as_bytes()).expect(inside);
            assert_eq!(String::from_utf8_lossy(&edit.of(value.as_bytes())), wanted, "{inside} {value}");
        }
        for inside in ["", "#", "##", "%", "%%", ":", ":x", "/", "/x", "^", "^^", ",", ",,", "#(", "foo", "1"] {
            assert_eq!(Edit::read(inside.as_bytes()), None, "{inside}");
        }
    }
}
