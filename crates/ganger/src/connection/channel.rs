//! What carries messages: two kinds of sockets, with one face.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::error::{ConnectionError, ErrorKind};
use super::frame::Kind;
use super::{packets, stream::Stream};
use crate::passing::{self, Passed};

/// A message that has come.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) kind: Kind,
    pub(crate) body: Vec<u8>,
    /// What the value names.
    pub(crate) passed: Vec<Passed>,
}

/// A message to be sent, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) kind: Kind,
    pub(crate) body: &'a [u8],
    pub(crate) passed: &'a [Passed],
    pub(crate) deadline: Option<Instant>,
}

/// A connected socket.
#[derive(Debug)]
pub(super) enum Channel {
    /// Unix: each message is one packet, so any number of processes can share the end.
    Packets(Passed),
    /// TCP: messages follow one another in a stream of bytes.
    Stream(Stream),
}

/// A channel on its way to another process.
#[derive(Serialize, Deserialize)]
pub(super) enum Travelling {
    Packets(Passed),
    Stream(Passed),
}

impl Channel {
    pub(super) fn packets(socket: OwnedFd) -> Self {
        Self::Packets(socket.into())
    }

    pub(super) fn tcp(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        Stream::new(socket).map(Self::Stream)
    }

    pub(super) fn send(&self, message: Outgoing<'_>) -> Result<(), ConnectionError> {
        match self {
            Self::Packets(socket) => packets::send(socket.as_fd(), message),
            Self::Stream(stream) => stream.send(message),
        }
    }

    /// Encodes something for this channel; what it names goes with it. A network may be overheard.
    pub(super) fn sending<T>(&self, encode: impl FnOnce() -> T) -> (T, Vec<Passed>) {
        match self {
            Self::Packets(_) => passing::sending(encode),
            Self::Stream(_) => passing::overheard(|| passing::sending(encode)),
        }
    }

    /// Sends a message if that needs no waiting, else it is a time-out.
    pub(super) fn send_at_once(&self, body: &[u8]) -> Result<(), ConnectionError> {
        let message = Outgoing { kind: Kind::Message, body, passed: &[], deadline: Some(Instant::now()) };
        match self {
            Self::Packets(socket) => packets::send(socket.as_fd(), message),
            Self::Stream(stream) => stream.send_at_once(message),
        }
    }

    /// The next message; one above the limit is an error.
    pub(super) fn recv(&self, limit: u64, deadline: Option<Instant>) -> Result<Received, ConnectionError> {
        match self {
            Self::Packets(socket) => packets::recv(socket.as_fd(), limit, deadline),
            Self::Stream(stream) => stream.recv(limit, deadline),
        }
    }

    pub(super) fn travelling(&self) -> io::Result<Travelling> {
        match self {
            Self::Packets(socket) => Ok(Travelling::Packets(socket.clone())),
            Self::Stream(stream) if stream.is_between_messages() => {
                Ok(Travelling::Stream(stream.socket().as_fd().try_clone_to_owned()?.into()))
            }
            Self::Stream(_) => Err(io::Error::other("a part of a message has come already: receive it first")),
        }
    }

    pub(super) fn arrived(travelled: Travelling) -> io::Result<Self> {
        match travelled {
            Travelling::Packets(passed) => Ok(Self::Packets(passed)),
            Travelling::Stream(passed) => Stream::new(passed.as_fd().try_clone_to_owned()?.into()).map(Self::Stream),
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Packets(socket) => socket.as_fd(),
            Self::Stream(stream) => stream.socket().as_fd(),
        }
    }
}

/// The error of a call of this name.
pub(super) fn failed(what: &'static str, error: io::Error) -> ConnectionError {
    use io::ErrorKind as Io;
    let is = |kinds: &[Io]| kinds.contains(&error.kind());
    if is(&[Io::TimedOut]) {
        ErrorKind::Timeout { what }.into()
    } else if is(&[Io::BrokenPipe, Io::ConnectionReset, Io::NotConnected]) {
        ErrorKind::Disconnected.into()
    } else {
        ConnectionError::system(what)(error)
    }
}
