//! What a package brings, put where a container or a guest has it as `/usr/local`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::GANGER;

/// The project's scripts.
pub(crate) fn scripts(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(path)
}

/// The binary under test, the units and their configuration: below `local` and `etc` of a directory.
pub(crate) fn install(dir: &Path) {
    let prefix = dir.join("local");
    let binary = prefix.join("bin/ganger");
    fs::create_dir_all(prefix.join("bin")).expect("a directory");
    fs::hard_link(GANGER, &binary).or_else(|_| fs::copy(GANGER, &binary).map(drop)).expect("the binary has a place");
    let installed = Command::new(scripts("systemd/install")).args([&prefix, &dir.join("etc")]).status();
    assert!(installed.is_ok_and(|status| status.success()), "the units have a place");
}
