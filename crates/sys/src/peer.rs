//! A process that is no child of ours: whether it lives, and its end.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use crate::Signal;
use crate::errno::check;
use crate::poll::wait_readable;

/// A pidfd of any process. It names that process for ever, even when its pid is another's.
#[derive(Debug)]
pub struct Peer(OwnedFd);

impl Peer {
    /// The process that has this pid now.
    ///
    /// # Errors
    /// When there is none, or there are no descriptors left.
    pub fn open(pid: u32) -> io::Result<Self> {
        // SAFETY: no memory is passed; the descriptor is new, so nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(check(libc::syscall(libc::SYS_pidfd_open, pid, 0))? as i32) };
        debug_assert!(fd.as_raw_fd() >= 0, "checked");
        Ok(Self(fd))
    }

    /// Sends it a signal. `false`: it has ended.
    ///
    /// # Errors
    /// When it is another user's.
    pub fn signal(&self, signal: Signal) -> io::Result<bool> {
        let (fd, no_info) = (self.0.as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
        // SAFETY: no memory is passed.
        match check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal.number(), no_info, 0) }) {
            Ok(_) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits for its end, for at most `timeout`; false: it is still there.
    #[must_use]
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        wait_readable([self.as_fd()], timeout).is_ok_and(|[ended]| ended)
    }
}

impl AsFd for Peer {
    /// Readable when the process has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_process_is_seen() {
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let peer = Peer::open(child.id()).unwrap();
        assert!(!peer.wait(Some(Duration::ZERO)));
        drop(child.stdin.take());
        assert!(peer.wait(None));
        child.wait().unwrap();
        assert!(peer.wait(None), "it stays so when it was reaped");
    }

    #[test]
    fn a_signal_reaches_it_until_it_has_ended() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let peer = Peer::open(child.id()).unwrap();
        assert!(peer.signal(Signal::Kill).unwrap());
        child.wait().unwrap();
        assert!(!peer.signal(Signal::Kill).unwrap());
    }
}
