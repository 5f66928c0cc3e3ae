//! The bytes between a client and its service.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::endpoint::{Address, Endpoint};

/// A connection of some kind.
#[derive(Debug)]
pub(crate) enum Wire {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Wire {
    /// Connects; nothing may take longer than `patience`.
    pub(crate) fn connect(endpoint: &Endpoint, patience: Duration) -> io::Result<Self> {
        let Address::Tcp { host, port } = &endpoint.address else { return Self::unix(endpoint, patience) };
        let stream = connect(host, *port, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        // A request is written at once; what is left to wait for is its answer.
        stream.set_nodelay(true)?;
        let Some(config) = &endpoint.tls else {
            let nearby = stream.peer_addr()?.ip().to_canonical().is_loopback();
            return if nearby || !endpoint.has_token() { Ok(Self::Tcp(stream)) } else { Err(in_the_open(host)) };
        };
        let name = ServerName::try_from(bare(host).to_owned()).map_err(|error| invalid(&format!("{host}: {error}")))?;
        let session = ClientConnection::new(config.clone(), name).map_err(|error| invalid(&error.to_string()))?;
        Ok(Self::Tls(Box::new(StreamOwned::new(session, stream))))
    }

    pub(crate) fn hangup(&self) -> io::Result<Hangup> {
        match self {
            Self::Unix(stream) => stream.try_clone().map(Hangup::Unix),
            Self::Tcp(stream) => stream.try_clone().map(Hangup::Tcp),
            Self::Tls(stream) => stream.sock.try_clone().map(Hangup::Tcp),
        }
    }

    fn unix(endpoint: &Endpoint, patience: Duration) -> io::Result<Self> {
        let Address::Unix(path) = &endpoint.address else { return Err(ErrorKind::InvalidInput.into()) };
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self::Unix(stream))
    }
}

/// Whoever is between could read it, and use it. Nothing was said yet.
fn in_the_open(host: &str) -> io::Error {
    invalid(&format!("a token would go to {host} in the open: say whom to believe, for TLS (--ca, GANGER_CA)"))
}

/// Ends a connection that another thread reads from.
#[derive(Debug)]
pub(crate) enum Hangup {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Hangup {
    pub(crate) fn end(self) {
        // One that has ended by itself need not be.
        let _ = match self {
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Whichever of the host's addresses answers first, tried in their order.
fn connect(host: &str, port: u16, patience: Duration) -> io::Result<TcpStream> {
    let mut failed = invalid(&format!("{host} has no address"));
    for address in (bare(host), port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(bytes),
            Self::Tcp(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.flush(),
            Self::Tcp(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
