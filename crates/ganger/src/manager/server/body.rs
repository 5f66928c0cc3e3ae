//! What an object is.

use std::sync::{Arc, Mutex};

use super::super::protocol::{Call, Refusal};
use super::barrier::Barrier;
use super::condition::Condition;
use super::dict::Dict;
use super::event::Event;
use super::list::List;
use super::mutual::Mutual;
use super::queue::Queue;
use super::semaphore::Semaphore;
use super::set::Set;
use super::turn::{ClientId, Outcome, Turn};
use super::value::Value;
use crate::engine::lock;
use crate::manager::served::Served;

pub(super) enum Body {
    Dict(Dict),
    List(List),
    Set(Set),
    Value(Value),
    Queue(Queue),
    Event(Event),
    /// Conditions may be behind it.
    Lock(Arc<Mutex<Mutual>>),
    Semaphore(Semaphore),
    Condition(Condition),
    Barrier(Barrier),
    /// Of a user's type; its methods are called elsewhere.
    Served(Arc<dyn Served>),
}

impl Body {
    pub(super) fn call(&mut self, call: Call, turn: &mut Turn<'_>) -> Outcome {
        match (self, call) {
            (Self::Dict(dict), Call::Dict(call)) => dict.call(call, turn),
            (Self::List(list), Call::List(call)) => list.call(call, turn),
            (Self::Set(set), Call::Set(call)) => set.call(call),
            (Self::Value(value), Call::Value(call)) => value.call(call, turn),
            (Self::Queue(queue), Call::Queue(call)) => queue.call(call, turn),
            (Self::Event(event), Call::Event(call)) => event.call(call, turn),
            (Self::Lock(mutual), Call::Lock(call)) => lock(mutual).call(&call, turn),
            (Self::Semaphore(semaphore), Call::Semaphore(call)) => semaphore.call(&call, turn),
            (Self::Condition(condition), Call::Condition(call)) => condition.call(&call, turn),
            (Self::Barrier(barrier), Call::Barrier(call)) => barrier.call(&call, turn),
            (_, call) => Err(Refusal::Misfit(format!("the object is of another type: it cannot do {call:?}"))),
        }
    }

    /// Who made this call waits no longer; if it has been answered already, nothing is to be done.
    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>) {
        match self {
            Self::Queue(queue) => queue.cancel(turn),
            Self::Event(event) => event.cancel(turn),
            Self::Lock(mutual) => lock(mutual).cancel(turn),
            Self::Semaphore(semaphore) => semaphore.cancel(turn),
            Self::Condition(condition) => condition.cancel(turn),
            Self::Barrier(barrier) => barrier.cancel(turn),
            // The method goes on, unheard.
            Self::Served(_) => turn.answer(turn.caller, super::super::protocol::Answer::Failed(Refusal::Cancelled)),
            Self::Dict(_) | Self::List(_) | Self::Set(_) | Self::Value(_) => {}
        }
    }

    /// A client is gone: it waits for nothing, and holds nothing.
    pub(super) fn forget(&mut self, client: ClientId, turn: &mut Turn<'_>) {
        match self {
            Self::Queue(queue) => queue.forget(client, turn),
            Self::Event(event) => event.forget(client),
            Self::Lock(mutual) => lock(mutual).forget(client, turn),
            Self::Semaphore(semaphore) => semaphore.forget(client, turn),
            Self::Condition(condition) => condition.forget(client, turn),
            Self::Barrier(barrier) => barrier.forget(client),
            Self::Dict(_) | Self::List(_) | Self::Set(_) | Self::Value(_) | Self::Served(_) => {}
        }
    }
}
