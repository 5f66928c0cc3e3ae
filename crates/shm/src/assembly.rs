//! A message as it comes together out of its pieces.

use crate::HEAD;
use crate::ring::{Corrupt, Reader, Record};

/// How much memory is made ready for a message beyond what has come of it, in bytes. Announcing costs a writer nothing,
/// so an announcement reserves no more than this; and never more than as much again as has really come.
const AHEAD: u64 = 1 << 20;

/// A message as it comes together.
#[derive(Debug)]
pub struct Assembly {
    /// The head of the message.
    pub head: [u8; HEAD],
    /// Its body, or what has come of it.
    pub body: Vec<u8>,
    pub(crate) coming: Coming,
    limit: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coming {
    /// The beginning of a message.
    Beginning,
    /// More of a message whose body is so many bytes long.
    Body(u64),
    /// More of a message that was taken back.
    Skipped,
}

/// Where the body of a whole message is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyIn {
    Assembly,
    Ring,
}

impl Assembly {
    /// Nothing yet. A body above `limit` bytes will be an error.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { head: [0; HEAD], body: Vec::new(), coming: Coming::Beginning, limit }
    }

    /// A message that is whole in one record.
    pub(crate) fn whole(&mut self, reader: &Reader, record: Record, body: BodyIn) -> Result<(), Corrupt> {
        let len = self.start(reader, record)?;
        self.check(len)?;
        match body {
            BodyIn::Assembly => reader.copy_from(record, HEAD, &mut self.body),
            BodyIn::Ring => {}
        }
        Ok(())
    }

    /// The first piece of a message.
    pub(crate) fn first(&mut self, reader: &Reader, record: Record) -> Result<(), Corrupt> {
        let len = self.start(reader, record)?;
        self.check(record.total)?;
        if len > record.total {
            return Err(Corrupt("more pieces than announced"));
        }
        self.reserve(len as usize, record.total);
        reader.copy_from(record, HEAD, &mut self.body);
        self.coming = Coming::Body(record.total);
        Ok(())
    }

    /// A further piece of a message of `total` bytes.
    pub(crate) fn next(&mut self, reader: &Reader, record: Record, total: u64) -> Result<(), Corrupt> {
        if (self.body.len() + record.len) as u64 > total {
            return Err(Corrupt("more pieces than announced"));
        }
        self.reserve(record.len, total);
        reader.copy_from(record, 0, &mut self.body);
        Ok(())
    }

    /// The last piece of a message of `total` bytes.
    pub(crate) fn last(&mut self, reader: &Reader, record: Record, total: u64) -> Result<(), Corrupt> {
        self.next(reader, record, total)?;
        self.coming = Coming::Beginning;
        if self.body.len() as u64 == total { Ok(()) } else { Err(Corrupt("fewer pieces than announced")) }
    }

    /// Takes the head; returns the length of what is behind it.
    fn start(&mut self, reader: &Reader, record: Record) -> Result<u64, Corrupt> {
        if record.len < HEAD {
            return Err(Corrupt("a message shorter than its head"));
        }
        self.body.clear();
        reader.copy_head(record, &mut self.head);
        Ok((record.len - HEAD) as u64)
    }

    fn check(&self, len: u64) -> Result<(), Corrupt> {
        if len > self.limit { Err(Corrupt("a message above the payload limit")) } else { Ok(()) }
    }

    /// Makes room for `len` bytes now, and for what is likely to come of `total`.
    fn reserve(&mut self, len: usize, total: u64) {
        if self.body.capacity() - self.body.len() < len {
            let have = self.body.len() as u64;
            let ahead = (total - have).min(AHEAD.max(have)).max(len as u64);
            self.body.reserve_exact(ahead as usize);
        }
    }
}
