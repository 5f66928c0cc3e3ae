//! Sleeping on a word of shared memory, and waking who sleeps there.

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

/// Sleeps while `word` is `expected`: until it is woken, `timeout` is over, or a signal comes. Spurious returns happen.
pub fn wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) {
    let time = timeout.map(timespec);
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the word outlives the call, the time is valid or null; FUTEX_WAIT writes to neither.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, time) };
}

/// Wakes one who sleeps on `word`.
///
/// # Errors
/// None that a valid word can have; told all the same, so that nobody waits for a wake-up that never came.
pub fn wake(word: &AtomicU32) -> io::Result<()> {
    // SAFETY: the word outlives the call, and FUTEX_WAKE does not even read it.
    let woken = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1) };
    if woken < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// As [`wait`], on a long word, of which the kernel looks at the lower half alone. False: the time is over.
pub(crate) fn wait_64(word: &AtomicU64, expected: u64, timeout: Duration) -> bool {
    let time = timespec(timeout);
    // SAFETY: the word outlives the call, the time is valid; FUTEX_WAIT writes to neither.
    let slept =
        unsafe { libc::syscall(libc::SYS_futex, lower(word), libc::FUTEX_WAIT, expected as u32, &raw const time) };
    !timed_out(slept)
}

/// As [`wake`].
pub(crate) fn wake_64(word: &AtomicU64) {
    wake_many_64(word, 1);
}

/// Wakes up to `most` of those who sleep on `word`: how many there were.
pub(crate) fn wake_many_64(word: &AtomicU64, most: i32) -> i64 {
    // SAFETY: the word outlives the call, and FUTEX_WAKE does not even read it.
    unsafe { libc::syscall(libc::SYS_futex, lower(word), libc::FUTEX_WAKE, most) }
}

/// As [`wait`], until somebody wakes a bit of `mask`, which is not 0. False: the time is over.
pub(crate) fn wait_masked(word: &AtomicU32, expected: u32, mask: u32, timeout: Duration) -> bool {
    let (time, unused) = (timespec(since_the_beginning() + timeout), std::ptr::null::<u32>());
    let op = libc::FUTEX_WAIT_BITSET;
    // SAFETY: the word outlives the call, the time is valid; FUTEX_WAIT_BITSET writes to neither.
    let slept = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, expected, &raw const time, unused, mask) };
    !timed_out(slept)
}

/// Wakes up to `count` of those who sleep on `word` with a bit of `mask`.
pub(crate) fn wake_masked(word: &AtomicU32, count: u32, mask: u32) {
    let (count, unused) = (count.min(i32::MAX.cast_unsigned()), std::ptr::null::<u32>());
    // SAFETY: the word outlives the call, and FUTEX_WAKE_BITSET does not even read it.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE_BITSET, count, unused, unused, mask) };
}

fn timed_out(slept: libc::c_long) -> bool {
    slept < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ETIMEDOUT)
}

/// The half of a long word in which its lowest bit is.
fn lower(word: &AtomicU64) -> *mut u32 {
    word.as_ptr().cast::<u32>().wrapping_add(usize::from(cfg!(target_endian = "big")))
}

/// What the kernel's monotonic clock says: masked waits have a deadline, and no timeout.
pub(crate) fn since_the_beginning() -> Duration {
    let now =
        nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).unwrap_or(nix::sys::time::TimeSpec::new(0, 0));
    now.into()
}

fn timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}
