//! How a file is packed: in snappy's framing, or not at all.

use std::io::{self, BufRead, BufReader, Cursor, Read, Write};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use snap::read::FrameDecoder;
use snap::write::FrameEncoder;

/// What every file in snappy's framing begins with: a chunk of its own.
const SNAPPY: &[u8] = b"\xff\x06\x00\x00sNaPpY";

/// Larger than a chunk of snappy's, so that each is unpacked where it is wanted.
const BUFFER: usize = 256 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ValueEnum)]
pub(crate) enum Framing {
    Snappy,
    Plain,
}

/// A file's bytes as they were before they were packed, and how they are packed: as it was told, or as their beginning says.
pub(crate) fn unpacked(
    mut input: impl Read + 'static,
    told: Option<Framing>,
) -> io::Result<(Box<dyn BufRead>, Framing)> {
    let mut first = Vec::new();
    input.by_ref().take(SNAPPY.len() as u64).read_to_end(&mut first)?;
    let seen = if first == SNAPPY { Framing::Snappy } else { Framing::Plain };
    let framing = told.unwrap_or(seen);
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(first).chain(input));
    let unpacked: Box<dyn BufRead> = match framing {
        Framing::Snappy => Box::new(BufReader::with_capacity(BUFFER, FrameDecoder::new(whole))),
        Framing::Plain => Box::new(whole),
    };
    Ok((unpacked, framing))
}

/// Packs what is written.
pub(crate) enum Packed<W: Write> {
    Snappy(Box<FrameEncoder<W>>),
    Plain(io::BufWriter<W>),
}

impl<W: Write> Packed<W> {
    pub(crate) fn new(output: W, framing: Framing) -> Self {
        match framing {
            Framing::Snappy => Packed::Snappy(Box::new(FrameEncoder::new(output))),
            Framing::Plain => Packed::Plain(io::BufWriter::with_capacity(BUFFER, output)),
        }
    }

    /// Gives back what was written to, with everything written.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Packed::Snappy(encoder) => {
                encoder.into_inner().map_err(|error| error.error().to_string()).map_err(io::Error::other)
            }
            Packed::Plain(buffer) => buffer.into_inner().map_err(io::IntoInnerError::into_error),
        }
    }
}

impl<W: Write> Write for Packed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Packed::Snappy(encoder) => encoder.write(bytes),
            Packed::Plain(buffer) => buffer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Packed::Snappy(encoder) => encoder.flush(),
            Packed::Plain(buffer) => buffer.flush(),
        }
    }
}
