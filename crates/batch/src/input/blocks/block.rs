//! What a command reads.

use std::io::{self, Read as _, Seek as _, SeekFrom};

use ganger::{MemoryFile, Stdin, StdinPart};

use crate::input::Args;

/// A block, as long as its command may still be tried.
#[derive(Debug)]
pub(crate) struct Block {
    content: Content,
    /// Where it begins in its stream or file, and how long it is there, in bytes.
    pub(crate) start: u64,
    pub(crate) length: u64,
    named: bool,
}

#[derive(Debug)]
enum Content {
    Memory(MemoryFile),
    Part(StdinPart),
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        (self.start, self.length) == (other.start, other.length)
    }
}

impl Eq for Block {}

impl Block {
    /// Of bytes that are written once more.
    pub(super) fn memory(runs: &[&[u8]], start: u64, length: u64, named: bool) -> io::Result<Self> {
        Ok(Self { content: Content::Memory(MemoryFile::new(runs)?), start, length, named })
    }

    /// Of a file. Nothing is read unless the block must have a name.
    pub(super) fn part(part: StdinPart, named: bool) -> io::Result<Self> {
        let (start, length) = (part.start, part.length);
        let content = match named {
            true => Content::Memory(MemoryFile::new(&[&part.head, &read(&part)?])?),
            false => Content::Part(part),
        };
        Ok(Self { content, start, length, named })
    }

    pub(crate) fn stdin(&self) -> Stdin {
        match &self.content {
            _ if self.named => Stdin::Null,
            Content::Memory(file) => file.stdin(),
            Content::Part(part) => Stdin::Part(Box::new(part.clone())),
        }
    }

    /// What its command is run with: its name, if it is to have one.
    pub(crate) fn args(&self) -> Args {
        match &self.content {
            Content::Memory(file) if self.named => Args::one(file.path().into()),
            Content::Memory(_) | Content::Part(_) => Args::none(),
        }
    }

    /// All that its command reads.
    pub(crate) fn bytes(&self) -> io::Result<Vec<u8>> {
        match &self.content {
            Content::Memory(file) => std::fs::read(file.path()),
            Content::Part(part) => Ok([part.head.to_vec(), read(part)?].concat()),
        }
    }

    /// What it is called in records and messages.
    pub(crate) fn describe(&self, number: u64) -> String {
        format!("block {number}, {} bytes at {}", self.length, self.start)
    }
}

fn read(part: &StdinPart) -> io::Result<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt as _;
    let mut file = std::fs::File::open(std::ffi::OsStr::from_bytes(&part.path))?;
    file.seek(SeekFrom::Start(part.start))?;
    let mut bytes = Vec::new();
    file.take(part.length).read_to_end(&mut bytes)?;
    Ok(bytes)
}
