//! What a tree of processes uses now: for limits that no kernel enforces on a tree without a control group.
//!
//! A look is no snapshot: who is born meanwhile is seen next time, and who died is counted by its parent.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::Duration;

use crate::memory::page_size;

/// One process of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its process id.
    pub pid: u32,
    /// Its resident memory, in bytes; memory that it shares with others is counted for each of them.
    pub resident: u64,
    /// Its processor time, with that of its children that it has waited for.
    pub cpu: Duration,
}

/// All descendants of a process that are there now, zombies included.
///
/// # Errors
/// When `/proc` is not mounted.
pub fn descendants(root: u32) -> io::Result<Vec<Member>> {
    let pids = if has_child_lists() { listed(root) } else { found(root)? };
    Ok(pids.into_iter().filter_map(member).collect())
}

/// One process; none if it is gone.
#[must_use]
pub fn member(pid: u32) -> Option<Member> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse(pid, &stat, ticks_a_second(), page_size())
}

/// Not in every kernel's configuration.
fn has_child_lists() -> bool {
    fs::exists("/proc/thread-self/children").unwrap_or(false)
}

/// By the kernel's lists of children: costs as much as the tree is large.
fn listed(root: u32) -> Vec<u32> {
    let mut all = children(root);
    let mut next = 0;
    while let Some(pid) = all.get(next) {
        let below = children(*pid);
        all.extend(below);
        next += 1;
    }
    all
}

fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// By everybody's parent: costs as much as the machine has processes.
fn found(root: u32) -> io::Result<Vec<u32>> {
    let mut below: HashMap<u32, Vec<u32>> = HashMap::new();
    for pid in fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = fields(&stat).and_then(|mut fields| fields.nth(1)?.parse().ok());
        parent.into_iter().for_each(|parent: u32| below.entry(parent).or_default().push(pid));
    }
    let mut all = below.remove(&root).unwrap_or_default();
    let mut next = 0;
    while let Some(pid) = all.get(next) {
        all.extend(below.remove(pid).unwrap_or_default());
        next += 1;
    }
    Ok(all)
}

/// Those behind `PID (NAME) `, where the name may hold anything.
fn fields(stat: &str) -> Option<std::str::Split<'_, char>> {
    Some(stat.rsplit_once(") ")?.1.split(' '))
}

/// From `STATE PARENT … 12th UTIME STIME CUTIME CSTIME … 22nd RSS`, see proc(5).
fn parse(pid: u32, stat: &str, ticks: u64, page: u64) -> Option<Member> {
    let numbers: Vec<u64> = fields(stat)?.skip(11).map(|field| field.parse().unwrap_or(0)).take(11).collect();
    let cpu = numbers.get(..4)?.iter().sum::<u64>();
    let cpu = Duration::from_nanos(cpu.saturating_mul(1_000_000_000 / ticks.max(1)));
    Some(Member { pid, resident: numbers.get(10)? * page, cpu })
}

fn ticks_a_second() -> u64 {
    // SAFETY: no memory is passed.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let line = "7 (a) R) S 3 7 7 0 -1 4194560 1 2 3 4 150 50 10 5 20 0 1 0 99 1000000 25 18446744073709551615 1";
        let member = parse(7, line, 100, 4096).unwrap();
        assert_eq!(member, Member { pid: 7, resident: 25 * 4096, cpu: Duration::from_millis(2150) });
        assert_eq!(parse(7, "7 (a) S 3", 100, 4096), None);
    }

    #[test]
    fn both_ways_find_a_grandchild() {
        let mut shell = std::process::Command::new("sh")
            .args(["-c", "sleep 60 & echo $!; wait"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(shell.stdout.take().unwrap()), &mut line).unwrap();
        let sleep: u32 = line.trim().parse().unwrap();
        let own = std::process::id();
        assert!(found(own).unwrap().contains(&sleep));
        assert!(!has_child_lists() || listed(own).contains(&sleep));
        let seen = descendants(own).unwrap();
        assert!(seen.iter().any(|member| member.pid == sleep) && seen.iter().all(|member| member.pid != own));
        assert!(member(own).unwrap().resident > 0);
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(sleep as i32), nix::sys::signal::Signal::SIGKILL).unwrap();
        shell.wait().unwrap();
    }
}
