//! Killing what is left of a process tree.
//!
//! A process group goes with one call. What left the group (`setsid`, a daemon) comes back to the nearest subreaper
//! above it: a process that is one ([`setup::become_subreaper`](crate::setup::become_subreaper)) finds it among its own
//! children.

use std::fs;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{self, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::Usage;
use crate::child;
use crate::kin::kin;

/// What a sweep has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many processes were reaped.
    pub count: usize,
    /// What they have used together.
    pub usage: Usage,
}

/// A child of this process, by birth or by adoption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Its process id.
    pub pid: u32,
    /// Its process group: that of the command that it comes from, unless it made one of its own.
    pub group: u32,
    /// Its session.
    pub session: u32,
}

/// Kills a process group. `false`: there is none of that id.
///
/// Only for a group whose leader has not been reaped, or that is known to have other members: the id may name a stranger's
/// group otherwise. [`Child::signal_group`](crate::Child::signal_group) takes care of that.
///
/// # Errors
/// When the group is another user's, or the id is none of a group that can be killed (0, 1).
pub fn kill_group(group: u32) -> io::Result<bool> {
    match kill(Pid::from_raw(-number(group)?), signal::Signal::SIGKILL) {
        Ok(()) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// All children of this process, dead ones that were not waited for included.
///
/// # Errors
/// When `/proc` is not mounted.
pub fn children() -> io::Result<Vec<Stray>> {
    let own = std::process::id();
    let candidates = listed_children().or_else(|_| all_processes())?;
    let stat = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/stat"));
    Ok(candidates.iter().filter_map(|pid| stray(*pid, &stat(pid).ok()?, own)).collect())
}

/// As the kernel lists them, which costs as much as there are children; not in every kernel's configuration.
fn listed_children() -> io::Result<Vec<u32>> {
    fs::metadata("/proc/thread-self/children")?;
    let mut pids = Vec::new();
    for thread in fs::read_dir("/proc/self/task")? {
        // A thread that has ended meanwhile has none: its children are another thread's now.
        let listed = fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
        pids.extend(listed.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    Ok(pids)
}

/// Costs as much as the machine has processes.
fn all_processes() -> io::Result<Vec<u32>> {
    Ok(fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

/// Kills and reaps every child of this process that `spare` does not spare, and what comes to this process through their
/// deaths, until there is none left. Tells how many were reaped, and what they have used.
///
/// It waits for processes that it was not given, so it is for a process whose children are all known: spare whatever
/// another part of the program waits for.
///
/// # Errors
/// When one has not died after `patience`, or `/proc` is not mounted.
pub fn sweep(spare: impl Fn(&Stray) -> bool, patience: Duration) -> io::Result<Swept> {
    end_all(patience, || {
        if !has_children(Id::All) {
            return Ok(Vec::new());
        }
        Ok(children()?.into_iter().filter(|child| !spare(child)).map(|child| child.pid).collect())
    })
}

/// Kills and reaps the orphans that came to this process: its children that no [`Child`](crate::Child) stands for and that are not
/// [`Expected`](crate::Expected), and what comes to this process through their deaths, until there is none left. `false`:
/// somebody is expected, so nobody can be told from an orphan now.
///
/// What the program has started by other means, `std::process::Command` say, counts as an orphan.
///
/// # Errors
/// As for [`sweep`].
pub fn sweep_orphans(patience: Duration) -> io::Result<bool> {
    let mut certain = true;
    end_all(patience, || {
        if !has_children(Id::All) {
            return Ok(Vec::new());
        }
        // Locked before one looks: who is found by then is known, if anybody looks after it.
        let kin = kin();
        certain = !kin.expects_somebody();
        let children = if certain { children()? } else { Vec::new() };
        Ok(children.into_iter().map(|child| child.pid).filter(|pid| !kin.knows(*pid)).collect())
    })?;
    Ok(certain)
}

/// Reaps the orphans that came to this process and have ended by themselves; it kills nobody. For who lives long and whose
/// descendants leave many behind: each that is not reaped keeps its pid.
///
/// # Errors
/// When `/proc` is not mounted.
pub fn reap_dead_orphans() -> io::Result<Swept> {
    let mut swept = Swept::default();
    if !has_dead_children() {
        return Ok(swept);
    }
    let _turn = SWEEPING.lock().unwrap_or_else(PoisonError::into_inner);
    let kin = kin();
    let children = if kin.expects_somebody() { Vec::new() } else { children()? };
    let orphans = children.into_iter().map(|child| child.pid).filter(|pid| !kin.knows(*pid));
    for (_, usage) in orphans.filter_map(|pid| child::reap_pid(pid).ok().flatten()) {
        swept = Swept { count: swept.count + 1, usage: swept.usage.and(usage) };
    }
    Ok(swept)
}

/// Kills and reaps every child that the *calling thread* has started and `spare` does not spare: those of other threads,
/// and orphans that came to this process, are left alone. Where the kernel keeps no such list, nobody is found.
///
/// # Errors
/// When one has not died after `patience`.
pub fn sweep_thread(spare: impl Fn(u32) -> bool, patience: Duration) -> io::Result<usize> {
    let swept = end_all(patience, || {
        let listed = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        let pids = listed.split_whitespace().filter_map(|pid| pid.parse().ok());
        Ok(pids.filter(|pid| !spare(*pid)).collect())
    });
    swept.map(|swept| swept.count)
}

/// Kills and reaps one child, for whom there is no descriptor. It does so only if the pid is a child's.
///
/// # Errors
/// When it has not died after `patience`.
pub fn sweep_one(pid: u32, patience: Duration) -> io::Result<()> {
    let id = Pid::from_raw(number(pid)?);
    end_all(patience, || Ok(if has_children(Id::Pid(id)) { vec![pid] } else { Vec::new() })).map(drop)
}

/// 0 and 1 mean everybody.
fn number(id: u32) -> io::Result<i32> {
    i32::try_from(id).ok().filter(|id| *id > 1).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Held from finding to reaping.
static SWEEPING: Mutex<()> = Mutex::new(());

/// Kills and reaps whoever is found, until nobody is.
fn end_all(patience: Duration, mut find: impl FnMut() -> io::Result<Vec<u32>>) -> io::Result<Swept> {
    let deadline = Instant::now() + patience;
    let mut swept = Swept::default();
    loop {
        // What one has found another must not reap before it is killed: its pid might be a stranger's by then.
        let turn = SWEEPING.lock().unwrap_or_else(PoisonError::into_inner);
        let left = find()?;
        if left.is_empty() {
            return Ok(swept);
        }
        for usage in left.iter().filter_map(|pid| kill_and_reap(*pid)) {
            swept = Swept { count: swept.count + 1, usage: swept.usage.and(usage) };
        }
        drop(turn);
        if Instant::now() > deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("{} processes do not die", left.len())));
        }
        // A killed process takes some 50 µs to die; one that waits for a disk must not cost a processor meanwhile.
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// Whether this process has any such child, at the cost of one call: mostly there is nobody to be swept.
fn has_children(id: Id<'_>) -> bool {
    let looked = waitid(id, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT);
    looked != Err(Errno::ECHILD)
}

/// Whether any child has ended that nobody has waited for yet, at the cost of one call.
fn has_dead_children() -> bool {
    let looked = waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT);
    looked.is_ok_and(|found| found != WaitStatus::StillAlive)
}

/// As a child that was not waited for keeps its pid, nobody else can be hit, if only we wait for it.
fn kill_and_reap(pid: u32) -> Option<Usage> {
    // ESRCH cannot be, EPERM (a set-user-id program) is told by the deadline.
    let _ = kill(Pid::from_raw(pid as i32), signal::Signal::SIGKILL);
    child::reap_pid(pid).ok().flatten().map(|(_, usage)| usage)
}

/// From `PID (NAME) STATE PARENT GROUP SESSION …`, where the name may hold anything, parentheses too.
fn stray(pid: u32, stat: &str, parent: u32) -> Option<Stray> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(1).map(str::parse);
    let mut next = || fields.next()?.ok();
    (next()? == parent).then_some(())?;
    Some(Stray { pid, group: next()?, session: next()? })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let line = "7 (a) R 1 (b) S 3 5 6 0 -1 4194560";
        assert_eq!(stray(7, line, 3), Some(Stray { pid: 7, group: 5, session: 6 }));
        assert_eq!(stray(7, line, 1), None);
        assert_eq!(stray(7, "", 1), None);
    }

    #[test]
    fn both_ways_find_a_child() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        assert!(all_processes().unwrap().contains(&pid));
        assert!(
            listed_children().is_ok_and(|all| all.contains(&pid)) || !fs::exists("/proc/thread-self/children").unwrap()
        );
        assert!(children().unwrap().iter().any(|c| c.pid == pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(children().unwrap().iter().all(|c| c.pid != pid));
    }

    #[test]
    fn a_thread_sweeps_its_own_children_alone() {
        let start = || std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mut others = start();
        let swept = std::thread::spawn(move || {
            let (ours, spared) = (start(), start());
            let swept = sweep_thread(|pid| pid == spared.id(), Duration::from_secs(10)).unwrap();
            assert!(!children().unwrap().iter().any(|child| child.pid == ours.id()));
            (swept, spared)
        });
        let (swept, mut spared) = swept.join().unwrap();
        let listed = fs::exists("/proc/thread-self/children").unwrap();
        assert_eq!(swept, usize::from(listed));
        for child in [&mut others, &mut spared] {
            assert!(child.try_wait().unwrap().is_none(), "not its own, or spared");
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    #[test]
    fn one_is_swept_if_it_is_a_child() {
        let start = || std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let (ours, mut other) = (start(), start());
        sweep_one(ours.id(), Duration::from_secs(10)).unwrap();
        assert!(!children().unwrap().iter().any(|child| child.pid == ours.id()));
        assert!(other.try_wait().unwrap().is_none());
        sweep_one(std::process::id(), Duration::ZERO).unwrap();
        assert!(sweep_one(1, Duration::ZERO).is_err() && sweep_one(u32::MAX, Duration::ZERO).is_err());
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn nobody_and_everybody_are_no_groups() {
        assert!(kill_group(0).is_err() && kill_group(1).is_err() && kill_group(u32::MAX).is_err());
        assert!(!kill_group(i32::MAX as u32).unwrap());
    }
}
