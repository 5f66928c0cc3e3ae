//! The atomics, as the machine has them or as loom models them.

#[cfg(loom)]
pub(crate) use crate::model::{Bytes, Identity, Shared64, Word, Word64};
#[cfg(not(loom))]
pub(crate) use crate::state::Bytes;
#[cfg(not(loom))]
pub(crate) use ganger_sys::Identity;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// A word that one can sleep on.
#[cfg(not(loom))]
pub(crate) type Word = AtomicU32;

/// A long word that one can sleep on.
#[cfg(not(loom))]
pub(crate) type Word64 = AtomicU64;

/// A long word that who dies may be about to change.
#[cfg(not(loom))]
pub(crate) type Shared64 = AtomicU64;
