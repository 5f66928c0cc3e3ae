//! Descriptors that pass from process to process with what names them: the ends of pipes and queues, locks, shared
//! memory.
//!
//! What is encoded holds only a name. The descriptor itself goes beside it, by a way that depends on where the encoded
//! value goes:
//!
//! ```text
//!  arguments of a task   once a worker, over its lane (a socket), ahead of the first task that names it
//!  a task's result       over the lane as well, ahead of the outcome
//!  a message             with the message itself, over a Unix socket
//! ```

use std::cell::RefCell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::LocalKey;

use ganger_proto::SharedId;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::engine::Engine;
use crate::engine::shares::Value;
use crate::shared;
use crate::worker::values;

/// A descriptor, shared by all that this process has decoded from one name, or cloned.
#[derive(Clone, Debug)]
pub(crate) struct Passed(Arc<Inner>);

/// With the last handle the pools forget it that it was passed to.
struct Inner {
    id: SharedId,
    fd: Arc<OwnedFd>,
    pools: Mutex<Vec<Weak<Engine>>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("id", &self.id).field("fd", &self.fd).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let pools = std::mem::take(self.pools.get_mut().unwrap_or_else(PoisonError::into_inner));
        for engine in pools.iter().filter_map(Weak::upgrade) {
            engine.turn().let_go(self.id);
        }
    }
}

impl From<OwnedFd> for Passed {
    fn from(fd: OwnedFd) -> Self {
        Self::named(shared::next_id(), Arc::new(fd))
    }
}

impl AsFd for Passed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }
}

impl Passed {
    pub(crate) fn named(id: SharedId, fd: Arc<OwnedFd>) -> Self {
        Self(Arc::new(Inner { id, fd, pools: Mutex::default() }))
    }

    pub(crate) fn id(&self) -> SharedId {
        self.0.id
    }

    /// Sees to it that the workers of a pool can be given it. Without an engine the pool's tasks run in this thread.
    pub(crate) fn join_pool(&self, engine: Option<&Arc<Engine>>) {
        let Some(engine) = engine else { return values::lend_descriptor(self.id(), &self.0.fd) };
        let mut pools = self.0.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if !pools.iter().any(|pool| std::ptr::eq(pool.as_ptr(), Arc::as_ptr(engine))) {
            engine.turn().share(self.id(), Value::Descriptor(Arc::clone(&self.0.fd)));
            pools.push(Arc::downgrade(engine));
        }
    }
}

// Nothing outside a scope, so there is nothing to drop: what ends with the thread may still send.
thread_local! {
    static OVERHEARD: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    static SENT: Place = const { RefCell::new(ManuallyDrop::new(None)) };
    static RECEIVED: Place = const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Encodes something; what it names goes with it. Named twice, it goes once.
pub(crate) fn sending<T>(encode: impl FnOnce() -> T) -> (T, Vec<Passed>) {
    let _scope = Scope::enter(&SENT, Vec::new());
    let encoded = encode();
    (encoded, ManuallyDrop::into_inner(SENT.take()).unwrap_or_default())
}

/// Decodes something with which these came, in the order of their first naming.
pub(crate) fn receiving<T>(came: Vec<Passed>, decode: impl FnOnce() -> T) -> T {
    let _scope = Scope::enter(&RECEIVED, came);
    decode()
}

/// Encodes something for a way on which others may listen: what is secret stays out of it.
pub(crate) fn overheard<T>(encode: impl FnOnce() -> T) -> T {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            OVERHEARD.set(self.0);
        }
    }
    let _back = Back(OVERHEARD.replace(true));
    encode()
}

/// Whether what is encoded now goes such a way.
pub(crate) fn is_overheard() -> bool {
    OVERHEARD.get()
}

type Place = RefCell<ManuallyDrop<Option<Vec<Passed>>>>;

/// Puts back what was there before, even if what happens meanwhile panics.
struct Scope {
    cell: &'static LocalKey<Place>,
    before: Option<Vec<Passed>>,
}

impl Scope {
    fn enter(cell: &'static LocalKey<Place>, with: Vec<Passed>) -> Self {
        Self { cell, before: put(cell, Some(with)) }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        drop(put(self.cell, self.before.take()));
    }
}

fn put(cell: &'static LocalKey<Place>, now: Option<Vec<Passed>>) -> Option<Vec<Passed>> {
    ManuallyDrop::into_inner(cell.replace(ManuallyDrop::new(now)))
}

/// Where a descriptor goes that is being named.
impl Serialize for Passed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sent = SENT.with_borrow_mut(|sent| sent.as_mut().map(|sent| place_of(self, sent)));
        match sent {
            Some(place) => Name::Place(place).serialize(serializer),
            None => {
                shared::name_descriptor(self).map_err(S::Error::custom)?;
                Name::Id(self.id()).serialize(serializer)
            }
        }
    }
}

fn place_of(passed: &Passed, sent: &mut Vec<Passed>) -> u32 {
    let place = sent.iter().position(|other| Arc::ptr_eq(&other.0, &passed.0)).unwrap_or_else(|| {
        sent.push(passed.clone());
        sent.len() - 1
    });
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The kernel drops what a process has no room for, without a word.
fn not_there(place: u32) -> String {
    format!(
        "descriptor {place} did not come with the message; it does not either where a process has no more left (ulimit -n)"
    )
}

/// What stands for a descriptor in what is encoded.
#[derive(Serialize, Deserialize)]
enum Name {
    /// Its place among those that come with the message.
    Place(u32),
    /// Known to the worker by this id.
    Id(SharedId),
}

impl<'de> Deserialize<'de> for Passed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Name::deserialize(deserializer)? {
            Name::Place(place) => RECEIVED
                .with_borrow(|came| came.as_ref()?.get(place as usize).cloned())
                .ok_or_else(|| D::Error::custom(not_there(place))),
            Name::Id(id) => values::descriptor(id).map(|fd| Self::named(id, fd)).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use std::fs::File;

    use ganger_proto::codec;

    use super::*;

    #[test]
    fn what_is_named_twice_goes_once_and_comes_back() {
        let null = Passed::from(OwnedFd::from(File::open("/dev/null").unwrap()));
        let (bytes, sent) = sending(|| codec::encode(&(null.clone(), null.clone()), 100).unwrap());
        assert_eq!(sent.len(), 1);
        let decode = || codec::decode::<(Passed, Passed)>(&bytes, 100);
        let (one, two) = receiving(sent, decode).unwrap();
        assert!(Arc::ptr_eq(&one.0, &two.0));
        assert!(decode().unwrap_err().to_string().contains("did not come with the message"));
    }

    #[test]
    fn what_goes_nowhere_cannot_be_named() {
        let null = Passed::from(OwnedFd::from(File::open("/dev/null").unwrap()));
        assert!(codec::encode(&null, 100).unwrap_err().to_string().contains("no argument of a task"));
    }
}
