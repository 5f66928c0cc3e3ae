//! What each looks like in a debugger's or a test's output: who has it, and how much of it is left.

use std::fmt::{Debug, Formatter, Result};

use ganger_sys::Identity;

use super::{Barrier, Condition, Event, Lock, RLock};

/// Who holds a lock, of this `kind`.
fn holder(f: &mut Formatter<'_>, holder: Option<Identity>, kind: &str, me: Identity) -> Result {
    match holder {
        None => write!(f, "free"),
        Some(holder) if holder == me => write!(f, "held by this {kind}"),
        Some(holder) if holder.is_alive() => write!(f, "held by {kind} {}", holder.id()),
        Some(holder) => write!(f, "left by {kind} {}, which died", holder.id()),
    }
}

impl Debug for Lock {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "Lock(")?;
        holder(f, self.holder(), "process", Identity::of_this_process())?;
        write!(f, ")")
    }
}

impl Debug for RLock {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (held_by, depth) = (self.holder(), self.depth());
        write!(f, "RLock(")?;
        holder(f, held_by, "thread", Identity::of_this_thread())?;
        if held_by.is_some() && depth > 1 {
            write!(f, ", {depth} times")?;
        }
        write!(f, ")")
    }
}

impl Debug for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "Condition({:?})", self.behind())
    }
}

impl Debug for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "Event({})", if self.is_set() { "set" } else { "unset" })
    }
}

impl Debug for Barrier {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let broken = if self.broken() { ", broken" } else { "" };
        write!(f, "Barrier({} of {} wait{broken})", self.n_waiting(), self.parties())
    }
}
