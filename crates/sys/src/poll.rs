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
    let mut polled = fds.map(|fd| pollfd(fd, libc::POLLIN));
    wait_for(&mut polled, timeout)?;
    Ok(polled.map(|p| p.revents != 0))
}

/// As [`wait_readable`], of as many as there are: the numbers of those that are ready.
///
/// # Errors
/// When there are more than this process may have open, or the kernel has no memory for it.
pub fn wait_readable_of(fds: &[BorrowedFd<'_>], timeout: Option<Duration>) -> io::Result<Vec<usize>> {
    let mut polled: Vec<_> = fds.iter().map(|fd| pollfd(*fd, libc::POLLIN)).collect();
    wait_for(&mut polled, timeout)?;
    Ok(polled.iter().enumerate().filter(|(_, p)| p.revents != 0).map(|(number, _)| number).collect())
}

/// As [`wait_readable`], or until `taker`, if there is one, takes more or has hung up.
///
/// # Errors
/// When the kernel has no memory for it.
pub fn wait_readable_or_writable<const N: usize>(
    fds: [BorrowedFd<'_>; N],
    taker: Option<BorrowedFd<'_>>,
    timeout: Option<Duration>,
) -> io::Result<([bool; N], bool)> {
    let Some(taker) = taker else { return wait_readable(fds, timeout).map(|ready| (ready, false)) };
    let mut polled: Vec<_> = fds.iter().map(|fd| pollfd(*fd, libc::POLLIN)).collect();
    polled.push(pollfd(taker, libc::POLLOUT));
    wait_for(&mut polled, timeout)?;
    Ok((std::array::from_fn(|at| polled[at].revents != 0), polled[N].revents != 0))
}

/// Waits until `fd` takes more, or has hung up; `false` when the time is up.
///
/// # Errors
/// When the kernel has no memory for it.
pub fn wait_writable(fd: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    let mut polled = [pollfd(fd, libc::POLLOUT)];
    wait_for(&mut polled, timeout)?;
    Ok(polled[0].revents != 0)
}

/// Whether the other end of a socket or pipe is gone: nobody has it any more, in no process.
#[must_use]
pub fn hung_up(fd: BorrowedFd<'_>) -> bool {
    let mut polled = [pollfd(fd, 0)];
    wait_for(&mut polled, Some(Duration::ZERO)).is_ok() && polled[0].revents & (libc::POLLHUP | libc::POLLERR) != 0
}

fn pollfd(fd: BorrowedFd<'_>, events: i16) -> libc::pollfd {
    libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 }
}

fn wait_for(polled: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<()> {
    // A time too far to be told is no limit.
    let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
    loop {
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        match ppoll(polled, left) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
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
