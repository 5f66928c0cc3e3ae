//! A condition, and the lock that it is behind, which other objects may have as well.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::super::protocol::{Answer, ConditionCall, Offence, Refusal};
use super::mutual::Mutual;
use super::turn::{Caller, ClientId, LATER, Outcome, Turn};
use crate::engine::lock;

#[derive(Debug)]
pub(super) struct Condition {
    /// Nobody waits for this mutex: who touches it holds that of the whole world.
    lock: Arc<Mutex<Mutual>>,
    waiting: VecDeque<Sleeper>,
}

#[derive(Debug)]
struct Sleeper {
    caller: Caller,
    /// How deep it held the lock.
    depth: u64,
}

impl Condition {
    pub(super) fn new(lock: Arc<Mutex<Mutual>>) -> Self {
        Self { lock, waiting: VecDeque::new() }
    }

    pub(super) fn call(&mut self, call: &ConditionCall, turn: &mut Turn<'_>) -> Outcome {
        let shared = Arc::clone(&self.lock);
        let mut mutual = lock(&shared);
        if let ConditionCall::Lock(call) = call {
            return mutual.call(call, turn);
        }
        if !mutual.is_held_by(turn.caller) {
            return Err(Refusal::Sync(Offence::NotOwner));
        }
        match call {
            ConditionCall::Notify { count } => {
                self.notify(*count, &mut mutual, turn);
                Ok(Some(Answer::Done))
            }
            ConditionCall::Wait | ConditionCall::Lock(_) => {
                self.waiting.push_back(Sleeper { caller: turn.caller, depth: mutual.release_all(turn) });
                LATER
            }
        }
    }

    fn notify(&mut self, count: u64, mutual: &mut Mutual, turn: &mut Turn<'_>) {
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(self.waiting.len());
        for Sleeper { caller, depth } in self.waiting.drain(..count) {
            mutual.give_back(caller, depth, true, turn);
        }
    }

    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>) {
        let shared = Arc::clone(&self.lock);
        let mut mutual = lock(&shared);
        match self.waiting.iter().position(|sleeper| sleeper.caller == turn.caller) {
            Some(place) => {
                let depth = self.waiting.remove(place).map_or(1, |sleeper| sleeper.depth);
                mutual.give_back(turn.caller, depth, false, turn);
            }
            None => mutual.cancel(turn),
        }
    }

    pub(super) fn forget(&mut self, client: ClientId, turn: &mut Turn<'_>) {
        self.waiting.retain(|sleeper| sleeper.caller.client != client);
        lock(&self.lock).forget(client, turn);
    }
}
