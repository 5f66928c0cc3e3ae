//! Waiting for many descriptors, each with a token that says which.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::errno::check;
use crate::poll::timespec;

/// What a descriptor is watched for. A hang-up or an error is always told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Something to read: told in every wait, as long as there is.
    Read,
    /// Something new to read: told once each time that something comes. What was not read then is not told again.
    ReadEdge,
    /// Room to write: told in every wait, as long as there is.
    Write,
    /// A hang-up or an error alone: told in every wait from then on.
    HangUp,
}

impl Interest {
    const fn events(self) -> u32 {
        match self {
            Self::Read => libc::EPOLLIN as u32,
            Self::ReadEdge => (libc::EPOLLIN | libc::EPOLLET) as u32,
            Self::Write => libc::EPOLLOUT as u32,
            Self::HangUp => 0,
        }
    }
}

/// The most descriptors that one wait tells; the others are told by the next one, so none starves.
const BATCH: usize = 64;

/// An epoll instance.
///
/// Descriptors are watched, not owned: [`delete`](Self::delete) one before it is closed. A descriptor that is closed
/// while a copy of it lives elsewhere would go on being told.
#[derive(Debug)]
pub struct Epoll(OwnedFd);

/// A set is readable while something in it is ready: sets can be waited for together.
impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Epoll {
    /// A new instance that watches nothing.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no memory is passed; the descriptor is new, so nobody else owns it.
        unsafe { Ok(Self(OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC))?))) }
    }

    /// Watches `fd`; when it is ready, `token` is told.
    ///
    /// # Errors
    /// When it is watched already, or can not be (a plain file).
    pub fn add(&self, fd: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, token, interest.events())
    }

    /// Watches `fd`, which is watched already, for something else.
    ///
    /// # Errors
    /// When it was not watched.
    pub fn modify(&self, fd: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, token, interest.events())
    }

    /// Watches `fd` no longer.
    ///
    /// # Errors
    /// When it was not watched.
    pub fn delete(&self, fd: impl AsFd) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, 0)
    }

    /// Waits until something is ready, and appends the tokens of what is to `ready`, at most 64 at a time.
    ///
    /// Without a `timeout` it waits for ever. It also returns, with nothing new, when the time is up and when a signal
    /// interrupts it. The timeout is exact to the kernel's timers, also below a millisecond.
    ///
    /// # Errors
    /// Only if this is a bug: none of `epoll_wait`'s errors can come from an instance that is open.
    pub fn wait(&self, timeout: Option<Duration>, ready: &mut Vec<u64>) -> io::Result<()> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; BATCH];
        match self.fill(&mut events, timeout) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(e) => Err(e),
            Ok(n) => {
                ready.extend(events[..n].iter().map(|e| e.u64));
                Ok(())
            }
        }
    }

    fn control(&self, op: i32, fd: impl AsFd, token: u64, events: u32) -> io::Result<()> {
        let mut event = libc::epoll_event { events, u64: token };
        // SAFETY: both descriptors are open, since they are borrowed, and the event lives through the call.
        check(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), op, fd.as_fd().as_raw_fd(), &mut event) })?;
        Ok(())
    }

    fn fill(&self, events: &mut [libc::epoll_event; BATCH], timeout: Option<Duration>) -> io::Result<usize> {
        /// Before Linux 5.11, and in some sandboxes, there is no `epoll_pwait2`: asked once, then remembered.
        static COARSE: AtomicBool = AtomicBool::new(false);
        if !COARSE.load(Ordering::Relaxed) {
            match self.fill_exact(events, timeout) {
                Err(e) if matches!(e.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
                    COARSE.store(true, Ordering::Relaxed);
                }
                done => return done,
            }
        }
        self.fill_coarse(events, timeout)
    }

    fn fill_exact(&self, events: &mut [libc::epoll_event; BATCH], timeout: Option<Duration>) -> io::Result<usize> {
        let time = timeout.map(timespec);
        let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let (fd, no_mask) = (self.0.as_raw_fd(), std::ptr::null::<libc::sigset_t>());
        // SAFETY: the array has room for as many as are asked for, the time lives through the call, and no mask is set.
        let n = check(unsafe {
            libc::syscall(libc::SYS_epoll_pwait2, fd, events.as_mut_ptr(), BATCH, time, no_mask, 8usize)
        })?;
        Ok(n as usize)
    }

    fn fill_coarse(&self, events: &mut [libc::epoll_event; BATCH], timeout: Option<Duration>) -> io::Result<usize> {
        let fd = self.0.as_raw_fd();
        // SAFETY: the array has room for as many as are asked for.
        let n = check(unsafe { libc::epoll_wait(fd, events.as_mut_ptr(), BATCH as i32, milliseconds(timeout)) })?;
        Ok(n as usize)
    }
}

/// Rounded up, since a wait that ends too early would be a busy loop; -1 waits for ever.
fn milliseconds(timeout: Option<Duration>) -> i32 {
    timeout.map_or(-1, |t| i32::try_from(t.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;
    use crate::Bell;
    use std::os::fd::AsFd;
    use std::time::Instant;

    #[test]
    fn what_is_ready_is_told_by_its_token() {
        let (epoll, one, two) = (Epoll::new().unwrap(), Bell::new().unwrap(), Bell::new().unwrap());
        epoll.add(&one, 1, Interest::Read).unwrap();
        epoll.add(&two, u64::MAX, Interest::Read).unwrap();
        let mut ready = Vec::new();
        epoll.wait(Some(Duration::ZERO), &mut ready).unwrap();
        assert!(ready.is_empty());
        two.ring();
        epoll.wait(None, &mut ready).unwrap();
        assert_eq!(ready, [u64::MAX]);
        epoll.delete(&two).unwrap();
        ready.clear();
        epoll.wait(Some(Duration::ZERO), &mut ready).unwrap();
        assert!(ready.is_empty());
    }

    #[test]
    fn an_edge_is_told_once() {
        let (epoll, bell) = (Epoll::new().unwrap(), Bell::new().unwrap());
        epoll.add(bell.as_fd(), 7, Interest::ReadEdge).unwrap();
        let mut ready = Vec::new();
        for expected in [1, 1, 2] {
            if expected != ready.len() {
                bell.ring();
            }
            epoll.wait(Some(Duration::ZERO), &mut ready).unwrap();
            assert_eq!(ready.len(), expected);
        }
    }

    #[test]
    fn a_wait_is_never_too_short() {
        let epoll = Epoll::new().unwrap();
        for wait in [Duration::from_micros(300), Duration::from_millis(3)] {
            let start = Instant::now();
            epoll.wait(Some(wait), &mut Vec::new()).unwrap();
            assert!(start.elapsed() >= wait);
            let start = Instant::now();
            epoll.fill_coarse(&mut [libc::epoll_event { events: 0, u64: 0 }; BATCH], Some(wait)).unwrap();
            assert!(start.elapsed() >= wait);
        }
    }

    #[test]
    fn milliseconds_are_rounded_up() {
        assert_eq!(milliseconds(None), -1);
        assert_eq!(milliseconds(Some(Duration::from_nanos(1))), 1);
        assert_eq!(milliseconds(Some(Duration::MAX)), i32::MAX);
    }
}
