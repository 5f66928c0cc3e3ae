//! Messages over TCP, one behind the other.
//!
//! A message that a time limit cut while it was received is gone on with by the next call. One that was cut while it
//! was *sent*, or that has no proper head, puts the stream out of step for good: it is shut down, for both sides.

use std::io::{self, IoSlice, Read};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use ganger_sys::{wait_readable, wait_writable, write_stream};

use super::channel::{Outgoing, Received, failed};
use super::error::{ConnectionError, ErrorKind};
use super::frame::{HEAD, Head, malformed};
use super::turnstile::Turnstile;

/// A socket that can be written to takes so much.
const AT_ONCE: usize = 4 << 10;

/// How long it may take, if it does not.
const SHORTLY: Duration = Duration::from_secs(5);

/// A TCP socket that never blocks. Threads of this process take turns; other processes do not know of them.
#[derive(Debug)]
pub(super) struct Stream {
    tcp: TcpStream,
    sending: Turnstile<()>,
    receiving: Turnstile<Partial>,
}

/// What has come of a message so far.
#[derive(Debug, Default)]
struct Partial {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nonblocking(true)?;
        Ok(Self { tcp, sending: Turnstile::default(), receiving: Turnstile::default() })
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.tcp
    }

    pub(super) fn is_between_messages(&self) -> bool {
        self.receiving.enter(Some(Instant::now())).is_some_and(|partial| partial.head.is_empty())
    }

    pub(super) fn send(&self, message: Outgoing<'_>) -> Result<(), ConnectionError> {
        if !message.passed.is_empty() {
            return Err(ErrorKind::Descriptors { why: "they cannot go along over TCP" }.into());
        }
        let head = Head { kind: message.kind, fds: 0, size: message.body.len() as u64 }.to_bytes();
        let _turn = self.sending.enter(message.deadline).ok_or(ErrorKind::Timeout { what: "send" })?;
        let mut parts = [IoSlice::new(&head), IoSlice::new(message.body)];
        let mut left = &mut parts[..];
        let mut sent = 0;
        while !left.is_empty() {
            let count = self.write_some(left, message.deadline).map_err(|e| self.not_sent(e, sent))?;
            sent += count;
            IoSlice::advance_slices(&mut left, count);
        }
        Ok(())
    }

    /// Of a message that is not larger than a stream that takes more has room for. If it has less after all, the time that
    /// it is given is short.
    pub(super) fn send_at_once(&self, message: Outgoing<'_>) -> Result<(), ConnectionError> {
        let has_room = || wait_writable(self.tcp.as_fd(), Some(Duration::ZERO)).map_err(|e| failed("send", e));
        if message.body.len() > AT_ONCE || !self.sending.is_free() || !has_room()? {
            return Err(ErrorKind::Timeout { what: "send" }.into());
        }
        self.send(Outgoing { deadline: message.deadline.and_then(|now| now.checked_add(SHORTLY)), ..message })
    }

    fn write_some(&self, parts: &[IoSlice<'_>], deadline: Option<Instant>) -> io::Result<usize> {
        loop {
            match write_stream(self.tcp.as_fd(), parts) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if !wait_writable(self.tcp.as_fd(), left(deadline))? {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                done => return done,
            }
        }
    }

    fn not_sent(&self, error: io::Error, sent: usize) -> ConnectionError {
        if sent > 0 {
            self.shut_down();
        }
        failed("send", error)
    }

    pub(super) fn recv(&self, limit: u64, deadline: Option<Instant>) -> Result<Received, ConnectionError> {
        let mut partial = self.receiving.enter(deadline).ok_or(ErrorKind::Timeout { what: "receive" })?;
        let Partial { head, body } = &mut *partial;
        self.fill(head, HEAD as u64, deadline)?;
        let Head { kind, fds, size } = self.checked(head, limit)?;
        self.fill(body, size, deadline).map_err(|e| if e.is_disconnected() { ErrorKind::Cut.into() } else { e })?;
        debug_assert_eq!(fds, 0);
        head.clear();
        Ok(Received { kind, body: std::mem::take(body), passed: Vec::new() })
    }

    /// The head, if it can be believed; or the end of the stream.
    fn checked(&self, head: &[u8], limit: u64) -> Result<Head, ConnectionError> {
        let head = head.first_chunk().ok_or(ErrorKind::Disconnected)?;
        let checked = Head::parse(head).and_then(|head| match head {
            Head { fds: 1.., .. } => Err(malformed("descriptors over TCP")),
            Head { size, .. } if size > limit => Err(ErrorKind::TooLarge { size, limit }.into()),
            _ => Ok(head),
        });
        checked.inspect_err(|_| self.shut_down())
    }

    /// Receives until there are `size` bytes. Room is made as they come: no size is believed.
    fn fill(&self, bytes: &mut Vec<u8>, size: u64, deadline: Option<Instant>) -> Result<(), ConnectionError> {
        while (bytes.len() as u64) < size {
            match (&self.tcp).take(size - bytes.len() as u64).read_to_end(bytes) {
                Ok(_) if (bytes.len() as u64) < size => return Err(end_after(bytes)),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.await_bytes(deadline)?,
                Err(e) => return Err(failed("receive", e)),
            }
        }
        Ok(())
    }

    fn await_bytes(&self, deadline: Option<Instant>) -> Result<(), ConnectionError> {
        let ready = wait_readable([self.tcp.as_fd()], left(deadline)).map_err(|e| failed("receive", e))?;
        if ready == [true] { Ok(()) } else { Err(ErrorKind::Timeout { what: "receive" }.into()) }
    }

    fn shut_down(&self) {
        // It may be down already; then all is said.
        let _ = self.tcp.shutdown(Shutdown::Both);
    }
}

/// What the end of the stream is behind these bytes of a message.
fn end_after(bytes: &[u8]) -> ConnectionError {
    if bytes.is_empty() { ErrorKind::Disconnected.into() } else { ErrorKind::Cut.into() }
}

fn left(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|d| d.saturating_duration_since(Instant::now()))
}
