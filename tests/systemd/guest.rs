//! What needs control groups of version 2 with their controllers: one boot of `scripts/lab/guest` for all of it.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use super::package::{install, scripts};

#[test]
fn a_task_without_memory_dies_alone() {
    let ready = Command::new(scripts("lab/guest")).arg("ready").output().expect("the script runs");
    if !ready.status.success() {
        let why = String::from_utf8_lossy(&ready.stderr).replace('\n', " ");
        let told = format!("SKIPPED a_task_without_memory_dies_alone: {why}");
        return writeln!(std::io::stderr(), "{told}").expect("stderr");
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    install(dir.path());
    let checks = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/systemd/guest.sh");
    fs::copy(checks, dir.path().join("checks")).expect("a file");
    let run = Command::new(scripts("lab/guest")).arg("run").arg(dir.path()).output().expect("the script runs");
    let told = String::from_utf8_lossy(&run.stdout);
    let ended_well = told.lines().any(|line| line.trim() == "CHECKS ENDED 0");
    assert!(ended_well, "{told}\n{}", String::from_utf8_lossy(&run.stderr));
}
