//! A record: the unit that is published, claimed and left behind.
//!
//! ```text
//!   at a multiple of 64 bytes
//!   0       4      6      8       12      16         24
//!   ├───────┼──────┼──────┼───────┼───────┼──────────┼─ bytes … ─┤ (up to the next multiple of 64)
//!   │ len   │ kind │ zero │ claim │ zero  │ total    │
//! ```

/// Every record begins at a multiple of this: one cache line, so that a claim disturbs no neighbour.
pub(crate) const ALIGN: u64 = 64;

/// The length of a record's own head, in bytes.
pub(crate) const RECORD_HEAD: usize = 24;

/// Nobody has claimed the record yet.
pub(crate) const READY: u32 = 0;
/// The reader has begun it.
pub(crate) const BEGUN: u32 = 1;
/// The writer has taken it back.
pub(crate) const TAKEN: u32 = 2;

/// What a record is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Kind {
    /// A whole message.
    Whole = 1,
    /// The first piece of a message, with the length of all of it.
    First = 2,
    /// A further piece.
    Next = 3,
    /// The last piece.
    Last = 4,
    /// The end of a message that will not be completed.
    Abort = 5,
    /// Nothing: go on at the beginning of the ring.
    Pad = 6,
}

impl Kind {
    fn from_bits(bits: u16) -> Result<Self, Corrupt> {
        match bits {
            1 => Ok(Self::Whole),
            2 => Ok(Self::First),
            3 => Ok(Self::Next),
            4 => Ok(Self::Last),
            5 => Ok(Self::Abort),
            6 => Ok(Self::Pad),
            _ => Err(Corrupt("an unknown kind")),
        }
    }
}

/// The other side broke the ring's rules: nothing it says can be trusted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("corrupt ring: {0}")]
pub struct Corrupt(pub &'static str);

/// Where a record lies, so that it can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position(pub(crate) u64);

/// A record that lies in the ring until the reader moves on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) position: u64,
    pub(crate) kind: Kind,
    /// Bytes behind the record's head.
    pub(crate) len: usize,
    /// Of a [`Kind::First`]: the length of the whole body. Zero in the others.
    pub(crate) total: u64,
}

impl Record {
    /// Where the next record begins.
    pub(crate) fn end(&self) -> u64 {
        self.position + footprint(self.len)
    }

    /// The two words of the head that the claim is not part of.
    pub(crate) fn to_words(self) -> [u64; 2] {
        // The capacity is at most 2 GiB (`CAPACITIES`), so a length fits into 32 bits.
        [self.len as u64 & 0xffff_ffff | (self.kind as u64) << 32, self.total]
    }

    pub(crate) fn from_words(position: u64, words: [u64; 2]) -> Result<Self, Corrupt> {
        let kind = Kind::from_bits((words[0] >> 32 & 0xffff) as u16)?;
        Ok(Self { position, kind, len: (words[0] & 0xffff_ffff) as usize, total: words[1] })
    }
}

/// What a record takes in the ring, in bytes.
pub(crate) fn footprint(len: usize) -> u64 {
    ((RECORD_HEAD + len) as u64).next_multiple_of(ALIGN)
}
