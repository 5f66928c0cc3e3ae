//! The Debian package: what is in it, and that an operator gets from it to a service.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::json;

use super::container::Container;
use super::package::scripts;
use crate::sandbox::GANGER;
use crate::service::{over, submit};

/// Made once, of the program under test. None, loudly, where packages cannot be made.
fn package(test: &str) -> Option<&'static Path> {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    if Command::new("dpkg-deb").arg("--version").output().is_err() {
        writeln!(std::io::stderr(), "SKIPPED {test}: dpkg-deb is missing: apt-get install dpkg").expect("stderr");
        return None;
    }
    Some(MADE.get_or_init(|| {
        let made = Command::new(scripts("package")).arg(env!("CARGO_TARGET_TMPDIR")).env("GANGER", GANGER).output();
        let made = made.expect("the script runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        PathBuf::from(String::from_utf8_lossy(&made.stdout).trim())
    }))
}

fn unpack(package: &Path, into: &Path) {
    let unpacked = Command::new("dpkg-deb").arg("--raw-extract").args([package, into]).status();
    assert!(unpacked.is_ok_and(|status| status.success()), "it is a package");
}

#[test]
fn a_package_has_all_that_an_operator_looks_for() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let Some(package) = package("a_package_has_all_that_an_operator_looks_for") else { return };
    let root = dir.path().join("root");
    unpack(package, &root);
    for file in [
        "usr/bin/ganger",
        "usr/lib/systemd/system/ganger.service",
        "usr/lib/systemd/system/ganger.socket",
        "usr/lib/systemd/system/ganger@.service",
        "usr/lib/systemd/user/ganger.service",
        "usr/lib/sysusers.d/ganger.conf",
        "etc/ganger/ganger.toml",
        "usr/share/man/man1/ganger.1.gz",
        "usr/share/man/man1/ganger-serve.1.gz",
        "usr/share/man/man1/ganger-submit.1.gz",
        "usr/share/bash-completion/completions/ganger",
        "usr/share/zsh/vendor-completions/_ganger",
        "usr/share/fish/vendor_completions.d/ganger.fish",
        "usr/share/doc/ganger/README.md",
        "usr/share/doc/ganger/copyright",
    ] {
        assert!(fs::metadata(root.join(file)).is_ok_and(|found| found.len() > 0), "{file}");
    }
    let conffiles = fs::read_to_string(root.join("DEBIAN/conffiles")).expect("it has some");
    assert_eq!(conffiles, "/etc/ganger/ganger.toml\n", "an upgrade asks before it replaces what was changed");
    let control = fs::read_to_string(root.join("DEBIAN/control")).expect("it has one");
    assert!(control.contains("Package: ganger\n") && control.contains("\nDepends: libc6"), "{control}");
}

/// Unpacked, configured by its own script, begun by hand: then it works; and an upgrade takes it over.
#[test]
fn from_the_package_to_a_service() {
    const TEST: &str = "from_the_package_to_a_service";
    let Some(container) = Container::bare(TEST) else { return };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let Some(package) = package(TEST) else { return };
    let root = dir.path().join("root");
    unpack(package, &root);
    for (from, to) in [("usr/.", "local"), ("etc/.", "etc"), ("DEBIAN", "var/package")] {
        let copied = Command::new("cp").arg("-rT").args([root.join(from), container.path(to)]).status();
        assert!(copied.is_ok_and(|status| status.success()), "{from}");
    }
    container.run(&["sh", "/var/package/postinst", "configure"]);
    assert_eq!(
        container.tried(&["systemctl", "is-active", "ganger"]).map_err(|said| said.trim().to_owned()),
        Err("inactive".to_owned())
    );
    container.systemctl(&["enable", "--now", "ganger"]);
    let mut client = container.client();
    let job = submit(&mut client, &json!({"command": ["true"]}));
    let first = container.main_pid("ganger");
    container.run(&["sh", "/var/package/postinst", "configure", "0.0.9"]);
    assert_ne!(container.main_pid("ganger"), first, "the new program has taken over");
    assert_eq!(over(&mut container.client(), job)["state"], json!("succeeded"));
    container.run(&["sh", "/var/package/prerm", "remove"]);
    assert_eq!(container.show("ganger", "ActiveState"), "inactive");
}
