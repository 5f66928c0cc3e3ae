//! A queue, whose putters and getters wait in it.
//!
//! Invariants: nobody waits for an item while there is one; nobody waits for room while there is some.

use std::collections::{HashMap, VecDeque};

use super::super::protocol::{Answer, Item, QueueCall, Refusal};
use super::anchor::Stored;
use super::turn::{Caller, ClientId, LATER, Outcome, Turn, now};
use crate::manager::protocol::Offence;

#[derive(Debug)]
pub(super) struct Queue {
    items: VecDeque<Stored>,
    limit: usize,
    getters: VecDeque<Caller>,
    putters: VecDeque<(Caller, Stored)>,
    tasks: Option<Tasks>,
}

/// Of a joinable queue.
#[derive(Debug, Default)]
struct Tasks {
    /// Items that were put and are not done.
    unfinished: u64,
    /// Items that clients have got and not done: they come back if the client dies.
    held: HashMap<ClientId, VecDeque<Stored>>,
    joiners: Vec<Caller>,
}

impl Queue {
    pub(super) fn new(limit: u64, joinable: bool) -> Self {
        let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let tasks = joinable.then(Tasks::default);
        Self { items: VecDeque::new(), limit, getters: VecDeque::new(), putters: VecDeque::new(), tasks }
    }

    pub(super) fn call(&mut self, call: QueueCall, turn: &mut Turn<'_>) -> Outcome {
        match call {
            QueueCall::Put { item, wait } => self.put(turn.stored(item)?, wait, turn),
            QueueCall::Get { wait } => self.get(wait, turn),
            QueueCall::Len => now(Answer::Number(self.items.len() as u64)),
            QueueCall::IsFull => now(Answer::Flag(self.is_full())),
            QueueCall::TaskDone => self.task_done(turn),
            QueueCall::Join => self.join(turn.caller),
        }
    }

    fn is_full(&self) -> bool {
        self.items.len() >= self.limit
    }

    fn put(&mut self, item: Stored, wait: bool, turn: &mut Turn<'_>) -> Outcome {
        if !self.is_full() {
            self.append(item);
            self.serve(turn);
            now(Answer::Done)
        } else if wait {
            self.putters.push_back((turn.caller, item));
            LATER
        } else {
            Err(Refusal::Full)
        }
    }

    fn append(&mut self, item: Stored) {
        if let Some(tasks) = &mut self.tasks {
            tasks.unfinished += 1;
        }
        self.items.push_back(item);
    }

    /// Items to those who wait for some, and room to those who wait for that, as long as there is either.
    fn serve(&mut self, turn: &mut Turn<'_>) {
        loop {
            while !self.items.is_empty()
                && let Some(getter) = self.getters.pop_front()
                && let Some(item) = self.hand_out(getter)
            {
                turn.answer(getter, item);
            }
            if self.is_full() {
                return;
            }
            let Some((putter, item)) = self.putters.pop_front() else { return };
            turn.answer(putter, Answer::Done);
            self.append(item);
        }
    }

    fn hand_out(&mut self, getter: Caller) -> Option<Answer> {
        let item = self.items.pop_front()?;
        let answer = Answer::Item(Some(item.to_item()));
        if let Some(tasks) = &mut self.tasks {
            tasks.held.entry(getter.client).or_default().push_back(item);
        }
        Some(answer)
    }

    fn get(&mut self, wait: bool, turn: &mut Turn<'_>) -> Outcome {
        if let Some(item) = self.hand_out(turn.caller) {
            self.serve(turn);
            now(item)
        } else if wait {
            self.getters.push_back(turn.caller);
            LATER
        } else {
            Err(Refusal::Empty)
        }
    }

    /// An item could not be sent to who has got it.
    pub(super) fn take_back(&mut self, item: Item, turn: &mut Turn<'_>) {
        // Of a joinable queue it comes back when its getter is forgotten.
        if self.tasks.is_none()
            && let Ok(item) = turn.stored(item)
        {
            self.items.push_front(item);
            self.serve(turn);
        }
    }

    fn task_done(&mut self, turn: &mut Turn<'_>) -> Outcome {
        let tasks = self.tasks.as_mut().ok_or_else(not_joinable)?;
        tasks.unfinished = tasks.unfinished.checked_sub(1).ok_or(Refusal::Sync(Offence::OverRelease))?;
        if let Some(held) = tasks.held.get_mut(&turn.caller.client) {
            held.pop_front();
        }
        if tasks.unfinished == 0 {
            tasks.joiners.drain(..).for_each(|joiner| turn.answer(joiner, Answer::Done));
        }
        now(Answer::Done)
    }

    fn join(&mut self, caller: Caller) -> Outcome {
        let tasks = self.tasks.as_mut().ok_or_else(not_joinable)?;
        if tasks.unfinished == 0 {
            return now(Answer::Done);
        }
        tasks.joiners.push(caller);
        LATER
    }

    /// Who called waits no longer.
    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>) {
        let (caller, others) = (turn.caller, |other: &Caller| *other != turn.caller);
        let why = if self.putters.iter().any(|(putter, _)| *putter == caller) { Refusal::Full } else { Refusal::Empty };
        self.getters.retain(others);
        self.putters.retain(|(putter, _)| others(putter));
        let joins = self.tasks.as_ref().is_some_and(|tasks| tasks.joiners.contains(&caller));
        if let Some(tasks) = &mut self.tasks {
            tasks.joiners.retain(others);
        }
        turn.answer(caller, Answer::Failed(if joins { Refusal::Cancelled } else { why }));
    }

    /// A client is gone: what it had in hand is handed out again, first.
    pub(super) fn forget(&mut self, client: ClientId, turn: &mut Turn<'_>) {
        self.getters.retain(|getter| getter.client != client);
        self.putters.retain(|(putter, _)| putter.client != client);
        if let Some(tasks) = &mut self.tasks {
            tasks.joiners.retain(|joiner| joiner.client != client);
            for item in tasks.held.remove(&client).into_iter().flatten().rev() {
                self.items.push_front(item);
            }
        }
        self.serve(turn);
    }
}

fn not_joinable() -> Refusal {
    Refusal::Misfit("the queue is not joinable".to_owned())
}
