//! Why a program did not start, and what to do about it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;

use crate::Shortage;

/// A program that did not start. Nothing of it is left behind.
#[derive(Debug)]
pub struct LaunchError {
    program: OsString,
    stage: Stage,
    errno: i32,
    /// Whether it was to be started in a sandbox.
    confined: bool,
}

/// How far a start has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Making a process.
    Fork,
    /// Giving it a process group, a death signal and its signals' defaults.
    SetUp,
    /// Giving it its niceness, its limits, its processors, its control group.
    Conditions,
    /// Giving it stdin, stdout and stderr.
    Streams,
    /// Entering its working directory.
    Directory,
    /// Keeping it from what it is to be kept from.
    Confinement,
    /// Executing the program.
    Exec,
}

impl LaunchError {
    pub(crate) fn new(program: &OsStr, stage: Stage, errno: i32) -> Self {
        Self { program: program.to_owned(), stage, errno, confined: false }
    }

    /// The same of a program that was to be in a sandbox, or not.
    pub(crate) fn confined(self, confined: bool) -> Self {
        Self { confined, ..self }
    }

    /// The program, as it was named.
    #[must_use]
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// What failed.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The kernel's error number.
    #[must_use]
    pub fn errno(&self) -> i32 {
        self.errno
    }

    /// Whether there is no such program: what a shell tells by exit code 127.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.stage == Stage::Exec && matches!(self.errno, libc::ENOENT | libc::ENOTDIR)
    }

    /// Whether the program is there but cannot be executed: what a shell tells by exit code 126.
    #[must_use]
    pub fn is_not_executable(&self) -> bool {
        self.stage == Stage::Exec && !self.is_not_found()
    }

    /// Whether it may work later: there are too many processes or open files now, or too little memory.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        let busy = self.errno == libc::ETXTBSY || Shortage::from_errno(self.errno).is_some();
        busy && self.stage != Stage::Directory
    }

    fn remedy(&self) -> &'static str {
        match (self.stage, self.errno) {
            (Stage::Conditions, libc::EACCES | libc::EPERM) => {
                "; a niceness below our own needs the privilege CAP_SYS_NICE: take a higher one"
            }
            (Stage::Conditions, libc::EINVAL) => "; may it run on these processors?",
            (Stage::Directory, _) => "; does the working directory exist, and may this user enter it?",
            (Stage::Exec, libc::E2BIG) => "; arguments and environment are too large together: pass them by a file",
            (Stage::Exec, libc::ETXTBSY) => "; the program is being written: try again",
            (Stage::Exec, libc::ENOEXEC) => "; it is no program for this machine",
            (Stage::Exec, libc::EACCES) if self.confined => {
                "; may its sandbox read it, and the interpreter that its first line names (read=PATH)? is it a file that may \
                 be executed (chmod +x)?"
            }
            (Stage::Exec, libc::EACCES) => {
                "; a program is a file that may be executed (chmod +x), not a directory or a device"
            }
            (Stage::Exec, libc::ENOENT | libc::ENOTDIR) => self.where_to_look(),
            (Stage::Fork | Stage::SetUp | Stage::Conditions | Stage::Streams | Stage::Confinement | Stage::Exec, _) => {
                ""
            }
        }
    }

    fn where_to_look(&self) -> &'static str {
        if self.program.as_encoded_bytes().contains(&b'/') {
            "; is the path right, and is the interpreter that its first line names there?"
        } else {
            "; is it in PATH? a program in the current directory is named with ./ before it"
        }
    }
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let doing = match self.stage {
            Stage::Fork => "no process can be made",
            Stage::SetUp => "its process cannot be set up",
            Stage::Conditions => "its niceness, limits or processors cannot be set",
            Stage::Streams => "its stdin, stdout or stderr cannot be set",
            Stage::Directory => "its working directory cannot be entered",
            Stage::Confinement => "it cannot be put into its sandbox",
            Stage::Exec => "it cannot be executed",
        };
        let program = self.program.to_string_lossy();
        match Shortage::from_errno(self.errno) {
            Some(shortage) => write!(f, "cannot start `{program}`: {doing}: {shortage}, or start fewer at once"),
            None => write!(f, "cannot start `{program}`: {doing}: {}{}", reason(self.errno), self.remedy()),
        }
    }
}

/// What the kernel says, without the number that std appends.
fn reason(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

impl std::error::Error for LaunchError {}

impl From<LaunchError> for io::Error {
    fn from(error: LaunchError) -> Self {
        let kind = io::Error::from_raw_os_error(error.errno).kind();
        Self::new(kind, error)
    }
}
