//! A file in parts, by positions: read only around the borders.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use ganger::{Bytes, StdinPart};

use super::cutter::{CutError, Cutter};
use super::{Blocks, Separator};

/// How much is read at a time where a border is looked for.
const LOOK: usize = 64 << 10;

/// How long a block is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockSize {
    /// So many bytes.
    Bytes(u64),
    /// As many bytes as make so many blocks for each job of a file that is there.
    PerJob(u64),
}

impl BlockSize {
    /// In bytes, for so much in all and so many jobs.
    ///
    /// ```
    /// use ganger_batch::BlockSize;
    ///
    /// assert_eq!(BlockSize::PerJob(2).bytes(100, 4), 13);
    /// ```
    #[must_use]
    pub fn bytes(self, all: u64, jobs: usize) -> u64 {
        match self {
            BlockSize::Bytes(bytes) => bytes,
            BlockSize::PerJob(blocks) => all.div_ceil(blocks.saturating_mul(jobs as u64).max(1)).max(1),
        }
    }
}

/// The parts of a file that are still to come.
pub(super) struct Parts {
    path: PathBuf,
    file: File,
    separator: Separator,
    size: u64,
    head: Vec<u8>,
    /// Where the next one begins, and where the file ends.
    start: u64,
    end: u64,
}

impl Parts {
    pub(super) fn open(path: &Path, blocks: &Blocks) -> Result<Self, CutError> {
        let file = File::open(path).map_err(CutError::Read)?;
        let end = file.metadata().map_err(CutError::Read)?.len();
        let head = Cutter::new(&file, blocks.clone()).header()?;
        let (separator, start) = (blocks.separator.clone(), head.len() as u64);
        Ok(Self { path: path.to_owned(), file, separator, size: blocks.size as u64, head, start, end })
    }

    /// The next part.
    pub(super) fn next(&mut self) -> io::Result<Option<StdinPart>> {
        if self.start >= self.end {
            return Ok(None);
        }
        let border = self.border(self.start.saturating_add(self.size))?;
        let (start, length) = (self.start, border - self.start);
        self.start = border;
        let path = Bytes::from(self.path.as_os_str().as_bytes());
        Ok(Some(StdinPart { head: Bytes::from(self.head.as_slice()), path, start, length }))
    }

    /// The first border from a position on; the end, if there is none.
    fn border(&mut self, from: u64) -> io::Result<u64> {
        if from >= self.end {
            return Ok(self.end);
        }
        let from = from - self.separator.overlap() as u64;
        self.file.seek(SeekFrom::Start(from))?;
        let (mut seen, mut looked) = (Vec::new(), 0);
        loop {
            if (&self.file).take(LOOK as u64).read_to_end(&mut seen)? == 0 {
                return Ok(self.end);
            }
            if let Some(border) = self.separator.next(&seen, looked, false) {
                return Ok((from + border as u64).min(self.end));
            }
            looked = seen.len() - self.separator.reach(seen.len() - looked);
        }
    }
}
