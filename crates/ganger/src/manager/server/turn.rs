//! One call, while it is done.

use super::super::protocol::{Answer, CallId, Item, ObjectId, Refusal};
use super::anchor::{Anchors, Stored};

/// A client: a process with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ClientId(pub(super) u64);

/// Who made a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) client: ClientId,
    pub(super) call: CallId,
    /// Of the client's threads.
    pub(super) thread: u64,
}

/// What becomes of a call: an answer, or none yet, since it waits.
pub(super) type Outcome = Result<Option<Answer>, Refusal>;

/// At once.
pub(super) fn now(answer: Answer) -> Outcome {
    Ok(Some(answer))
}

/// It waits: its caller is noted in the object.
pub(super) const LATER: Outcome = Ok(None);

/// One call in its object.
pub(super) struct Turn<'a> {
    pub(super) caller: Caller,
    pub(super) anchors: &'a Anchors,
    /// Calls that were waiting in this object, and have their answers now.
    pub(super) answered: &'a mut Vec<Answered>,
    pub(super) object: ObjectId,
}

/// A call that waited, and waits no longer.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) caller: Caller,
    pub(super) object: ObjectId,
    pub(super) answer: Answer,
}

impl Turn<'_> {
    pub(super) fn stored(&self, item: Item) -> Result<Stored, Refusal> {
        self.anchors.stored(item)
    }

    /// Answers one that has waited.
    pub(super) fn answer(&mut self, caller: Caller, answer: Answer) {
        self.answered.push(Answered { caller, object: self.object, answer });
    }
}
