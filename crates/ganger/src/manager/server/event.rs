//! A flag, and who waits for it.

use super::super::protocol::{Answer, EventCall};
use super::turn::{Caller, ClientId, LATER, Outcome, Turn, now};

#[derive(Debug, Default)]
pub(super) struct Event {
    is_set: bool,
    waiting: Vec<Caller>,
}

impl Event {
    pub(super) fn call(&mut self, call: EventCall, turn: &mut Turn<'_>) -> Outcome {
        now(match call {
            EventCall::IsSet => Answer::Flag(self.is_set),
            EventCall::Wait if self.is_set => Answer::Flag(true),
            EventCall::Wait => {
                self.waiting.push(turn.caller);
                return LATER;
            }
            EventCall::Set => {
                self.is_set = true;
                self.waiting.drain(..).for_each(|caller| turn.answer(caller, Answer::Flag(true)));
                Answer::Done
            }
            EventCall::Clear => {
                self.is_set = false;
                Answer::Done
            }
        })
    }

    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>) {
        self.waiting.retain(|caller| *caller != turn.caller);
        turn.answer(turn.caller, Answer::Flag(false));
    }

    pub(super) fn forget(&mut self, client: ClientId) {
        self.waiting.retain(|caller| caller.client != client);
    }
}
