//! What goes beside the memory, over a pair of sockets: the descriptors of items, in the items' order, and a word to those
//! who poll. Their kernel also knows whether anybody is left on the other side.
//!
//! A packet of descriptors bears the item's number. Who died between sending it and putting the item leaves one that
//! belongs to none; who died between receiving it and taking the item leaves an item without one. So who takes an item
//! looks at the number first: older packets are dropped, newer ones left alone.

use std::io::{self, ErrorKind as Io, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::time::Instant;

use ganger_sys::{Bell, MAX_FDS, peek_packet, recv_packet, send_packet};

use super::error::{ErrorKind, QueueError};
use crate::passing::Passed;

/// An item's number, in bytes. The word to those who poll is shorter.
const NUMBER: usize = 4;

/// Sends the descriptors of an item. `WouldBlock`: not now.
pub(super) fn send_descriptors(socket: BorrowedFd<'_>, number: u32, passed: &[Passed]) -> io::Result<()> {
    let fds: Vec<BorrowedFd<'_>> = passed.iter().map(AsFd::as_fd).collect();
    let sent = send_packet(socket, &[IoSlice::new(&number.to_le_bytes())], &fds, Some(Instant::now()));
    sent.map_err(|error| if error.kind() == Io::TimedOut { Io::WouldBlock.into() } else { error })
}

/// Receives the descriptors of an item.
pub(super) fn receive_descriptors(socket: BorrowedFd<'_>, number: u32) -> Result<Vec<Passed>, QueueError> {
    let lost = || ErrorKind::Descriptors { why: "who had taken the item before died with them" };
    loop {
        let next = next_number(socket).map_err(QueueError::system("receive descriptors"))?;
        let older_by = next.ok_or_else(lost)?.map(|next| number.wrapping_sub(next));
        match older_by {
            Some(0) => return receive(socket),
            Some(newer) if newer > u32::MAX / 2 => return Err(lost().into()),
            Some(_) | None => drop(receive(socket)),
        }
    }
}

/// What comes next: nothing, a word, or the descriptors of an item.
fn next_number(socket: BorrowedFd<'_>) -> io::Result<Option<Option<u32>>> {
    let mut bytes = [0; NUMBER];
    let length = peek_packet(socket, &mut bytes)?;
    Ok(length.map(|length| (length == NUMBER).then_some(u32::from_le_bytes(bytes))))
}

fn receive(socket: BorrowedFd<'_>) -> Result<Vec<Passed>, QueueError> {
    let packet = recv_packet(socket, &mut [0; NUMBER], MAX_FDS, Some(Instant::now()));
    let fds = packet.map_err(QueueError::system("receive descriptors"))?.map(|(_, fds)| fds).unwrap_or_default();
    Ok(fds.into_iter().map(Passed::from).collect())
}

/// Tells those who poll that there is something.
pub(super) fn ring(socket: BorrowedFd<'_>) {
    // Where there is no room, something is there to be seen already; and nobody polls who is gone.
    let _ = send_packet(socket, &[IoSlice::new(&[1])], &[], Some(Instant::now()));
}

/// Drops all that has come.
pub(super) fn silence(socket: BorrowedFd<'_>) {
    while peek_packet(socket, &mut [0; NUMBER]).is_ok_and(|packet| packet.is_some()) {
        drop(receive(socket));
    }
}

/// A descriptor that is always readable.
pub(super) fn always_readable() -> io::Result<BorrowedFd<'static>> {
    static RUNG: OnceLock<OwnedFd> = OnceLock::new();
    if RUNG.get().is_none() {
        let bell = Bell::new()?;
        bell.ring();
        // Another thread may have been faster.
        let _ = RUNG.set(bell.into());
    }
    Ok(RUNG.get().expect("it has just been set").as_fd())
}
