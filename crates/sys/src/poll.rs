//! Waiting for a few descriptors, without an epoll instance.

use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

use crate::errno::{check, retry};

/// Waits until one of `fds` has something to read (or has hung up), and tells for each whether it has.
///
/// Without a `timeout` it waits for ever; when the time is up, all answers are `false`. A signal does not end the wait.
///
/// ```
/// use std::os::fd::AsFd;
/// let (rung, silent) = (ganger_sys::Bell::new()?, ganger_sys::Bell::new()?);
/// rung.ring();
/// let ready = ganger_sys::wait_readable([rung.as_fd(), silent.as_fd()], None)?;
/// assert_eq!(ready, [true, false]);
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// When the kernel has no memory for it.
pub fn wait_readable<const N: usize>(fds: [BorrowedFd<'_>; N], timeout: Option<Duration>) -> io::Result<[bool; N]> {
    wait_for(fds.map(|fd| (fd, libc::POLLIN)), timeout)
}

/// Waits until `fd` takes more, or has hung up; `false` when the time is up.
pub(crate) fn wait_writable(fd: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    wait_for([(fd, libc::POLLOUT)], timeout).map(|[ready]| ready)
}

fn wait_for<const N: usize>(fds: [(BorrowedFd<'_>, i16); N], timeout: Option<Duration>) -> io::Result<[bool; N]> {
    // A time too far to be told is no limit.
    let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
    let mut polled = fds.map(|(fd, events)| libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 });
    loop {
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        match ppoll(&mut polled, left) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
            Ok(()) => return Ok(polled.map(|p| p.revents != 0)),
        }
    }
}

/// How many of these numbers are no open descriptor's.
pub(crate) fn count_closed(numbers: Range<RawFd>) -> io::Result<usize> {
    let mut polled: Vec<_> = numbers.map(|fd| libc::pollfd { fd, events: 0, revents: 0 }).collect();
    retry(|| ppoll(&mut polled, Some(Duration::ZERO)))?;
    Ok(polled.iter().filter(|p| p.revents & libc::POLLNVAL != 0).count())
}

fn ppoll(polled: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<()> {
    let time = timeout.map(timespec);
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the array and the time live through the call, and the length is the array's.
    check(unsafe { libc::ppoll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, time, std::ptr::null()) })?;
    Ok(())
}

/// A duration as the kernel reads it; one that does not fit becomes the longest that does.
pub(crate) fn timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}
