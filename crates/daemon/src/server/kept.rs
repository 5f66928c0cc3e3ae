//! Listening sockets that outlive the service: systemd keeps a copy of each and hands it to the next one. Who connects
//! between the two is not refused, and waits.
//!
//! ```text
//!  this service ── FDSTORE, name "kept" ──► systemd ── LISTEN_FDS ──► the next one: the same address? it is its door
//! ```
//! Those that systemd has made itself need none of this.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;

use ganger_sys::handed_over;

use crate::notify;

/// What they are called there, all of them.
const NAME: &str = "kept";

/// What the last service has left, as far as nobody has taken it.
#[derive(Default)]
pub(super) struct Kept {
    unix: Vec<UnixListener>,
    tcp: Vec<TcpListener>,
}

impl Kept {
    /// Takes all of it: what has no door any more is closed. If there is something wrong with it, there is nothing.
    pub(super) fn take() -> Self {
        let mut kept = Self::default();
        let given = sd_notify::listen_fds_with_names().into_iter().flatten();
        let ours = given.filter(|(_, name)| is_kept(name));
        ours.filter_map(|(number, _)| handed_over(number).ok()).for_each(|socket| kept.add(socket));
        if !kept.unix.is_empty() || !kept.tcp.is_empty() {
            notify::forget(NAME);
        }
        kept
    }

    fn add(&mut self, socket: OwnedFd) {
        let unix = UnixListener::from(socket);
        match unix.local_addr() {
            Ok(_) => self.unix.push(unix),
            // It is of another family.
            Err(_) => self.tcp.push(OwnedFd::from(unix).into()),
        }
    }

    /// The one whose file this is, if it is still there.
    pub(super) fn unix(&mut self, path: &Path) -> Option<UnixListener> {
        let is_there = path.symlink_metadata().is_ok_and(|file| file.file_type().is_socket());
        let is_its = |socket: &UnixListener| socket.local_addr().is_ok_and(|at| at.as_pathname() == Some(path));
        let at = self.unix.iter().position(|socket| is_there && is_its(socket))?;
        Some(self.unix.swap_remove(at))
    }

    /// The one that listens at this address.
    pub(super) fn tcp(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let at = self.tcp.iter().position(|socket| socket.local_addr().is_ok_and(|bound| bound == address))?;
        Some(self.tcp.swap_remove(at))
    }
}

/// Whether this is one of ours, and not of a socket unit.
pub(super) fn is_kept(name: &str) -> bool {
    name == NAME
}

/// Leaves a copy for the next service; false where nobody keeps it.
pub(super) fn leave(socket: &impl AsFd) -> bool {
    notify::keep(NAME, socket.as_fd())
}
