//! The writing side of a ring.

use std::ptr::NonNull;

use super::memory::{Access, Memory, PAGE};
use super::record::{Kind, Position, READY, RECORD_HEAD, Record, TAKEN, footprint};
use crate::hook::{Site, at};
use crate::sync::{Ordering, fence};

/// The writing side.
#[derive(Debug)]
pub struct Writer {
    memory: Memory,
    /// How far we have published; what memory says is only for the reader.
    tail: u64,
    /// What we last saw of the reader's position, at most `tail`: reading it anew costs a cache miss.
    head_seen: u64,
}

impl Writer {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { memory, tail: 0, head_seen: 0 }
    }

    /// The largest record whose bytes can always be placed once the reader has caught up.
    #[must_use]
    pub fn largest(&self) -> usize {
        (self.memory.capacity() / 4) as usize - RECORD_HEAD
    }

    /// Writes and publishes one record of a head, which may be empty, and a body. `None`: no room now.
    #[inline]
    pub(crate) fn push<const N: usize>(
        &mut self,
        kind: Kind,
        total: u64,
        head: &[u8; N],
        body: &[u8],
    ) -> Option<Position> {
        let len = N + body.len();
        debug_assert!(len <= self.largest());
        let position = self.place(footprint(len))?;
        let record = Record { position, kind, len, total };
        self.write(record, head, body);
        at(Site::Record, self.memory.meeting());
        self.publish(record.end());
        Some(Position(position))
    }

    /// Where a record of `needed` bytes goes, after padding if it must.
    fn place(&mut self, needed: u64) -> Option<u64> {
        let to_end = self.memory.to_end(self.tail);
        if to_end < needed {
            self.has_room(to_end + needed).then(|| self.start_over(to_end))
        } else if self.could_start_over(needed) && self.has_room(to_end + needed) {
            Some(self.start_over(to_end))
        } else {
            self.has_room(needed).then_some(self.tail)
        }
    }

    /// Fills the rest of the ring. The pad is published together with the record behind it, by the same store.
    fn start_over(&mut self, to_end: u64) -> u64 {
        let len = to_end as usize - RECORD_HEAD;
        self.memory.write_head(Record { position: self.tail, kind: Kind::Pad, len, total: 0 });
        self.tail += to_end;
        self.tail
    }

    /// At the border of a page, and the reader has caught up: starting over keeps the ring small and warm.
    fn could_start_over(&mut self, needed: u64) -> bool {
        let offset = self.memory.offset(self.tail);
        let crosses_a_page = offset / PAGE != (offset + needed) / PAGE;
        crosses_a_page && offset > 0 && {
            self.see_head();
            self.head_seen == self.tail
        }
    }

    fn has_room(&mut self, needed: u64) -> bool {
        if self.tail + needed - self.head_seen > self.memory.capacity() {
            self.see_head();
        }
        self.tail + needed - self.head_seen <= self.memory.capacity()
    }

    /// A reader that claims to be ahead of us, or behind what it said before, is not believed.
    fn see_head(&mut self) {
        let head = self.memory.meeting().head.0.load(Ordering::Acquire);
        if (self.head_seen..=self.tail).contains(&head) {
            self.head_seen = head;
        }
    }

    #[inline]
    fn write<const N: usize>(&mut self, record: Record, head: &[u8; N], body: &[u8]) {
        self.memory.write_head(record);
        let to = self.memory.bytes(record.position, 0, N + body.len(), Access::Write);
        // SAFETY: `bytes` made sure that both fit. The room lies between `tail` and the reader's head, so it is ours:
        // the reader does not look at it before it is published, and head and body are memory of this process.
        unsafe {
            to.cast::<[u8; N]>().write(*head);
            to.add(N).copy_from_nonoverlapping(NonNull::from(body).cast(), body.len());
        }
    }

    /// Writes a record's head and half of its body, and does not publish it: what is written next goes to the same place.
    pub(crate) fn write_half<const N: usize>(&mut self, head: &[u8; N], body: &[u8]) -> bool {
        let len = N + body.len();
        let Some(position) = self.place(footprint(len)) else { return false };
        self.write(Record { position, kind: Kind::Whole, len, total: 0 }, head, &body[..body.len() / 2]);
        true
    }

    fn publish(&mut self, tail: u64) {
        self.tail = tail;
        self.memory.meeting().tail.0.store(tail, Ordering::Release);
    }

    /// Whether the reader waits and has to be woken: true for exactly one who asks. Asked after publishing.
    #[must_use = "a reader that waits must be woken"]
    pub fn reader_waits(&self) -> bool {
        fence(Ordering::SeqCst);
        let waits = &self.memory.meeting().reader_waits.0;
        waits.load(Ordering::Relaxed) == 1 && waits.swap(0, Ordering::AcqRel) == 1
    }

    /// Says that the writer waits for the reader to go on, however much room there is: for what goes beside the ring. Look
    /// there once more after this, and only then sleep.
    pub fn wait_for_progress(&self) {
        self.memory.meeting().writer_waits.0.store(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Says that the writer waits for room. Returns true if there is some now, and nobody need be waited for.
    #[must_use]
    pub fn wait_for_room(&mut self, len: usize) -> bool {
        let waits = |memory: &Memory, value| memory.meeting().writer_waits.0.store(value, Ordering::Relaxed);
        waits(&self.memory, 1);
        fence(Ordering::SeqCst);
        self.see_head();
        let room = self.room_for(len);
        if room {
            waits(&self.memory, 0);
        }
        room
    }

    /// Whether a record of `len` bytes would find a place.
    pub(super) fn room_for(&mut self, len: usize) -> bool {
        let (needed, to_end) = (footprint(len), self.memory.to_end(self.tail));
        self.has_room(if to_end < needed { to_end + needed } else { needed })
    }

    /// Takes a record back, unless the reader has begun it. From then on the reader skips it.
    #[must_use = "what was taken back must be done by another"]
    pub fn take_back(&mut self, position: Position) -> bool {
        self.see_head();
        if position.0 < self.head_seen || position.0 >= self.tail {
            return false;
        }
        self.memory.claim(position.0).compare_exchange(READY, TAKEN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Whether the reader is done with everything.
    #[must_use]
    pub fn is_drained(&mut self) -> bool {
        self.see_head();
        self.head_seen == self.tail
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use crate::{Assembly, Claims, HEAD, Piece, Received, link};

    #[test]
    fn an_idle_ring_stays_within_its_first_pages() {
        let (mut supervisor, fd) = link::create("idle", 1 << 16).expect("memory for a small link");
        let mut worker = link::open(&fd).expect("the segment that was just made");
        let mut assembly = Assembly::new(1 << 10);
        for n in 0..10_000 {
            let mut piece = Piece::default();
            assert!(supervisor.writer.send(&[0; HEAD], &[7; 40], &mut piece));
            let position = piece.position().expect("sent").0;
            assert!(supervisor.writer.memory.offset(position) < 4096, "message {n} at {position}");
            assert_eq!(worker.reader.receive(&mut assembly, Claims::Needed), Ok(Received::Message));
            assert!(!worker.reader.release(), "nobody waits");
        }
    }
}
