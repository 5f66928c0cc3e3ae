//! A lock: a client's, or if it is recursive, a thread's of a client.

use std::collections::VecDeque;

use super::super::protocol::{Answer, LockCall, Offence, Refusal};
use super::turn::{Caller, ClientId, LATER, Outcome, Turn, now};

#[derive(Debug)]
pub(super) struct Mutual {
    recursive: bool,
    held: Option<Held>,
    /// Its last holder died with it, and nobody was told yet.
    orphaned: bool,
    /// Empty unless it is held.
    waiting: VecDeque<Want>,
}

#[derive(Debug)]
struct Held {
    by: Caller,
    depth: u64,
}

/// One who waits for the lock.
#[derive(Debug)]
struct Want {
    caller: Caller,
    /// How deep it will be held.
    depth: u64,
    /// Who comes from the wait of a condition is told how that ended, instead.
    waited: Option<bool>,
}

impl Mutual {
    pub(super) fn new(recursive: bool) -> Self {
        Self { recursive, held: None, orphaned: false, waiting: VecDeque::new() }
    }

    pub(super) fn call(&mut self, call: &LockCall, turn: &mut Turn<'_>) -> Outcome {
        match call {
            LockCall::Acquire { wait } => self.acquire(*wait, turn),
            LockCall::Release => self.release(turn).map(|()| Some(Answer::Done)),
            LockCall::LetGo if self.is_held_by(turn.caller) => self.release(turn).map(|()| Some(Answer::Done)),
            LockCall::LetGo => Err(Refusal::Sync(Offence::NotOwner)),
            LockCall::IsLocked => now(Answer::Flag(self.held.is_some())),
        }
    }

    /// Whether the caller holds it.
    pub(super) fn is_held_by(&self, caller: Caller) -> bool {
        self.held
            .as_ref()
            .is_some_and(|held| held.by.client == caller.client && (!self.recursive || held.by.thread == caller.thread))
    }

    fn acquire(&mut self, wait: bool, turn: &mut Turn<'_>) -> Outcome {
        let caller = turn.caller;
        if self.recursive && self.is_held_by(caller) {
            self.held.iter_mut().for_each(|held| held.depth += 1);
            return now(Answer::Acquired { owner_died: false });
        }
        if self.held.is_none() {
            return now(self.grant(Want { caller, depth: 1, waited: None }));
        }
        if !wait {
            return Err(Refusal::Cancelled);
        }
        self.waiting.push_back(Want { caller, depth: 1, waited: None });
        LATER
    }

    fn grant(&mut self, want: Want) -> Answer {
        let owner_died = want.waited.is_none() && std::mem::take(&mut self.orphaned);
        self.held = Some(Held { by: want.caller, depth: want.depth });
        want.waited.map_or(Answer::Acquired { owner_died }, Answer::Flag)
    }

    /// A lock is released by anybody, a recursive one by its holder.
    fn release(&mut self, turn: &mut Turn<'_>) -> Result<(), Refusal> {
        let mine = self.is_held_by(turn.caller);
        let held = self.held.as_mut().ok_or(Refusal::Sync(Offence::NotHeld))?;
        if self.recursive && !mine {
            return Err(Refusal::Sync(Offence::NotOwner));
        }
        held.depth -= 1;
        if held.depth == 0 {
            self.pass_on(turn);
        }
        Ok(())
    }

    /// Lets go of it wholly: how deep it was held.
    pub(super) fn release_all(&mut self, turn: &mut Turn<'_>) -> u64 {
        let depth = self.held.as_ref().map_or(1, |held| held.depth);
        self.pass_on(turn);
        depth
    }

    fn pass_on(&mut self, turn: &mut Turn<'_>) {
        self.held = None;
        if let Some(want) = self.waiting.pop_front() {
            let caller = want.caller;
            let answer = self.grant(want);
            turn.answer(caller, answer);
        }
    }

    /// Gives it back to one whose wait at a condition is over, as soon as it is free.
    pub(super) fn give_back(&mut self, caller: Caller, depth: u64, notified: bool, turn: &mut Turn<'_>) {
        let want = Want { caller, depth, waited: Some(notified) };
        if self.held.is_some() {
            self.waiting.push_back(want);
        } else {
            let answer = self.grant(want);
            turn.answer(caller, answer);
        }
    }

    /// Who comes from a condition must have the lock again, however long that takes.
    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>) {
        let asks = |want: &Want| want.caller == turn.caller && want.waited.is_none();
        let before = self.waiting.len();
        self.waiting.retain(|want| !asks(want));
        if self.waiting.len() < before {
            turn.answer(turn.caller, Answer::Failed(Refusal::Cancelled));
        }
    }

    pub(super) fn forget(&mut self, client: ClientId, turn: &mut Turn<'_>) {
        self.waiting.retain(|want| want.caller.client != client);
        if self.held.as_ref().is_some_and(|held| held.by.client == client) {
            self.orphaned = true;
            self.pass_on(turn);
        }
    }
}
