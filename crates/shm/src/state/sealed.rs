//! Bytes that nobody can change any more.

use std::io;
use std::ops::Deref;
use std::os::fd::AsFd;

use crate::segment::{Access, Segment};

/// A mapping of a memory file that is sealed against every change, so that a plain slice of it is sound whoever else has it.
#[derive(Debug)]
pub struct Sealed {
    /// None for no bytes: there is nothing to map.
    segment: Option<Segment>,
}

impl Sealed {
    /// The bytes behind a descriptor.
    ///
    /// # Errors
    /// `InvalidData` when they are not sealed against writing, shrinking and growing, and those of mmap.
    pub fn open(fd: impl AsFd) -> io::Result<Self> {
        let len = ganger_sys::sealed_len(&fd)?;
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::InvalidData)?;
        let segment = (len > 0).then(|| Segment::map(fd.as_fd(), len, Access::ReadOnly)).transpose()?;
        Ok(Self { segment })
    }
}

impl Deref for Sealed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.segment.as_ref().map_or(&[], |segment| {
            // SAFETY: the mapping is as long as the segment says and lives as long as we do. Nobody changes its bytes: the
            // file carries the seal against writing, which the kernel gives no file that anybody has mapped to be written,
            // and never takes back; and against being cut.
            unsafe { std::slice::from_raw_parts(segment.base().as_ptr(), segment.len()) }
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_read_where_it_lies() {
        let bytes: Vec<u8> = (0..10_000).map(|n| n as u8).collect();
        assert!(*Sealed::open(ganger_sys::sealed("test", &bytes).unwrap()).unwrap() == bytes);
        assert!(Sealed::open(ganger_sys::sealed("test", b"").unwrap()).unwrap().is_empty());
    }

    #[test]
    fn what_others_could_change_is_refused() {
        let (_segment, writable) = Segment::create("test", 4096).unwrap();
        assert_eq!(Sealed::open(writable).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(Sealed::open(std::io::pipe().unwrap().0).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
