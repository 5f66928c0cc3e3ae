//! The work that workers are given.

use std::time::Duration;

use ganger::Bytes;
use ganger::state::SharedBytes;

#[ganger::task]
pub(crate) fn noop(n: u64) -> u64 {
    n
}

#[ganger::task]
pub(crate) fn echo(bytes: Bytes) -> Bytes {
    bytes
}

/// As [`echo`], and it looks at a byte of every page.
#[ganger::task]
pub(crate) fn echo_shared(bytes: SharedBytes) -> SharedBytes {
    look_at(&bytes);
    bytes
}

/// It looks at a byte of every page.
#[ganger::task]
pub(crate) fn swallow(bytes: Bytes) {
    look_at(&bytes);
}

/// As [`swallow`].
#[ganger::task]
pub(crate) fn swallow_shared(bytes: SharedBytes) {
    look_at(&bytes);
}

/// A byte of every page is looked at.
pub(crate) fn look_at(bytes: &[u8]) {
    std::hint::black_box(bytes.iter().step_by(4096).fold(0u8, |sum, byte| sum ^ byte));
}

/// Who answers, after so long.
#[ganger::task]
pub(crate) fn answer(after: Duration) -> u32 {
    std::thread::sleep(after);
    std::process::id()
}
