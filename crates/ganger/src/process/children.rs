//! The processes of this one that have not ended.

use std::sync::{Mutex, PoisonError, Weak};

use crate::process::{Inner, Process};

static CHILDREN: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

pub(super) fn add(process: &Process) {
    let mut children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
    children.retain(|child| child.strong_count() > 0);
    children.push(std::sync::Arc::downgrade(&process.0));
}

/// The processes of this one that were started, have a handle, and have not ended: `multiprocessing.active_children`. Those
/// that have ended are reaped.
#[must_use]
pub fn active_children() -> Vec<Process> {
    let children: Vec<_> = {
        let children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
        children.iter().filter_map(Weak::upgrade).map(Process).collect()
    };
    children.into_iter().filter(Process::is_alive).collect()
}
