//! Values that are sent once a worker, not once a task.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use ganger_proto::SharedId;
use ganger_proto::codec;
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::engine::Engine;
use crate::engine::settings::Settings;
use crate::engine::shares::Value;
use crate::error::{Error, ErrorKind};
use crate::passing::Passed;
use crate::pool::Pool;
use crate::task::Portable;
use crate::worker::values;

thread_local! {
    /// For which pool arguments are being encoded on this thread, and what they have named so far.
    /// Nothing while nothing is, so there is nothing to drop: what ends with the thread may still submit.
    static SCOPE: RefCell<ManuallyDrop<Option<Scope>>> = const { RefCell::new(ManuallyDrop::new(None)) };
}

fn put(scope: Option<Scope>) -> Option<Scope> {
    ManuallyDrop::into_inner(SCOPE.replace(ManuallyDrop::new(scope)))
}

struct Scope {
    /// Not followed: it tells the pool from others, which a value's owner keeps from being freed and made anew.
    pool: *const Settings,
    /// None: the pool's tasks run in the caller.
    engine: Option<Arc<Engine>>,
    named: Named,
}

/// Shared values that were named. They do not end before this does, for what names them may not have been handed in yet.
#[derive(Default)]
pub(crate) struct Named(Vec<(SharedId, Keeper)>);

/// What keeps a name from ending: never looked at.
type Keeper = Arc<dyn Any + Send + Sync>;

impl Named {
    /// Their names; none for none.
    pub(crate) fn ids(&self) -> Option<Box<[SharedId]>> {
        (!self.0.is_empty()).then(|| self.0.iter().map(|(id, _)| *id).collect())
    }

    fn add(&mut self, id: SharedId, keeper: Keeper) {
        if !self.0.iter().any(|(named, _)| *named == id) {
            self.0.push((id, keeper));
        }
    }
}

/// As long as this is there, what the thread encodes is for one pool, and may name that pool's shared values.
pub(crate) struct Naming {
    before: Option<Scope>,
}

impl Naming {
    pub(crate) fn begin(pool: &Arc<Settings>, engine: Option<&Arc<Engine>>) -> Self {
        let scope = Scope { pool: Arc::as_ptr(pool), engine: engine.cloned(), named: Named::default() };
        Self { before: put(Some(scope)) }
    }

    /// For one whose workers are out of reach: nothing may be named.
    pub(crate) fn nothing() -> Self {
        Self { before: put(None) }
    }

    /// What was named.
    pub(crate) fn end(self) -> Named {
        put(None).map(|scope| scope.named).unwrap_or_default()
    }
}

impl Drop for Naming {
    fn drop(&mut self) {
        // What an encoding has named that failed ends here, with the cell free: it may be a value's last user.
        drop(put(self.before.take()));
    }
}

/// Notes that what is being encoded names a value; or says why it may not.
fn name(id: SharedId, owner: Option<&Arc<Owner>>) -> Result<(), String> {
    SCOPE.with_borrow_mut(|scope| {
        let Some(Scope { pool, named, .. }) = &mut **scope else {
            return Err(format!("the shared value {id} is no argument of a task, and can be nothing else"));
        };
        let owner = owner.filter(|owner| Arc::as_ptr(&owner.pool) == *pool).ok_or_else(|| {
            format!("the shared value {id} belongs to another pool: share it with this one too, by Pool::share()")
        })?;
        named.add(id, owner.clone());
        Ok(())
    })
}

/// Notes that what is being encoded names a descriptor: those who decode it will have it.
pub(crate) fn name_descriptor(passed: &Passed) -> Result<(), String> {
    let engine = SCOPE.with_borrow(|scope| scope.as_ref().map(|scope| scope.engine.clone()));
    let engine = engine.ok_or("a descriptor is no argument of a task here, and no part of a message")?;
    passed.join_pool(engine.as_ref());
    SCOPE.with_borrow_mut(|scope| {
        if let Some(Scope { named, .. }) = &mut **scope {
            named.add(passed.id(), Arc::new(passed.clone()));
        }
    });
    Ok(())
}

/// No two of this process have the same name, whichever pools they belong to.
pub(crate) fn next_id() -> SharedId {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    SharedId::new(NEXT.fetch_add(1, Ordering::Relaxed), std::process::id())
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
///
/// It belongs to its pool: another refuses a task that names it. It can be an argument, or a part of one; as a result, or
/// within another shared value, it cannot be encoded.
pub struct Shared<T> {
    id: SharedId,
    value: Arc<T>,
    /// None in a worker: what it has is the pool's.
    owner: Option<Arc<Owner>>,
}

/// The last handle's end is the value's end in the workers.
pub(crate) struct Owner {
    id: SharedId,
    pool: Arc<Settings>,
    engine: Weak<Engine>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.upgrade()
            && engine.at_home().is_ok()
        {
            engine.turn().let_go(self.id);
        }
    }
}

impl<T> Shared<T> {
    pub(crate) fn new(value: T, pool: &Arc<Settings>, engine: Weak<Engine>) -> Self {
        let id = next_id();
        let owner = Owner { id, pool: Arc::clone(pool), engine };
        Self { id, value: Arc::new(value), owner: Some(Arc::new(owner)) }
    }

    pub(crate) fn id(&self) -> SharedId {
        self.id
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
        name(self.id, self.owner.as_ref()).map_err(S::Error::custom)?;
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

impl Pool {
    /// A value that tasks name and that each worker is sent once.
    ///
    /// # Errors
    /// When the value cannot be encoded or is above the payload limit.
    pub fn share<T: Portable + Sync>(&self, value: T) -> Result<Shared<T>, Error> {
        if self.somewhere_else().is_some() {
            let why = "this pool's tasks run elsewhere, where nobody has it: give it as an argument";
            return Err(Error::new(ErrorKind::Invalid { what: "share", why }));
        }
        let encoded = codec::encode(&value, self.payload_limit())?;
        let engine = self.engine().map_or_else(Weak::new, Arc::downgrade);
        let shared = Shared::new(value, self.settings(), engine);
        match self.engine() {
            Some(engine) => engine.turn().share(shared.id(), Value::Encoded(encoded.into())),
            None => crate::worker::values::keep(shared.id(), encoded),
        }
        Ok(shared)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;
    use crate::{Pool, StartMethod};

    #[test]
    fn what_a_failed_encoding_has_named_does_not_linger() {
        let pool = Pool::builder().start_method(StartMethod::Inline).build().unwrap();
        let value = pool.share(7u8).unwrap();
        let owners = || value.owner.as_ref().map(Arc::strong_count);
        let naming = pool.naming();
        codec::encode(&value, 100).unwrap();
        assert_eq!(owners(), Some(2));
        drop(naming);
        assert_eq!(owners(), Some(1));
        assert!(codec::encode(&value, 100).unwrap_err().to_string().contains("no argument of a task"));
    }
}
