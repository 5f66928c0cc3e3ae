//! What may not be left after a round: processes, threads, descriptors, shared memory.

use std::fs;

use ganger::testing::eventually;

use crate::PATIENCE;

/// How many of each this process has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    descriptors: Vec<String>,
    children: Vec<String>,
    threads: Vec<String>,
    shared_memory: usize,
}

impl Holdings {
    pub(crate) fn now() -> Self {
        let maps = fs::read_to_string("/proc/self/maps").expect("/proc");
        Self {
            descriptors: names("/proc/self/fd", |path| Some(fs::read_link(path).ok()?.to_string_lossy().into_owned())),
            children: names("/proc", |path| child(&path)),
            threads: names("/proc/self/task", |path| fs::read_to_string(path.join("comm")).ok()),
            shared_memory: maps.lines().filter(|line| line.contains("memfd:") || line.contains("/dev/shm")).count(),
        }
    }

    /// Waits until it is as before: what has just ended is ending still.
    pub(crate) fn await_return(&self) -> Result<(), String> {
        let back = eventually(PATIENCE, || Self::now() == *self);
        back.map_err(|overdue| format!("{overdue}: left behind: {:#?}\nbefore: {self:#?}", Self::now()))
    }
}

/// Of a descriptor its kind counts, not its number.
fn names(place: &str, name: impl Fn(std::path::PathBuf) -> Option<String>) -> Vec<String> {
    let entries = fs::read_dir(place).expect("/proc").flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| name(entry.path())).collect();
    names.iter_mut().for_each(|name| name.truncate(name.find('[').unwrap_or(name.len())));
    names.sort_unstable();
    names
}

/// The name of a process that is a child of this one.
fn child(process: &std::path::Path) -> Option<String> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(") ")?;
    (rest.split(' ').nth(1)?.parse() == Ok(std::process::id())).then(|| name.to_owned())
}
