//! One value.

use super::super::protocol::{Answer, ValueCall};
use super::anchor::Stored;
use super::turn::{Outcome, Turn, now};

#[derive(Debug)]
pub(super) struct Value(pub(super) Stored);

impl Value {
    pub(super) fn call(&mut self, call: ValueCall, turn: &Turn<'_>) -> Outcome {
        now(match call {
            ValueCall::Get => Answer::Item(Some(self.0.to_item())),
            ValueCall::Set(item) => {
                self.0 = turn.stored(item)?;
                Answer::Done
            }
            ValueCall::Replace(item) => {
                Answer::Item(Some(std::mem::replace(&mut self.0, turn.stored(item)?).to_item()))
            }
            ValueCall::Exchange(expected, item) => {
                let is_still = self.0.is(&expected);
                if is_still {
                    self.0 = turn.stored(item)?;
                }
                Answer::Flag(is_still)
            }
        })
    }
}
