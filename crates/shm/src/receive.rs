//! Messages in: whole records and pieces become messages again, and what was taken back is passed over.

use crate::HEAD;
use crate::assembly::{Assembly, BodyIn, Coming};
use crate::ring::{Corrupt, Kind, Reader, Record};

/// What [`Reader::receive`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Received {
    /// A whole message; it is in the assembly.
    Message,
    /// Nothing more at the moment.
    Nothing,
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
    /// Reads at most as much as the ring holds: a message that is larger comes together over several calls. When the
    /// writer is gone, [`Received::Nothing`] means that nothing whole is left.
    ///
    /// # Errors
    /// When the writer broke the rules of the ring, or the message is above the assembly's limit.
    pub fn receive(&mut self, assembly: &mut Assembly, claims: Claims) -> Result<Received, Corrupt> {
        let message = self.message(assembly, claims, BodyIn::Assembly)?;
        Ok(message.map_or(Received::Nothing, |_| Received::Message))
    }

    /// As [`receive`](Self::receive), but a message that lies whole in the ring is read where it lies, without a copy.
    /// `None`: nothing more at the moment.
    ///
    /// Where the writer is not trusted, that is, in the supervisor, the message is copied all the same: a worker could
    /// change it while it is read. The message's room is given back by the next [`release`](Self::release), whether
    /// `read` returned or panicked.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn receive_in_place<R>(
        &mut self,
        assembly: &mut Assembly,
        claims: Claims,
        read: impl FnOnce(&[u8; HEAD], &[u8]) -> R,
    ) -> Result<Option<R>, Corrupt> {
        let body_in = if self.lends() { BodyIn::Ring } else { BodyIn::Assembly };
        let Some(record) = self.message(assembly, claims, body_in)? else { return Ok(None) };
        let lent = if record.kind == Kind::Whole { self.lend(record, HEAD) } else { None };
        Ok(Some(read(&assembly.head, lent.unwrap_or(&assembly.body))))
    }

    /// Goes on until a message is complete, and tells its last record.
    fn message(&mut self, assembly: &mut Assembly, claims: Claims, body: BodyIn) -> Result<Option<Record>, Corrupt> {
        let budget = self.budget();
        while self.head() < budget
            && let Some(record) = self.peek()?
        {
            let complete = self.take(record, assembly, claims, body)?;
            self.advance(record);
            if complete {
                return Ok(Some(record));
            }
            // A large message flows: its writer may be looking for room right now.
            self.publish_head();
        }
        Ok(None)
    }

    /// Takes one record in. True: a message is complete.
    fn take(&self, record: Record, assembly: &mut Assembly, claims: Claims, body: BodyIn) -> Result<bool, Corrupt> {
        match (assembly.coming, record.kind) {
            (Coming::Beginning, Kind::Whole) => {
                let claimed = self.claimed(record, claims);
                if claimed {
                    assembly.whole(self, record, body)?;
                }
                return Ok(claimed);
            }
            (Coming::Beginning, Kind::First) if self.claimed(record, claims) => assembly.first(self, record)?,
            (Coming::Beginning, Kind::First) => assembly.coming = Coming::Skipped,
            (Coming::Body(total), Kind::Next) => assembly.next(self, record, total)?,
            (Coming::Body(total), Kind::Last) => {
                assembly.last(self, record, total)?;
                return Ok(true);
            }
            (Coming::Skipped, Kind::Next) => {}
            (Coming::Body(_) | Coming::Skipped, Kind::Abort) | (Coming::Skipped, Kind::Last) => {
                assembly.coming = Coming::Beginning;
            }
            (Coming::Beginning, Kind::Next | Kind::Last | Kind::Abort)
            | (Coming::Body(_) | Coming::Skipped, Kind::Whole | Kind::First)
            | (_, Kind::Pad) => return Err(Corrupt("pieces out of order")),
        }
        Ok(false)
    }

    fn claimed(&self, record: Record, claims: Claims) -> bool {
        match claims {
            Claims::Needed => self.begin(record),
            Claims::Unneeded => true,
        }
    }
}
