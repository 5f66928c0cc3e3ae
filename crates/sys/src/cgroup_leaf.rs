//! A control group of version 2 for one tree of processes: limited, counted, and killed as a whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// A group without groups below it. Dropping it kills all that is in it, and removes it.
#[derive(Debug)]
pub struct Leaf {
    dir: PathBuf,
}

/// How long the killed may take to die before their group is left for the next run to remove.
const PATIENCE: Duration = Duration::from_millis(200);

impl Leaf {
    /// Makes one. With a limit of `memory` bytes the kernel kills the whole group when it needs more; it has no swap then,
    /// as the limit would turn into swapping.
    ///
    /// # Errors
    /// When there is no such directory of a hierarchy, it may not be written, or memory is not counted in it.
    pub fn create(dir: PathBuf, memory: Option<u64>) -> io::Result<Self> {
        fs::create_dir(&dir)?;
        let leaf = Self { dir };
        if let Some(limit) = memory {
            leaf.write("memory.max", &limit.to_string())?;
            leaf.write("memory.oom.group", "1")?;
            // A kernel without swap has no such file.
            let _ = leaf.write("memory.swap.max", "0");
        }
        Ok(leaf)
    }

    /// What a process writes `0` to in order to join: see [`Conditions::cgroup`](crate::Conditions::cgroup).
    ///
    /// # Errors
    /// When it may not be written.
    pub fn door(&self) -> io::Result<File> {
        OpenOptions::new().write(true).open(self.dir.join("cgroup.procs"))
    }

    /// Kills all that is in it, whatever it forks meanwhile.
    ///
    /// # Errors
    /// When the kernel is older than 5.14.
    pub fn kill(&self) -> io::Result<()> {
        self.write("cgroup.kill", "1")
    }

    /// The most memory that it had at a time, in bytes; from Linux 5.19 on, where memory is counted.
    #[must_use]
    pub fn peak(&self) -> Option<u64> {
        self.read("memory.peak")?.trim().parse().ok()
    }

    /// Whether the kernel killed it for want of memory.
    #[must_use]
    pub fn ran_out_of_memory(&self) -> bool {
        let events = self.read("memory.events").unwrap_or_default();
        number_of(&events, "oom_kill").is_some_and(|kills| kills > 0)
    }

    /// The processor time of all that is and was in it.
    #[must_use]
    pub fn cpu_time(&self) -> Option<Duration> {
        number_of(&self.read("cpu.stat")?, "usage_usec").map(Duration::from_micros)
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.dir.join(file), text)
    }

    fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.dir.join(file)).ok()
    }
}

impl Drop for Leaf {
    fn drop(&mut self) {
        // Whoever cannot be killed or does not die keeps the directory; the next run looks for it.
        let _ = remove(&self.dir);
    }
}

/// Kills what is in a group and in those below it, and removes them.
pub(crate) fn remove(dir: &Path) -> io::Result<()> {
    // An empty one needs no kill, and one without the file gets none.
    if fs::read_to_string(dir.join("cgroup.events")).is_ok_and(|events| number_of(&events, "populated") != Some(0)) {
        fs::write(dir.join("cgroup.kill"), "1")?;
    }
    remove_when_empty(dir)
}

/// Removes a group and those below it as soon as nobody is in them.
pub(crate) fn remove_when_empty(dir: &Path) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match remove_once(dir) {
            // A killed process takes a moment to leave.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && Instant::now() < deadline => {
                thread::sleep(Duration::from_micros(200));
            }
            removed => return removed,
        }
    }
}

/// From below upwards: a command may have made groups of its own.
fn remove_once(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_once(&entry.path())?;
        }
    }
    fs::remove_dir(dir)
}

/// The number behind a name, in lines `NAME NUMBER`.
fn number_of(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(found, _)| *found == name)?.1.trim().parse().ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    /// A directory that is no hierarchy: what is written can be read, and what the kernel would write, we do.
    fn pretended(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("ganger-leaf-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn a_limit_is_written_as_the_kernel_reads_it() {
        let dir = pretended("limit");
        let leaf = Leaf::create(dir.clone(), Some(1 << 20)).unwrap();
        for (file, text) in [("memory.max", "1048576"), ("memory.oom.group", "1"), ("memory.swap.max", "0")] {
            assert_eq!(leaf.read(file).unwrap(), text, "{file}");
        }
        leaf.kill().unwrap();
        assert_eq!(leaf.read("cgroup.kill").unwrap(), "1");
        assert!(Leaf::create(dir.clone(), None).is_err(), "there is one of that name");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn what_the_kernel_tells_is_read() {
        let dir = pretended("told");
        let leaf = Leaf::create(dir.clone(), None).unwrap();
        assert_eq!((leaf.peak(), leaf.cpu_time(), leaf.ran_out_of_memory()), (None, None, false));
        leaf.write("memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 0\noom_group_kill 0\n").unwrap();
        assert!(!leaf.ran_out_of_memory());
        leaf.write("memory.events", "max 7\noom 1\noom_kill 3\noom_group_kill 1\n").unwrap();
        leaf.write("memory.peak", "4096\n").unwrap();
        leaf.write("cpu.stat", "usage_usec 1500000\nuser_usec 1\n").unwrap();
        assert!(leaf.ran_out_of_memory());
        assert_eq!((leaf.peak(), leaf.cpu_time()), (Some(4096), Some(Duration::from_millis(1500))));
        fs::remove_dir_all(dir).unwrap();
    }
}
