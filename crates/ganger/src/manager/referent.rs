//! An object of a server, as this process has it: all its proxies share one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::Serialize;

use super::encoding::{self, Encoding};
use super::error::ManagerError;
use super::link::{Link, Patience};
use super::pending::Pending;
use super::protocol::{Call, Encoded, ObjectId};
use super::reception::Reception;

/// With the last proxy of this process the server is told.
pub struct Referent {
    link: Arc<Link>,
    object: ObjectId,
    /// How often the server has given it to this process.
    grants: AtomicU64,
}

impl Referent {
    pub(super) fn new(link: Arc<Link>, object: ObjectId) -> Self {
        Self { link, object, grants: AtomicU64::new(1) }
    }

    pub(super) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    pub(super) fn object(&self) -> ObjectId {
        self.object
    }

    pub(super) fn grant(&self) {
        self.grants.fetch_add(1, Ordering::Relaxed);
    }

    /// On a new connection the count begins anew.
    pub(super) fn given_once(&self) -> ObjectId {
        self.grants.store(1, Ordering::Relaxed);
        self.object
    }

    /// A call that has nothing to wait for.
    pub(super) fn ask(&self, call: Call) -> Result<Reception, ManagerError> {
        self.link.ask(self.object, call, Patience::Soon)
    }

    /// A call that waits, until then.
    pub(super) fn wait(&self, call: Call, deadline: Option<Instant>) -> Result<Reception, ManagerError> {
        self.link.ask(self.object, call, Patience::Until(deadline))
    }

    /// A call that waits, until then and then for a lock.
    pub(super) fn wait_for_lock(&self, call: Call, deadline: Option<Instant>) -> Result<Reception, ManagerError> {
        self.link.ask(self.object, call, Patience::UntilThenLock(deadline))
    }

    /// A call whose answer is asked for later.
    pub(super) fn later<T>(
        self: &Arc<Self>,
        call: Call,
        read: fn(Reception) -> Result<T, ManagerError>,
    ) -> Result<Pending<T>, ManagerError> {
        Ok(Pending::new(Arc::clone(self), self.link.send(self.object, call)?, read))
    }

    pub(super) fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Encoding, ManagerError> {
        encoding::encode(&self.link, value)
    }

    pub(super) fn encode_key<T: Serialize + ?Sized>(&self, key: &T) -> Result<Encoded, ManagerError> {
        encoding::encode_key(&self.link, key)
    }
}

/// Whether both are one object of one server.
impl PartialEq for Referent {
    fn eq(&self, other: &Self) -> bool {
        self.object == other.object && self.link.server() == other.link.server()
    }
}

impl fmt::Debug for Referent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object {} of the manager at {}", self.object.0, self.link.address())
    }
}

impl Drop for Referent {
    fn drop(&mut self) {
        self.link.let_go(self.object, self.grants.load(Ordering::Relaxed));
    }
}
