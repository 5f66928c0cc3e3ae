//! One end, as users have it.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use ganger_proto::codec::{self, DEFAULT_PAYLOAD_LIMIT};
use ganger_sys::{Transport, wait_readable};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::channel::{Channel, Outgoing, Received, Travelling, failed};
use super::error::{ConnectionError, ErrorKind};
use super::frame::{Kind, malformed};
use crate::passing;

/// One end of a [`Pipe`](super::Pipe), or of what a [`Listener`](super::Listener) and a [`Client`](super::Client) have
/// made. Python's `multiprocessing.connection.Connection`.
///
/// What is sent comes whole or not at all, in order. Over Unix sockets any number of processes and threads can send and
/// receive at one end, each message goes to one of them, and one that is killed tears no message. Over TCP threads can,
/// processes should not.
///
/// A message is a value of any type with serde's traits, or bytes; empty ones too. Values can have descriptors in them
/// ([`Descriptor`](crate::Descriptor)) and connections, which go to other processes that way: the sender's stay open. So
/// they do as arguments and results of tasks.
///
/// ```
/// use ganger::Pipe;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), ganger::ConnectionError> {
/// let (here, there) = Pipe::duplex()?;
/// here.send(&("hello", 3u8))?;
/// assert_eq!(there.recv::<(String, u8)>()?, ("hello".to_owned(), 3));
///
/// there.send_bytes(b"raw")?;
/// assert!(here.poll(Some(Duration::ZERO))?);
/// assert_eq!(here.recv_bytes()?, b"raw");
/// assert!(here.recv_timeout::<u8>(Duration::from_millis(1)).unwrap_err().is_timeout());
///
/// drop(there);
/// assert!(here.recv::<u8>().unwrap_err().is_disconnected());
/// # Ok(()) }
/// ```
pub struct Connection {
    /// None once it is closed.
    channel: Option<Channel>,
    direction: Direction,
    limit: u64,
}

/// What an end is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Direction {
    Both,
    Receive,
    Send,
}

impl Connection {
    pub(super) fn new(channel: Channel, direction: Direction) -> Self {
        Self { channel: Some(channel), direction, limit: DEFAULT_PAYLOAD_LIMIT }
    }

    /// Of a connected socket that was had otherwise: a Unix one of the kind `SOCK_SEQPACKET`, or TCP. Python:
    /// `Connection(handle)`.
    ///
    /// # Errors
    /// When it is no such socket.
    ///
    /// ```
    /// use ganger::Connection;
    /// use std::fs::File;
    ///
    /// assert!(Connection::from_fd(File::open("/dev/null").unwrap().into()).is_err());
    /// ```
    pub fn from_fd(fd: OwnedFd) -> Result<Self, ConnectionError> {
        let system = ConnectionError::system;
        let transport = ganger_sys::transport(fd.as_fd()).map_err(system("find out what descriptor it is"))?;
        let channel = match transport {
            Some(Transport::Packets) => Channel::packets(fd),
            Some(Transport::Tcp) => Channel::tcp(fd.into()).map_err(system("use the socket"))?,
            None => return Err(malformed("the descriptor is no connected socket of packets and not TCP")),
        };
        Ok(Self::new(channel, Direction::Both))
    }

    /// Sends a value. Waits while the other end has too much to receive already.
    ///
    /// # Errors
    /// When the value cannot be encoded, is above the message limit, or has descriptors that cannot go along: nothing was
    /// sent then. When the other end is gone; when this end was closed or only receives.
    pub fn send<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), ConnectionError> {
        self.send_until(value, None)
    }

    /// As [`send`](Self::send), with a time limit. When it is over nothing was sent. (Over TCP a part of the message may
    /// have gone; then the connection is at its end.)
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`is_timeout`](ConnectionError::is_timeout).
    pub fn send_timeout<T: Serialize + ?Sized>(&self, value: &T, timeout: Duration) -> Result<(), ConnectionError> {
        self.send_until(value, deadline(timeout))
    }

    fn send_until<T: Serialize + ?Sized>(&self, value: &T, until: Option<Instant>) -> Result<(), ConnectionError> {
        let channel = self.sender()?;
        let (body, passed) = channel.sending(|| codec::encode(value, self.limit));
        channel.send(Outgoing { kind: Kind::Message, body: &body?, passed: &passed, deadline: until })
    }

    /// Receives a value. Waits until there is one.
    ///
    /// # Errors
    /// When the other end is gone and nothing is left ([`is_disconnected`](ConnectionError::is_disconnected)); when what
    /// came is another type's value, above the message limit, or no message at all: it is gone then. When this end was
    /// closed or only sends.
    pub fn recv<T: DeserializeOwned>(&self) -> Result<T, ConnectionError> {
        self.recv_until(None)
    }

    /// As [`recv`](Self::recv), with a time limit. Nothing is lost when it is over.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), and [`is_timeout`](ConnectionError::is_timeout).
    pub fn recv_timeout<T: DeserializeOwned>(&self, timeout: Duration) -> Result<T, ConnectionError> {
        self.recv_until(deadline(timeout))
    }

    fn recv_until<T: DeserializeOwned>(&self, until: Option<Instant>) -> Result<T, ConnectionError> {
        let Received { body, passed, .. } = self.message(until)?;
        Ok(passing::receiving(passed, || codec::decode(&body, self.limit))?)
    }

    /// Sends bytes as they are. A slice is Python's `offset` and `size`.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_bytes(&self, bytes: &[u8]) -> Result<(), ConnectionError> {
        self.send_bytes_until(bytes, None)
    }

    /// As [`send_bytes`](Self::send_bytes), with a time limit, as that of [`send_timeout`](Self::send_timeout).
    ///
    /// # Errors
    /// As [`send_timeout`](Self::send_timeout).
    pub fn send_bytes_timeout(&self, bytes: &[u8], timeout: Duration) -> Result<(), ConnectionError> {
        self.send_bytes_until(bytes, deadline(timeout))
    }

    fn send_bytes_until(&self, bytes: &[u8], until: Option<Instant>) -> Result<(), ConnectionError> {
        let channel = self.sender()?;
        let size = bytes.len() as u64;
        if size > self.limit {
            return Err(ErrorKind::TooLarge { size, limit: self.limit }.into());
        }
        channel.send(Outgoing { kind: Kind::Message, body: bytes, passed: &[], deadline: until })
    }

    /// Sends bytes if that needs no waiting; false: it would, and nothing was sent.
    pub(crate) fn send_at_once(&self, bytes: &[u8]) -> Result<bool, ConnectionError> {
        let sent = self.sender()?.send_at_once(bytes);
        sent.map(|()| true).or_else(|error| if error.is_timeout() { Ok(false) } else { Err(error) })
    }

    /// Receives a message as bytes. Descriptors that came with it are closed.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn recv_bytes(&self) -> Result<Vec<u8>, ConnectionError> {
        Ok(self.message(None)?.body)
    }

    /// As [`recv_bytes`](Self::recv_bytes), with a time limit.
    ///
    /// # Errors
    /// As [`recv_timeout`](Self::recv_timeout).
    pub fn recv_bytes_timeout(&self, timeout: Duration) -> Result<Vec<u8>, ConnectionError> {
        Ok(self.message(deadline(timeout))?.body)
    }

    /// Receives a message into the beginning of `buffer`: its length.
    ///
    /// # Errors
    /// As [`recv`](Self::recv). When the message is longer than the buffer, the error has it:
    ///
    /// ```
    /// # use ganger::Pipe;
    /// # fn main() -> Result<(), ganger::ConnectionError> {
    /// let (here, there) = Pipe::duplex()?;
    /// there.send_bytes(b"too long")?;
    /// let error = here.recv_bytes_into(&mut [0; 4]).unwrap_err();
    /// assert_eq!(error.buffer_too_short(), Some(&b"too long"[..]));
    /// # Ok(()) }
    /// ```
    pub fn recv_bytes_into(&self, buffer: &mut [u8]) -> Result<usize, ConnectionError> {
        place(self.message(None)?.body, buffer)
    }

    /// As [`recv_bytes_into`](Self::recv_bytes_into), with a time limit.
    ///
    /// # Errors
    /// As [`recv_bytes_into`](Self::recv_bytes_into), and [`is_timeout`](ConnectionError::is_timeout).
    pub fn recv_bytes_into_timeout(&self, buffer: &mut [u8], timeout: Duration) -> Result<usize, ConnectionError> {
        place(self.message(deadline(timeout))?.body, buffer)
    }

    /// Waits up to `timeout` (`None`: as long as it takes) until there is something to receive, or the other end is gone.
    /// Over TCP a part of a message is something.
    ///
    /// # Errors
    /// When this end was closed or only sends.
    pub fn poll(&self, timeout: Option<Duration>) -> Result<bool, ConnectionError> {
        let [ready] = wait_readable([self.receiver()?.as_fd()], timeout).map_err(|e| failed("poll", e))?;
        Ok(ready)
    }

    /// Another handle of this end: to keep one and hand the other to a task. The other end learns that this one is gone
    /// when both are.
    ///
    /// ```
    /// use ganger::{Connection, Pipe, Pool};
    ///
    /// #[ganger::task]
    /// fn greet(end: Connection) -> Result<(), String> { end.send("hello").map_err(|e| e.to_string()) }
    ///
    /// # fn main() -> Result<(), ganger::Error> {
    /// ganger::init();
    /// let (pool, (reader, writer)) = (Pool::new(1)?, Pipe::one_way()?);
    /// pool.apply(greet, writer.try_clone()?)?.expect("the reader is there");
    /// writer.send("and goodbye")?;
    /// assert_eq!([reader.recv::<String>()?, reader.recv()?], ["hello", "and goodbye"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When this end was closed; over TCP also in the middle of a message, and when there are no descriptors left.
    pub fn try_clone(&self) -> Result<Self, ConnectionError> {
        let again = self.open()?.travelling().and_then(Channel::arrived);
        let channel = again.map_err(ConnectionError::system("clone a connection"))?;
        Ok(Self { channel: Some(channel), ..*self })
    }

    /// Whether this end can receive.
    #[must_use]
    pub fn readable(&self) -> bool {
        self.direction != Direction::Send
    }

    /// Whether this end can send.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.direction != Direction::Receive
    }

    /// Whether this end was closed.
    #[must_use]
    pub fn closed(&self) -> bool {
        self.channel.is_none()
    }

    /// Closes this end, as dropping it does. The other learns of it when no other process has this end too. Closing
    /// twice is no error; whatever else is done with it then, is.
    pub fn close(&mut self) {
        self.channel = None;
    }

    /// The descriptor, to wait for it by other means: what is read from it is missing here.
    ///
    /// # Errors
    /// When this end was closed.
    pub fn fileno(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        self.open().map(Channel::as_fd)
    }

    /// The largest message that this end sends or receives, in bytes.
    #[must_use]
    pub fn message_limit(&self) -> u64 {
        self.limit
    }

    /// Sets the largest message that this end sends or receives, 1 GiB as a rule. A larger one is refused with
    /// [`is_too_large`](ConnectionError::is_too_large) before anything is sent, and before room for it is made where it
    /// is received. A Unix connection goes on then; one over TCP is at its end.
    pub fn set_message_limit(&mut self, bytes: u64) {
        self.limit = bytes;
    }

    /// Sends a message of the handshake.
    pub(super) fn send_handshake(&self, body: &[u8], until: Option<Instant>) -> Result<(), ConnectionError> {
        self.open()?.send(Outgoing { kind: Kind::Handshake, body, passed: &[], deadline: until })
    }

    /// The next message of the handshake, of no more than `limit` bytes.
    pub(super) fn recv_handshake(&self, limit: u64, until: Option<Instant>) -> Result<Vec<u8>, ConnectionError> {
        match self.open()?.recv(limit, until)? {
            Received { kind: Kind::Handshake, body, .. } => Ok(body),
            Received { kind: Kind::Message, .. } => {
                Err(ConnectionError::authentication("the other side asks for no key, and gives none"))
            }
        }
    }

    fn message(&self, until: Option<Instant>) -> Result<Received, ConnectionError> {
        let received = self.receiver()?.recv(self.limit, until)?;
        match received.kind {
            Kind::Message => Ok(received),
            Kind::Handshake => Err(ConnectionError::authentication("the other side asks for a key: give authkey")),
        }
    }

    fn open(&self) -> Result<&Channel, ConnectionError> {
        self.channel.as_ref().ok_or_else(|| ErrorKind::Closed.into())
    }

    fn sender(&self) -> Result<&Channel, ConnectionError> {
        if self.writable() { self.open() } else { Err(ErrorKind::WrongDirection { what: "send" }.into()) }
    }

    pub(super) fn receiver(&self) -> Result<&Channel, ConnectionError> {
        if self.readable() { self.open() } else { Err(ErrorKind::WrongDirection { what: "receive" }.into()) }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("channel", &self.channel)
            .field("direction", &self.direction)
            .finish_non_exhaustive()
    }
}

/// A connection as it travels.
#[derive(Serialize, Deserialize)]
struct Packed {
    channel: Travelling,
    direction: Direction,
    limit: u64,
}

impl Serialize for Connection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let channel = self.open().map_err(S::Error::custom)?.travelling().map_err(S::Error::custom)?;
        Packed { channel, direction: self.direction, limit: self.limit }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Connection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Packed { channel, direction, limit } = Packed::deserialize(deserializer)?;
        let channel = Channel::arrived(channel).map_err(D::Error::custom)?;
        Ok(Self { channel: Some(channel), direction, limit })
    }
}

/// The end of a wait that begins now; none if it is too far to be told.
pub(super) fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

fn place(message: Vec<u8>, buffer: &mut [u8]) -> Result<usize, ConnectionError> {
    let room = buffer.len();
    let Some(place) = buffer.get_mut(..message.len()) else {
        return Err(ErrorKind::BufferTooShort { message, room }.into());
    };
    place.copy_from_slice(&message);
    Ok(message.len())
}
