//! Permits, and which client holds how many.

use std::collections::{HashMap, VecDeque};

use super::super::protocol::{Answer, Offence, Refusal, SemaphoreCall};
use super::turn::{Caller, ClientId, LATER, Outcome, Turn, now};

#[derive(Debug)]
pub(super) struct Semaphore {
    permits: u64,
    bound: u64,
    /// They come back when the client dies.
    held: HashMap<ClientId, u64>,
    /// Empty unless there are no permits.
    waiting: VecDeque<Caller>,
}

impl Semaphore {
    pub(super) fn new(permits: u64, bounded: bool) -> Self {
        let bound = if bounded { permits } else { u64::MAX };
        Self { permits, bound, held: HashMap::new(), waiting: VecDeque::new() }
    }

    pub(super) fn call(&mut self, call: &SemaphoreCall, turn: &mut Turn<'_>) -> Outcome {
        match call {
            SemaphoreCall::Acquire { wait } => self.acquire(*wait, turn.caller),
            SemaphoreCall::Release { count } => self.release(*count, turn),
            SemaphoreCall::LetGo if self.held.contains_key(&turn.caller.client) => self.release(1, turn),
            SemaphoreCall::LetGo => Err(Refusal::Sync(Offence::NotOwner)),
            SemaphoreCall::Value => now(Answer::Number(self.permits)),
        }
    }

    fn acquire(&mut self, wait: bool, caller: Caller) -> Outcome {
        if self.permits > 0 {
            now(self.grant(caller))
        } else if wait {
            self.waiting.push_back(caller);
            LATER
        } else {
            Err(Refusal::Cancelled)
        }
    }

    fn grant(&mut self, caller: Caller) -> Answer {
        self.permits -= 1;
        *self.held.entry(caller.client).or_default() += 1;
        Answer::Acquired { owner_died: false }
    }

    fn release(&mut self, count: u64, turn: &mut Turn<'_>) -> Outcome {
        let permits = self.permits.checked_add(count).filter(|permits| *permits <= self.bound);
        self.permits = permits.ok_or(Refusal::Sync(Offence::OverRelease))?;
        // No more than there are to be had: a client may give any number.
        let held = self.held.values().sum::<u64>().min(count);
        (0..held).for_each(|_| self.take_from_holder(turn.caller.client));
        self.serve(turn);
        now(Answer::Done)
    }

    /// Who releases what another has acquired releases it for that one.
    fn take_from_holder(&mut self, client: ClientId) {
        let holder = if self.held.contains_key(&client) { Some(client) } else { self.held.keys().next().copied() };
        let Some(held) = holder.and_then(|holder| self.held.get_mut(&holder)) else { return };
        *held -= 1;
        if *held == 0 {
            self.held.retain(|_, held| *held > 0);
        }
    }

    fn serve(&mut self, turn: &mut Turn<'_>) {
        while self.permits > 0
            && let Some(caller) = self.waiting.pop_front()
        {
            let answer = self.grant(caller);
            turn.answer(caller, answer);
        }
    }

    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>) {
        self.waiting.retain(|caller| *caller != turn.caller);
        turn.answer(turn.caller, Answer::Failed(Refusal::Cancelled));
    }

    pub(super) fn forget(&mut self, client: ClientId, turn: &mut Turn<'_>) {
        self.waiting.retain(|caller| caller.client != client);
        self.permits += self.held.remove(&client).unwrap_or(0);
        self.serve(turn);
    }
}
