//! Limits and load: what was typed → what it means here, and how many commands that leaves at a time.

use ganger_batch::{Limits, Plan, Throttle};

use crate::flags::LimitFlags;
use crate::jobs::Jobs;

/// More processors for each command than there are.
#[derive(Debug)]
pub(crate) struct TooFewProcessors {
    pub(crate) wanted: usize,
    pub(crate) there: usize,
}

/// A plan with these limits in it; `jobs`: what `-j` says.
pub(crate) fn set(plan: Plan, flags: LimitFlags, jobs: Option<Jobs>) -> Result<Plan, TooFewProcessors> {
    let (processors, cpus) = (ganger::cpu_count(), flags.cpus.get());
    let there = ganger::cpu_numbers().len();
    if flags.pin && cpus > there {
        return Err(TooFewProcessors { wanted: cpus, there });
    }
    let values = flags.slots.iter().map(|slots| slots.values.len() * cpus).min();
    let slots_of_j = jobs.map(|jobs| jobs.of(processors)).or(values).unwrap_or(processors);
    let limits = Limits {
        memory: flags.memory_max,
        retry_memory: flags.retry_memory,
        cpu_time: flags.cpu_time,
        nice: flags.nice,
        ending: flags.termseq.map(|ending| ending.0).unwrap_or_default(),
        pinned: flags.pin.then_some(cpus),
    };
    let throttle = Throttle { load: flags.load, memfree: flags.memfree };
    Ok(Plan { jobs: (slots_of_j / cpus).max(1), limits, throttle, slots: flags.slots, ..plan })
}
