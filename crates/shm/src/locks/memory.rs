//! A ledger in a sealed segment.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use super::ledger::{Head, Ledger};
use crate::segment::Segment;
use crate::sync::{Ordering, Shared64};

const HEAD: usize = size_of::<Head>();
const WORD: usize = size_of::<Shared64>();

/// The mapping, and how much of it is words.
#[derive(Debug)]
pub(crate) struct Memory {
    segment: Segment,
    words: usize,
}

impl Memory {
    fn new(segment: Segment) -> io::Result<Self> {
        let behind = segment.len().checked_sub(HEAD).ok_or_else(|| foreign("too short"))?;
        Ok(Self { segment, words: behind / WORD })
    }

    pub(crate) fn head(&self) -> &Head {
        // SAFETY: the segment is page-aligned and longer than a head; all fields are atomics, for which any bytes are
        // valid.
        unsafe { self.segment.base().cast().as_ref() }
    }

    pub(crate) fn words(&self) -> &[Shared64] {
        // SAFETY: so many words lie within the segment behind the head, whose size is a multiple of theirs; any bytes are
        // valid.
        unsafe { std::slice::from_raw_parts(self.segment.base().add(HEAD).cast().as_ptr(), self.words) }
    }
}

impl Ledger {
    /// Makes a ledger of `words` words, all 0, and the descriptor with which another process [opens](Self::open) it.
    /// `kind` is what it is, and not 0.
    ///
    /// # Errors
    /// Those of [`Segment::create`].
    pub fn create(name: &str, kind: u64, words: usize) -> io::Result<(Self, OwnedFd)> {
        let len = words.checked_mul(WORD).and_then(|len| len.checked_add(HEAD)).ok_or(io::ErrorKind::InvalidInput)?;
        let (segment, fd) = Segment::create(name, len)?;
        let memory = Memory::new(segment)?;
        memory.head().kind.0.store(kind, Ordering::Relaxed);
        Ok((Self::over(Arc::new(memory)), fd))
    }

    /// The ledger behind a descriptor that came from another process.
    ///
    /// # Errors
    /// `InvalidData` when it is none of this kind, and those of [`Segment::open`].
    pub fn open(fd: impl AsFd, kind: u64) -> io::Result<Self> {
        let memory = Memory::new(Segment::open(fd)?)?;
        let found = memory.head().kind.0.load(Ordering::Relaxed);
        if found != kind {
            return Err(foreign("of another kind"));
        }
        Ok(Self::over(Arc::new(memory)))
    }
}

fn foreign(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("shared memory that holds no such object: it is {what}"))
}
