//! What keeps an object: each client that has a proxy, and each value in which there is one.
//!
//! A cycle, such as a dict that holds a proxy of itself, keeps itself: it ends with the server.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use super::super::protocol::{Item, ObjectId, Refusal};
use crate::engine::lock;

/// With the last one its object goes.
#[derive(Debug)]
pub(super) struct Anchor {
    object: ObjectId,
    dropped: Arc<Mutex<Vec<ObjectId>>>,
}

impl Drop for Anchor {
    fn drop(&mut self) {
        lock(&self.dropped).push(self.object);
    }
}

/// All that there are.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    /// Of every object: one whose last anchor went in this turn may be given another before the turn ends.
    living: RefCell<HashMap<ObjectId, Weak<Anchor>>>,
    dropped: Arc<Mutex<Vec<ObjectId>>>,
}

impl Anchors {
    /// The first of a new object.
    pub(super) fn cast(&self, object: ObjectId) -> Arc<Anchor> {
        let anchor = Arc::new(Anchor { object, dropped: Arc::clone(&self.dropped) });
        self.living.borrow_mut().insert(object, Arc::downgrade(&anchor));
        anchor
    }

    /// One more; none if the object is gone.
    pub(super) fn hold(&self, object: ObjectId) -> Option<Arc<Anchor>> {
        let anchor = self.living.borrow().get(&object)?.upgrade();
        Some(anchor.unwrap_or_else(|| self.cast(object)))
    }

    /// An item that keeps what is in it.
    pub(super) fn stored(&self, item: Item) -> Result<Stored, Refusal> {
        let held = item.refs.iter().map(|object| self.hold(*object)).collect::<Option<_>>();
        Ok(Stored { _held: held.ok_or(Refusal::NoObject)?, item })
    }

    pub(super) fn all_stored(&self, items: Vec<Item>) -> Result<Vec<Stored>, Refusal> {
        items.into_iter().map(|item| self.stored(item)).collect()
    }

    /// The objects that nobody keeps any more; it may be asked again when they are gone.
    pub(super) fn take_dropped(&mut self) -> Vec<ObjectId> {
        let mut dropped = std::mem::take(&mut *lock(&self.dropped));
        let living = self.living.get_mut();
        dropped.retain(|object| living.get(object).is_some_and(|anchor| anchor.strong_count() == 0));
        dropped.iter().for_each(|object| drop(living.remove(object)));
        dropped
    }
}

/// An item in an object.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) item: Item,
    /// The objects that are named in it.
    _held: Vec<Arc<Anchor>>,
}

impl Stored {
    /// As it goes to a client. What is in it must be kept until the client has it too.
    pub(super) fn to_item(&self) -> Item {
        self.item.clone()
    }

    /// Whether it is this value.
    pub(super) fn is(&self, bytes: &super::super::protocol::Encoded) -> bool {
        self.item.bytes == *bytes
    }
}
