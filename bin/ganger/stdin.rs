//! Whether there is a standard input. The runtime of Rust opens /dev/null in place of one that is closed, so whoever asks
//! in `main` is too late, and a run that was given no inputs by mistake looks like one of an empty list.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// What standard input is called.
pub(crate) const NAME: &str = "standard input";

static CLOSED: AtomicBool = AtomicBool::new(false);

ganger::__private::before_main!(look);

fn look() {
    const EBADF: i32 = 9;
    let copy = io::stdin().as_fd().try_clone_to_owned();
    CLOSED.store(copy.is_err_and(|error| error.raw_os_error() == Some(EBADF)), Ordering::Relaxed);
}

/// Whether it was closed when this program began.
pub(crate) fn was_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}
