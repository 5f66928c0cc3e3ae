//! How many processors this process may use.

use std::fs;
use std::num::NonZero;
use std::path::Path;

use crate::cgroup::Groups;

/// Processors that this process may run on (its affinity), but not more than its control group has time for. A quota of
/// one and a half processors counts as two: with one worker a third of it would be lost.
#[must_use]
pub fn available() -> usize {
    quota().map_or_else(affinity, |quota| affinity().min(quota)).max(1)
}

/// What the affinity allows. A machine with more processors than the C library's set can tell counts as one with as many
/// as std knows of.
fn affinity() -> usize {
    match numbers().len() {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        known => known,
    }
}

/// The numbers of the processors that this process may run on; none on a machine with more of them than the C library's
/// set can tell.
#[must_use]
pub fn numbers() -> Vec<u32> {
    let Ok(set) = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)) else { return Vec::new() };
    (0..nix::sched::CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).map(|cpu| cpu as u32).collect()
}

/// The smallest quota of any group above us, in whole processors; `None` without one.
fn quota() -> Option<usize> {
    let groups = Groups::read()?;
    let two = groups.v2().and_then(|g| g.upwards().filter_map(quota_v2).min());
    let one = groups.v1("cpu").and_then(|g| g.upwards().filter_map(quota_v1).min());
    [two, one].into_iter().flatten().min()
}

fn quota_v2(dir: &Path) -> Option<usize> {
    let text = fs::read_to_string(dir.join("cpu.max")).ok()?;
    let (quota, period) = text.trim().split_once(' ')?;
    whole(quota, period)
}

fn quota_v1(dir: &Path) -> Option<usize> {
    let read = |name| fs::read_to_string(dir.join(name)).ok();
    whole(read("cpu.cfs_quota_us")?.trim(), read("cpu.cfs_period_us")?.trim())
}

/// Rounded up. No quota is told by `max` in version 2 and by -1 in version 1; neither is an unsigned number.
fn whole(quota: &str, period: &str) -> Option<usize> {
    let (quota, period): (u64, u64) = (quota.parse().ok()?, period.parse().ok()?);
    (period > 0).then(|| quota.div_ceil(period).max(1) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_rounded_up() {
        assert_eq!(whole("150000", "100000"), Some(2));
        assert_eq!(whole("1000", "100000"), Some(1));
        assert_eq!(whole("max", "100000"), None);
        assert_eq!(whole("-1", "100000"), None);
        assert_eq!(whole("1", "0"), None);
    }

    #[test]
    fn there_is_one_at_least_and_no_more_than_the_affinity_has() {
        assert!((1..=affinity()).contains(&available()));
    }
}
