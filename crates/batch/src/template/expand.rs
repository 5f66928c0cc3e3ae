//! A task's arguments put in the places that a template has for them.

use ganger::Bytes;

use super::{Piece, Word};
use crate::braces::Which;
use crate::form::Form;
use crate::input::Args;
use crate::shell::{self, Context};

/// What the replacement strings stand for.
pub(super) struct Values<'v> {
    pub(super) args: &'v Args,
    pub(super) number: &'v str,
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
            Piece::Number => out.extend_from_slice(self.number.as_bytes()),
            Piece::Total => out.extend_from_slice(self.total.unwrap_or_default().to_string().as_bytes()),
            Piece::Slot => out.extend_from_slice(self.slot),
            Piece::Input(..) => {}
        }
    }
}

/// The arguments of a program.
pub(super) fn arguments(words: &[Word], repeat: bool, values: &Values<'_>) -> Vec<Vec<u8>> {
    let mut argv = Vec::with_capacity(words.len());
    words.iter().for_each(|word| argument(word, repeat, values, &mut argv));
    argv
}

fn argument(word: &Word, repeat: bool, values: &Values<'_>, argv: &mut Vec<Vec<u8>>) {
    let among = values.args.len();
    if matches!(word.as_slice(), [Piece::Input(Which::Nth(number), ..)] if Which::place(*number, among).is_none()) {
        // In a shell, nothing without quotes is no word.
    } else if among == 1 || !word.iter().any(Piece::is_all) {
        let mut argument = Vec::with_capacity(values.args.joined().len() + 16);
        text(word, values, &mut argument);
        argv.push(argument);
    } else if among == 0 {
        let mut argument = Vec::new();
        text(word, values, &mut argument);
        argv.extend((word.len() > 1).then_some(argument));
    } else if repeat {
        argv.extend((0..among).map(|place| {
            let mut argument = Vec::new();
            word.iter().for_each(|piece| put(piece, values, Some(place), &mut argument));
            argument
        }));
    } else if word.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains(&b' '))) {
        // Somebody has kept this word together by quotes.
        let mut argument = Vec::new();
        text(word, values, &mut argument);
        argv.push(argument);
    } else {
        apart(word, values, argv);
    }
}

/// As a shell would see it: between two arguments a new word begins.
fn apart(word: &Word, values: &Values<'_>, argv: &mut Vec<Vec<u8>>) {
    let mut argument = Vec::new();
    for piece in word {
        let Piece::Input(Which::All, form, _) = piece else {
            put(piece, values, None, &mut argument);
            continue;
        };
        for (at, value) in values.args.iter().enumerate() {
            if at > 0 {
                argv.push(std::mem::take(&mut argument));
            }
            argument.extend_from_slice(&form.of(value));
        }
    }
    argv.push(argument);
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
        if shell::is_harmless(value) {
            return out.extend_from_slice(value);
        }
        let variable = match (form.variable(), among) {
            (Some(part), 1) => format!("GANGER_INPUT{part}"),
            (Some(part), _) => format!("GANGER_INPUT_{}{part}", place + 1),
            (None, _) => format!("GANGER_INPUT_PART_{}", env.len()),
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
    script(words, repeat, values, |_, (_, context), value, out| context.quote(value, out))
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
