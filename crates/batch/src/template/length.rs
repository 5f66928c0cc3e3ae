//! How long a command becomes with its arguments, argument by argument.

use super::{Kind, Piece, Template, Word};
use crate::braces::Which;
use crate::input::{Args, Measure};
use crate::shell::{self, Context};

/// The name of a variable with its quotes, for a value that is handed to a shell in one.
const REFERENCE: usize = 44;

/// The lengths of a template's commands. They are counted a little too high rather than too low.
pub(crate) struct Length {
    template: Template,
}

impl Length {
    pub(crate) fn of(template: Template) -> Self {
        Self { template }
    }

    /// What one argument adds to a word.
    fn in_word(&self, word: &Word, number: isize, value: &[u8]) -> usize {
        let pieces = word.iter().map(|piece| match piece {
            Piece::Input(Which::All, form, _) => 1 + self.in_piece(&form.of(value)),
            Piece::Input(Which::Nth(nth), form, _) if *nth == number => self.in_piece(&form.of(value)),
            Piece::Input(..) | Piece::Number | Piece::Total | Piece::Slot | Piece::Text(_) => 0,
        });
        let around = word.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Number | Piece::Total | Piece::Slot => 8,
            Piece::Input(..) => 0,
        });
        let repeated = self.template.repeat_words && word.iter().any(Piece::is_all);
        pieces.sum::<usize>() + if repeated { around.sum() } else { 0 }
    }

    fn in_piece(&self, value: &[u8]) -> usize {
        if shell::is_harmless(value) {
            return value.len();
        }
        let mut quoted = Vec::with_capacity(value.len() + 2);
        Context::Bare.quote(value, &mut quoted);
        match &self.template.kind {
            Kind::Shell(_) => quoted.len().max(REFERENCE),
            Kind::Inputs | Kind::Direct(_) => quoted.len(),
        }
    }
}

impl Measure for Length {
    fn empty(&self) -> usize {
        self.template.show(&Args::none(), 0).len()
    }

    fn added(&self, args: &Args, place: usize) -> usize {
        let values = || args.iter().zip(place as isize + 1..);
        match &self.template.kind {
            Kind::Inputs => values().map(|(value, _)| value.len() + 1).sum(),
            Kind::Shell(words) | Kind::Direct(words) => {
                words.iter().flat_map(|word| values().map(|(value, number)| self.in_word(word, number, value))).sum()
            }
        }
    }
}
