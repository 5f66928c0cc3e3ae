//! The queues that there are, for those who read what clients want. They change when the configuration is read again.

use std::sync::{Arc, PoisonError, RwLock};

use ganger_store::QueueId;

use crate::config::QueueConfig;

/// A queue as a job is checked against it.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) id: QueueId,
    pub(crate) config: QueueConfig,
}

/// Those that there are now.
#[derive(Clone, Debug)]
pub(crate) struct Queues(Arc<RwLock<Arc<[Queue]>>>);

impl Queues {
    pub(crate) fn new(queues: Vec<Queue>) -> Self {
        Self(Arc::new(RwLock::new(queues.into())))
    }

    pub(crate) fn now(&self) -> Arc<[Queue]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, queues: Vec<Queue>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = queues.into();
    }
}
