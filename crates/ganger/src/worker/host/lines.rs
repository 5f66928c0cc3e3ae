//! What a program writes, cut into lines as they come.

use std::io::{self, PipeReader, Read};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};

use ganger_proto::worker::LONGEST_LINE;

/// So much is read at a time: what a pipe holds as a rule.
const CHUNK: usize = 64 << 10;

/// What a look at the pipe has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// Some bytes.
    Some,
    /// None now.
    Nothing,
    /// None any more.
    Closed,
}

/// The reading end of its standard output, and what was read ahead.
pub(super) struct Lines {
    reader: PipeReader,
    chunk: Box<[u8]>,
    buffer: Vec<u8>,
    /// Where the next line begins.
    begin: usize,
    /// Up to where no newline is.
    looked: usize,
    closed: bool,
}

impl Lines {
    /// `reader` never blocks.
    pub(super) fn new(reader: PipeReader) -> Self {
        Self { reader, chunk: vec![0; CHUNK].into(), buffer: Vec::new(), begin: 0, looked: 0, closed: false }
    }

    /// Reads once.
    pub(super) fn fill(&mut self) -> io::Result<Got> {
        self.buffer.drain(..self.begin);
        self.looked -= self.begin;
        self.begin = 0;
        let (got, length) = read_once(&mut self.reader, &mut self.chunk)?;
        self.buffer.extend_from_slice(&self.chunk[..length]);
        self.closed |= got == Got::Closed;
        Ok(got)
    }

    /// Where the next whole line is, without its newline. None: there is none yet.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        let found = self.buffer[self.looked..].iter().position(|&byte| byte == b'\n');
        let Some(found) = found else {
            self.looked = self.buffer.len();
            return None;
        };
        let line = self.begin..self.looked + found;
        (self.begin, self.looked) = (line.end + 1, line.end + 1);
        Some(line)
    }

    pub(super) fn text(&self, line: Range<usize>) -> &[u8] {
        &self.buffer[line]
    }

    /// What has come of a line that has not ended.
    pub(super) fn unended(&self) -> &[u8] {
        &self.buffer[self.begin..]
    }

    /// Whether nothing will come any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.unended().len() > LONGEST_LINE
    }
}

impl AsFd for Lines {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// Reads what is there from a pipe that never blocks.
pub(super) fn read_once(reader: &mut PipeReader, into: &mut [u8]) -> io::Result<(Got, usize)> {
    loop {
        return match reader.read(into) {
            Ok(0) => Ok((Got::Closed, 0)),
            Ok(bytes) => Ok((Got::Some, bytes)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok((Got::Nothing, 0)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn lines_come_whole_however_they_were_written() {
        let (reader, mut writer) = io::pipe().unwrap();
        ganger_sys::never_block(reader.as_fd()).unwrap();
        let mut lines = Lines::new(reader);
        let mut read = Vec::new();
        for piece in ["", "a", "b\nc", "\n\n", "d\ne\nf"] {
            writer.write_all(piece.as_bytes()).unwrap();
            let wanted = if piece.is_empty() { Got::Nothing } else { Got::Some };
            assert_eq!(lines.fill().unwrap(), wanted);
            while let Some(line) = lines.next() {
                read.push(String::from_utf8(lines.text(line).to_vec()).unwrap());
            }
        }
        drop(writer);
        assert_eq!(read, ["ab", "c", "", "d", "e"]);
        assert_eq!((lines.fill().unwrap(), lines.unended()), (Got::Closed, &b"f"[..]));
    }
}
