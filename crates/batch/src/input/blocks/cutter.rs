//! A stream cut into blocks of whole records.
//!
//! ```text
//!  buffer   │ handed out │ record │ record │ reco        read on: what is left moves to the front
//!           0          start                border  end
//! ```
//! One buffer serves all blocks, so that its pages are in the caches; a block is written into a file of its own from there.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

use super::{Blocks, Separator};

/// The longest block, in bytes: where there is no border so far, the separator is none of this input.
pub(super) const LONGEST: usize = 1 << 30;

/// Why there is no next block.
#[derive(Debug)]
pub(super) enum CutError {
    Read(io::Error),
    /// A record that does not end.
    TooLong,
    /// The header has no column of this name.
    NoColumn(String),
}

/// A stream that is being cut.
pub(super) struct Cutter<R> {
    reader: R,
    blocks: Blocks,
    buffer: Vec<u8>,
    /// What has not been handed out.
    left: Range<usize>,
    ended: bool,
    /// Of the next block: how many borders were found, and how far was looked, from the beginning of what is left.
    found: u64,
    looked: usize,
}

impl<R: Read> Cutter<R> {
    pub(super) fn new(reader: R, blocks: Blocks) -> Self {
        Self { reader, blocks, buffer: Vec::new(), left: 0..0, ended: false, found: 0, looked: 0 }
    }

    /// Takes the header off the beginning; none if it does not begin so. Where a column was named, it is known from there.
    pub(super) fn header(&mut self) -> Result<Vec<u8>, CutError> {
        let header = self.take_header()?;
        if let Separator::Groups(groups) = &mut self.blocks.separator {
            let named = groups.named(&header);
            **groups = named.ok_or_else(|| CutError::NoColumn(groups.column.to_string()))?;
        }
        Ok(header)
    }

    fn take_header(&mut self) -> Result<Vec<u8>, CutError> {
        let Some(header) = self.blocks.header.clone() else { return Ok(Vec::new()) };
        loop {
            let found = header.find(&self.buffer[self.left.clone()]).map_or(0, |found| found.end());
            if self.ended || 0 < found && found < self.left.len() {
                return Ok(self.take(found).to_vec());
            }
            self.read_on(self.left.len() + 1)?;
        }
    }

    /// The next block.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, CutError> {
        let mut wanted = self.blocks.size.max(self.left.len());
        loop {
            if let Some(length) = self.length() {
                return Ok(Some(self.take(length)));
            }
            if self.ended {
                let rest = self.left.len();
                return Ok(Some(self.take(rest)).filter(|rest| !rest.is_empty()));
            }
            // By number of records, a block is there as soon as they are.
            let by_number = self.blocks.records.is_some() && self.blocks.separator.resumes();
            let wanted_now = if by_number { self.left.len() + 1 } else { wanted };
            self.read_on(wanted_now)?;
            if self.left.len() >= wanted {
                wanted = self.left.len().saturating_mul(2);
            }
        }
    }

    fn take(&mut self, length: usize) -> &[u8] {
        let start = self.left.start;
        self.left.start += length;
        (self.found, self.looked) = (0, 0);
        &self.buffer[start..self.left.start]
    }

    /// How long the next block is, if that can be said already.
    fn length(&mut self) -> Option<usize> {
        let (left, Blocks { size, records, lines, separator, .. }) = (self.left.len(), &self.blocks);
        let (size, records, lines) = (*size, *records, *lines);
        match (records, lines) {
            (Some(records), lines) => return self.records(records * lines.unwrap_or(1)),
            (None, Some(_)) if self.ended || left >= size => {}
            (None, None) if !self.ended && left >= size || left > size => {}
            (None, Some(_) | None) => return None,
        }
        let left = &self.buffer[self.left.clone()];
        let fitting = &left[..left.len().min(size)];
        match lines {
            Some(lines) => last_of_lines(fitting, lines).or_else(|| first_of_lines(left, lines)),
            None => separator.last(fitting).or_else(|| separator.next(left, 0, false)),
        }
    }

    /// Where so many records end.
    fn records(&mut self, number: u64) -> Option<usize> {
        let left = &self.buffer[self.left.clone()];
        while self.found < number {
            let Some(border) = self.blocks.separator.next(left, self.looked, self.ended) else {
                let unsure = left.len() - self.blocks.separator.reach(left.len() - self.looked);
                self.looked = self.looked.max(unsure);
                return None;
            };
            (self.found, self.looked) = (self.found + 1, border);
        }
        Some(self.looked)
    }

    /// Reads until so much is left, or to the end.
    fn read_on(&mut self, wanted: usize) -> Result<(), CutError> {
        if self.left.len() >= LONGEST {
            return Err(CutError::TooLong);
        }
        self.buffer.copy_within(self.left.clone(), 0);
        self.left = 0..self.left.len();
        let room = wanted.max(self.blocks.size).min(LONGEST);
        if self.buffer.len() < room.max(self.left.len() + 1) {
            self.buffer.resize(room.max(self.left.len() + 1), 0);
        }
        while self.left.end < wanted.min(LONGEST) && !self.ended {
            let end = if self.blocks.records.is_some() { self.buffer.len() } else { wanted.min(LONGEST) };
            match self.reader.read(&mut self.buffer[self.left.end..end]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.left.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(CutError::Read(error)),
            }
        }
        Ok(())
    }
}

/// Where so many lines end.
fn first_of_lines(bytes: &[u8], number: u64) -> Option<usize> {
    let before = usize::try_from(number - 1).unwrap_or(usize::MAX);
    memchr::memchr_iter(b'\n', bytes).nth(before).map(|at| at + 1)
}

/// Where the last line ends whose number is a multiple.
fn last_of_lines(bytes: &[u8], multiple: u64) -> Option<usize> {
    let ends = memchr::memchr_iter(b'\n', bytes).count() as u64;
    let beyond = usize::try_from(ends % multiple).unwrap_or(usize::MAX);
    memchr::memrchr_iter(b'\n', bytes).nth(beyond).map(|at| at + 1)
}
