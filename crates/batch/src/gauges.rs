//! How busy the machine is, as the kernel tells.

use std::fs;

/// What a run looks at before it starts another command.
pub(crate) trait Gauges {
    /// How many threads run or want to, without our own.
    fn runnable(&self) -> Option<u64>;

    /// How much memory there is for new programs without swapping, in bytes.
    fn available(&self) -> Option<u64>;
}

/// Those of this machine.
pub(crate) struct Machine;

impl Gauges for Machine {
    /// At this moment: the averages beside it are a minute late.
    fn runnable(&self) -> Option<u64> {
        runnable(&fs::read_to_string("/proc/loadavg").ok()?)
    }

    fn available(&self) -> Option<u64> {
        memory(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
    }
}

/// How much memory this machine has, in bytes.
pub(crate) fn machine_memory() -> Option<u64> {
    memory(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// From `0.00 0.01 0.05 RUNNABLE/ALL LAST`. Whoever reads it runs.
fn runnable(loadavg: &str) -> Option<u64> {
    let counts = loadavg.split(' ').nth(3)?;
    counts.split_once('/')?.0.parse::<u64>().ok().map(|all| all.saturating_sub(1))
}

fn memory(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells_is_read() {
        assert_eq!(runnable("0.08 0.71 2.04 3/412 19716\n"), Some(2));
        assert_eq!(runnable("0.08"), None);
        assert_eq!(memory("MemTotal: 8 kB\nMemAvailable:   2 kB\n", "MemAvailable:"), Some(2048));
        assert!(Machine.runnable().is_some());
        assert!(Machine.available() <= machine_memory() && machine_memory().is_some());
    }
}
