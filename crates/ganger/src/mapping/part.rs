//! What is on its way.

use std::sync::Arc;

use ganger_proto::codec::Items;

use crate::error::Error;
use crate::future::Future;
use crate::shared::Named;
use crate::worker::invocation::Run;

/// What has a place in the order.
pub(super) enum Part<R> {
    Chunk(Chunk<R>),
    Refused(Error),
}

/// Items at the workers.
pub(super) struct Chunk<R> {
    pub(super) future: Future<Vec<Run<R>>>,
    pub(super) count: usize,
    /// The items, where there are several: should their worker die, they are tried one by one.
    pub(super) items: Items,
    /// The shared values that they name.
    pub(super) named: Arc<Named>,
}

impl<R> Part<R> {
    /// What it waits for.
    pub(super) fn unsettled(&self) -> Option<&Future<Vec<Run<R>>>> {
        match self {
            Self::Chunk(chunk) => Some(&chunk.future).filter(|future| !future.done()),
            Self::Refused(_) => None,
        }
    }

    pub(super) fn items(&self) -> Option<&Items> {
        match self {
            Self::Chunk(chunk) => Some(&chunk.items),
            Self::Refused(_) => None,
        }
    }
}
