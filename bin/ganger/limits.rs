//! Limits and load: what was typed → what it means here, and how many commands that leaves at a time.

use ganger_batch::{Limits, Plan, Throttle};

use crate::flags::LimitFlags;

/// More processors for each command than there are.
#[derive(Debug)]
pub(crate) struct TooFewProcessors {
    pub(crate) wanted: usize,
    pub(crate) there: usize,
}

/// How many commands run at a time; `asked`: what `-j` says.
pub(crate) fn jobs(flags: &LimitFlags, asked: Option<usize>) -> Result<usize, TooFewProcessors> {
    let (wanted, there) = (flags.cpus.get(), ganger::cpu_numbers().len());
    if flags.pin && wanted > there {
        return Err(TooFewProcessors { wanted, there });
    }
    let values = flags.slots.iter().map(|slots| slots.values.len() * wanted).min();
    Ok((asked.or(values).unwrap_or_else(ganger::cpu_count) / wanted).max(1))
}

/// How many processors each command has for itself.
pub(crate) fn pinned(flags: &LimitFlags) -> Option<usize> {
    flags.pin.then_some(flags.cpus.get())
}

/// When no more are started.
pub(crate) fn throttle(flags: &LimitFlags) -> Throttle {
    Throttle { load: flags.load, memfree: flags.memfree }
}

/// What each command may use.
pub(crate) fn limits(flags: &LimitFlags) -> Limits {
    Limits {
        memory: flags.memory_max,
        retry_memory: flags.retry_memory,
        cpu_time: flags.cpu_time,
        nice: flags.nice,
        ending: flags.termseq.clone().map(|ending| ending.0).unwrap_or_default(),
        pinned: pinned(flags),
    }
}

/// A plan with these limits in it.
pub(crate) fn set(plan: Plan, flags: LimitFlags) -> Plan {
    Plan { limits: limits(&flags), throttle: throttle(&flags), sandbox: flags.sandbox, slots: flags.slots, ..plan }
}
