//! A piece of anonymous shared memory whose size is sealed: nobody can shrink it under a reader (SIGBUS) or grow it.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

/// The seals that a segment must carry before it is mapped.
const SEALS: SealFlag = SealFlag::F_SEAL_SHRINK.union(SealFlag::F_SEAL_GROW).union(SealFlag::F_SEAL_SEAL);

/// The size of the page before and the page behind a mapping that nobody may touch, in bytes.
const GUARD: usize = 4096;

/// What a mapping is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody reads and writes.
    Shared,
    /// Nobody writes.
    ReadOnly,
}

impl Access {
    fn flags(self) -> (ProtFlags, MapFlags) {
        match self {
            Self::Shared => (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED),
            // Before Linux 6.7 a file that is sealed against writing cannot be mapped shared, not even to be read. The
            // pages are the file's own all the same.
            Self::ReadOnly => (ProtFlags::PROT_READ, MapFlags::MAP_PRIVATE),
        }
    }
}

/// A sealed memfd, mapped. The mapping ends with this value, the memory with the last process that has it.
#[derive(Debug)]
pub struct Segment {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread; what is done with the memory is the business of those
// who are handed its address inside this crate, and they use atomics.
unsafe impl Send for Segment {}
// SAFETY: as above.
unsafe impl Sync for Segment {}

impl Segment {
    /// Makes a segment of `len` zero bytes, and the descriptor with which another process maps it.
    ///
    /// Pages come into being when they are first touched.
    ///
    /// # Errors
    /// Those of memfd_create, ftruncate, fcntl and mmap: no descriptors or no memory left; and of a limit on files.
    pub fn create(name: &str, len: usize) -> io::Result<(Self, OwnedFd)> {
        ganger_sys::limits::file_of(len as u64)?;
        let fd = memfd_create(name, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
        nix::unistd::ftruncate(&fd, i64::try_from(len).map_err(|_| io::ErrorKind::InvalidInput)?)?;
        fcntl(&fd, FcntlArg::F_ADD_SEALS(SEALS))?;
        Ok((Self::map(fd.as_fd(), len, Access::Shared)?, fd))
    }

    /// Maps the segment behind a descriptor that came from another process.
    ///
    /// # Errors
    /// When it is not sealed against shrinking and growing, or cannot be mapped.
    pub fn open(fd: impl AsFd) -> io::Result<Self> {
        let seals = SealFlag::from_bits_truncate(fcntl(&fd, FcntlArg::F_GET_SEALS)?);
        if !seals.contains(SEALS) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "shared memory whose size is not sealed"));
        }
        let len = nix::sys::stat::fstat(&fd)?.st_size;
        Self::map(fd.as_fd(), usize::try_from(len).map_err(|_| io::ErrorKind::InvalidData)?, Access::Shared)
    }

    /// Maps between two pages that nobody may touch: a fault of this crate ends the process, rather than letting one
    /// worker's bytes run over into other memory.
    pub(crate) fn map(fd: BorrowedFd<'_>, len: usize, access: Access) -> io::Result<Self> {
        let size = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
        let around = NonZeroUsize::new(with_guards(len)?).ok_or(io::ErrorKind::InvalidInput)?;
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_NORESERVE;
        // SAFETY: a fresh mapping at an address that the kernel chooses aliases nothing of ours.
        let guards = unsafe { mmap_anonymous(None, around, ProtFlags::PROT_NONE, flags)? };
        // SAFETY: the reservation is at least one page longer than this.
        let base = unsafe { guards.cast::<u8>().add(GUARD) };
        // From here on dropping it gives everything back.
        let segment = Self { base, len };
        let (prot, flags) = access.flags();
        // SAFETY: it replaces pages of the reservation just made, which nobody else knows of.
        unsafe { mmap(Some(base.addr()), size, prot, flags | MapFlags::MAP_FIXED, fd, 0)? };
        Ok(segment)
    }

    /// The size in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a mapping of no bytes does not exist")]
    pub fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let around = with_guards(self.len).expect("it was mapped with as many");
        // SAFETY: this value alone owns the mapping and the page on either side of it.
        let unmapped = unsafe { munmap(self.base.sub(GUARD).cast(), around) };
        debug_assert!(unmapped.is_ok(), "{unmapped:?}");
    }
}

/// How many bytes a mapping of `len` takes together with its guards.
fn with_guards(len: usize) -> io::Result<usize> {
    let pages = len.checked_next_multiple_of(GUARD).and_then(|len| len.checked_add(2 * GUARD));
    pages.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_mappings_see_one_memory() {
        let (ours, fd) = Segment::create("test", 4096).expect("a page of memory");
        let theirs = Segment::open(&fd).expect("sealed");
        // SAFETY: both mappings are 4096 bytes long, and nobody else uses them.
        let seen = unsafe {
            ours.base().add(17).write(42);
            theirs.base().add(17).read()
        };
        assert_eq!((seen, theirs.len()), (42, 4096));
    }

    #[test]
    fn memory_that_can_shrink_is_refused() {
        let fd = memfd_create("open", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING).expect("memfd");
        nix::unistd::ftruncate(&fd, 4096).expect("ftruncate");
        assert_eq!(Segment::open(&fd).expect_err("unsealed").kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_sealed_segment_cannot_be_cut() {
        let (_segment, fd) = Segment::create("test", 4096).expect("a page of memory");
        assert!(nix::unistd::ftruncate(&fd, 10).is_err());
    }
}
