//! The work that workers are given.

use std::time::Duration;

use ganger::Bytes;

#[ganger::task]
pub(crate) fn noop(n: u64) -> u64 {
    n
}

#[ganger::task]
pub(crate) fn echo(bytes: Bytes) -> Bytes {
    bytes
}

/// Who answers, after so long.
#[ganger::task]
pub(crate) fn answer(after: Duration) -> u32 {
    std::thread::sleep(after);
    std::process::id()
}
