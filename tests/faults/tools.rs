//! Tools that a test needs and a machine may lack.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Whether a test can run: if not, it says so, and what would help. In CI nothing may be missing.
pub(crate) fn can_run(test: &str, needs: &[Need]) -> bool {
    let missing: Vec<&str> = needs.iter().filter(|need| !need.is_there()).map(|need| need.remedy()).collect();
    if missing.is_empty() {
        return true;
    }
    let told = format!("SKIPPED {test}: {}", missing.join("; "));
    assert!(std::env::var_os("CI").is_none(), "{told}");
    // The harness does not capture this.
    writeln!(std::io::stderr(), "{told}").expect("stderr");
    false
}

/// What a test cannot do without.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// To make system calls fail.
    Strace,
    /// Another clock of the wall.
    Faketime,
    /// Root, who may make namespaces and mount.
    Namespaces,
    /// A virtual machine, and a file system for its disk.
    Guest,
}

/// Where Debian has the library, and others.
pub(crate) const FAKETIME: [&str; 2] =
    ["/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1"];

/// The script that boots a virtual machine.
pub(crate) const GUEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/lab/guest");

impl Need {
    fn is_there(self) -> bool {
        match self {
            Self::Strace => succeeds("strace", &["-o", "/dev/null", "-e", "inject=getuid:error=EIO", "true"]),
            Self::Faketime => FAKETIME.iter().any(|library| std::path::Path::new(library).exists()),
            Self::Namespaces => succeeds("unshare", &["--mount", "--pid", "--fork", "--mount-proc", "true"]),
            Self::Guest => succeeds(GUEST, &["ready"]) && succeeds("mkfs.ext4", &["-V"]),
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Strace => "no strace that may trace: apt-get install strace",
            Self::Faketime => "no libfaketime: apt-get install libfaketime",
            Self::Namespaces => "only root, with the right to make namespaces, can run it",
            Self::Guest => "no virtual machine: scripts/lab/guest fetch, apt-get install e2fsprogs",
        }
    }
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let run = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    run.is_ok_and(|output| output.status.success())
}
