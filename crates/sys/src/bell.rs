//! A doorbell: wakes whoever polls its descriptor, in this process or in another one.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::errno::check;

/// An eventfd, non-blocking. Rings add up to one: a bell is rung or it is not.
#[derive(Debug)]
pub struct Bell(OwnedFd);

impl Bell {
    /// A bell that is silent.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no memory is passed; the descriptor is new, so nobody else owns it.
        unsafe { Ok(Self(OwnedFd::from_raw_fd(check(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK))?))) }
    }

    /// Rings: the descriptor is readable until [`clear`](Self::clear). It cannot fail and never blocks: a bell whose
    /// count is at its end is as rung as it can be.
    pub fn ring(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight bytes are read from an array of eight.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Silences it, and tells whether it had been rung.
    ///
    /// Clear first, then look at what the bell is about: a ring that comes between is then told by the next poll.
    pub fn clear(&self) -> bool {
        let mut count = [0u8; 8];
        // SAFETY: eight bytes are written to an array of eight.
        unsafe { libc::read(self.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) == 8 }
    }

    /// Another handle on the same bell.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }
}

/// A bell that came from another process. A descriptor that is no eventfd is a bell that nobody hears; one that blocks
/// would make the ringer wait, so only take bells from a peer that was given them by us.
impl From<OwnedFd> for Bell {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl From<Bell> for OwnedFd {
    fn from(bell: Bell) -> Self {
        bell.0
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    #[test]
    fn a_bell_rings_until_it_is_cleared() {
        let bell = Bell::new().unwrap();
        assert!(!bell.clear());
        bell.ring();
        bell.try_clone().unwrap().ring();
        assert!(bell.clear());
        assert!(!bell.clear());
    }
}
