//! Shared values in a worker: kept encoded, decoded when first used.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};

use ganger_proto::SharedId;

enum Value {
    Encoded(Vec<u8>),
    Decoded(Arc<dyn Any + Send + Sync>),
    Descriptor(Arc<OwnedFd>),
    /// A task that runs in its caller names what its caller has.
    Lent(Weak<OwnedFd>),
}

thread_local! {
    static VALUES: RefCell<HashMap<SharedId, Value>> = RefCell::default();
}

pub(crate) fn keep(id: SharedId, encoded: Vec<u8>) {
    VALUES.with_borrow_mut(|values| values.insert(id, Value::Encoded(encoded)));
}

pub(crate) fn keep_descriptor(id: SharedId, fd: Arc<OwnedFd>) {
    VALUES.with_borrow_mut(|values| values.insert(id, Value::Descriptor(fd)));
}

/// As [`keep_descriptor`], for as long as somebody else keeps it.
pub(crate) fn lend_descriptor(id: SharedId, fd: &Arc<OwnedFd>) {
    VALUES.with_borrow_mut(|values| {
        values.retain(|_, value| !matches!(value, Value::Lent(fd) if fd.strong_count() == 0));
        values.insert(id, Value::Lent(Arc::downgrade(fd)))
    });
}

/// The descriptor with this name.
pub(crate) fn descriptor(id: SharedId) -> Result<Arc<OwnedFd>, String> {
    VALUES.with_borrow(|values| match values.get(&id) {
        Some(Value::Descriptor(fd)) => Ok(Arc::clone(fd)),
        Some(Value::Lent(fd)) => fd.upgrade().ok_or_else(|| format!("the descriptor {id} was closed")),
        _ => Err(format!("this process was never passed the descriptor {id}")),
    })
}

pub(super) fn forget(id: SharedId) {
    VALUES.with_borrow_mut(|values| values.remove(&id));
}

/// The value with this name, decoded by `decode` at the first time. An error says why there is none.
pub(crate) fn get<T: Send + Sync + 'static>(
    id: SharedId,
    decode: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<Arc<T>, String> {
    VALUES.with_borrow_mut(|values| {
        let value = values.get_mut(&id).ok_or_else(|| format!("this worker was never sent the shared value {id}"))?;
        if let Value::Encoded(bytes) = value {
            *value = Value::Decoded(Arc::new(decode(bytes)?));
        }
        let Value::Decoded(value) = value else { return Err(format!("the shared value {id} was not decoded")) };
        Arc::clone(value).downcast().map_err(|_| format!("the shared value {id} has another type"))
    })
}
