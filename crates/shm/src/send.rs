//! Messages of any size out through a ring of fixed size: a head and a body, whole in one record, or in pieces.
//!
//! ```text
//!  small   Whole(head, body)
//!  large   First(total, head, bytes)  Next(bytes) …  Last(bytes)       or, given up on the way: … Abort
//! ```
//!
//! A message that is larger than a record may be is announced with its full length and then flows while the reader
//! reads. Pieces of one message follow each other; nothing else comes between them.

use crate::ring::{Kind, Position, Writer};

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
        if self.fits(body) {
            piece.position = self.push(Kind::Whole, 0, head, body);
            return piece.position.is_some();
        }
        if piece.position.is_none() && !self.send_first(head, body, piece) {
            return false;
        }
        while piece.sent < body.len() {
            let (kind, len) = self.next_piece(body.len() - piece.sent);
            if self.push(kind, 0, &[], &body[piece.sent..][..len]).is_none() {
                return false;
            }
            piece.sent += len;
        }
        true
    }

    /// Writes the first half and leaves it at that, as a process does that dies in the middle: of a message that is one
    /// record nothing is published, of a larger one its first piece. [`send`](Self::send) with the same `piece` goes on.
    /// False: no room now.
    pub fn begin(&mut self, head: &[u8; HEAD], body: &[u8], piece: &mut Piece) -> bool {
        if self.fits(body) {
            self.write_half(head, body)
        } else {
            piece.position.is_some() || self.send_first(head, body, piece)
        }
    }

    /// Announces a message of this length, and sends none of it. False: no room now.
    pub fn announce(&mut self, len: u64) -> bool {
        self.push(Kind::First, len, &[0; HEAD], &[]).is_some()
    }

    fn send_first(&mut self, head: &[u8; HEAD], body: &[u8], piece: &mut Piece) -> bool {
        let len = self.piece();
        piece.position = self.push(Kind::First, body.len() as u64, head, &body[..len]);
        if piece.position.is_some() {
            piece.sent = len;
        }
        piece.position.is_some()
    }

    /// What the next record behind the first carries when `rest` bytes are left.
    fn next_piece(&self, rest: usize) -> (Kind, usize) {
        if rest <= self.largest() { (Kind::Last, rest) } else { (Kind::Next, self.piece()) }
    }

    /// Ends a message that was begun and will not be completed. False: no room now.
    #[must_use]
    pub fn abort(&mut self) -> bool {
        self.push(Kind::Abort, 0, &[], &[]).is_some()
    }

    fn fits(&self, body: &[u8]) -> bool {
        HEAD + body.len() <= self.largest()
    }

    /// How many bytes of a body go into one piece: half of what would fit, so that writer and reader work side by side.
    fn piece(&self) -> usize {
        self.largest() / 2
    }

    /// How long the next record of such a message is, in bytes: what to wait for when there is no room.
    #[must_use]
    pub fn next_len(&self, body: &[u8], piece: &Piece) -> usize {
        if self.fits(body) {
            HEAD + body.len()
        } else if piece.position.is_none() {
            HEAD + self.piece()
        } else {
            self.next_piece(body.len() - piece.sent).1
        }
    }
}
