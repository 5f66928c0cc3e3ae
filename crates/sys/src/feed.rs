//! The pipes of a program that is fed for as long as it lives: nobody may be made to wait by it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::errno::check;

/// From now on a read from an empty pipe, and a write to a full one, are errors of kind
/// [`WouldBlock`](io::ErrorKind::WouldBlock).
///
/// ```
/// use std::{io::Read, os::fd::AsFd};
/// let (mut reader, _writer) = std::io::pipe()?;
/// ganger_sys::never_block(reader.as_fd())?;
/// assert_eq!(reader.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// When the kernel refuses.
pub fn never_block(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: no memory is passed, and the descriptor is open while it is borrowed.
    unsafe {
        let flags = check(libc::fcntl(fd.as_raw_fd(), libc::F_GETFL))?;
        check(libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK))?;
    }
    Ok(())
}

/// How many bytes are in a pipe, of which either end is given: so many its reader has not read, even if it is dead.
///
/// ```
/// use std::{io::Write, os::fd::AsFd};
/// let (reader, mut writer) = std::io::pipe()?;
/// writer.write_all(b"abc")?;
/// drop(reader);
/// assert_eq!(ganger_sys::unread(writer.as_fd())?, 3);
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// When it is no pipe.
pub fn unread(fd: BorrowedFd<'_>) -> io::Result<usize> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the kernel writes one int there.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &raw mut bytes) })?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}
