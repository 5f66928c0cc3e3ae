//! Messages of any size through a ring of fixed size: a head and a body, whole in one record, or in pieces.
//!
//! A message that is larger than a piece is announced with its full length and then flows while the reader reads.
//! Pieces of one message follow each other; nothing else comes between them.

use crate::ring::{Corrupt, Kind, Position, Reader, Record, Writer};

/// The length of a message's head, in bytes.
pub const HEAD: usize = 32;

/// How much of a message is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the body that are in the ring.
    sent: usize,
    /// Where the message begins.
    position: Option<Position>,
}

impl Piece {
    /// Where the message begins, once its beginning is written.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }
}

impl Writer {
    /// Writes what there is room for; `piece` remembers how far it came. True: all of it is written.
    pub fn send(&mut self, head: &[u8; HEAD], body: &[u8], piece: &mut Piece) -> bool {
        if HEAD + body.len() <= self.largest() {
            piece.position = self.push(Kind::Whole, 0, [head, body]);
            return piece.position.is_some();
        }
        if piece.position.is_none() && !self.send_first(head, body, piece) {
            return false;
        }
        while piece.sent < body.len() {
            let rest = &body[piece.sent..];
            let (kind, len) =
                if rest.len() <= self.largest() { (Kind::Last, rest.len()) } else { (Kind::Next, self.piece()) };
            if self.push(kind, 0, [&rest[..len], &[]]).is_none() {
                return false;
            }
            piece.sent += len;
        }
        true
    }

    fn send_first(&mut self, head: &[u8; HEAD], body: &[u8], piece: &mut Piece) -> bool {
        let len = self.piece();
        piece.position = self.push(Kind::First, body.len() as u64, [head, &body[..len]]);
        if piece.position.is_some() {
            piece.sent = len;
        }
        piece.position.is_some()
    }

    /// Ends a message that was begun and will not be completed. False: no room now.
    #[must_use]
    pub fn abort(&mut self) -> bool {
        self.push(Kind::Abort, 0, [&[], &[]]).is_some()
    }

    /// How many bytes of a body go into one piece: half of what would fit, so that writer and reader work side by side.
    fn piece(&self) -> usize {
        self.largest() / 2
    }

    /// How long the next record of such a message is at the most: what to wait for when there is no room.
    #[must_use]
    pub fn next_len(&self, body: &[u8], piece: &Piece) -> usize {
        (HEAD + body.len() - piece.sent).min(self.largest())
    }
}

/// A message as it comes together.
#[derive(Debug)]
pub struct Assembly {
    /// The head of the message.
    pub head: [u8; HEAD],
    /// Its body, or what has come of it.
    pub body: Vec<u8>,
    state: Coming,
    limit: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coming {
    /// Between two messages.
    Nothing,
    /// In a message whose body is so long.
    Body(u64),
    /// In a message that was taken back.
    Skipping,
}

/// What [`Reader::receive`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Received {
    /// A whole message; it is in the assembly.
    Message,
    /// Nothing more at the moment.
    Nothing,
}

impl Assembly {
    /// Nothing yet. A body above `limit` bytes will be an error.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { head: [0; HEAD], body: Vec::new(), state: Coming::Nothing, limit }
    }

    fn start(&mut self, reader: &Reader, record: Record, len: u64) -> Result<(), Corrupt> {
        if record.len < HEAD {
            return Err(Corrupt("a message shorter than its head"));
        }
        if len > self.limit {
            return Err(Corrupt("a message above the payload limit"));
        }
        self.body.clear();
        reader.copy_head(record, &mut self.head);
        reader.copy_from(record, HEAD, &mut self.body);
        Ok(())
    }

    fn add(&mut self, reader: &Reader, record: Record, len: u64) -> Result<(), Corrupt> {
        if (self.body.len() + record.len) as u64 > len {
            return Err(Corrupt("more pieces than announced"));
        }
        reader.copy_from(record, 0, &mut self.body);
        Ok(())
    }
}

/// Whether the writer may take messages back, so that each has to be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claims {
    /// It may.
    Needed,
    /// It may not.
    Unneeded,
}

impl Reader {
    /// Reads up to the end of one message. What was taken back is skipped.
    ///
    /// # Errors
    /// When the writer broke the rules of the ring, or the message is above the assembly's limit.
    pub fn receive(&mut self, assembly: &mut Assembly, claims: Claims) -> Result<Received, Corrupt> {
        while let Some(record) = self.peek()? {
            let complete = self.take(record, assembly, claims)?;
            self.advance(record);
            if complete {
                return Ok(Received::Message);
            }
        }
        Ok(Received::Nothing)
    }

    fn take(&mut self, record: Record, assembly: &mut Assembly, claims: Claims) -> Result<bool, Corrupt> {
        let claimed = |reader: &Self| claims == Claims::Unneeded || reader.begin(record);
        match (assembly.state, record.kind) {
            (Coming::Nothing, Kind::Whole) => {
                let claimed = claimed(self);
                if claimed {
                    assembly.start(self, record, record.len as u64)?;
                }
                Ok(claimed)
            }
            (Coming::Nothing, Kind::First) if claimed(self) => {
                assembly.start(self, record, record.total)?;
                assembly.body.reserve(
                    record.total.min(assembly.limit) as usize - assembly.body.len().min(record.total as usize),
                );
                assembly.state = Coming::Body(record.total);
                Ok(false)
            }
            (Coming::Nothing, Kind::First) => {
                assembly.state = Coming::Skipping;
                Ok(false)
            }
            (Coming::Body(len), Kind::Next) => assembly.add(self, record, len).map(|()| false),
            (Coming::Body(len), Kind::Last) => {
                assembly.add(self, record, len)?;
                assembly.state = Coming::Nothing;
                if assembly.body.len() as u64 == len { Ok(true) } else { Err(Corrupt("fewer pieces than announced")) }
            }
            (Coming::Skipping, Kind::Next) => Ok(false),
            (Coming::Body(_) | Coming::Skipping, Kind::Abort) | (Coming::Skipping, Kind::Last) => {
                assembly.state = Coming::Nothing;
                Ok(false)
            }
            (Coming::Nothing, Kind::Next | Kind::Last | Kind::Abort)
            | (Coming::Body(_) | Coming::Skipping, Kind::Whole | Kind::First)
            | (_, Kind::Pad) => Err(Corrupt("pieces out of order")),
        }
    }
}
