//! What this process holds that could leak, by what it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ganger_sys::sweep;

use super::files;
use crate::process::{self, Standing};

/// Of what sort a thing is; how it is told begins with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Process,
    Thread,
    Descriptor,
    Memory,
    File,
}

/// What a thing is, and nothing that another of the same could not be: numbers of descriptors are used again.
type Key = (Sort, String);

/// Everything at one moment, as far as there is such a thing: who looks takes his time.
#[derive(Clone, Debug, Default)]
pub(super) struct Holdings {
    /// How each of those is told that are the same thing.
    things: BTreeMap<Key, Vec<String>>,
    /// This process's own memory, in bytes.
    pub(super) memory: u64,
}

impl Holdings {
    pub(super) fn now() -> Self {
        let mut now = Self { memory: memory(), ..Self::default() };
        let standing = process::standing().unwrap_or_default();
        now.look_at_processes(&standing);
        now.look_at_threads(&standing);
        now.look_at_descriptors(&standing);
        now.look_at_mappings();
        files::temporary().into_iter().for_each(|path| now.add(Sort::File, path.clone(), path));
        now
    }

    /// What there is more of than there was, each told.
    pub(super) fn beyond(&self, before: &Self) -> Vec<String> {
        let known = |key| before.things.get(key).map_or(0, Vec::len);
        self.things.iter().flat_map(|(key, told)| told.iter().skip(known(key)).cloned()).collect()
    }

    fn add(&mut self, sort: Sort, what: String, told: String) {
        let word = match sort {
            Sort::Process => "process",
            Sort::Thread => "thread",
            Sort::Descriptor => "descriptor",
            Sort::Memory => "shared memory",
            Sort::File => "file",
        };
        self.things.entry((sort, what)).or_default().push(format!("{word} {told}"));
    }

    fn look_at_processes(&mut self, standing: &Standing) {
        let children = sweep::children().unwrap_or_default();
        for child in children.iter().filter(|child| !standing.processes.contains(&child.pid)) {
            let (name, state) = name_and_state(&format!("/proc/{}/stat", child.pid));
            let dead = if state == "Z" { ", dead and not waited for" } else { "" };
            self.add(Sort::Process, child.pid.to_string(), format!("{} ({name}{dead})", child.pid));
        }
    }

    fn look_at_threads(&mut self, standing: &Standing) {
        for id in names_in("/proc/self/task").into_iter().filter(|id| *id != standing.thread.to_string()) {
            let (name, state) = name_and_state(&format!("/proc/self/task/{id}/stat"));
            // One that has ended is in the list for a moment more.
            if !matches!(state.as_str(), "" | "X" | "Z") {
                self.add(Sort::Thread, id.clone(), format!("{id} ({name})"));
            }
        }
    }

    fn look_at_descriptors(&mut self, standing: &Standing) {
        let stands = |number: &String| number.parse().is_ok_and(|number| standing.descriptors.contains(&number));
        for number in names_in("/proc/self/fd").into_iter().filter(|number| !stands(number)) {
            // That of the list itself is closed by now.
            let Ok(target) = fs::read_link(format!("/proc/self/fd/{number}")) else { continue };
            let target = target.to_string_lossy().into_owned();
            let whose = pid_of(&number).map_or_else(String::new, |pid| format!(" of process {pid}"));
            self.add(Sort::Descriptor, format!("{target}{whose}"), format!("{number} ({target}{whose})"));
        }
    }

    fn look_at_mappings(&mut self) {
        for line in fs::read_to_string("/proc/self/maps").unwrap_or_default().lines() {
            let mut words = line.split_ascii_whitespace();
            let shared = words.nth(1).is_some_and(|mode| mode.ends_with('s'));
            let (inode, name) = (words.nth(2).unwrap_or_default(), words.next().unwrap_or("without a name"));
            if shared {
                self.add(Sort::Memory, format!("{name} {inode}"), format!("{name} (inode {inode})"));
            }
        }
    }
}

/// The threads of this process and where they are, a line each.
pub(in crate::testing) fn threads() -> String {
    let line = |id: &String| {
        let of = |file: &str| fs::read_to_string(format!("/proc/self/task/{id}/{file}")).unwrap_or_default();
        let (name, state) = name_and_state(&format!("/proc/self/task/{id}/stat"));
        format!("  {id} {name} {state} {}\n", of("wchan"))
    };
    names_in("/proc/self/task").iter().map(line).collect()
}

/// The process that a pidfd is of.
fn pid_of(descriptor: &str) -> Option<i32> {
    let info = fs::read_to_string(Path::new("/proc/self/fdinfo").join(descriptor)).ok()?;
    info.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok())
}

fn names_in(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// As the kernel shows it, `PID (NAME) STATE …`, where the name may hold anything. Empty: it is gone.
pub(in crate::testing) fn name_and_state(stat: &str) -> (String, String) {
    let stat = fs::read(stat).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat);
    let parts = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(") "));
    let (name, rest) = parts.unwrap_or_default();
    (name.to_owned(), rest.split(' ').next().unwrap_or_default().to_owned())
}

/// What this process has of its own: neither files nor what it shares.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib: Option<u64> = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
    kib.unwrap_or(0) * 1024
}
