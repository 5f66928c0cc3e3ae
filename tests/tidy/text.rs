//! Rust text taken apart: what is code, what is comment, where functions begin and end. A scanner, not a parser: enough
//! for well-formed, formatted sources.

use std::ops::Range;

/// One text in two views of the same length and the same lines: the code without comments and literals, and the
/// comments alone. What is left out is blank, so that a place in one is the place in the other.
pub(crate) struct Views {
    pub(crate) code: String,
    pub(crate) comments: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// Splits a text into its views.
pub(crate) fn split(text: &str) -> Views {
    let chars: Vec<char> = text.chars().collect();
    let mut views = Views { code: String::new(), comments: String::new() };
    let mut at = 0;
    while at < chars.len() {
        let (kind, end) = token(&chars, at);
        for &c in &chars[at..end] {
            views.code.push(if kind == Kind::Code || c == '\n' { c } else { ' ' });
            views.comments.push(if kind == Kind::Comment || c == '\n' { c } else { ' ' });
        }
        at = end;
    }
    views
}

/// The kind of what begins at a place, and where it ends. Code goes char by char.
fn token(chars: &[char], at: usize) -> (Kind, usize) {
    let next = |offset: usize| chars.get(at + offset).copied().unwrap_or('\0');
    let glued = at > 0 && is_word(chars[at - 1]);
    match (chars[at], next(1)) {
        ('/', '/') => (Kind::Comment, find(chars, at, |c| c == '\n')),
        ('/', '*') => (Kind::Comment, block_comment_end(chars, at)),
        ('"', _) => (Kind::Literal, quoted_end(chars, at, '"')),
        ('r', '"' | '#') | ('b' | 'c', 'r') if !glued => raw_string(chars, at).unwrap_or((Kind::Code, at + 1)),
        ('\'', '\\') => (Kind::Literal, quoted_end(chars, at, '\'')),
        ('\'', _) if next(2) == '\'' => (Kind::Literal, at + 3),
        _ => (Kind::Code, at + 1),
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    chars[from..].iter().position(|&c| wanted(c)).map_or(chars.len(), |offset| from + offset)
}

/// Block comments nest.
fn block_comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn quoted_end(chars: &[char], at: usize, quote: char) -> usize {
    let mut i = at + 1;
    while i < chars.len() && chars[i] != quote {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

/// `r"…"`, `br##"…"##`: or none, if it is `r#name` or a name that begins so.
fn raw_string(chars: &[char], at: usize) -> Option<(Kind, usize)> {
    let marks = find(chars, at, |c| c == 'r') + 1;
    let open = find(chars, marks, |c| c != '#');
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let hashes = open - marks;
    let closes = |i: usize| chars[i] == '"' && chars[i + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
    let end = (open + 1..chars.len()).find(|&i| closes(i)).map_or(chars.len(), |i| i + 1 + hashes);
    Some((Kind::Literal, end))
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The places at which a pattern stands on its own: no letter before it, and none after it if it ends in one.
pub(crate) fn places(text: &str, pattern: &str) -> Vec<usize> {
    let alone = |&at: &usize| {
        let open_end = pattern.ends_with(is_word) && text[at + pattern.len()..].starts_with(is_word);
        let open_start = pattern.starts_with(is_word) && text[..at].ends_with(is_word);
        !open_start && !open_end
    };
    text.match_indices(pattern).map(|(at, _)| at).filter(alone).collect()
}

/// The number of the line of a place, from 1.
pub(crate) fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// A function with a body.
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// From `fn` to the closing brace.
    pub(crate) span: Range<usize>,
    /// The number of its lines, signature and closing brace included.
    pub(crate) lines: usize,
    /// Between the item before it and `fn`: its attributes and qualifiers.
    pub(crate) attributes: &'a str,
}

/// The functions in a view of code, nested ones as well.
pub(crate) fn functions(code: &str) -> Vec<Function<'_>> {
    places(code, "fn").into_iter().filter_map(|at| function(code, at)).collect()
}

/// None if it is a pointer type (`fn(u8)`) or has no body.
fn function(code: &str, at: usize) -> Option<Function<'_>> {
    let rest = code[at + 2..].trim_start();
    let name = &rest[..rest.find(|c| !is_word(c))?];
    let open = body(code, at)?;
    let span = at..braces_end(code, open);
    let attributes = &code[code[..at].rfind(['{', '}', ';']).map_or(0, |before| before + 1)..at];
    let lines = code[span.clone()].matches('\n').count() + 1;
    (!name.is_empty()).then_some(Function { name, span, lines, attributes })
}

/// The brace that opens a function's body: the first that stands in no parenthesis or bracket.
fn body(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0;
    for (offset, c) in code[at..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 => return None,
            '{' if depth == 0 => return Some(at + offset),
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    None
}

/// Behind the brace that closes the one at `open`.
pub(crate) fn braces_end(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (offset, c) in code[open..].char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return open + offset + 1;
        }
    }
    code.len()
}
