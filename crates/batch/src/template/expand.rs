//! A task's arguments put in the places that a template has for them.

use ganger::Bytes;

use super::{Piece, Word};
use crate::braces::Which;
use crate::form::Form;
use crate::input::Args;
use crate::shell::{Context, REFUSAL, Way};

/// What the replacement strings stand for.
pub(super) struct Values<'v> {
    pub(super) args: &'v Args,
    pub(super) number: u64,
    pub(super) total: Option<u64>,
    pub(super) slot: &'v [u8],
}

impl Values<'_> {
    /// The places of those that are meant.
    fn places(&self, which: Which) -> std::ops::Range<usize> {
        match which {
            Which::All => 0..self.args.len(),
            Which::Nth(number) => Which::place(number, self.args.len()).map_or(0..0, |place| place..place + 1),
        }
    }

    /// What a piece without arguments stands for.
    fn fixed(&self, piece: &Piece, out: &mut Vec<u8>) {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Number => out.extend_from_slice(self.number.to_string().as_bytes()),
            Piece::Total => out.extend_from_slice(self.total.unwrap_or_default().to_string().as_bytes()),
            Piece::Slot => out.extend_from_slice(self.slot),
            Piece::Input(..) => {}
        }
    }
}

/// Tells the arguments of a program, one after the other.
pub(super) fn arguments(words: &[Word], repeat: bool, values: &Values<'_>, mut tell: impl FnMut(&[u8])) {
    let mut argument = Vec::with_capacity(values.args.joined().len() + 64);
    for word in words {
        argument.clear();
        if values.args.len() == 1 || !word.iter().any(Piece::is_all) {
            text(word, values, &mut argument);
            // In a shell, nothing without quotes is no word.
            if !argument.is_empty() || !is_absent(word, values) {
                tell(&argument);
            }
        } else {
            several(word, repeat, values, &mut argument, &mut tell);
        }
    }
}

/// Only an argument that this task does not have.
fn is_absent(word: &Word, values: &Values<'_>) -> bool {
    matches!(word.as_slice(), [Piece::Input(which, ..)] if values.places(*which).is_empty())
}

/// A word with all arguments, which are none or more than one.
fn several(word: &Word, repeat: bool, values: &Values<'_>, argument: &mut Vec<u8>, tell: &mut impl FnMut(&[u8])) {
    let is_quoted = || word.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains(&b' ')));
    if is_absent(word, values) {
    } else if repeat && !values.args.is_empty() {
        for place in 0..values.args.len() {
            argument.clear();
            word.iter().for_each(|piece| put(piece, values, Some(place), argument));
            tell(argument);
        }
    } else if values.args.is_empty() || is_quoted() {
        // Somebody has kept this word together by quotes.
        text(word, values, argument);
        tell(argument);
    } else {
        apart(word, values, argument, tell);
    }
}

/// As a shell would see it: between two arguments a new word begins.
fn apart(word: &Word, values: &Values<'_>, argument: &mut Vec<u8>, tell: &mut impl FnMut(&[u8])) {
    for piece in word {
        let Piece::Input(Which::All, form, _) = piece else {
            put(piece, values, None, argument);
            continue;
        };
        for (at, value) in values.args.iter().enumerate() {
            if at > 0 {
                tell(argument);
                argument.clear();
            }
            argument.extend_from_slice(&form.of(value));
        }
    }
    tell(argument);
}

/// A word as it stands, without any quoting.
pub(super) fn text(word: &Word, values: &Values<'_>, out: &mut Vec<u8>) {
    word.iter().for_each(|piece| put(piece, values, None, out));
}

/// `only`: of all arguments, the one at this place.
fn put(piece: &Piece, values: &Values<'_>, only: Option<usize>, out: &mut Vec<u8>) {
    let Piece::Input(which, form, _) = piece else { return values.fixed(piece, out) };
    for (at, place) in meant(*which, values, only).enumerate() {
        out.extend_from_slice(if at > 0 { b" " } else { b"" });
        out.extend_from_slice(&form.of(values.args.get(place).unwrap_or_default()));
    }
}

fn meant(which: Which, values: &Values<'_>, only: Option<usize>) -> std::ops::Range<usize> {
    match (which, only) {
        (Which::All, Some(place)) => place..place + 1,
        (Which::All | Which::Nth(_), _) => values.places(which),
    }
}

/// The text for `sh -c`; values that are not harmless go into `env` and are named there.
pub(super) fn program(words: &[Word], repeat: bool, values: &Values<'_>, env: &mut Vec<(Bytes, Bytes)>) -> Vec<u8> {
    let among = values.args.len();
    script(words, repeat, values, |place, (form, context), value, out| {
        match context.way(value) {
            Way::AsItIs => return out.extend_from_slice(value),
            Way::Refused => return out.extend_from_slice(REFUSAL.as_bytes()),
            Way::InVariable => {}
        }
        let variable = match (form.variable(), among) {
            (Some(part), 1) => format!("__GANGER_INPUT{part}"),
            (Some(part), _) => format!("__GANGER_INPUT_{}{part}", place + 1),
            (None, _) => format!("__GANGER_INPUT_PART_{}", env.len()),
        };
        context.reference(&variable, out);
        // Of many arguments each has its own name, and to look for it among them all would take long.
        if among > 1 || env.iter().all(|(name, _)| name.as_slice() != variable.as_bytes()) {
            env.push((Bytes::from(variable.into_bytes()), Bytes::from(value)));
        }
    })
}

/// The text for a person to paste into a shell.
pub(super) fn shown(words: &[Word], repeat: bool, values: &Values<'_>) -> Vec<u8> {
    script(words, repeat, values, |_, (_, context), value, out| match context.way(value) {
        Way::AsItIs => out.extend_from_slice(value),
        Way::InVariable => context.quote(value, out),
        Way::Refused => out.extend_from_slice(REFUSAL.as_bytes()),
    })
}

/// `put_value` gets an argument's place, how it is wanted, and what that is.
fn script(
    words: &[Word],
    repeat: bool,
    values: &Values<'_>,
    mut put_value: impl FnMut(usize, (&Form, Context), &[u8], &mut Vec<u8>),
) -> Vec<u8> {
    let mut script = Vec::with_capacity(values.args.joined().len() + 64);
    for word in words {
        let times = if repeat && word.iter().any(Piece::is_all) { values.args.len() } else { 1 };
        for time in 0..times {
            script.extend_from_slice(if time > 0 { b" " } else { b"" });
            for piece in word {
                let Piece::Input(which, form, context) = piece else {
                    values.fixed(piece, &mut script);
                    continue;
                };
                for (at, place) in meant(*which, values, (times > 1).then_some(time)).enumerate() {
                    script.extend_from_slice(if at > 0 { b" " } else { b"" });
                    let value = form.of(values.args.get(place).unwrap_or_default());
                    put_value(place, (form, *context), &value, &mut script);
                }
            }
        }
    }
    script
}
