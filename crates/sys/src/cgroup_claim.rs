//! Room for control groups below our own, where we were given that.
//!
//! ```text
//!  before                 claimed                                after
//!  own/  ← this process   own/  subtree_control: +memory         own/  ← this process
//!                         ├── ganger.PID.self   ← this process
//!                         └── ganger.PID.…      ← a command's Leaf
//! ```
//!
//! A group with processes in it cannot hand a controller on to groups below it, so we step aside into one of our own. That
//! is done only where we are alone in the group: other processes are not ours to move. The top of the hierarchy knows no
//! such rule.
//!
//! If this process is killed, directories without processes stay behind: harmless, and removed by the next claim.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cgroup::Groups;
use crate::cgroup_leaf;

/// The right to make groups below our own. Dropping it leaves the tree as it was.
#[derive(Debug)]
pub struct Claim {
    own: PathBuf,
    pid: u32,
    /// We have stepped aside.
    moved: bool,
    /// We have handed memory on.
    enabled: bool,
}

impl Claim {
    /// Makes room. Whatever is started afterwards begins beside the leaves, so claim before you start it.
    ///
    /// # Errors
    /// Why there is no room, in words: there is no hierarchy, it may not be written, it does not count memory and
    /// `memory` is asked for, or there are other processes in our group.
    pub fn new(memory: bool) -> Result<Self, String> {
        let own = Groups::read().and_then(|groups| groups.v2()).ok_or("there is no cgroup v2 hierarchy")?;
        Self::at(own.own(), memory, std::process::id())
    }

    fn at(own: &Path, memory: bool, pid: u32) -> Result<Self, String> {
        let mut claim = Self { own: own.to_owned(), pid, moved: false, enabled: false };
        let is_top = !own.join("cgroup.type").exists();
        if memory && !claim.lists("cgroup.controllers", "memory") {
            return Err(format!("{} does not count memory", own.display()));
        }
        if !is_top && !claim.is_alone() {
            return Err(format!("there are other processes in {}", own.display()));
        }
        claim.remove_leftovers();
        claim.try_out().map_err(|error| format!("{} may not be written: {error}", own.display()))?;
        if memory && !claim.lists("cgroup.subtree_control", "memory") {
            claim.hand_on(is_top).map_err(|error| format!("{} does not hand memory on: {error}", own.display()))?;
        }
        Ok(claim)
    }

    /// How the path of each leaf begins.
    #[must_use]
    pub fn prefix(&self) -> PathBuf {
        self.own.join(format!("ganger.{}.", self.pid))
    }

    fn aside(&self) -> PathBuf {
        self.own.join(format!("ganger.{}.self", self.pid))
    }

    /// Whether a directory can be made and removed.
    fn try_out(&self) -> io::Result<()> {
        let probe = self.own.join(format!("ganger.{}.probe", self.pid));
        fs::create_dir(&probe)?;
        fs::remove_dir(probe)
    }

    fn hand_on(&mut self, is_top: bool) -> io::Result<()> {
        if !is_top {
            fs::create_dir(self.aside())?;
            self.moved = true;
            fs::write(self.aside().join("cgroup.procs"), self.pid.to_string())?;
        }
        fs::write(self.own.join("cgroup.subtree_control"), "+memory")?;
        self.enabled = true;
        Ok(())
    }

    fn is_alone(&self) -> bool {
        let inside = fs::read_to_string(self.own.join("cgroup.procs")).unwrap_or_default();
        inside.split_whitespace().all(|pid| pid.parse() == Ok(self.pid))
    }

    fn lists(&self, file: &str, controller: &str) -> bool {
        let text = fs::read_to_string(self.own.join(file)).unwrap_or_default();
        text.split_whitespace().any(|listed| listed == controller)
    }

    /// Of processes that were killed before they could tidy up.
    fn remove_leftovers(&self) {
        let dead = |pid: u32| pid != self.pid && !Path::new(&format!("/proc/{pid}")).exists();
        for dir in groups_of(&self.own, dead) {
            // What cannot be removed does no harm.
            let _ = cgroup_leaf::remove(&dir);
        }
    }
}

/// The groups below `own` that processes have made which `made` is true for.
fn groups_of(own: &Path, made: impl Fn(u32) -> bool) -> Vec<PathBuf> {
    let maker = |name: &str| name.strip_prefix("ganger.")?.split('.').next()?.parse().ok();
    let dirs = fs::read_dir(own).into_iter().flatten().flatten();
    let ours = dirs.filter(|entry| entry.file_name().to_str().and_then(maker).is_some_and(&made));
    ours.map(|entry| entry.path()).collect()
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Whatever fails here leaves something harmless for the next claim.
        for dir in groups_of(&self.own, |pid| pid == self.pid).iter().filter(|dir| **dir != self.aside()) {
            let _ = cgroup_leaf::remove(dir);
        }
        if self.enabled {
            let _ = fs::write(self.own.join("cgroup.subtree_control"), "-memory");
        }
        if self.moved {
            let _ = fs::write(self.own.join("cgroup.procs"), self.pid.to_string());
            let _ = cgroup_leaf::remove_when_empty(&self.aside());
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    /// A directory with the files that a group has, as far as we look at them.
    fn pretended(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("ganger-claim-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).unwrap();
        for (file, text) in files {
            fs::write(dir.join(file), text).unwrap();
        }
        dir
    }

    const DELEGATED: [(&str, &str); 4] = [
        ("cgroup.type", "domain\n"),
        ("cgroup.controllers", "cpu memory\n"),
        ("cgroup.subtree_control", "\n"),
        ("cgroup.procs", "77\n"),
    ];

    #[test]
    fn it_steps_aside_and_comes_back() {
        let dir = pretended("aside", &DELEGATED);
        let read = |file: &str| fs::read_to_string(dir.join(file)).unwrap();
        let claim = Claim::at(&dir, true, 77).unwrap();
        assert_eq!(claim.prefix(), dir.join("ganger.77."));
        assert_eq!(
            (read("ganger.77.self/cgroup.procs").as_str(), read("cgroup.subtree_control").as_str()),
            ("77", "+memory")
        );
        drop(claim);
        assert_eq!((read("cgroup.procs").as_str(), read("cgroup.subtree_control").as_str()), ("77", "-memory"));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn nothing_is_moved_without_need() {
        let dir = pretended("cpu", &DELEGATED);
        drop(Claim::at(&dir, false, 77).unwrap());
        assert_eq!(fs::read_to_string(dir.join("cgroup.subtree_control")).unwrap(), "\n");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn strangers_and_groups_without_memory_are_left_alone() {
        let dir = pretended("strangers", &DELEGATED);
        let refused = Claim::at(&dir, true, 78).unwrap_err();
        assert!(refused.contains("other processes"), "{refused}");
        fs::write(dir.join("cgroup.controllers"), "cpu\n").unwrap();
        assert!(Claim::at(&dir, true, 77).unwrap_err().contains("does not count memory"));
        assert!(Claim::at(Path::new("/nonexistent"), false, 77).unwrap_err().contains("may not be written"));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn what_the_dead_have_left_is_removed() {
        let dir = pretended("left", &DELEGATED);
        let (dead, alive) = (format!("ganger.{}.5.1", u32::MAX), format!("ganger.{}.5.1", std::process::id()));
        for name in [&*dead, &alive, "other"] {
            fs::create_dir(dir.join(name)).unwrap();
        }
        drop(Claim::at(&dir, false, 77).unwrap());
        assert!(!dir.join(dead).exists() && dir.join(alive).exists() && dir.join("other").exists());
        fs::remove_dir_all(dir).unwrap();
    }

    /// Where the real hierarchy may be written: killed as a whole, counted, gone.
    #[test]
    fn a_real_group_is_counted_and_killed() {
        use std::io::Write;
        let claim = match Claim::new(false) {
            Ok(claim) => claim,
            Err(why) => {
                let mut stderr = io::stderr();
                writeln!(stderr, "SKIPPED a_real_group_is_counted_and_killed: {why}").unwrap();
                return;
            }
        };
        let dir = PathBuf::from(format!("{}test", claim.prefix().display()));
        let leaf = crate::Leaf::create(dir.clone(), None).unwrap();
        let mut shell = std::process::Command::new("sh");
        let mut child =
            shell.args(["-c", "read _; sleep 60 & sleep 60"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        fs::write(dir.join("cgroup.procs"), child.id().to_string()).unwrap();
        drop(child.stdin.take());
        leaf.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(leaf.cpu_time().is_some() && !leaf.ran_out_of_memory());
        drop(leaf);
        assert!(!dir.exists());
    }
}
