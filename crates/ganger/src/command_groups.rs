//! Control groups for commands.

use std::os::unix::ffi::OsStrExt;

use ganger_proto::spec::Bytes;
use ganger_sys::Claim;

/// Room for control groups of commands, below the one that this process is in. With them the kernel itself keeps a
/// command's whole tree to its memory, and kills it as a whole; without them it is watched.
///
/// A process has such room if it is root at the top of the hierarchy, or is the only one in a group that was handed over to
/// it: `systemd-run --user --scope -p Delegate=yes PROGRAM`, or a service with `Delegate=yes`. Dropping this removes
/// all groups that were made, and what is in them; leftovers of a process that was killed are removed by the next claim.
///
/// ```
/// use ganger::{Command, CommandGroups, Terms};
///
/// // Claimed before the pool is built: what is started later begins beside the groups.
/// let groups = CommandGroups::claim(true);
/// let terms = Terms { memory: Some(1 << 30), cgroup: groups.as_ref().ok().map(CommandGroups::prefix), ..Terms::default() };
/// let command = Command { terms: Some(Box::new(terms)), ..Command::default() };
/// ```
#[derive(Debug)]
pub struct CommandGroups(Claim);

impl CommandGroups {
    /// Makes room; with `memory`, for groups with a limit of memory.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn claim(memory: bool) -> Result<Self, String> {
        Claim::new(memory).map(Self)
    }

    /// How the path of each group begins: what [`Terms::cgroup`](crate::Terms::cgroup) is given.
    #[must_use]
    pub fn prefix(&self) -> Bytes {
        Bytes::from(self.0.prefix().as_os_str().as_bytes())
    }
}
