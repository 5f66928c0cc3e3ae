//! Whether there is a standard input. The runtime of Rust opens /dev/null in place of one that is closed, so whoever asks
//! in `main` is too late, and a run that was given no inputs by mistake looks like one of an empty list.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt as _;
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

/// Whether somebody has put a list there: a pipe or a file. A terminal and /dev/null are there without anybody's doing.
pub(crate) fn is_redirected() -> bool {
    let metadata = io::stdin().as_fd().try_clone_to_owned().and_then(|copy| File::from(copy).metadata());
    metadata.is_ok_and(|metadata| !metadata.file_type().is_char_device())
}

/// Whether it was closed when this program began.
pub(crate) fn was_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}
