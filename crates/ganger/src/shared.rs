//! Values that are sent once a worker, not once a task.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use ganger_proto::SharedId;
use ganger_proto::codec;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::engine::Engine;
use crate::worker::values;

thread_local! {
    /// The shared values that were named while arguments were encoded on this thread.
    static NAMED: RefCell<Named> = const { RefCell::new(Named(Vec::new())) };
}

/// Shared values that were named. They do not end before this does, for what names them may not have been handed in yet.
pub(crate) struct Named(Vec<(SharedId, Option<Arc<Owner>>)>);

impl Named {
    /// Their names; none for none.
    pub(crate) fn ids(&self) -> Option<Box<[SharedId]>> {
        (!self.0.is_empty()).then(|| self.0.iter().map(|(id, _)| *id).collect())
    }
}

/// What was named since the last call.
pub(crate) fn take_named() -> Named {
    NAMED.replace(Named(Vec::new()))
}

/// A value that a pool's workers have: made by [`Pool::share`](crate::Pool::share), passed like any argument, sent to
/// each worker with the first task that names it, and decoded there once.
///
/// ```
/// use ganger::{Pool, Shared};
///
/// #[ganger::task]
/// fn nth(words: Shared<Vec<String>>, n: usize) -> String { words[n].clone() }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let pool = Pool::new(2)?;
/// let words = pool.share(vec!["a".to_owned(), "b".to_owned()])?;
/// assert_eq!(pool.apply(nth, (words.clone(), 1))?, "b");
/// # Ok(()) }
/// ```
pub struct Shared<T> {
    id: SharedId,
    value: Arc<T>,
    /// None in a worker: what it has is the pool's.
    owner: Option<Arc<Owner>>,
}

/// The last handle's end is the value's end in the workers.
pub(crate) struct Owner {
    id: SharedId,
    engine: Weak<Engine>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.upgrade() {
            engine.turn().let_go(self.id);
        }
    }
}

impl<T> Shared<T> {
    pub(crate) fn new(id: SharedId, value: T, engine: Weak<Engine>) -> Self {
        Self { id, value: Arc::new(value), owner: Some(Arc::new(Owner { id, engine })) }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { id: self.id, value: Arc::clone(&self.value), owner: self.owner.clone() }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&self.id).field(&self.value).finish()
    }
}

impl<T> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        NAMED.with_borrow_mut(|named| {
            if !named.0.iter().any(|(id, _)| *id == self.id) {
                named.0.push((self.id, self.owner.clone()));
            }
        });
        self.id.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned + Send + Sync + 'static> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = SharedId::deserialize(deserializer)?;
        let decode = |bytes: &[u8]| codec::decode::<T>(bytes, u64::MAX).map_err(|e| e.to_string());
        let value = values::get(id, decode).map_err(D::Error::custom)?;
        Ok(Self { id, value, owner: None })
    }
}
