//! What stands before each message.
//!
//! ```text
//!  0      4      5      6         8                16
//!  ├──────┼──────┼──────┼─────────┼─────────────────┼─ ─ ─
//!  │ GngC │ kind │  0   │ fds     │ size of message │ message
//!  └──────┴──────┴──────┴─────────┴─────────────────┴─ ─ ─     numbers are little endian
//! ```

use super::error::{ConnectionError, ErrorKind};

const MAGIC: [u8; 4] = *b"GngC";

/// How many bytes it has.
pub(super) const HEAD: usize = 16;

/// Whether a message is the users' or part of a handshake: neither is taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Handshake,
}

/// The sixteen bytes, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// How many descriptors the value names.
    pub(super) fds: u16,
    /// How many bytes the message has.
    pub(super) size: u64,
}

impl Head {
    pub(super) fn to_bytes(self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = self.kind as u8;
        bytes[6..8].copy_from_slice(&self.fds.to_le_bytes());
        bytes[8..].copy_from_slice(&self.size.to_le_bytes());
        bytes
    }

    pub(super) fn parse(bytes: &[u8; HEAD]) -> Result<Self, ConnectionError> {
        let [m0, m1, m2, m3, kind, zero, f0, f1, size @ ..] = *bytes;
        let kind = match ([m0, m1, m2, m3], kind, zero) {
            (MAGIC, 0, 0) => Kind::Message,
            (MAGIC, 1, 0) => Kind::Handshake,
            (MAGIC, ..) => return Err(malformed("a head with unknown words")),
            _ => return Err(malformed("a stranger's bytes")),
        };
        Ok(Self { kind, fds: u16::from_le_bytes([f0, f1]), size: u64::from_le_bytes(size) })
    }
}

pub(super) fn malformed(why: &'static str) -> ConnectionError {
    ErrorKind::Malformed { why }.into()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes_of_a_head() {
        let head = Head { kind: Kind::Handshake, fds: 3, size: 0x0102_0304_0506 };
        let bytes = [b'G', b'n', b'g', b'C', 1, 0, 3, 0, 6, 5, 4, 3, 2, 1, 0, 0];
        assert_eq!(head.to_bytes(), bytes);
        assert_eq!(Head::parse(&bytes).unwrap(), head);
    }

    #[test]
    fn a_strangers_head_is_refused() {
        for bytes in [*b"GET / HTTP/1.1\r\n", *b"GngC\x02           ", *b"GngC\x00\x01          ", [0; HEAD]] {
            assert!(Head::parse(&bytes).unwrap_err().is_malformed());
        }
    }
}
