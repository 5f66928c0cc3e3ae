//! Bytes in a memory file that nobody can change any more.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::limits;

const SEALS: SealFlag =
    SealFlag::F_SEAL_SHRINK.union(SealFlag::F_SEAL_GROW).union(SealFlag::F_SEAL_WRITE).union(SealFlag::F_SEAL_SEAL);

/// A memory file with these bytes, sealed.
///
/// # Errors
/// When there are no descriptors or no memory left.
pub fn sealed(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    limits::file_of(bytes.len() as u64)?;
    let mut file = File::from(memfd_create(name, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?);
    file.write_all(bytes)?;
    fcntl(&file, FcntlArg::F_ADD_SEALS(SEALS))?;
    Ok(file.into())
}

/// Appends the bytes of a memory file that [`sealed`] made: `len` of them, which are all.
///
/// # Errors
/// `InvalidData` for any other file, or one of another length: nothing is read then, so no pipe or terminal can hold
/// the reader up. `OutOfMemory` when there is no room for the bytes.
pub fn read_sealed(fd: OwnedFd, len: u64, out: &mut Vec<u8>) -> io::Result<()> {
    let mut file = File::from(fd);
    let seals = fcntl(&file, FcntlArg::F_GET_SEALS).map_or(SealFlag::empty(), SealFlag::from_bits_truncate);
    if !seals.contains(SEALS) || file.metadata()?.len() != len {
        return Err(io::Error::new(ErrorKind::InvalidData, "not a sealed memory file of the length that was told"));
    }
    out.try_reserve_exact(usize::try_from(len).map_err(|_| ErrorKind::OutOfMemory)?)?;
    file.rewind()?;
    file.take(len).read_to_end(out)?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_is_read() {
        let mut out = vec![1];
        read_sealed(sealed("test", b"abc").unwrap(), 3, &mut out).unwrap();
        assert_eq!(out, *b"\x01abc");
        let refused = |fd: OwnedFd, len| read_sealed(fd, len, &mut Vec::new()).unwrap_err().kind();
        assert_eq!(refused(sealed("test", b"abc").unwrap(), 4), ErrorKind::InvalidData);
        assert_eq!(refused(std::io::pipe().unwrap().0.into(), 0), ErrorKind::InvalidData);
        assert_eq!(refused(File::open("/dev/zero").unwrap().into(), 0), ErrorKind::InvalidData);
    }
}
