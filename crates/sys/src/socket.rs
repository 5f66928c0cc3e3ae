//! A pair of connected sockets that carry whole messages, and descriptors with them.
//!
//! `AF_UNIX`, `SOCK_SEQPACKET`: a message arrives whole or not at all, in order, and the death of the peer is an end of
//! file. No message is empty, since an empty one could not be told from the end.

use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use crate::errno::{check, retry};
use crate::listen::{UnixName, connect_unix};
use crate::poll::{wait_readable, wait_writable};

/// The most descriptors that one message can carry: as many as the kernel allows.
pub const MAX_FDS: usize = 253;

/// Room for [`MAX_FDS`] descriptors with their head, in words, so that it is aligned as the kernel wants it.
const CONTROL_WORDS: usize = 2 + MAX_FDS / 2 + 1;

/// One end of a pair.
#[derive(Debug)]
pub struct Socket(OwnedFd);

/// A new pair. What is sent to one end is received at the other.
///
/// # Errors
/// When there are no descriptors left.
pub fn pair() -> io::Result<(Socket, Socket)> {
    let (one, two) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
    Ok((Socket(one), Socket(two)))
}

impl Socket {
    /// Connects to the socket of this kind that listens at `path`.
    ///
    /// # Errors
    /// When nobody listens there, or there are no descriptors left.
    pub fn connect(path: &Path) -> io::Result<Self> {
        connect_unix(UnixName::Path(path), None).map(Self)
    }

    /// Sends one message, and copies of `fds` with it. Without a `deadline` it waits for room as long as it takes.
    ///
    /// # Errors
    /// `TimedOut` when the peer has not made room by the deadline, `BrokenPipe` or `ConnectionReset` when it is gone,
    /// `InvalidInput` for an empty message or more than [`MAX_FDS`] descriptors. Nothing was sent then.
    pub fn send(&self, bytes: &[u8], fds: &[BorrowedFd<'_>], deadline: Option<Instant>) -> io::Result<()> {
        send_packet(self.as_fd(), &[IoSlice::new(bytes)], fds, deadline)
    }

    /// Receives one message into `buf`: its length, and the descriptors that came with it, all close-on-exec.
    /// `None` is the end: the peer is gone, and everything that it sent has been received. Without a `deadline` it
    /// waits as long as it takes. There are fewer descriptors than were sent if this process could have no more.
    ///
    /// # Errors
    /// `TimedOut` when nothing has come by the deadline; `InvalidData` when the message is larger than `buf`, or has
    /// more than `max_fds` descriptors: it is gone then, and what came with it is closed.
    pub fn recv(
        &self,
        buf: &mut [u8],
        max_fds: usize,
        deadline: Option<Instant>,
    ) -> io::Result<Option<(usize, Vec<OwnedFd>)>> {
        recv_packet(self.as_fd(), buf, max_fds, deadline)
    }
}

/// As [`Socket::send`], of a message that lies in parts, on a socket of this kind that somebody else owns.
///
/// # Errors
/// As [`Socket::send`].
pub fn send_packet(
    socket: BorrowedFd<'_>,
    parts: &[IoSlice<'_>],
    fds: &[BorrowedFd<'_>],
    deadline: Option<Instant>,
) -> io::Result<()> {
    if parts.iter().all(|part| part.is_empty()) || fds.len() > MAX_FDS {
        return Err(io::Error::new(ErrorKind::InvalidInput, "a message has 1 byte or more and at most 253 fds"));
    }
    loop {
        match retry(|| send_now(socket, parts, fds)) {
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            done => return done.map(drop),
        }
        if !wait_writable(socket, left(deadline))? {
            return Err(late("send"));
        }
    }
}

/// As [`Socket::recv`], on a socket of this kind that somebody else owns.
///
/// # Errors
/// As [`Socket::recv`].
pub fn recv_packet(
    socket: BorrowedFd<'_>,
    buf: &mut [u8],
    max_fds: usize,
    deadline: Option<Instant>,
) -> io::Result<Option<(usize, Vec<OwnedFd>)>> {
    loop {
        match retry(|| recv_now(socket, buf, max_fds)) {
            // A peer that left input unread is told of first, before what it had sent: read on, to the end.
            Err(e) if e.kind() == ErrorKind::ConnectionReset => continue,
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            done => return done,
        }
        let [ready] = wait_readable([socket], left(deadline))?;
        if !ready {
            return Err(late("receive"));
        }
    }
}

/// The length of the message that is to be received next, and its beginning in `buf`; it stays there, with what
/// descriptors it brings. None: there is none, now or for ever.
///
/// # Errors
/// When it is no socket.
pub fn peek_packet(socket: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<Option<usize>> {
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT | libc::MSG_TRUNC;
    // SAFETY: no more than the buffer's length is written to it. Without room for control data no descriptor is made.
    let peek = || check(unsafe { libc::recv(socket.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len(), flags) });
    match retry(peek) {
        Ok(0) => Ok(None),
        Ok(length) => Ok(Some(length as usize)),
        Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionReset) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Writes what a stream socket takes at once: how many bytes. A peer that is gone is an error, and no SIGPIPE, which a
/// vectored write of the standard library would be.
///
/// # Errors
/// `WouldBlock` when it takes nothing now, `BrokenPipe` or `ConnectionReset` when the peer is gone.
pub fn write_stream(socket: BorrowedFd<'_>, parts: &[IoSlice<'_>]) -> io::Result<usize> {
    send_now(socket, parts, &[])
}

fn send_now(socket: BorrowedFd<'_>, parts: &[IoSlice<'_>], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut control = [0u64; CONTROL_WORDS];
    // An IoSlice is an iovec in memory, and sending only reads what it points at.
    let mut message = message(parts.as_ptr().cast_mut().cast(), parts.len(), &mut control);
    attach(&mut message, fds);
    // SAFETY: `message` points at the parts and the control words, which live through the call; the bytes behind the
    // parts are only read.
    let sent = check(unsafe { libc::sendmsg(socket.as_raw_fd(), &message, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) })?;
    Ok(sent as usize)
}

fn recv_now(socket: BorrowedFd<'_>, buf: &mut [u8], max_fds: usize) -> io::Result<Option<(usize, Vec<OwnedFd>)>> {
    let mut part = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    let mut control = [0u64; CONTROL_WORDS];
    let mut message = message(&mut part, 1, &mut control);
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: `message` points at the part and the control words, which live through the call and are as long as it
    // says.
    let length = check(unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, flags) })? as usize;
    let fds = detach(&message);
    if message.msg_flags & libc::MSG_TRUNC != 0 || fds.len() > max_fds {
        return Err(io::Error::new(ErrorKind::InvalidData, "message is too large, or has too many descriptors"));
    }
    Ok((length > 0).then_some((length, fds)))
}

fn message(parts: *mut libc::iovec, count: usize, control: &mut [u64; CONTROL_WORDS]) -> libc::msghdr {
    // SAFETY: all zeroes is a message without address, parts and control data.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = parts;
    message.msg_iovlen = count as _;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(control) as _;
    message
}

/// Puts `fds` into the message's control data.
fn attach(message: &mut libc::msghdr, fds: &[BorrowedFd<'_>]) {
    message.msg_controllen = 0;
    if fds.is_empty() {
        return;
    }
    let size = size_of_val(fds) as u32;
    // SAFETY: the control words have room for MAX_FDS descriptors, and there are no more; a BorrowedFd is a RawFd in
    // memory (repr(transparent)).
    unsafe {
        message.msg_controllen = libc::CMSG_SPACE(size) as _;
        let head = libc::CMSG_FIRSTHDR(message);
        (*head).cmsg_level = libc::SOL_SOCKET;
        (*head).cmsg_type = libc::SCM_RIGHTS;
        (*head).cmsg_len = libc::CMSG_LEN(size) as _;
        std::ptr::copy_nonoverlapping(fds.as_ptr().cast::<u8>(), libc::CMSG_DATA(head), size as usize);
    }
}

/// Takes what descriptors the message brought, so that none can leak.
fn detach(message: &libc::msghdr) -> Vec<OwnedFd> {
    let mut fds = Vec::new();
    // SAFETY: the kernel has filled in the control data and its length, and the macros stay within; each descriptor in
    // it is new in this process, so nobody else owns it.
    unsafe {
        let mut head = libc::CMSG_FIRSTHDR(message);
        while let Some(control) = head.as_ref() {
            if (control.cmsg_level, control.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                let end = head.byte_add(control.cmsg_len as _).cast::<RawFd>();
                let first = libc::CMSG_DATA(head).cast::<RawFd>();
                let count = end.offset_from(first);
                fds.extend((0..count).map(|i| OwnedFd::from_raw_fd(first.offset(i).read_unaligned())));
            }
            head = libc::CMSG_NXTHDR(message, head);
        }
    }
    fds
}

/// What is left until the deadline; for ever when there is none.
fn left(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|d| d.saturating_duration_since(Instant::now()))
}

fn late(what: &str) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, format!("deadline passed before the peer let us {what}"))
}

impl From<OwnedFd> for Socket {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl From<Socket> for OwnedFd {
    fn from(socket: Socket) -> Self {
        socket.0
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
