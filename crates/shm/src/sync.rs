//! The atomics, as the machine has them or as loom models them.

#[cfg(loom)]
pub(crate) use crate::model::Word;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// A word that one can sleep on.
#[cfg(not(loom))]
pub(crate) type Word = AtomicU32;
