//! Places where a shell with arrays takes a value for the name of a variable, or calculates with it: there it runs the
//! `a[$(rm -rf ~)]` that an input is, though no quotes are at fault.

use super::split::{has_input, text};
use crate::template::{Piece, Word};

/// What takes an input for a name or a number.
pub(super) fn evaluated(words: &[Word]) -> Option<&'static str> {
    let subscript = words.iter().any(is_subscript).then_some("a subscript [...]");
    subscript.or_else(|| calculates(words).then_some("$[...]")).or_else(|| {
        let (first, rest) = words.split_first()?;
        by_command(text(first)?, rest)
    })
}

fn by_command(command: &[u8], rest: &[Word]) -> Option<&'static str> {
    let any = || rest.iter().any(has_input);
    let named = || rest.iter().any(is_named_by_input);
    let found = match command {
        b"let" => ("let", any()),
        b"unset" => ("unset", any()),
        b"declare" => ("declare", named()),
        b"typeset" => ("typeset", named()),
        b"local" => ("local", named()),
        b"readonly" => ("readonly", named()),
        b"read" => ("read", operands(rest).any(has_input)),
        b"mapfile" | b"readarray" => ("mapfile", operands(rest).any(has_input)),
        b"printf" => ("printf -v", behind(rest, b"-v")),
        b"test" | b"[" => ("test -v", behind(rest, b"-v")),
        b"[[" => ("[[ ... ]]", behind(rest, b"-v") || (compares(rest) && any())),
        _ => return None,
    };
    found.1.then_some(found.0)
}

/// `${a[{}]}`, `a[{}]=1`, `${x:{}}`: an input behind what only stands before a subscript or an offset.
fn is_subscript(word: &Word) -> bool {
    word.windows(2).enumerate().any(|(at, pair)| {
        let [Piece::Text(before), Piece::Input(..)] = pair else { return false };
        let after = match word.get(at + 2) {
            Some(Piece::Text(after)) => after.as_slice(),
            _ => b"",
        };
        let assigns = at == 0
            && before.split_last().is_some_and(|(last, name)| *last == b'[' && is_name(name))
            && (after.starts_with(b"]=") || after.starts_with(b"]+="));
        assigns || expands_with(before)
    })
}

/// `$[ … {} … ]`, which bash still knows.
fn calculates(words: &[Word]) -> bool {
    let mut pieces = words.iter().flatten();
    let begins = |piece: &Piece| matches!(piece, Piece::Text(text) if text.windows(2).any(|pair| pair == b"$["));
    let ends = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(&b']'));
    pieces.any(begins) && pieces.take_while(|piece| !ends(piece)).any(|piece| matches!(piece, Piece::Input(..)))
}

/// `${name[` or `${name:`, at its end.
fn expands_with(before: &[u8]) -> bool {
    let Some(begin) = before.windows(2).rposition(|pair| pair == b"${") else { return false };
    let inside = &before[begin + 2..];
    let length = inside.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let (name, rest) = inside.split_at(length);
    let is_offset = rest.split(|byte| *byte == b':').all(|part| part.iter().all(u8::is_ascii_digit));
    is_name(name) && (rest == b"[" || rest.ends_with(b":") && is_offset)
}

pub(super) fn is_name(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// An input before the `=`.
fn is_named_by_input(word: &Word) -> bool {
    let ends_name = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(&b'='));
    word.iter().take_while(|piece| !ends_name(piece)).any(|piece| matches!(piece, Piece::Input(..)))
}

/// Of `read`: what is neither an option nor an option's value.
fn operands(words: &[Word]) -> impl Iterator<Item = &Word> {
    let takes_value = |word: &Word| {
        let option = text(word).filter(|word| word.starts_with(b"-")).and_then(<[u8]>::last);
        option.is_some_and(|letter| b"pdtnNuiCcO".contains(letter))
    };
    let before = std::iter::once(None).chain(words.iter().map(Some));
    words.iter().zip(before).filter(move |(_, before)| !before.is_some_and(takes_value)).map(|(word, _)| word)
}

fn behind(words: &[Word], option: &[u8]) -> bool {
    words.windows(2).any(|pair| text(&pair[0]) == Some(option) && has_input(&pair[1]))
}

fn compares(words: &[Word]) -> bool {
    let numeric: [&[u8]; 6] = [b"-eq", b"-ne", b"-lt", b"-le", b"-gt", b"-ge"];
    words.iter().filter_map(text).any(|word| numeric.contains(&word))
}
