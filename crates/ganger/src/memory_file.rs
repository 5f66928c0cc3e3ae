//! Bytes for commands, in memory, that need not be sent.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use crate::Stdin;
use ganger_proto::spec::Bytes;

/// Bytes in a file that lies in memory, has no name in any directory and cannot be changed. Any process of the same user
/// can open it by its [`path`](Self::path) while this value lives: so a command gets much to read and none of it is sent.
///
/// ```
/// use ganger::MemoryFile;
///
/// let file = MemoryFile::new(&[b"hello ", b"there"])?;
/// assert_eq!(std::fs::read(file.path())?, b"hello there");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct MemoryFile {
    file: File,
    path: String,
}

impl MemoryFile {
    /// A file with one run of bytes after the other.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    pub fn new(runs: &[&[u8]]) -> io::Result<Self> {
        ganger_sys::sealed_runs("block", runs).map(Self::from)
    }

    /// A file with all that `reader` gives.
    ///
    /// # Errors
    /// As [`new`](Self::new), and those of `reader`.
    pub fn read_from(reader: impl io::Read) -> io::Result<Self> {
        ganger_sys::sealed_from("block", reader).map(Self::from)
    }

    /// By which it is opened, at its start and for reading alone.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// It as the standard input of a command. It must live until that has ended.
    #[must_use]
    pub fn stdin(&self) -> Stdin {
        Stdin::File(Box::new(Bytes::from(self.path.as_bytes())))
    }

    /// The file itself, to be read by offsets.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl From<OwnedFd> for MemoryFile {
    fn from(file: OwnedFd) -> Self {
        let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
        Self { file: file.into(), path }
    }
}
