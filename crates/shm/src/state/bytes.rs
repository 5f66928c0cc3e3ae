//! Bytes that several processes map.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use nix::sys::stat::{SFlag, fstat};
use nix::sys::statfs::{TMPFS_MAGIC, fstatfs};

use crate::locks::RobustWord;
use crate::segment::{Access, Segment};

const WORD: usize = size_of::<AtomicU64>();

/// A mapping of bytes that others map too. It lasts as long as this value, the memory as long as anybody has it.
///
/// One byte is read and written in one step, and so is one word. A copy of many is made in words where it can be, and is
/// no step at all: who copies while another writes sees some of it.
#[derive(Debug)]
pub struct Bytes {
    segment: Segment,
}

impl Bytes {
    /// `len` zero bytes without a name, and the descriptor with which another process [opens](Self::open) them.
    ///
    /// # Errors
    /// Those of [`Segment::create`].
    pub fn create(name: &str, len: usize) -> io::Result<(Self, OwnedFd)> {
        let (segment, fd) = Segment::create(name, len)?;
        Ok((Self { segment }, fd))
    }

    /// The bytes behind a descriptor: of memory whose size is sealed, or of a file in `/dev/shm`, which nobody must cut.
    ///
    /// # Errors
    /// `InvalidData` when it is neither of the two, and those of mmap.
    pub fn open(fd: impl AsFd) -> io::Result<Self> {
        let segment = Segment::open(&fd).or_else(|error| if is_in_memory(&fd) { map(&fd) } else { Err(error) })?;
        Ok(Self { segment })
    }

    /// How many there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a mapping of no bytes does not exist")]
    pub fn len(&self) -> usize {
        self.segment.len()
    }

    /// Each byte.
    #[must_use]
    pub fn bytes(&self) -> &[AtomicU8] {
        // SAFETY: the mapping has so many bytes and lives as long as we do; any value is valid, and everybody uses
        // atomics.
        unsafe { std::slice::from_raw_parts(self.segment.base().cast().as_ptr(), self.len()) }
    }

    /// Each word of eight bytes that is wholly there.
    #[must_use]
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: as above; a mapping begins at a page.
        unsafe { std::slice::from_raw_parts(self.segment.base().cast().as_ptr(), self.len() / WORD) }
    }

    /// One of them.
    ///
    /// # Panics
    /// When there is no such word.
    pub(crate) fn word(&self, at: usize) -> &AtomicU64 {
        &self.words()[at]
    }

    /// A word as a lock.
    ///
    /// # Panics
    /// When there is no such word.
    #[must_use]
    pub fn lock(&self, word: usize) -> &RobustWord {
        RobustWord::over(&self.words()[word])
    }

    /// Copies bytes out, from `offset` on.
    ///
    /// # Panics
    /// When they are not all there.
    pub fn read(&self, offset: usize, out: &mut [u8]) {
        let (head, words, tail) = self.parts(offset, out.len());
        let (out_head, rest) = out.split_at_mut(head.len());
        let (out_words, out_tail) = rest.split_at_mut(words.len() * WORD);
        read_bytes(head, out_head);
        for (word, out) in words.iter().zip(out_words.chunks_exact_mut(WORD)) {
            out.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
        }
        read_bytes(tail, out_tail);
    }

    /// Copies bytes in, from `offset` on.
    ///
    /// # Panics
    /// When there is no room for all.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        let (head, words, tail) = self.parts(offset, bytes.len());
        let (in_head, rest) = bytes.split_at(head.len());
        let (in_words, in_tail) = rest.split_at(words.len() * WORD);
        write_bytes(head, in_head);
        for (word, bytes) in words.iter().zip(in_words.chunks_exact(WORD)) {
            let bytes = bytes.try_into().expect("chunks are as long as a word");
            word.store(u64::from_ne_bytes(bytes), Ordering::Relaxed);
        }
        write_bytes(tail, in_tail);
    }

    /// Gives the memory of whole pages back: they are zero then. Where that cannot be done nothing happens.
    pub(crate) fn discard(&self, range: std::ops::Range<usize>) {
        assert!(range.end <= self.len(), "{range:?} of {}", self.len());
        // SAFETY: the range lies within the mapping, and all its users take any bytes, at any time, for what they are.
        unsafe { libc::madvise(self.segment.base().add(range.start).as_ptr().cast(), range.len(), libc::MADV_REMOVE) };
    }

    /// Some bytes: those before the first whole word, the words, and those behind the last.
    fn parts(&self, offset: usize, len: usize) -> (&[AtomicU8], &[AtomicU64], &[AtomicU8]) {
        let end = offset.checked_add(len).filter(|end| *end <= self.len());
        let end = end.unwrap_or_else(|| panic!("{len} bytes from {offset} on, of {}", self.len()));
        let first = offset.next_multiple_of(WORD).min(end);
        let last = first + (end - first) / WORD * WORD;
        let words = if first == last { &[] } else { &self.words()[first / WORD..last / WORD] };
        (&self.bytes()[offset..first], words, &self.bytes()[last..end])
    }
}

fn read_bytes(from: &[AtomicU8], to: &mut [u8]) {
    from.iter().zip(to).for_each(|(byte, out)| *out = byte.load(Ordering::Relaxed));
}

fn write_bytes(to: &[AtomicU8], from: &[u8]) {
    to.iter().zip(from).for_each(|(byte, value)| byte.store(*value, Ordering::Relaxed));
}

/// Whether it is a plain file that lies in memory.
fn is_in_memory(fd: impl AsFd) -> bool {
    let plain = fstat(&fd).is_ok_and(|stat| SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG);
    plain && fstatfs(fd).is_ok_and(|system| system.filesystem_type() == TMPFS_MAGIC)
}

fn map(fd: impl AsFd) -> io::Result<Segment> {
    let len = fstat(&fd)?.st_size;
    Segment::map(fd.as_fd(), usize::try_from(len).map_err(|_| io::ErrorKind::InvalidData)?, Access::Shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_is_copied_and_nothing_beside_it() {
        let (bytes, fd) = Bytes::create("test", 43).expect("memory");
        let other = Bytes::open(&fd).expect("sealed");
        for offset in 0..43 {
            for len in 0..=43 - offset {
                bytes.write(0, &[0xee; 43]);
                let value: Vec<u8> = (1..=len as u8).collect();
                bytes.write(offset, &value);
                let mut whole = [0; 43];
                other.read(0, &mut whole);
                assert!(whole[..offset].iter().chain(&whole[offset + len..]).all(|byte| *byte == 0xee));
                let mut back = vec![0; len];
                other.read(offset, &mut back);
                assert!(back == value && whole[offset..offset + len] == value);
            }
        }
    }

    #[test]
    #[should_panic(expected = "2 bytes from 42 on, of 43")]
    fn what_is_not_there_is_not_read() {
        Bytes::create("test", 43).expect("memory").0.read(42, &mut [0; 2]);
    }

    #[test]
    fn only_memory_is_mapped() {
        let refused = |fd: OwnedFd| Bytes::open(fd).expect_err("no shared memory").kind();
        assert_eq!(refused(std::fs::File::open("/proc/self/stat").expect("proc").into()), io::ErrorKind::InvalidInput);
        assert!(Bytes::open(std::io::pipe().expect("a pipe").0).is_err());
    }
}
