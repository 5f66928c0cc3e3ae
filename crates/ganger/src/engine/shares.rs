//! Shared values as the supervisor keeps them: as long as a handle is there, or a task that names them has no outcome.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use ganger_proto::SharedId;

use crate::engine::core::Core;

/// What a name stands for.
#[derive(Clone)]
pub(crate) enum Value {
    Encoded(Arc<[u8]>),
    Descriptor(Arc<OwnedFd>),
}

/// One value.
pub(crate) struct Share {
    value: Value,
    /// Its handles count as one, each task as one.
    users: usize,
}

pub(crate) type Shares = HashMap<SharedId, Share>;

/// The value of that name.
pub(crate) fn value(shares: &Shares, id: SharedId) -> Option<Value> {
    shares.get(&id).map(|share| share.value.clone())
}

impl Core {
    /// A new value, with a handle.
    pub(crate) fn share(&mut self, id: SharedId, value: Value) {
        self.shares.insert(id, Share { value, users: 1 });
    }

    /// A task names these.
    pub(crate) fn hold(&mut self, shared: Option<&[SharedId]>) {
        for id in shared.into_iter().flatten() {
            if let Some(share) = self.shares.get_mut(id) {
                share.users += 1;
            }
        }
    }

    /// A user is gone. With the last of them the value goes, here and in the workers.
    pub(crate) fn let_go(&mut self, id: SharedId) {
        let Some(share) = self.shares.get_mut(&id) else { return };
        share.users -= 1;
        if share.users > 0 {
            return;
        }
        self.shares.remove(&id);
        for member in self.gang.iter_mut() {
            member.unshare(id);
            member.pump(&self.tasks);
            self.touched.push(member.id.index());
        }
    }
}
