//! One direction of a link: a ring of records with one writer and one reader, in different processes.
//!
//! ```text
//!   record, at a multiple of 64 bytes
//!   0       4      6      8       12      16         24
//!   ├───────┼──────┼──────┼───────┼───────┼──────────┼─ bytes … ─┤ (up to the next multiple of 64)
//!   │ len   │ kind │ zero │ claim │ zero  │ total    │
//! ```
//!
//! Positions count bytes since the beginning and never wrap; the place of a record is its position modulo the capacity.
//! Records do not straddle the end: a `Pad` fills the rest. A writer that finds the ring empty at the border of a page
//! also pads, so that an idle ring stays within its first pages and they stay in the cache.

use std::ptr::NonNull;
use std::sync::Arc;

use crate::layout::Meeting;
use crate::segment::Segment;
use crate::sync::{AtomicU32, Ordering, fence};

/// Every record begins at a multiple of this: one cache line, so that a claim disturbs no neighbour.
pub(crate) const ALIGN: u64 = 64;

/// The length of a record's own head.
pub(crate) const RECORD_HEAD: usize = 24;

const PAGE: u64 = 4096;

/// Nobody has claimed the record yet.
const READY: u32 = 0;
/// The reader has begun it.
const BEGUN: u32 = 1;
/// The writer has taken it back.
const TAKEN: u32 = 2;

/// What a record is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Kind {
    /// A whole message.
    Whole = 1,
    /// The first piece of a message, with the length of all of it.
    First = 2,
    /// A further piece.
    Next = 3,
    /// The last piece.
    Last = 4,
    /// The end of a message that will not be completed.
    Abort = 5,
    /// Nothing: go on at the beginning of the ring.
    Pad = 6,
}

impl Kind {
    fn from_bits(bits: u16) -> Option<Self> {
        [Self::Whole, Self::First, Self::Next, Self::Last, Self::Abort, Self::Pad]
            .into_iter()
            .find(|kind| *kind as u16 == bits)
    }
}

/// The other side broke the ring's rules: nothing it says can be trusted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("corrupt ring: {0}")]
pub struct Corrupt(pub &'static str);

/// Where a record lies, so that it can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position(pub(crate) u64);

/// The memory of one ring, as one of its two sides sees it.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// Keeps the mapping alive for as long as a pointer into it lives.
    _segment: Arc<Segment>,
    meeting: NonNull<Meeting>,
    data: NonNull<u8>,
    capacity: u64,
}

// SAFETY: the pointers lead into the segment that the value keeps alive; what is shared through them are atomics, and
// record bytes that the protocol gives to one side at a time.
unsafe impl Send for Memory {}
// SAFETY: as above; the only methods that go through a shared reference use atomics.
unsafe impl Sync for Memory {}

impl Memory {
    /// # Safety
    /// `meeting` and the `capacity` bytes at `data` lie within `segment`, and no other ring uses them.
    pub(crate) unsafe fn new(
        segment: Arc<Segment>,
        meeting: NonNull<Meeting>,
        data: NonNull<u8>,
        capacity: u64,
    ) -> Self {
        assert!(capacity.is_power_of_two() && capacity >= 4 * PAGE, "a ring's capacity is a power of two");
        Self { _segment: segment, meeting, data, capacity }
    }

    pub(crate) fn meeting(&self) -> &Meeting {
        // SAFETY: `new` promises that it points into the segment, which lives as long as we do.
        unsafe { self.meeting.as_ref() }
    }

    fn at(&self, position: u64) -> NonNull<u8> {
        let offset = (position & (self.capacity - 1)) as usize;
        // SAFETY: the offset is below the capacity, and so within the segment.
        unsafe { self.data.add(offset) }
    }

    fn claim(&self, position: u64) -> &AtomicU32 {
        // SAFETY: records lie at multiples of 64, so the word is aligned and within the data; both sides use it as an
        // atomic from the moment the record is published.
        unsafe { self.at(position + 8).cast::<AtomicU32>().as_ref() }
    }

    fn to_end(&self, position: u64) -> u64 {
        self.capacity - (position & (self.capacity - 1))
    }
}

/// What a record takes in the ring, in bytes.
fn footprint(len: usize) -> u64 {
    ((RECORD_HEAD + len) as u64).next_multiple_of(ALIGN)
}

/// The writing side.
#[derive(Debug)]
pub struct Writer {
    memory: Memory,
    tail: u64,
    /// What we last saw of the reader's position: reading it anew costs a cache miss.
    head_seen: u64,
}

impl Writer {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { memory, tail: 0, head_seen: 0 }
    }

    /// The largest record whose bytes can always be placed once the reader has caught up.
    #[must_use]
    pub fn largest(&self) -> usize {
        (self.memory.capacity / 4) as usize - RECORD_HEAD
    }

    /// Writes and publishes one record of `parts`, one behind the other. `None`: no room now.
    pub(crate) fn push(&mut self, kind: Kind, total: u64, parts: [&[u8]; 2]) -> Option<Position> {
        let len = parts[0].len() + parts[1].len();
        debug_assert!(len <= self.largest());
        let position = self.place(footprint(len))?;
        self.write(position, kind, len, total, parts);
        self.publish(position + footprint(len));
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

    fn start_over(&mut self, to_end: u64) -> u64 {
        self.write(self.tail, Kind::Pad, to_end as usize - RECORD_HEAD, 0, [&[], &[]]);
        self.tail += to_end;
        self.tail
    }

    /// At the border of a page, and the reader has caught up: starting over keeps the ring small and warm.
    fn could_start_over(&mut self, needed: u64) -> bool {
        let offset = self.memory.capacity - self.memory.to_end(self.tail);
        let crosses_a_page = offset / PAGE != (offset + needed) / PAGE;
        crosses_a_page && offset > 0 && {
            self.see_head();
            self.head_seen == self.tail
        }
    }

    fn has_room(&mut self, needed: u64) -> bool {
        if self.tail + needed - self.head_seen > self.memory.capacity {
            self.see_head();
        }
        self.tail + needed - self.head_seen <= self.memory.capacity
    }

    /// A reader that claims to be ahead of us, or behind what it said before, is not believed.
    fn see_head(&mut self) {
        let head = self.memory.meeting().head.0.load(Ordering::Acquire);
        if (self.head_seen..=self.tail).contains(&head) {
            self.head_seen = head;
        }
    }

    fn write(&mut self, position: u64, kind: Kind, len: usize, total: u64, parts: [&[u8]; 2]) {
        let at = self.memory.at(position);
        let mut head = [0u8; RECORD_HEAD];
        head[0..4].copy_from_slice(&(len as u32).to_le_bytes());
        head[4..6].copy_from_slice(&(kind as u16).to_le_bytes());
        head[16..24].copy_from_slice(&total.to_le_bytes());
        // SAFETY: `place` found room for all of this between `tail` and the reader's head, without crossing the end of
        // the data; the reader does not look at it before it is published.
        unsafe {
            at.copy_from_nonoverlapping(NonNull::from(&head).cast(), RECORD_HEAD);
            let body = at.add(RECORD_HEAD);
            body.copy_from_nonoverlapping(NonNull::from(parts[0]).cast(), parts[0].len());
            body.add(parts[0].len()).copy_from_nonoverlapping(NonNull::from(parts[1]).cast(), parts[1].len());
        }
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

    /// Says that the writer waits for room. Returns true if there is some now, and nobody need be waited for.
    #[must_use]
    pub fn wait_for_room(&mut self, len: usize) -> bool {
        let waits = |memory: &Memory, value| memory.meeting().writer_waits.0.store(value, Ordering::Relaxed);
        waits(&self.memory, 1);
        fence(Ordering::SeqCst);
        self.see_head();
        let (needed, to_end) = (footprint(len), self.memory.to_end(self.tail));
        let room = self.has_room(if to_end < needed { to_end + needed } else { needed });
        if room {
            waits(&self.memory, 0);
        }
        room
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

    #[cfg(not(loom))]
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }
}

/// The reading side.
#[derive(Debug)]
pub struct Reader {
    memory: Memory,
    head: u64,
    tail_seen: u64,
}

/// A record that lies in the ring until the reader moves on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    position: u64,
    pub(crate) kind: Kind,
    pub(crate) len: usize,
    pub(crate) total: u64,
}

impl Reader {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { memory, head: 0, tail_seen: 0 }
    }

    /// Whether a record is there. One load; for spinning.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.memory.meeting().tail.0.load(Ordering::Acquire) == self.head
    }

    /// The next record, checked: whatever the writer may have written, it lies within the ring.
    pub(crate) fn peek(&mut self) -> Result<Option<Record>, Corrupt> {
        loop {
            if self.head == self.tail_seen && !self.see_tail()? {
                return Ok(None);
            }
            let record = self.record()?;
            if record.kind != Kind::Pad {
                return Ok(Some(record));
            }
            self.advance(record);
        }
    }

    fn see_tail(&mut self) -> Result<bool, Corrupt> {
        let tail = self.memory.meeting().tail.0.load(Ordering::Acquire);
        let ahead = tail.wrapping_sub(self.head);
        if ahead > self.memory.capacity || tail % ALIGN != 0 {
            return Err(Corrupt("a tail outside the ring"));
        }
        self.tail_seen = tail;
        Ok(ahead > 0)
    }

    fn record(&self) -> Result<Record, Corrupt> {
        let mut head = [0u8; RECORD_HEAD];
        // SAFETY: a published record begins at a multiple of 64 below the tail, so its 24 bytes lie within the data.
        // The bytes are copied once and only the copy is looked at, so a writer that goes on scribbling fools nobody.
        unsafe { self.memory.at(self.head).copy_to_nonoverlapping(NonNull::from(&mut head).cast(), RECORD_HEAD) };
        let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let kind = Kind::from_bits(u16::from_le_bytes([head[4], head[5]])).ok_or(Corrupt("an unknown kind"))?;
        if footprint(len) > (self.tail_seen - self.head).min(self.memory.to_end(self.head)) {
            return Err(Corrupt("a record longer than the ring"));
        }
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, total @ ..] = head;
        Ok(Record { position: self.head, kind, len, total: u64::from_le_bytes(total) })
    }

    /// Begins a record. False: the writer has taken it back.
    pub(crate) fn begin(&self, record: Record) -> bool {
        let claim = self.memory.claim(record.position);
        claim.compare_exchange(READY, BEGUN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Copies the record's first bytes; it must have as many.
    pub(crate) fn copy_head<const N: usize>(&self, record: Record, out: &mut [u8; N]) {
        assert!(record.len >= N);
        // SAFETY: `record` checked that its bytes lie within the data, and there are at least N of them.
        unsafe {
            let from = self.memory.at(record.position).add(RECORD_HEAD);
            from.copy_to_nonoverlapping(NonNull::from(out).cast(), N);
        }
    }

    /// Appends the record's bytes, without the first `skipped`, to `out`.
    pub(crate) fn copy_from(&self, record: Record, skipped: usize, out: &mut Vec<u8>) {
        let len = record.len.saturating_sub(skipped);
        out.reserve(len);
        // SAFETY: `record` checked that the bytes lie within the data; they are copied as raw memory, never seen
        // through a reference, so that a writer that breaks the rules can spoil the copy and nothing else. The room
        // for them was reserved.
        unsafe {
            let from = self.memory.at(record.position).add(RECORD_HEAD + skipped);
            let to = NonNull::new_unchecked(out.as_mut_ptr().add(out.len()));
            to.copy_from_nonoverlapping(from, len);
            out.set_len(out.len() + len);
        }
    }

    /// Leaves the record behind. Its room is the writer's again after the next [`release`](Self::release).
    pub(crate) fn advance(&mut self, record: Record) {
        self.head = record.position + footprint(record.len);
    }

    /// Gives the room of all records that were left behind to the writer. True: the writer waits for it, and has to be
    /// woken.
    #[must_use = "a writer that waits must be woken"]
    pub fn release(&mut self) -> bool {
        self.memory.meeting().head.0.store(self.head, Ordering::Release);
        let waits = &self.memory.meeting().writer_waits.0;
        waits.load(Ordering::Relaxed) == 1 && waits.swap(0, Ordering::AcqRel) == 1
    }

    /// As [`release`](Self::release), but misses no writer: before the reader sleeps.
    #[must_use = "a writer that waits must be woken"]
    pub fn release_fenced(&mut self) -> bool {
        self.memory.meeting().head.0.store(self.head, Ordering::Release);
        fence(Ordering::SeqCst);
        self.release()
    }

    /// Says that the reader waits. Returns true if there is something to read now, and it must not sleep.
    #[must_use]
    pub fn wait_for_record(&self) -> bool {
        let waits = &self.memory.meeting().reader_waits.0;
        waits.store(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.is_empty() {
            return false;
        }
        waits.store(0, Ordering::Relaxed);
        true
    }

    #[cfg(not(loom))]
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }
}
