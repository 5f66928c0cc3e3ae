//! The two pipes of a command whose output is captured.
//!
//! Our copies of the writing ends stay open until the command has ended. So there is never an end of file here, and
//! need not be: a command ends when its process does, whoever else still holds a pipe.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use ganger_proto::message::Stream;

/// One of them.
pub(super) struct Pipe {
    pub(super) stream: Stream,
    reader: PipeReader,
    pub(super) writer: PipeWriter,
}

impl Pipe {
    /// Both, stdout first.
    pub(super) fn both() -> io::Result<[Self; 2]> {
        let open = |stream| io::pipe().map(|(reader, writer)| Self { stream, reader, writer });
        Ok([open(Stream::Stdout)?, open(Stream::Stderr)?])
    }

    /// Reads what is there, which must be something: it would wait otherwise.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    pub(super) fn has_more(&self) -> bool {
        ganger_sys::wait_readable([self.as_fd()], Some(Duration::ZERO)).is_ok_and(|[ready]| ready)
    }
}

impl AsFd for Pipe {
    /// Readable when there is something.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}
