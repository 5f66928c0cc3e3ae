//! Messages over a Unix socket: each is one packet, so it comes whole or not at all, whoever dies, and however many
//! processes send and receive at one end.
//!
//! A packet is no larger than what a socket holds. Of a larger message the first [`WITHIN`] bytes are in the packet, and
//! the rest in a sealed memory file whose descriptor goes along. The packet could do without them, but a socket counts
//! the bytes of its packets alone, and so no more than a few large messages can be under way before the sender waits.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use ganger_sys::{MAX_FDS, read_sealed, recv_packet, sealed, send_packet};

use super::channel::{Outgoing, Received, failed};
use super::error::{ConnectionError, ErrorKind};
use super::frame::{HEAD, Head, malformed};
use crate::passing::Passed;

/// How much of a message is in its packet.
const WITHIN: usize = 64 << 10;

thread_local! {
    /// Room for a packet; taken while it is in use.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

pub(super) fn send(socket: BorrowedFd<'_>, message: Outgoing<'_>) -> Result<(), ConnectionError> {
    // One place is for the memory file.
    if message.passed.len() >= MAX_FDS {
        return Err(ErrorKind::Descriptors { why: "one message can take no more than 252 along" }.into());
    }
    let head = Head { kind: message.kind, fds: message.passed.len() as u16, size: message.body.len() as u64 };
    let (within, rest) = message.body.split_at(message.body.len().min(WITHIN));
    let rest = if rest.is_empty() { None } else { Some(sealed("ganger-message", rest)) };
    let rest = rest.transpose().map_err(ConnectionError::system("make room for a message"))?;
    let fds: Vec<BorrowedFd<'_>> = rest.iter().map(AsFd::as_fd).chain(message.passed.iter().map(AsFd::as_fd)).collect();
    let head = head.to_bytes();
    let parts = [IoSlice::new(&head), IoSlice::new(within)];
    send_packet(socket, &parts, &fds, message.deadline).map_err(|e| failed("send", e))
}

pub(super) fn recv(socket: BorrowedFd<'_>, limit: u64, deadline: Option<Instant>) -> Result<Received, ConnectionError> {
    // Where the thread is at its end there is none.
    let mut room = ROOM.try_with(Cell::take).unwrap_or_default();
    room.resize(HEAD + WITHIN, 0);
    let received = recv_into(&mut room, socket, limit, deadline);
    let _ = ROOM.try_with(|place| place.set(room));
    received
}

fn recv_into(
    room: &mut [u8],
    socket: BorrowedFd<'_>,
    limit: u64,
    deadline: Option<Instant>,
) -> Result<Received, ConnectionError> {
    let packet = recv_packet(socket, room, MAX_FDS, deadline).map_err(not_received)?;
    let (length, fds) = packet.ok_or(ErrorKind::Disconnected)?;
    let (head, within) = room[..length].split_first_chunk().ok_or_else(|| malformed("less than a head"))?;
    unpack(Head::parse(head)?, within, fds, limit)
}

fn unpack(head: Head, within: &[u8], mut fds: Vec<OwnedFd>, limit: u64) -> Result<Received, ConnectionError> {
    if head.size > limit {
        return Err(ErrorKind::TooLarge { size: head.size, limit }.into());
    }
    if within.len() as u64 != head.size.min(WITHIN as u64) {
        return Err(malformed("a packet of another length than it says"));
    }
    let rest = head.size - within.len() as u64;
    let expected = usize::from(head.fds) + usize::from(rest > 0);
    if fds.len() < expected {
        return Err(ErrorKind::Descriptors { why: "this process can have no more, so the message is lost" }.into());
    }
    if fds.len() > expected {
        return Err(malformed("more descriptors than it says"));
    }
    let mut body = within.to_vec();
    if rest > 0 {
        read_sealed(fds.remove(0), rest, &mut body).map_err(not_received)?;
    }
    Ok(Received { kind: head.kind, body, passed: fds.into_iter().map(Passed::from).collect() })
}

fn not_received(error: io::Error) -> ConnectionError {
    if error.kind() == io::ErrorKind::InvalidData {
        return malformed("a packet that nobody here sends");
    }
    failed("receive", error)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;
    use crate::connection::frame::Kind;

    fn refused(size: u64, within: &[u8], fds: Vec<OwnedFd>) -> ConnectionError {
        unpack(Head { kind: Kind::Message, fds: 0, size }, within, fds, 1 << 40).unwrap_err()
    }

    #[test]
    fn no_size_is_believed() {
        let full = vec![0; WITHIN];
        let size = WITHIN as u64 + 4;
        let file = |bytes: &[u8]| vec![sealed("test", bytes).unwrap()];
        assert!(refused(3, b"", vec![]).is_malformed());
        assert!(refused(u64::MAX, b"", vec![]).is_too_large());
        assert!(refused(1 << 40, &full, file(b"four")).is_malformed());
        assert!(refused(size, &full, vec![std::io::pipe().unwrap().0.into()]).is_malformed());
        assert!(refused(size, &full, vec![]).is_descriptors());
        assert!(refused(0, b"", file(b"four")).is_malformed());
        let head = Head { kind: Kind::Message, fds: 0, size };
        assert_eq!(unpack(head, &full, file(b"four"), size).unwrap().body.len() as u64, size);
    }
}
