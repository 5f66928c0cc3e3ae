//! How much memory a process has, and whether the kernel has killed for want of it.

use std::fs;
use std::io::{self, ErrorKind};
use std::sync::OnceLock;

use crate::cgroup::Groups;

/// What a process has resident, in bytes. Pages that it shares count in full.
///
/// # Errors
/// When there is no such process.
pub fn resident(pid: u32) -> io::Result<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm"))?;
    let pages: Option<u64> = statm.split(' ').nth(1).and_then(|field| field.parse().ok());
    Ok(pages.ok_or(ErrorKind::InvalidData)? * page_size())
}

/// A process's proportional share, in bytes: a page that four processes share counts a quarter in each.
///
/// # Errors
/// When there is no such process, or it is another user's.
pub fn proportional(pid: u32) -> io::Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kib: Option<u64> =
        rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.parse().ok());
    Ok(kib.ok_or(ErrorKind::InvalidData)? * 1024)
}

/// How many processes of this process's control group the kernel has killed for want of memory, so far. Where the group
/// does not tell, those of the whole machine.
///
/// A child that died of `SIGKILL` while this number rose was killed by the kernel, and by nobody else.
#[must_use]
pub fn oom_kill_count() -> u64 {
    let groups = Groups::read();
    let v2 = || field(groups.as_ref()?.v2()?.own().join("memory.events").to_str()?);
    let v1 = || field(groups.as_ref()?.v1("memory")?.own().join("memory.oom_control").to_str()?);
    v2().or_else(v1).or_else(|| field("/proc/vmstat")).unwrap_or(0)
}

/// The number behind `oom_kill`.
fn field(path: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

pub(crate) fn page_size() -> u64 {
    static SIZE: OnceLock<u64> = OnceLock::new();
    // SAFETY: no memory is passed.
    *SIZE.get_or_init(|| u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_shares_some() {
        let pid = std::process::id();
        let (resident, proportional) = (resident(pid).unwrap(), proportional(pid).unwrap());
        assert!(resident > 256 << 10 && proportional > 64 << 10, "{resident} {proportional}");
        assert!(proportional < resident * 2, "{resident} {proportional}");
        assert!(super::resident(u32::MAX).is_err());
    }

    #[test]
    fn the_machine_tells_its_kills() {
        assert!(field("/proc/vmstat").is_some());
        assert!(oom_kill_count() <= field("/proc/vmstat").unwrap());
    }
}
