//! What there is too little of, when the kernel refuses for want of something, and which limit could be raised.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

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
            Self::MachineDescriptors => None,
            Self::Processes => process_limit(),
            Self::Memory => ulimit('v', Resource::AddressSpace, 1024),
        };
        limit.map_or_else(|| "free some".to_owned(), |(limit, name)| format!("raise {name} ({limit})"))
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

/// A limit of this process, in the unit and by the name that shells have for it. `None`: there is none.
fn ulimit(letter: char, resource: Resource, unit: u64) -> Option<(u64, String)> {
    let limit = limits::limit(resource).ok().filter(|limit| limit.soft != u64::MAX)?;
    Some((limit.soft / unit, format!("`ulimit -{letter}`")))
}

/// The smallest of those that hold: the user's, and those of the control group and all above it. Which of them was
/// reached is not told, and a moment later none need be.
fn process_limit() -> Option<(u64, String)> {
    let user = ulimit('u', Resource::Processes, 1).filter(|_| !nix::unistd::geteuid().is_root());
    group_limits().into_iter().chain(user).min()
}

/// Each with its file.
fn group_limits() -> Vec<(u64, String)> {
    let Some(groups) = Groups::read() else { return Vec::new() };
    let groups: Vec<Group> = groups.v2().into_iter().chain(groups.v1("pids")).collect();
    groups.iter().flat_map(Group::upwards).filter_map(group_limit).collect()
}

/// None is told by `max`, which is no number.
fn group_limit(group: &Path) -> Option<(u64, String)> {
    let file = group.join("pids.max");
    let limit = fs::read_to_string(&file).ok()?.trim().parse().ok()?;
    Some((limit, file.display().to_string()))
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
}
