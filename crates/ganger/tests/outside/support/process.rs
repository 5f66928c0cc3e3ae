//! Processes from outside: which there are, and how to end them.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Sends a signal; to one that is gone already, none.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let _ = kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal);
}

/// Whether there is such a process, and it is not merely waiting to be reaped.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// The children of a process, dead ones that it has not reaped included.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let parent = |stat: &str| stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok();
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let born = |child: &u32| fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|s| parent(&s) == Some(pid));
    processes.filter(born).collect()
}

/// What a process holds that could leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) descriptors: usize,
    pub(crate) children: usize,
    pub(crate) threads: usize,
    /// Mappings of memory files.
    pub(crate) shared_memory: usize,
}

impl Holdings {
    /// This process's own.
    pub(crate) fn now() -> Self {
        let count = |dir: &str| fs::read_dir(dir).unwrap().count();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        Self {
            descriptors: count("/proc/self/fd"),
            children: children(std::process::id()).len(),
            threads: count("/proc/self/task"),
            shared_memory: maps.lines().filter(|line| line.contains("memfd:") || line.contains("/dev/shm")).count(),
        }
    }
}
