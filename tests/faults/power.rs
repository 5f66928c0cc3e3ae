//! The power is taken away from a machine whose service accepts jobs and does them: a virtual one, which is killed. What its
//! kernel had not given to the disk is gone then.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::sandbox::GANGER;
use crate::tools::{GUEST, Need, can_run};

/// How much is acknowledged before the power goes.
const ENOUGH: usize = 6;

/// A virtual machine that boots, and its disk, which stays.
struct Machine {
    place: TempDir,
}

impl Machine {
    fn new(durable: &str) -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| place.path().join(name);
        fs::create_dir_all(path("local/bin")).expect("a directory");
        fs::create_dir(path("tmp")).expect("a directory");
        fs::copy(GANGER, path("local/bin/ganger")).expect("a file");
        fs::write(path("local/durable"), durable).expect("a file");
        fs::write(path("init"), include_str!("power.init")).expect("a file");
        fs::File::create(path("disk")).and_then(|disk| disk.set_len(64 << 20)).expect("a file");
        let made = Command::new("mkfs.ext4").arg("-q").arg(path("disk")).status().expect("mkfs.ext4");
        assert!(made.success());
        Self { place }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.place.path().join(name)
    }

    fn boot(&self) -> Booted {
        let mut script = Command::new(GUEST);
        script.arg("disk").arg(self.place.path()).arg(self.path("disk")).env("TMPDIR", self.path("tmp"));
        // A group of its own, which the power goes from as one.
        let child = script.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the script");
        Booted { child }
    }
}

/// One that runs.
struct Booted {
    child: Child,
}

impl Booted {
    /// What it says, line by line, until the condition holds or it has ended.
    fn says(&mut self, mut until: impl FnMut(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        let console = BufReader::new(self.child.stdout.as_mut().expect("a pipe"));
        for line in console.split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            let enough = until(&line);
            lines.push(line);
            if enough {
                break;
            }
        }
        lines
    }
}

impl Drop for Booted {
    /// Takes the power away.
    fn drop(&mut self) {
        // The script is not waited for yet, so the group is its.
        let group = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// The numbers behind a word.
fn numbers(lines: &[String], word: &str) -> Vec<u64> {
    let said = lines.iter().filter_map(|line| line.strip_prefix(word));
    said.filter_map(|number| number.trim().parse().ok()).collect()
}

/// The jobs of the store, with how many tasks of each have succeeded.
fn jobs(lines: &[String]) -> BTreeMap<u64, u64> {
    let shown = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    shown.filter_map(|job| Some((job["id"].as_u64()?, job["tasks"]["succeeded"].as_u64()?))).collect()
}

#[test]
fn f26_what_was_acknowledged_survives_a_loss_of_power() {
    if !can_run("f26_what_was_acknowledged_survives_a_loss_of_power", &[Need::Guest]) {
        return;
    }
    let machine = Machine::new("full");
    let mut booted = machine.boot();
    let mut acknowledged = 0;
    let before = booted.says(|line| {
        acknowledged += usize::from(line.starts_with("ACCEPTED ") || line.starts_with("DONE "));
        acknowledged == ENOUGH
    });
    drop(booted);
    assert_eq!(acknowledged, ENOUGH, "{before:#?}");

    let after = machine.boot().says(|line| line == "THE END");
    assert!(after.iter().any(|line| line == "WHOLE") && after.iter().any(|line| line == "GOES ON"), "{after:#?}");
    let found = jobs(&after);
    let (accepted, done) = (numbers(&before, "ACCEPTED "), numbers(&before, "DONE "));
    assert_eq!(accepted.len() + done.len(), ENOUGH, "{before:#?}");
    assert!(accepted.iter().all(|job| found.contains_key(job)), "{accepted:?} of {found:?}");
    assert!(done.iter().all(|job| found.get(job) == Some(&1)), "{done:?} of {found:?}");
}
