//! Whom a Unix socket is for: by what the kernel says of who has connected.

use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use ganger_sys::peer_groups;
use tokio::net::UnixStream;
use tokio::net::unix::UCred;

/// Whom a socket's file admits, and root. What it says for all others admits nobody: that is a slip as a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peers {
    owner: u32,
    group: Option<u32>,
}

impl Peers {
    /// As the file is now: what somebody makes of it later changes nothing.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        const GROUP_MAY_CONNECT: u32 = 0o020;
        let file = fs::metadata(path)?;
        let group = (file.mode() & GROUP_MAY_CONNECT != 0).then_some(file.gid());
        Ok(Self { owner: file.uid(), group })
    }

    /// Err: who it is, in words for the log.
    pub(super) fn admit(&self, stream: &UnixStream) -> Result<(), String> {
        let peer = stream.peer_cred().map_err(|error| format!("somebody unknown ({error})"))?;
        if self.knows(&peer, || peer_groups(stream.as_fd()).unwrap_or_default()) {
            return Ok(());
        }
        Err(format!("user {} (group {}, process {})", peer.uid(), peer.gid(), peer.pid().unwrap_or_default()))
    }

    fn knows(&self, peer: &UCred, groups: impl FnOnce() -> Vec<u32>) -> bool {
        let known = [0, self.owner, our_uid()].contains(&peer.uid());
        known || self.group.is_some_and(|group| peer.gid() == group || groups().contains(&group))
    }
}

/// The user that this process works as.
fn our_uid() -> u32 {
    fs::metadata("/proc/self").map_or(0, |own| own.uid())
}
