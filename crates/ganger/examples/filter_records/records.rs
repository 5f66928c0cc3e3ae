//! Records as they follow each other in a file.

use std::fmt;
use std::io::{self, BufRead, ErrorKind};

use clap::{Args, ValueEnum};
use prost::Message;
use serde::{Deserialize, Serialize};

/// No message is longer: protobuf's own limit. A greater length is a sign that there is no record there.
const LONGEST: u64 = i32::MAX as u64;

/// Of a sort id, and of a length.
const WORD: usize = 8;

/// A message as the generator makes it.
#[derive(Message)]
pub(crate) struct Line {
    #[prost(message, optional, tag = "1")]
    pub(crate) line_id: Option<LineId>,
    #[prost(fixed64, tag = "2")]
    pub(crate) microseconds: u64,
    #[prost(string, tag = "3")]
    pub(crate) text: String,
}

/// The part of a message that the filter looks at; the rest is skipped, whatever it is.
#[derive(Message)]
struct Key {
    #[prost(message, optional, tag = "1")]
    line_id: Option<LineId>,
}

#[derive(Clone, Copy, Message)]
pub(crate) struct LineId {
    #[prost(uint64, tag = "1")]
    pub(crate) gid: u64,
    #[prost(uint32, tag = "2")]
    pub(crate) line: u32,
}

/// What stands before each message.
#[derive(Args, Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// A sort id of 8 bytes stands before each length
    #[arg(long)]
    pub(crate) sort_id: bool,
    /// Byte order of the lengths
    #[arg(long, value_enum, default_value_t)]
    pub(crate) byte_order: ByteOrder,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ValueEnum)]
pub(crate) enum ByteOrder {
    #[default]
    Little,
    Big,
}

impl Layout {
    fn head(self) -> usize {
        if self.sort_id { 2 * WORD } else { WORD }
    }

    fn length(self, word: [u8; WORD]) -> u64 {
        match self.byte_order {
            ByteOrder::Little => u64::from_le_bytes(word),
            ByteOrder::Big => u64::from_be_bytes(word),
        }
    }

    /// Appends a record.
    pub(crate) fn encode(self, sort_id: u64, line: &Line, out: &mut Vec<u8>) {
        let bytes = |n: u64| match self.byte_order {
            ByteOrder::Little => n.to_le_bytes(),
            ByteOrder::Big => n.to_be_bytes(),
        };
        if self.sort_id {
            out.extend(bytes(sort_id));
        }
        out.extend(bytes(line.encoded_len() as u64));
        out.extend(line.encode_to_vec());
    }
}

/// A record as it stands in the file, so that it can be written as it was.
pub(crate) struct Record<'a> {
    pub(crate) bytes: &'a [u8],
    message: &'a [u8],
}

impl Record<'_> {
    /// The id that the filter goes by, if it has one.
    pub(crate) fn gid(&self) -> Result<Option<u64>, prost::DecodeError> {
        Ok(Key::decode(self.message)?.line_id.map(|line_id| line_id.gid))
    }
}

/// Where a file cannot be read on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Broken {
    pub(crate) file: String,
    /// Of the first byte of the record, in what is unpacked. None: the file could not be opened, or its output not written.
    pub(crate) offset: Option<u64>,
    pub(crate) why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} at offset {offset}: {}", self.file, self.why),
            None => write!(f, "{}: {}", self.file, self.why),
        }
    }
}

/// The records of a file, one after the other.
pub(crate) struct Records<R> {
    input: R,
    layout: Layout,
    offset: u64,
    record: Vec<u8>,
}

impl<R: BufRead> Records<R> {
    pub(crate) fn new(input: R, layout: Layout) -> Self {
        Self { input, layout, offset: 0, record: Vec::new() }
    }

    /// Where the record begins that was read last.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Where it ends.
    pub(crate) fn end(&self) -> u64 {
        self.offset + self.record.len() as u64
    }

    /// The next one, until there is none.
    pub(crate) fn read(&mut self) -> io::Result<Option<Record<'_>>> {
        self.offset = self.end();
        self.record.clear();
        let head = self.layout.head();
        match self.fill(head)? {
            0 => return Ok(None),
            some if some < head => return Err(cut_short("the head of a record", head, some)),
            _ => {}
        }
        let length = self.length()?;
        match self.fill(length)? {
            all if all == length => Ok(Some(Record { bytes: &self.record, message: &self.record[head..] })),
            some => Err(cut_short("a message", length, some)),
        }
    }

    fn length(&self) -> io::Result<usize> {
        let word = *self.record.last_chunk().expect("the head has just been read");
        let length = self.layout.length(word);
        let possible = usize::try_from(length).ok().filter(|_| length <= LONGEST);
        possible.ok_or_else(|| {
            let hint = "is it the right byte order, and is there a sort id?";
            io::Error::new(ErrorKind::InvalidData, format!("a message of {length} bytes ({hint})"))
        })
    }

    /// Appends so many bytes to the record, or fewer at the end of the file. Memory grows with what has come, not with what a
    /// length promises.
    fn fill(&mut self, wanted: usize) -> io::Result<usize> {
        let mut missing = wanted;
        while missing > 0 {
            let ready = match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            };
            if ready.is_empty() {
                break;
            }
            let taken = ready.len().min(missing);
            self.record.extend_from_slice(&ready[..taken]);
            self.input.consume(taken);
            missing -= taken;
        }
        Ok(wanted - missing)
    }
}

fn cut_short(what: &str, whole: usize, there: usize) -> io::Error {
    let text = format!("the file ends within {what}: {there} of {whole} bytes are there");
    io::Error::new(ErrorKind::UnexpectedEof, text)
}
