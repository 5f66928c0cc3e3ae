//! One client's connection. Its own thread reads it; whoever has an answer for it sends that.
//!
//! Nobody waits for a client to read, as others would wait with him: what does not go at once is kept, and a thread that
//! lives as long as anything is kept sends it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use ganger_proto::codec::{self, DEFAULT_PAYLOAD_LIMIT};

use super::super::protocol::Reply;
use crate::connection::{Connection, ConnectionError};
use crate::engine::lock;

/// A client for which more is kept is not listened to until it has read.
const MOST: usize = 64 << 20;

pub(super) struct Session {
    pub(super) connection: Connection,
    kept: Mutex<Kept>,
    fewer: Condvar,
}

/// Replies that could not go yet.
#[derive(Default)]
struct Kept {
    replies: VecDeque<Vec<u8>>,
    bytes: usize,
    /// A thread sends them.
    sending: bool,
}

impl Session {
    pub(super) fn new(connection: Connection) -> Arc<Self> {
        Arc::new(Self { connection, kept: Mutex::default(), fewer: Condvar::new() })
    }

    /// Sends a reply, now or later.
    ///
    /// # Errors
    /// When the client is gone.
    pub(super) fn reply(self: &Arc<Self>, reply: &Reply) -> Result<(), ConnectionError> {
        let bytes = codec::encode(reply, DEFAULT_PAYLOAD_LIMIT)?;
        if !self.connection.send_at_once(&bytes)? {
            self.keep(bytes);
        }
        Ok(())
    }

    /// Ends the connection for both sides.
    pub(super) fn hang_up(&self) {
        // One that is at its end already is as well.
        let _ = self.connection.fileno().map(ganger_sys::hang_up);
    }

    fn keep(self: &Arc<Self>, reply: Vec<u8>) {
        let mut kept = lock(&self.kept);
        kept.bytes += reply.len();
        kept.replies.push_back(reply);
        if !std::mem::replace(&mut kept.sending, true) {
            let session = Arc::clone(self);
            let thread = std::thread::Builder::new().name("ganger-replies".to_owned());
            if let Err(error) = thread.spawn(move || session.send_kept()) {
                log::error!("a client of the manager goes without its answers: {error}");
                kept.sending = false;
            }
        }
    }

    fn send_kept(&self) {
        while let Some(reply) = self.next_kept() {
            // Of a client that is gone, its own thread learns.
            let _ = self.connection.send_bytes(&reply);
        }
    }

    fn next_kept(&self) -> Option<Vec<u8>> {
        let mut kept = lock(&self.kept);
        let next = kept.replies.pop_front();
        kept.bytes -= next.as_ref().map_or(0, Vec::len);
        kept.sending = next.is_some();
        self.fewer.notify_all();
        next
    }

    /// Waits until the client has read enough.
    pub(super) fn await_reader(&self) {
        let mut kept = lock(&self.kept);
        while kept.bytes > MOST && kept.sending {
            kept = self.fewer.wait(kept).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
