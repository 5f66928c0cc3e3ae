//! What comes with a number alone: descriptors that whoever started this process has left open in it.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use crate::errno::check;

/// A descriptor of the same socket or file, close-on-exec. The number itself stays as it is: whose it is nobody can tell.
///
/// # Errors
/// When there is nothing at this number, or there are no descriptors left.
pub fn handed_over(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: fcntl reads no memory with this command, and refuses a number that is not open.
    let copy = check(unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 0) })?;
    // SAFETY: the descriptor is new, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn what_is_open_is_had_by_its_number() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let copy = handed_over(ours.as_raw_fd()).unwrap();
        drop(ours);
        theirs.write_all(b"hi").unwrap();
        let mut heard = [0; 2];
        UnixStream::from(copy).read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hi");
        assert_eq!(handed_over(-1).unwrap_err().raw_os_error(), Some(libc::EBADF));
    }
}
