//! Which braces are replacement strings, which are typos of one, and which are plain text.
//!
//! Shell commands are full of braces, so a rule that is too keen breaks them, and one that is too lax runs ten thousand
//! commands with a typo in them. The rule:
//!
//! | braces | are |
//! |---|---|
//! | `{}` `{.}` `{/}` `{//}` `{/.}` `{#}` `{##}` `{%}` | replacement strings |
//! | around the number or name of an argument, and such a mark: `{1}` `{-1}` `{2.}` `{name/}` | replacement strings, too |
//! | around what `--plus` adds, if that is asked for | replacement strings, too |
//! | after `$`, as in `${HOME}` and `${#}` | plain text |
//! | around digits and marks alone, as in `{..}` `{/,}` `{0}`, or a number that no argument has | an error |
//! | around a name that several arguments have | an error |
//! | … but not `{1,3}` `{1..9}` `[0-9]{4}` `(ab){2}` `stash@{0}` `%{1}` | plain text |
//! | around `=…=`, GNU parallel's Perl | an error |
//! | around one name, unquoted and alone at the beginning of a word of a shell command, as in `echo {foo}` | an error |
//! | around anything else, as in `{print $1}` `{a,b}` `'{print}'` `{ cd x; }` | plain text |
//!
//! After `]` `)` `@` `%` a number means an argument only if there are several.
//!
//! A backslash before a brace that would be a replacement string or an error makes it plain text: `\{}`, `x\{3}`.

use std::fmt;

use crate::form::Form;
use crate::grammar::Grammar;

/// What a replacement string stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Replacement {
    /// Arguments, or a part of each.
    Input(Which, Form),
    /// `{#}`: the task's number, from 1.
    Number,
    /// `{##}`: how many tasks there are.
    Total,
    /// `{%}`: the slot that the command runs in, from 1.
    Slot,
}

/// Which arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// All, with a blank in between.
    All,
    /// The one with this number, from 1; from the end, if it is negative.
    Nth(isize),
}

impl Which {
    /// The place of the argument among so many, from 0.
    pub(crate) fn place(number: isize, among: usize) -> Option<usize> {
        let place =
            if number > 0 { number.unsigned_abs().checked_sub(1) } else { among.checked_sub(number.unsigned_abs()) };
        place.filter(|place| *place < among)
    }
}

/// What a brace begins, and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Brace {
    Replacement(Replacement, usize),
    Unknown(usize),
    Plain,
}

/// No replacement string is longer, and neither is a typo of one.
const LONGEST: usize = 200;

/// Judges what begins with `rest`. `before` is the byte before it; `at_word_start`: it begins a word of a
/// shell command, outside quotes.
pub(crate) fn judge(rest: &[u8], before: Option<u8>, at_word_start: bool, grammar: &Grammar) -> Brace {
    if let Some((inside, mark)) = grammar.renamed.iter().find(|(_, mark)| rest.starts_with(mark))
        && let Some(replacement) = known(inside.as_bytes(), before, grammar)
    {
        return Brace::Replacement(replacement, mark.len());
    }
    let end = rest.iter().take(LONGEST).position(|&byte| byte == b'}');
    let (Some(b'{'), Some(end)) = (rest.first(), end) else { return Brace::Plain };
    if before == Some(b'$') {
        return Brace::Plain;
    }
    if let Some(length) = perl(rest) {
        return Brace::Unknown(length);
    }
    let inside = &rest[1..end];
    if grammar.renamed.iter().any(|(known, _)| known.as_bytes() == inside) || is_range(inside) || is_list(inside) {
        return Brace::Plain;
    }
    match known(inside, before, grammar) {
        Some(_) if !grammar.namesakes(inside).is_empty() => Brace::Unknown(end + 1),
        Some(replacement) => Brace::Replacement(replacement, end + 1),
        None if is_typo(inside, before, grammar) || at_word_start && is_name(inside) => Brace::Unknown(end + 1),
        None => Brace::Plain,
    }
}

fn known(inside: &[u8], before: Option<u8>, grammar: &Grammar) -> Option<Replacement> {
    match inside {
        b"#" => return Some(Replacement::Number),
        b"##" => return Some(Replacement::Total),
        b"%" => return Some(Replacement::Slot),
        _ => {}
    }
    if let Some(form) = Form::read(inside, grammar.plus) {
        return Some(Replacement::Input(Which::All, form));
    }
    let named = grammar.named(inside);
    let named = named.map(|(place, _, form)| Replacement::Input(Which::Nth(place as isize + 1), form));
    named.or_else(|| numbered(inside, before, grammar))
}

fn numbered(inside: &[u8], before: Option<u8>, grammar: &Grammar) -> Option<Replacement> {
    let sign = usize::from(inside.first() == Some(&b'-'));
    let digits = inside[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, form) = inside.split_at(sign + digits);
    let number: isize = str::from_utf8(number).ok()?.parse().ok()?;
    let is_there = number != 0 && grammar.width.is_none_or(|width| number.unsigned_abs() <= width);
    let in_doubt = is_elsewhere(before) && grammar.width == Some(1);
    let form = Form::read(form, grammar.plus).filter(|_| is_there && !in_doubt)?;
    Some(Replacement::Input(Which::Nth(number), form))
}

/// How long GNU parallel's Perl is, if that is it.
fn perl(rest: &[u8]) -> Option<usize> {
    let rest = rest.strip_prefix(b"{=").filter(|rest| !rest.is_empty())?;
    rest.windows(2).position(|end| end == b"=}").map(|end| end + 4)
}

/// After these, a number in braces is as a rule one of a regular expression, of git or of curl.
fn is_elsewhere(before: Option<u8>) -> bool {
    matches!(before, Some(b']' | b')' | b'@' | b'%'))
}

fn is_typo(inside: &[u8], before: Option<u8>, grammar: &Grammar) -> bool {
    let marks = |byte: &u8| byte.is_ascii_digit() || b"./#%,:;^?!+-@*=~".contains(byte);
    let git_or_curl = matches!(before, Some(b'@' | b'%'));
    let repetition = is_elsewhere(before) && inside.iter().all(u8::is_ascii_digit);
    // Where arguments have names, a mistyped form of one is near at hand.
    let misnamed = grammar.names.iter().any(|name| {
        !name.is_empty() && inside.strip_prefix(name.as_slice()).is_some_and(|form| form.iter().all(marks))
    });
    misnamed || inside.iter().all(marks) && !git_or_curl && !repetition
}

/// `1..9`, for shells that have it.
fn is_range(inside: &[u8]) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = str::from_utf8(inside).unwrap_or_default();
    text.split_once("..").is_some_and(|(first, last)| number(first) && number(last))
}

/// `{1,3}`: of a regular expression, or for a shell.
fn is_list(inside: &[u8]) -> bool {
    inside.contains(&b',') && inside.len() > 1 && inside.iter().all(|&byte| byte.is_ascii_digit() || byte == b',')
}

fn is_name(inside: &[u8]) -> bool {
    inside.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Braces that look like a replacement string and are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownReplacement {
    /// The braces, with what is in them.
    text: String,
    why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Perl,
    /// It needs `--plus`.
    Plus,
    /// There are so many arguments.
    Beyond(usize),
    /// The arguments of these numbers all have that name.
    Namesakes(String),
    /// There are these names.
    Names(String),
    Typo,
}

impl UnknownReplacement {
    pub(crate) fn new(text: &[u8], grammar: &Grammar) -> Self {
        let inside = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        let all = Grammar { plus: true, width: None, ..grammar.clone() };
        let why = if perl(text).is_some() {
            Why::Perl
        } else if let numbers @ [_, ..] = grammar.namesakes(inside).as_slice() {
            let numbers: Vec<_> = numbers.iter().map(|place| format!("{{{}}}", place + 1)).collect();
            Why::Namesakes(numbers.join(" "))
        } else if let Some(width) = grammar.width
            && numbered(inside, None, &all).is_some()
            && numbered(inside, None, &Grammar { width: Some(width), ..all.clone() }).is_none()
        {
            Why::Beyond(width)
        } else if !grammar.plus && known(inside, None, &all).is_some() {
            Why::Plus
        } else if !grammar.names.is_empty() {
            let names: Vec<_> =
                grammar.names.iter().map(|name| format!("{{{}}}", String::from_utf8_lossy(name))).collect();
            Why::Names(names.join(" "))
        } else {
            Why::Typo
        };
        Self { text: String::from_utf8_lossy(text).into_owned(), why }
    }
}

impl std::error::Error for UnknownReplacement {}

impl fmt::Display for UnknownReplacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(f, "unknown replacement string {text}: ")?;
        match &self.why {
            Why::Perl => write!(
                f,
                "Perl is not run; let the command's shell compute it, as in 'x={{}}; echo \"${{x%.*}}\"', or see --plus"
            )?,
            Why::Plus => write!(f, "it needs the option --plus")?,
            Why::Beyond(1) => write!(
                f,
                "there is one list of inputs, and one of them for a command, so nothing to choose from by number; \
                 more come by a second :::, --colsep or -N"
            )?,
            Why::Beyond(width) => write!(f, "a command has {width} arguments")?,
            Why::Namesakes(numbers) => {
                write!(f, "the header has that name more than once, so take the argument by its number: {numbers}")?;
            }
            Why::Names(names) => write!(f, "the names are {names}")?,
            Why::Typo => write!(f, "there are {{}} {{.}} {{/}} {{//}} {{/.}} {{#}} {{%}} {{1}} {{1.}}")?,
        }
        write!(f, "; for these very characters write \\{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged_with(text: &str, at_word_start: bool, grammar: &Grammar) -> Brace {
        let at = text.find('{').expect("a brace");
        judge(&text.as_bytes()[at..], text.as_bytes()[..at].last().copied(), at_word_start, grammar)
    }

    fn judged(text: &str, at_word_start: bool) -> Brace {
        judged_with(text, at_word_start, &Grammar::default())
    }

    fn wide(width: usize) -> Grammar {
        Grammar { width: Some(width), ..Grammar::default() }
    }

    const fn nth(number: isize, form: Form) -> Replacement {
        Replacement::Input(Which::Nth(number), form)
    }

    #[test]
    fn replacement_strings_are_known() {
        let all = |form| Replacement::Input(Which::All, form);
        let table = [
            ("{}", all(Form::Whole)),
            ("{.}x", all(Form::NoExtension(1))),
            ("{/}}", all(Form::Basename)),
            ("user@{//}", all(Form::Dirname)),
            ("{/.}", all(Form::Stem(1))),
            ("{#}", Replacement::Number),
            ("{##}", Replacement::Total),
            ("{%}", Replacement::Slot),
            ("{1}", nth(1, Form::Whole)),
            ("a{-1/.}", nth(-1, Form::Stem(1))),
        ];
        for (text, replacement) in table {
            assert!(matches!(judged(text, false), Brace::Replacement(found, _) if found == replacement), "{text}");
        }
    }

    #[test]
    fn arguments_have_numbers_and_names() {
        let names = vec![b"x".to_vec(), b"E-mail address".to_vec()];
        let grammar = Grammar { names, plus: true, ..wide(2) };
        let table = [
            ("{2}", nth(2, Form::Whole)),
            ("user@{2}", nth(2, Form::Whole)),
            ("({1}){2.}", nth(1, Form::Whole)),
            ("{-2//}", nth(-2, Form::Dirname)),
            ("{2...}", nth(2, Form::NoExtension(3))),
            ("{x}", nth(1, Form::Whole)),
            ("{x/.}", nth(1, Form::Stem(1))),
            ("{E-mail address}", nth(2, Form::Whole)),
        ];
        for (text, replacement) in table {
            let found = judged_with(text, true, &grammar);
            assert!(matches!(&found, Brace::Replacement(found, _) if *found == replacement), "{text} {found:?}");
        }
        for text in ["{3}", "{-3}", "{0}", "{x,}", "{y}"] {
            assert!(matches!(judged_with(text, true, &grammar), Brace::Unknown(_)), "{text}");
        }
        assert!(matches!(judged_with("{9}", true, &Grammar { width: None, ..wide(1) }), Brace::Replacement(..)));
    }

    #[test]
    fn other_names_take_the_place_of_the_usual_ones() {
        let grammar = Grammar { renamed: vec![("".into(), b",,".to_vec())], ..Grammar::default() };
        let whole = Replacement::Input(Which::All, Form::Whole);
        assert_eq!(judge(b",,x", None, true, &grammar), Brace::Replacement(whole, 2));
        assert_eq!(judge(b"{}", None, true, &grammar), Brace::Plain);
        assert!(matches!(judge(b"{.}", None, true, &grammar), Brace::Replacement(..)));
    }

    #[test]
    fn places_are_counted_from_both_ends() {
        assert_eq!(
            [1, 3, -1, -3, 4, -4, 0].map(|number| Which::place(number, 3)),
            [Some(0), Some(2), Some(2), Some(0), None, None, None]
        );
    }

    #[test]
    fn typos_are_told() {
        for text in
            ["{..}", "{/,}", "{2}", "{-2}", "{2/.}", "{...}", "{+/}", "{:}", "{= $_++ =}", "{= s/}// =}", "a{3}"]
        {
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
            "{=x}",
        ];
        for text in table {
            assert_eq!(judged(text, false), Brace::Plain, "{text}");
        }
        assert_eq!(judged("{a,b}", true), Brace::Plain);
    }

    #[test]
    fn the_error_names_the_remedy() {
        let names = vec![b"x".to_vec()];
        let table = [
            ("{2}", Grammar::default(), "by number"),
            ("{3}", wide(2), "2 arguments"),
            ("{..}", Grammar::default(), "--plus"),
            ("{= $_++ =}", Grammar::default(), "Perl"),
            ("{y}", Grammar { names, ..wide(1) }, "the names are {x}"),
            ("{/,}", Grammar::default(), "there are {}"),
        ];
        for (text, grammar, told) in table {
            let error = UnknownReplacement::new(text.as_bytes(), &grammar).to_string();
            assert!(error.contains(told) && error.contains(&format!("\\{text}")), "{error}");
        }
    }
}
