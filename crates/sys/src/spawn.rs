//! Starting a worker program or a zygote: a process that sets itself up.
//!
//! `std::process::Command` without a `pre_exec`, so that it takes the way of `posix_spawn`: from a parent with 1 GiB
//! resident that is 0.6 ms, and 51 ms with a `pre_exec`. All set-up is therefore done by the program itself, in
//! [`setup`](crate::setup), and the one descriptor that it gets is its stdin.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Child, Expected, LaunchError, Stage};

/// A program to be started in a process group of its own, with this process's stdout and stderr.
///
/// A closed stdout or stderr of ours is closed in the program as well; a Rust program opens `/dev/null` in its place.
#[derive(Debug)]
pub struct Spawn<'a> {
    /// The program's path; one without a slash is looked up in `PATH`.
    pub program: &'a Path,
    /// What it finds as its own name, if not `program`.
    pub arg0: Option<&'a OsStr>,
    /// Its arguments.
    pub args: &'a [OsString],
    /// Its working directory, if not ours. A relative `program` is relative to it.
    pub dir: Option<&'a Path>,
    /// What is added to this process's environment.
    pub env: &'a [(&'a str, &'a OsStr)],
    /// What is taken out of it.
    pub without: &'a [OsString],
    /// Its stdin: the socket over which it hears what to do.
    pub stdin: OwnedFd,
}

impl Spawn<'_> {
    /// Starts it. The parent-death signal that it may ask for later is about the *thread* that calls this.
    ///
    /// # Errors
    /// When there is no such program, it is not executable, or there are too many processes or open files.
    pub fn start(self) -> Result<Child, LaunchError> {
        let program = self.program.as_os_str();
        let mut command = Command::new(program);
        for name in self.without {
            command.env_remove(name);
        }
        command.args(self.args).envs(self.env.iter().copied()).stdin(Stdio::from(self.stdin)).process_group(0);
        if let Some(name) = self.arg0 {
            command.arg0(name);
        }
        if let Some(dir) = self.dir {
            command.current_dir(dir);
        }
        let _expected = Expected::new();
        let mut started = command.spawn().map_err(|e| {
            let errno = e.raw_os_error().unwrap_or(libc::EINVAL);
            LaunchError::new(program, stage(errno), errno)
        })?;
        // Nobody can have reaped it meanwhile: std does so only when asked.
        Child::open(started.id()).map_err(|e| {
            // Best effort: there is an error to tell already.
            let _ = started.kill().and_then(|()| started.wait());
            LaunchError::new(program, Stage::Fork, e.raw_os_error().unwrap_or(libc::EMFILE))
        })
    }
}

/// `posix_spawn` tells an errno alone; which step it came from follows from what it is.
fn stage(errno: i32) -> Stage {
    match errno {
        libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE => Stage::Fork,
        _ => Stage::Exec,
    }
}
