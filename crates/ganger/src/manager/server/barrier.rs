//! A barrier: the last to come lets all go.

use super::super::protocol::{Answer, BarrierCall, Refusal};
use super::turn::{Caller, ClientId, LATER, Outcome, Turn, now};

#[derive(Debug)]
pub(super) struct Barrier {
    parties: usize,
    /// In the order in which they came.
    waiting: Vec<Caller>,
    broken: bool,
}

impl Barrier {
    pub(super) fn new(parties: u64) -> Self {
        Self { parties: usize::try_from(parties).unwrap_or(usize::MAX), waiting: Vec::new(), broken: false }
    }

    pub(super) fn call(&mut self, call: &BarrierCall, turn: &mut Turn<'_>) -> Outcome {
        now(match call {
            BarrierCall::Wait => return self.wait(turn),
            BarrierCall::Abort => {
                self.break_up(turn);
                Answer::Done
            }
            BarrierCall::Reset => {
                self.break_up(turn);
                self.broken = false;
                Answer::Done
            }
            BarrierCall::Parties => Answer::Number(self.parties as u64),
            BarrierCall::Waiting => Answer::Number(self.waiting.len() as u64),
            BarrierCall::IsBroken => Answer::Flag(self.broken),
        })
    }

    fn wait(&mut self, turn: &mut Turn<'_>) -> Outcome {
        if self.broken {
            return Err(Refusal::Broken);
        }
        let index = self.waiting.len();
        if index + 1 < self.parties {
            self.waiting.push(turn.caller);
            return LATER;
        }
        let others = (0..).zip(self.waiting.drain(..));
        others.for_each(|(index, caller)| turn.answer(caller, Answer::Number(index)));
        now(Answer::Number(index as u64))
    }

    fn break_up(&mut self, turn: &mut Turn<'_>) {
        self.broken = true;
        self.waiting.drain(..).for_each(|caller| turn.answer(caller, Answer::Failed(Refusal::Broken)));
    }

    /// Who gives up breaks it for all.
    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>) {
        self.break_up(turn);
    }

    /// Who dies has never been there.
    pub(super) fn forget(&mut self, client: ClientId) {
        self.waiting.retain(|caller| caller.client != client);
    }
}
