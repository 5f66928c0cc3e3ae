//! The binary under `strace`, which makes system calls fail, or kills who makes them.

use std::fs;

use crate::sandbox::{Cmd, GANGER, Sandbox};

/// `ganger` with these arguments, and what is to be done to which calls: `fsync:error=EIO:when=3`.
///
/// strace counts the calls of each thread by themselves. The calls of that kind, with their results, are in [`calls`] afterwards.
pub(crate) fn ganger<'a>(sandbox: &'a Sandbox, inject: &str, only: Option<&str>, arguments: &[&str]) -> Cmd<'a> {
    let calls = inject.split(':').next().expect("the names of the calls");
    let mut cmd = sandbox.cmd("strace").args(["-f", "-qqq", "-y", "-o", "calls", "-e", "signal=none"]);
    cmd = cmd.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={inject}")]);
    if let Some(file) = only {
        cmd = cmd.arg("-P").arg(sandbox.path(file));
    }
    cmd.arg(GANGER).args(arguments)
}

/// What was called, a line each.
pub(crate) fn calls(sandbox: &Sandbox) -> Vec<String> {
    let calls = fs::read(sandbox.path("calls")).unwrap_or_default();
    String::from_utf8_lossy(&calls).lines().map(str::to_owned).collect()
}

/// Whether any of them was made to fail.
pub(crate) fn was_injected(sandbox: &Sandbox) -> bool {
    calls(sandbox).iter().any(|call| call.contains("(INJECTED)"))
}
