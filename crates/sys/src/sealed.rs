//! Bytes in a memory file that nobody can change any more.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::fstat;

use crate::limits::{self, Limit, Resource};

const SEALS: SealFlag =
    SealFlag::F_SEAL_SHRINK.union(SealFlag::F_SEAL_GROW).union(SealFlag::F_SEAL_WRITE).union(SealFlag::F_SEAL_SEAL);

/// A memory file with these bytes, sealed.
///
/// # Errors
/// When there are no descriptors or no memory left.
pub fn sealed(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    sealed_runs(name, &[bytes])
}

/// A memory file with one run of bytes after the other, sealed.
///
/// # Errors
/// As [`sealed`].
pub fn sealed_runs(name: &str, runs: &[&[u8]]) -> io::Result<OwnedFd> {
    limits::file_of(runs.iter().map(|run| run.len() as u64).sum())?;
    let mut file = unsealed(name)?;
    runs.iter().try_for_each(|run| file.write_all(run))?;
    seal(file)
}

/// A memory file with all that `reader` gives, sealed.
///
/// # Errors
/// As [`sealed`], and those of `reader`.
pub fn sealed_from(name: &str, mut reader: impl Read) -> io::Result<OwnedFd> {
    // Beyond that a write would end this process.
    let Limit { soft, .. } = limits::limit(Resource::FileSize)?;
    let mut file = unsealed(name)?;
    let copied = io::copy(&mut reader.by_ref().take(soft), &mut file)?;
    if copied == soft && reader.read(&mut [0])? > 0 {
        limits::file_of(soft.saturating_add(1))?;
    }
    seal(file)
}

/// A memory file with `head` and then `length` bytes of `file` from where it stands, sealed. The kernel copies them.
///
/// # Errors
/// As [`sealed`], those of `file`, and `UnexpectedEof` if it has fewer.
pub fn sealed_part(name: &str, head: &[u8], file: &File, length: u64) -> io::Result<OwnedFd> {
    limits::file_of(length.saturating_add(head.len() as u64))?;
    let mut memory = unsealed(name)?;
    memory.write_all(head)?;
    if io::copy(&mut file.take(length), &mut memory)? < length {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "it has become shorter"));
    }
    seal(memory)
}

fn unsealed(name: &str) -> io::Result<File> {
    Ok(File::from(memfd_create(name, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?))
}

fn seal(file: File) -> io::Result<OwnedFd> {
    fcntl(&file, FcntlArg::F_ADD_SEALS(SEALS))?;
    Ok(file.into())
}

/// How many bytes a memory file has that [`sealed`] made.
///
/// # Errors
/// `InvalidData` for any other file.
pub fn sealed_len(fd: impl AsFd) -> io::Result<u64> {
    let seals = fcntl(&fd, FcntlArg::F_GET_SEALS).map_or(SealFlag::empty(), SealFlag::from_bits_truncate);
    if !seals.contains(SEALS) {
        return Err(io::Error::new(ErrorKind::InvalidData, "not a memory file that is sealed against every change"));
    }
    u64::try_from(fstat(&fd)?.st_size).map_err(|_| ErrorKind::InvalidData.into())
}

/// Appends the bytes of a memory file that [`sealed`] made: `len` of them, which are all.
///
/// # Errors
/// `InvalidData` for any other file, or one of another length: nothing is read then, so no pipe or terminal can hold
/// the reader up. `OutOfMemory` when there is no room for the bytes.
pub fn read_sealed(fd: OwnedFd, len: u64, out: &mut Vec<u8>) -> io::Result<()> {
    if sealed_len(&fd)? != len {
        return Err(io::Error::new(ErrorKind::InvalidData, "a sealed memory file of another length than was told"));
    }
    let mut file = File::from(fd);
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
    fn what_a_reader_gives_is_sealed() {
        let mut out = Vec::new();
        let fd = sealed_from("test", &mut [7; 100_000].as_slice()).unwrap();
        assert_eq!(sealed_len(&fd).unwrap(), 100_000);
        read_sealed(fd, 100_000, &mut out).unwrap();
        assert_eq!(out, [7; 100_000]);
    }

    #[test]
    fn a_part_of_a_file_is_sealed_behind_its_head() {
        let mut file = unsealed("file").unwrap();
        file.write_all(b"0123456789").unwrap();
        file.seek(std::io::SeekFrom::Start(3)).unwrap();
        let mut out = Vec::new();
        read_sealed(sealed_part("part", b"head", &file, 4).unwrap(), 8, &mut out).unwrap();
        assert_eq!(out, b"head3456");
        assert_eq!(sealed_part("part", b"", &file, 4).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

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
