//! The way out of a worker: one ring, which may have one writer at a time.
//!
//! Every thread of a worker may log, and what it has logged must outlive it. So a record goes straight into the ring, and
//! the threads take turns: the lock is held for a whole message, however many pieces it has, and never while code of the
//! user's runs.

use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ganger_proto::message::{FromWorker, HEAD};
use ganger_shm::Piece;
use ganger_shm::ring::Writer;
use ganger_sys::{Bell, ForkDetector};

/// However quiet it is, a worker looks this often whether its supervisor lives.
pub(super) const LOOK: Duration = Duration::from_millis(500);

/// What a worker's life hangs on.
#[derive(Debug)]
pub(crate) enum Life {
    Process { supervisor: u32 },
    Thread { alive: Weak<()> },
}

impl Life {
    pub(super) fn is_over(&self) -> bool {
        match self {
            Life::Process { supervisor } => std::os::unix::process::parent_id() != *supervisor,
            Life::Thread { alive } => alive.strong_count() == 0,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Outlet {
    writer: Mutex<Writer>,
    pub(super) bell: Bell,
    pub(super) life: Life,
    pub(super) process: ForkDetector,
    /// The longest body of a message that is one record.
    pub(super) largest: usize,
}

impl Outlet {
    pub(super) fn new(writer: Writer, bell: Bell, life: Life) -> Self {
        let largest = writer.largest() - HEAD;
        Self { writer: Mutex::new(writer), bell, life, process: ForkDetector::new(), largest }
    }

    /// Whether this is a process that a task has forked: what it wrote would be taken for the worker's.
    pub(crate) fn is_in_fork(&self) -> bool {
        self.process.is_in_fork()
    }

    pub(super) fn say(&self, message: &FromWorker<'_>) {
        self.say_then(message, || {});
    }

    /// Puts a message into the ring as there is room, does what must be done before the supervisor is woken, and wakes it.
    /// If the supervisor is gone, it does not matter any more.
    pub(super) fn say_then(&self, message: &FromWorker<'_>, then: impl FnOnce()) {
        let writer = self.publish(message);
        then();
        self.wake(&writer);
    }

    /// Says a message with a pause when half of it is written.
    pub(super) fn say_in_halves(&self, message: &FromWorker<'_>, between: impl FnOnce()) {
        let (head, body) = message.encode();
        let mut piece = Piece::default();
        let mut writer = self.writer();
        while !writer.begin(&head, body, &mut piece) && !self.life.is_over() {
            let len = writer.next_len(body, &piece);
            writer.sleep_for_room(len, LOOK);
        }
        between();
        while !self.push(&mut writer, &head, body, &mut piece) && !self.life.is_over() {}
        self.wake(&writer);
    }

    /// Says what breaks the protocol: a message that is none, or one that is announced as longer than all memory.
    pub(super) fn lie(&self, oversized: bool) {
        let mut writer = self.writer();
        let said = if oversized {
            writer.announce(u64::MAX)
        } else {
            writer.send(&[0xa5; HEAD], &[0xa5; 64], &mut Piece::default())
        };
        debug_assert!(said, "there is room for a few bytes whenever the supervisor reads");
        drop(writer);
        self.bell.ring();
    }

    /// Says what may be said while the supervisor expects nothing of this worker, and so has not asked to be woken.
    pub(crate) fn say_unasked(&self, message: &FromWorker<'_>) {
        drop(self.publish(message));
        self.bell.ring();
    }

    /// Says a message that is one record, if there is room. False: there was none; it has waited for it, or for long.
    pub(super) fn try_say(&self, message: &FromWorker<'_>) -> bool {
        let (head, body) = message.encode();
        debug_assert!(body.len() <= self.largest, "between pieces another thread might speak");
        let mut writer = self.writer();
        let said = self.push(&mut writer, &head, body, &mut Piece::default());
        if said {
            self.wake(&writer);
        }
        said
    }

    fn publish(&self, message: &FromWorker<'_>) -> MutexGuard<'_, Writer> {
        let (head, body) = message.encode();
        let mut piece = Piece::default();
        let mut writer = self.writer();
        while !self.push(&mut writer, &head, body, &mut piece) && !self.life.is_over() {}
        writer
    }

    /// A panic cannot take it away: between two messages it is whole.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, writer: &mut Writer, head: &[u8; HEAD], body: &[u8], piece: &mut Piece) -> bool {
        let sent = writer.send(head, body, piece);
        if !sent {
            self.wake(writer);
            let len = writer.next_len(body, piece);
            writer.sleep_for_room(len, LOOK);
        }
        sent
    }

    fn wake(&self, writer: &Writer) {
        if writer.reader_waits() {
            self.bell.ring();
        }
    }
}
