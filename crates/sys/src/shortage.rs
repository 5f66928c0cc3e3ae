//! What there is too little of, when the kernel refuses for want of something, and which limit could be raised.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::LaunchError;
use crate::cgroup::{Group, Groups};
use crate::limits::{self, Resource};

/// A thing that others have as well, and may give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// Descriptors of this process.
    Descriptors,
    /// Descriptors of the whole machine.
    MachineDescriptors,
    /// Processes, or threads: of this user, or of a control group.
    Processes,
    /// Memory.
    Memory,
}

impl Shortage {
    /// What an attempt to open something, or to start a process or a thread, failed for. `None`: for another reason.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        let launch = || error.get_ref()?.downcast_ref::<LaunchError>().map(LaunchError::errno);
        error.raw_os_error().or_else(launch).and_then(Self::from_errno)
    }

    pub(crate) fn from_errno(errno: i32) -> Option<Self> {
        match errno {
            libc::EMFILE => Some(Self::Descriptors),
            libc::ENFILE => Some(Self::MachineDescriptors),
            libc::EAGAIN => Some(Self::Processes),
            libc::ENOMEM => Some(Self::Memory),
            _ => None,
        }
    }

    fn remedy(self) -> String {
        let limit = match self {
            Self::Descriptors => ulimit('n', Resource::OpenFiles, 1),
            Self::MachineDescriptors => Some("the machine's fs.file-max".to_owned()),
            Self::Processes => full_group().or_else(|| ulimit('u', Resource::Processes, 1)),
            Self::Memory => ulimit('v', Resource::AddressSpace, 1024),
        };
        limit.map_or_else(|| "free some".to_owned(), |limit| format!("raise {limit}"))
    }
}

impl fmt::Display for Shortage {
    /// What there is too little of, and the remedy, to which another may be added: the limit with its present value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Descriptors => "too many open files",
            Self::MachineDescriptors => "too many open files on this machine",
            Self::Processes => "too many processes",
            Self::Memory => "out of memory",
        };
        write!(f, "{what}; {}", self.remedy())
    }
}

/// A limit of this process as a shell knows it, in the shell's unit. `None`: there is none.
fn ulimit(letter: char, resource: Resource, unit: u64) -> Option<String> {
    let limit = limits::limit(resource).ok().filter(|limit| limit.soft != u64::MAX)?;
    Some(format!("`ulimit -{letter}` ({})", limit.soft / unit))
}

/// The limit of the control group, ours or one above it, that has as many processes as it may.
fn full_group() -> Option<String> {
    let full = |group: Group| group.upwards().find_map(limit_of_full);
    let groups = Groups::read()?;
    let (file, limit) = groups.v2().and_then(full).or_else(|| groups.v1("pids").and_then(full))?;
    Some(format!("{} ({limit})", file.display()))
}

fn limit_of_full(group: &Path) -> Option<(PathBuf, u64)> {
    let file = group.join("pids.max");
    let limit = reached(&fs::read_to_string(&file).ok()?, &fs::read_to_string(group.join("pids.current")).ok()?)?;
    Some((file, limit))
}

/// No limit is told by `max`.
fn reached(limit: &str, current: &str) -> Option<u64> {
    let (limit, current): (u64, u64) = (limit.trim().parse().ok()?, current.trim().parse().ok()?);
    (current >= limit).then_some(limit)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_named_with_its_value() {
        let error = io::Error::from_raw_os_error(libc::EMFILE);
        let limit = limits::limit(Resource::OpenFiles).unwrap().soft;
        let told = Shortage::of(&error).unwrap().to_string();
        assert_eq!(told, format!("too many open files; raise `ulimit -n` ({limit})"));
        assert_eq!(Shortage::of(&io::Error::from_raw_os_error(libc::ENOENT)), None);
        assert_eq!(Shortage::of(&io::Error::other("too many open files")), None);
    }

    #[test]
    fn a_program_that_did_not_start_tells_its_reason() {
        let error = |errno| io::Error::from(LaunchError::new("x".as_ref(), crate::Stage::Fork, errno));
        assert_eq!(Shortage::of(&error(libc::EAGAIN)), Some(Shortage::Processes));
        assert_eq!(Shortage::of(&error(libc::EACCES)), None);
    }

    #[test]
    fn a_group_is_full_when_it_has_as_many_as_it_may() {
        assert_eq!(reached("3\n", "3\n"), Some(3));
        assert_eq!(reached("3\n", "2\n"), None);
        assert_eq!(reached("max\n", "3\n"), None);
    }
}
