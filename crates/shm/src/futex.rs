//! Sleeping on a word of shared memory, and waking who sleeps there.

use std::io;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps while `word` is `expected`: until it is woken, `timeout` is over, or a signal comes. Spurious returns happen.
pub fn wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) {
    let time = timeout.map(|t| libc::timespec {
        tv_sec: t.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: t.subsec_nanos().into(),
    });
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
