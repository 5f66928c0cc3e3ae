//! The processes of this one that have not ended.

use std::sync::{Arc, Mutex, Weak};

use crate::engine::lock;
use crate::process::current::current_process;
use crate::process::{Inner, Process};

/// Each with the number of the process that started it: a thread can be one.
static CHILDREN: Mutex<Vec<(u64, Weak<Inner>)>> = Mutex::new(Vec::new());

pub(super) fn add(process: &Process) {
    let parent = current_process().number();
    let mut children = lock(&CHILDREN);
    children.retain(|(_, child)| child.strong_count() > 0);
    children.push((parent, Arc::downgrade(&process.0)));
}

/// The processes of this one that were started, have a handle, and have not ended: `multiprocessing.active_children`. Those
/// that have ended are reaped.
#[must_use]
pub fn active_children() -> Vec<Process> {
    let this = current_process().number();
    let children: Vec<_> = {
        let children = lock(&CHILDREN);
        children.iter().filter(|(parent, _)| *parent == this).filter_map(|(_, child)| child.upgrade()).collect()
    };
    children.into_iter().map(Process).filter(Process::is_alive).collect()
}
