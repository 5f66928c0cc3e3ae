//! Sockets of whole messages with an address: listening for connections, and connecting.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, Shutdown, SockFlag, SockType, SockaddrLike, SockaddrStorage, UnixAddr, accept4, bind,
    connect, getpeername, getsockopt, listen, setsockopt, shutdown, socket, sockopt,
};
use nix::sys::time::TimeVal;

use crate::errno::retry;
use crate::poll::wait_readable;

/// Where a Unix socket is.
#[derive(Clone, Copy, Debug)]
pub enum UnixName<'a> {
    /// A file of the file system.
    Path(&'a Path),
    /// A name of the network namespace, without a file; without the leading zero byte.
    Abstract(&'a [u8]),
}

impl UnixName<'_> {
    fn address(self) -> io::Result<UnixAddr> {
        let address = match self {
            Self::Path(path) => UnixAddr::new(path),
            Self::Abstract(name) => UnixAddr::new_abstract(name),
        };
        address.map_err(|_| io::Error::new(ErrorKind::InvalidFilename, "more than 107 bytes for a socket's address"))
    }
}

/// A socket that others connect to.
#[derive(Debug)]
pub struct Listening(OwnedFd);

impl Listening {
    /// Listens at `name`; up to `backlog` more than one may wait to be accepted.
    ///
    /// # Errors
    /// `AddrInUse` when there is something already, `InvalidFilename` for a name that is too long, and what
    /// the file system says.
    pub fn unix(name: UnixName<'_>, backlog: u16) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let address = name.address()?;
        let socket = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)?;
        bind(socket.as_raw_fd(), &address)?;
        set_backlog(socket.as_fd(), backlog)?;
        Ok(Self(socket))
    }

    /// The next who connects. Without a `deadline` it waits as long as it takes.
    ///
    /// # Errors
    /// `TimedOut` when nobody has come by the deadline; when there are no descriptors left.
    pub fn accept(&self, deadline: Option<Instant>) -> io::Result<OwnedFd> {
        loop {
            match retry(|| Ok(accept4(self.0.as_raw_fd(), SockFlag::SOCK_CLOEXEC)?)) {
                // SAFETY: the descriptor is new in this process, so nobody else owns it.
                Ok(fd) => return Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
                // Whoever it was that connected may be gone again, or with another who accepts.
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionAborted) => {}
                Err(e) => return Err(e),
            }
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            if wait_readable([self.as_fd()], left)? == [false] {
                return Err(ErrorKind::TimedOut.into());
            }
        }
    }
}

impl AsFd for Listening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// How many more than one may wait to be accepted: of any socket, also of one that listens already.
///
/// # Errors
/// When it is no socket that can listen.
pub fn set_backlog(socket: BorrowedFd<'_>, backlog: u16) -> io::Result<()> {
    Ok(listen(&socket, Backlog::new(i32::from(backlog))?)?)
}

/// Connects to who listens at `name`. Without a `deadline` it waits until there is room among those to be accepted.
///
/// # Errors
/// `TimedOut` when there was no room by the deadline; `NotFound` or `ConnectionRefused` when nobody listens.
pub fn connect_unix(name: UnixName<'_>, deadline: Option<Instant>) -> io::Result<OwnedFd> {
    let address = name.address()?;
    let socket = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None)?;
    let connected = retry(|| {
        limit(&socket, deadline)?;
        Ok(connect(socket.as_raw_fd(), &address)?)
    });
    match connected {
        Err(e) if e.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
        other => other.map(|()| socket),
    }
}

/// A Unix socket's connect waits as long as its sends would; ours do not wait in the kernel, so it need not be undone.
fn limit(socket: &OwnedFd, deadline: Option<Instant>) -> io::Result<()> {
    let Some(deadline) = deadline else { return Ok(()) };
    // Of no time at all the kernel makes all the time there is.
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_micros(1));
    let time =
        TimeVal::new(libc::time_t::try_from(left.as_secs()).unwrap_or(libc::time_t::MAX), left.subsec_micros().into());
    Ok(setsockopt(socket, sockopt::SendTimeout, &time)?)
}

/// From now on nothing can be received with this socket, nor sent to it; what it sends still goes. One that listens takes no
/// more connections, whoever else has it open.
///
/// # Errors
/// When it is neither connected nor listens.
pub fn stop_receiving(socket: BorrowedFd<'_>) -> io::Result<()> {
    Ok(shutdown(socket.as_raw_fd(), Shutdown::Read)?)
}

/// Ends a connection in both directions, whoever else has it open.
///
/// # Errors
/// When it is not connected.
pub fn hang_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    Ok(shutdown(socket.as_raw_fd(), Shutdown::Both)?)
}

/// What a connected socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Unix, of whole messages.
    Packets,
    /// TCP.
    Tcp,
}

/// What a descriptor is, if it is a connected socket of one of these kinds.
///
/// # Errors
/// When the kernel has no memory for it.
pub fn transport(fd: BorrowedFd<'_>) -> io::Result<Option<Transport>> {
    let (kind, peer) = (getsockopt(&fd, sockopt::SockType), getpeername::<SockaddrStorage>(fd.as_raw_fd()));
    let (kind, peer) = match (kind, peer) {
        (Ok(kind), Ok(peer)) => (kind, peer),
        (Err(Errno::ENOTSOCK), _) | (_, Err(Errno::ENOTCONN)) => return Ok(None),
        (Err(e), _) | (_, Err(e)) => return Err(e.into()),
    };
    Ok(match (peer.family(), kind) {
        (Some(AddressFamily::Unix), SockType::SeqPacket) => Some(Transport::Packets),
        (Some(AddressFamily::Inet | AddressFamily::Inet6), SockType::Stream) => Some(Transport::Tcp),
        _ => None,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;
    use crate::Socket;

    #[test]
    fn an_abstract_name_is_found_and_taken_once() {
        let name = format!("ganger-test-{}", std::process::id());
        let name = UnixName::Abstract(name.as_bytes());
        let listening = Listening::unix(name, 0).unwrap();
        assert_eq!(Listening::unix(name, 0).unwrap_err().kind(), ErrorKind::AddrInUse);
        let soon = Some(Instant::now() + Duration::from_millis(10));
        assert_eq!(listening.accept(soon).unwrap_err().kind(), ErrorKind::TimedOut);
        let client = Socket::from(connect_unix(name, None).unwrap());
        let full = connect_unix(name, Some(Instant::now() + Duration::from_millis(10)));
        assert_eq!(full.unwrap_err().kind(), ErrorKind::TimedOut);
        let accepted = Socket::from(listening.accept(None).unwrap());
        client.send(b"hello", &[], None).unwrap();
        assert_eq!(accepted.recv(&mut [0; 5], 0, None).unwrap().unwrap().0, 5);
        drop(listening);
        // A process that another test forks has the socket as well, until it executes.
        let deadline = Instant::now() + Duration::from_secs(30);
        let soon = || Some(Instant::now() + Duration::from_millis(10));
        while connect_unix(name, soon()).err().map(|error| error.kind()) != Some(ErrorKind::ConnectionRefused) {
            assert!(Instant::now() < deadline, "somebody still listens");
        }
    }
}
