//! What can go wrong between two ends.

use std::convert::Infallible;
use std::fmt;
use std::io;

use ganger_proto::codec::CodecError;
use ganger_sys::Shortage;

use super::Address;

/// What went wrong with a connection, a listener, or a wait for some. Opaque, with questions.
///
/// ```
/// use ganger::Pipe;
///
/// # fn main() -> Result<(), ganger::ConnectionError> {
/// let (reader, writer) = Pipe::one_way()?;
/// assert!(reader.send(&1).unwrap_err().is_wrong_direction());
/// drop(writer);
/// assert!(reader.recv::<u32>().unwrap_err().is_disconnected());
/// # Ok(()) }
/// ```
pub struct ConnectionError {
    kind: Box<ErrorKind>,
}

/// Not public: a new kind breaks nobody.
#[derive(Debug)]
pub(crate) enum ErrorKind {
    Closed,
    Disconnected,
    Cut,
    Timeout { what: &'static str },
    WrongDirection { what: &'static str },
    Codec(CodecError),
    TooLarge { size: u64, limit: u64 },
    BufferTooShort { message: Vec<u8>, room: usize },
    Malformed { why: &'static str },
    Descriptors { why: &'static str },
    Authentication { why: String },
    AddressInUse { address: Address },
    InvalidAddress { address: String, why: &'static str },
    System { what: &'static str, source: io::Error },
}

impl ConnectionError {
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| ErrorKind::System { what, source }.into()
    }

    pub(crate) fn authentication(why: impl Into<String>) -> Self {
        ErrorKind::Authentication { why: why.into() }.into()
    }

    pub(crate) fn in_use(address: &Address) -> Self {
        ErrorKind::AddressInUse { address: address.clone() }.into()
    }

    /// What is to be told of it within another error: without "not authenticated" twice.
    pub(super) fn reason(&self) -> String {
        if let ErrorKind::Authentication { why } = &*self.kind { why.clone() } else { self.to_string() }
    }

    /// Whether this end was closed before, by this program. Python: `OSError`, "handle is closed".
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(*self.kind, ErrorKind::Closed)
    }

    /// Whether the other end is gone, and all that it had sent has been received. Python: `EOFError` when receiving,
    /// `BrokenPipeError` when sending.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        matches!(*self.kind, ErrorKind::Disconnected | ErrorKind::Cut)
    }

    /// Whether the time was over first. What was waited for may still come.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(*self.kind, ErrorKind::Timeout { .. })
    }

    /// Whether this end only receives, or only sends, and was asked for the other. Python: `OSError`.
    #[must_use]
    pub fn is_wrong_direction(&self) -> bool {
        matches!(*self.kind, ErrorKind::WrongDirection { .. })
    }

    /// Whether the message is larger than [`Connection::set_message_limit`](super::Connection::set_message_limit)
    /// allows. Python: `OSError`, "bad message length".
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(*self.kind, ErrorKind::TooLarge { .. } | ErrorKind::Codec(CodecError::TooLarge { .. }))
    }

    /// Whether the value could not become bytes, or the bytes no value of the type that was asked for.
    #[must_use]
    pub fn is_codec(&self) -> bool {
        matches!(*self.kind, ErrorKind::Codec(_)) && !self.is_too_large()
    }

    /// The whole message, if it was longer than the buffer for it. Python: `BufferTooShort`.
    #[must_use]
    pub fn buffer_too_short(&self) -> Option<&[u8]> {
        if let ErrorKind::BufferTooShort { message, .. } = &*self.kind { Some(message) } else { None }
    }

    /// Whether what came is no message of ours: the other end is a stranger, or out of step.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        matches!(*self.kind, ErrorKind::Malformed { .. })
    }

    /// Whether descriptors cannot go along, or have not: over TCP, too many for one message, or for this process.
    #[must_use]
    pub fn is_descriptors(&self) -> bool {
        matches!(*self.kind, ErrorKind::Descriptors { .. })
    }

    /// Whether one side has not shown that it knows the key. Python: `AuthenticationError`.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        matches!(*self.kind, ErrorKind::Authentication { .. })
    }

    /// Whether somebody listens there already, or a file is in the way. Python: `OSError` with `EADDRINUSE`.
    #[must_use]
    pub fn is_address_in_use(&self) -> bool {
        matches!(*self.kind, ErrorKind::AddressInUse { .. })
    }

    /// Whether it is no address, or none of Linux. Python: `ValueError`.
    #[must_use]
    pub fn is_invalid_address(&self) -> bool {
        matches!(*self.kind, ErrorKind::InvalidAddress { .. })
    }

    /// Whether nobody listens there. Python: `ConnectionRefusedError`, `FileNotFoundError`.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        use io::ErrorKind::{ConnectionRefused, NotFound};
        matches!(&*self.kind, ErrorKind::System { source, .. }
            if matches!(source.kind(), ConnectionRefused | NotFound))
    }
}

impl From<ErrorKind> for ConnectionError {
    fn from(kind: ErrorKind) -> Self {
        Self { kind: Box::new(kind) }
    }
}

impl From<CodecError> for ConnectionError {
    fn from(error: CodecError) -> Self {
        ErrorKind::Codec(error).into()
    }
}

/// For what is an address already.
impl From<Infallible> for ConnectionError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            ErrorKind::Closed => write!(f, "this end was closed before"),
            ErrorKind::Disconnected => write!(f, "the other end is gone"),
            ErrorKind::Cut => write!(f, "the other end went away in the middle of a message"),
            ErrorKind::Timeout { what } => write!(f, "the time to {what} was over"),
            ErrorKind::WrongDirection { what } => write!(f, "this end of a one-way pipe cannot {what}"),
            ErrorKind::Codec(CodecError::TooLarge { what, limit }) => too_large(f, what, *limit),
            ErrorKind::Codec(error) => error.fmt(f),
            ErrorKind::TooLarge { size, limit } => too_large(f, &format!("a message of {size} bytes"), *limit),
            ErrorKind::BufferTooShort { message, room } => {
                write!(f, "a message of {} bytes does not fit a buffer of {room}; the error has it", message.len())
            }
            ErrorKind::Malformed { why } => write!(f, "what came is no message of ours: {why}"),
            ErrorKind::Descriptors { why } => write!(f, "descriptors: {why}"),
            ErrorKind::Authentication { why } => write!(f, "not authenticated: {why}"),
            ErrorKind::AddressInUse { address } => write!(f, "{address} is in use"),
            ErrorKind::InvalidAddress { address, why } => write!(f, "{address:?} is no address: {why}"),
            ErrorKind::System { what, source } => match Shortage::of(source) {
                Some(shortage) => write!(f, "failed to {what}: {shortage}"),
                None => write!(f, "failed to {what}: {source}"),
            },
        }
    }
}

fn too_large(f: &mut fmt::Formatter<'_>, what: &str, limit: u64) -> fmt::Result {
    write!(f, "{what} is above the limit of {limit} bytes; raise it with set_message_limit() at both ends")
}

impl fmt::Debug for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let ErrorKind::System { source, .. } = &*self.kind { Some(source) } else { None }
    }
}
