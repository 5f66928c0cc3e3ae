//! The fault plan of what is one process: a [`Process`](crate::Process), and a manager's server.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ganger_proto::fault::{Deed, Fault, FaultError, Point};
use ganger_sys::ruin;

use super::deeds::{needs_link, strike};
use super::{arm, plan};
use crate::builder::StartMethod;
use crate::error::{Error, ErrorKind};
use crate::worker::PANICKED;

/// What shall go wrong in a process of this name: what its builder was told, and what the environment says of that name.
pub(crate) fn of_process(name: &str, faults: Vec<Fault>, method: StartMethod) -> Result<Vec<Fault>, Error> {
    let plan = with_environment(name, faults, |fault| !of_calls(fault.point))?;
    plan.iter().try_for_each(|fault| check_process(fault, method)).map_err(refused)?;
    Ok(plan)
}

/// The same for a manager: what its process is told, and what strikes in the middle of calls.
pub(crate) fn of_manager(name: &str, faults: Vec<Fault>) -> Result<(Vec<Fault>, Vec<Fault>), Error> {
    let (of_calls, of_process) = faults.into_iter().partition(|fault| of_calls(fault.point));
    let plan = with_environment(name, of_calls, |fault| self::of_calls(fault.point))?;
    plan.iter().try_for_each(check_call).map_err(refused)?;
    Ok((of_process, plan))
}

/// In the environment, only those that name it are meant for it: the others are for pools.
fn with_environment(name: &str, faults: Vec<Fault>, fits: impl Fn(&Fault) -> bool) -> Result<Vec<Fault>, Error> {
    let mut plan = faults;
    plan.retain(|fault| fault.concerns(name));
    let ordered = plan::from_environment().map_err(refused)?;
    for fault in ordered.into_iter().filter(|fault| fault.pool.as_deref() == Some(name) && fits(fault)) {
        log::warn!("process {name}: {} orders a fault: {fault}", plan::VARIABLE);
        plan.push(fault);
    }
    Ok(plan)
}

fn of_calls(point: Point) -> bool {
    matches!(point, Point::Request | Point::Answer)
}

fn refused(error: FaultError) -> Error {
    Error::new(ErrorKind::Faults(error))
}

fn wrong(fault: &Fault, why: &str) -> FaultError {
    FaultError::new(format!("'{fault}': {why}"))
}

fn check_process(fault: &Fault, method: StartMethod) -> Result<(), FaultError> {
    fault.check()?;
    let passes = matches!(fault.point, Point::Start | Point::Begin | Point::Retire) || fault.point.is_shared();
    if !passes {
        return Err(wrong(
            fault,
            "a process comes past start, begin, retire, lock, turn, put and get, and nothing else",
        ));
    }
    if needs_link(fault.deed) {
        return Err(wrong(fault, "a process has no link to who started it; use kill, exit, stop or the like"));
    }
    if fault.worker.is_some() || fault.task.is_some() {
        return Err(wrong(fault, "a process has neither workers nor tasks; leave them out"));
    }
    if matches!(method, StartMethod::Thread | StartMethod::Inline) {
        return Err(wrong(fault, "it would strike this process itself; start it by Zygote or Spawn"));
    }
    Ok(())
}

fn check_call(fault: &Fault) -> Result<(), FaultError> {
    fault.check()?;
    if fault.deed == Deed::Oversized {
        return Err(wrong(fault, "its messages are packets, whose length is no word; use garbage"));
    }
    if fault.worker.is_some() {
        return Err(wrong(fault, "a manager has one process; leave the worker out"));
    }
    Ok(())
}

/// A process comes past: it does what was ordered there. A panic is its end.
pub(crate) fn reach(ordered: &[Fault], point: Point) {
    if point == Point::Begin {
        arm::of_process(ordered);
    }
    for fault in ordered.iter().filter(|fault| fault.point == point) {
        if catch_unwind(AssertUnwindSafe(|| strike(fault.deed, point))).is_err() {
            ruin::exit(PANICKED);
        }
    }
}
