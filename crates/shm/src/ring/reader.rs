//! The reading side of a ring.

use std::ptr::NonNull;

use super::memory::{Access, Memory};
use super::record::{ALIGN, BEGUN, Corrupt, Kind, READY, Record};
use crate::sync::{Ordering, fence};

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The supervisor: it keeps the rules, so what it published stays as it is until we have left it behind.
    Trusted,
    #[cfg_attr(loom, expect(dead_code, reason = "loom sees no lies, only what the rules allow"))]
    /// A worker: it runs other people's code, so its records may change under our eyes, and only copies are looked at.
    Untrusted,
}

/// The reading side.
#[derive(Debug)]
pub struct Reader {
    memory: Memory,
    peer: Peer,
    /// What we have left behind; what memory says is only for the writer.
    head: u64,
    /// What we last saw of the writer's position: at least `head`, at most `head + capacity`.
    tail_seen: u64,
}

impl Reader {
    pub(crate) fn new(memory: Memory, peer: Peer) -> Self {
        Self { memory, peer, head: 0, tail_seen: 0 }
    }

    /// Whether there is no record. One load; for spinning.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.memory.meeting().tail.0.load(Ordering::Acquire) == self.head
    }

    /// The next record, checked: whatever the writer may have written, it lies within the ring.
    pub(crate) fn peek(&mut self) -> Result<Option<Record>, Corrupt> {
        if self.head == self.tail_seen && !self.see_tail()? {
            return Ok(None);
        }
        let record = self.record()?;
        if record.kind != Kind::Pad {
            return Ok(Some(record));
        }
        self.skip_pad(record)?;
        self.record().map(Some)
    }

    /// A pad reaches to the end of the ring, never from its beginning, and was published together with what is behind
    /// it. As every pad is followed by a record, a writer cannot keep us here with pads.
    fn skip_pad(&mut self, pad: Record) -> Result<(), Corrupt> {
        let whole_ring = self.memory.offset(pad.position) == 0;
        if whole_ring || self.memory.offset(pad.end()) != 0 || pad.end() == self.tail_seen {
            return Err(Corrupt("a pad out of place"));
        }
        self.advance(pad);
        Ok(())
    }

    fn see_tail(&mut self) -> Result<bool, Corrupt> {
        let tail = self.memory.meeting().tail.0.load(Ordering::Acquire);
        let ahead = tail.wrapping_sub(self.head);
        if ahead > self.memory.capacity() || !tail.is_multiple_of(ALIGN) {
            return Err(Corrupt("a tail outside the ring"));
        }
        self.tail_seen = tail;
        Ok(ahead > 0)
    }

    fn record(&self) -> Result<Record, Corrupt> {
        let record = Record::from_words(self.head, self.memory.read_head(self.head))?;
        if record.end() - self.head > (self.tail_seen - self.head).min(self.memory.to_end(self.head)) {
            return Err(Corrupt("a record longer than the ring"));
        }
        Ok(record)
    }

    /// Begins a record. False: the writer has taken it back.
    pub(crate) fn begin(&self, record: Record) -> bool {
        let claim = self.memory.claim(record.position);
        claim.compare_exchange(READY, BEGUN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Copies the record's first bytes; it must have as many.
    pub(crate) fn copy_head<const N: usize>(&self, record: Record, out: &mut [u8; N]) {
        assert!(record.len >= N, "a message has a head");
        let from = self.memory.bytes(record.position, 0, N, Access::Read);
        // SAFETY: `bytes` made sure of the N bytes, and `out` is memory of this process. See `copy_from`.
        unsafe { from.copy_to_nonoverlapping(NonNull::from(out).cast(), N) };
    }

    /// Appends the record's bytes, without the first `skipped`, to `out`.
    pub(crate) fn copy_from(&self, record: Record, skipped: usize, out: &mut Vec<u8>) {
        let len = record.len.saturating_sub(skipped);
        let from = self.memory.bytes(record.position, skipped, len, Access::Read);
        out.reserve(len);
        // SAFETY: `bytes` made sure that they lie within the data, and the room was reserved. They are copied as raw
        // memory, never seen through a reference, so that a writer in another process that breaks the rules can spoil
        // the copy and nothing else: any bytes are valid bytes.
        unsafe {
            from.copy_to_nonoverlapping(NonNull::from(out.spare_capacity_mut()).cast(), len);
            out.set_len(out.len() + len);
        }
    }

    /// Whether records can be read where they lie.
    pub(crate) fn lends(&self) -> bool {
        self.peer == Peer::Trusted
    }

    /// Lends the record's bytes, without the first `skipped`, while they lie in the ring; `None` if the writer may
    /// change them.
    pub(crate) fn lend(&self, record: Record, skipped: usize) -> Option<&[u8]> {
        if !self.lends() {
            return None;
        }
        let len = record.len.saturating_sub(skipped);
        let from = self.memory.bytes(record.position, skipped, len, Access::Read);
        // SAFETY: `bytes` made sure that they lie within the data, which lives as long as `self`. A trusted writer
        // writes to what it published nothing but the claim, which is not among these bytes, until `head` is given
        // back; that takes `&mut self`, so not while they are lent.
        Some(unsafe { NonNull::slice_from_raw_parts(from, len).as_ref() })
    }

    /// Leaves the record behind. Its room is the writer's again after the next [`release`](Self::release).
    pub(crate) fn advance(&mut self, record: Record) {
        self.head = record.end();
    }

    /// Where a call that reads no more than the ring holds has to stop, so that a writer that writes as fast as we read
    /// cannot keep us.
    pub(crate) fn budget(&self) -> u64 {
        self.head + self.memory.capacity()
    }

    /// How far we are, to be compared with [`budget`](Self::budget).
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// Lets a writer that looks for room see it; one that sleeps is not woken.
    pub(crate) fn publish_head(&mut self) {
        self.memory.meeting().head.0.store(self.head, Ordering::Release);
    }

    /// Gives the room of all records that were left behind to the writer. True: the writer waits for it, and has to be
    /// woken.
    #[must_use = "a writer that waits must be woken"]
    pub fn release(&mut self) -> bool {
        self.publish_head();
        self.writer_waits()
    }

    /// As [`release`](Self::release), but misses no writer: before the reader sleeps.
    #[must_use = "a writer that waits must be woken"]
    pub fn release_fenced(&mut self) -> bool {
        self.publish_head();
        fence(Ordering::SeqCst);
        self.writer_waits()
    }

    fn writer_waits(&self) -> bool {
        let waits = &self.memory.meeting().writer_waits.0;
        waits.load(Ordering::Relaxed) == 1 && waits.swap(0, Ordering::AcqRel) == 1
    }

    /// The reader looks by itself from now on, and need not be woken.
    pub fn stop_waiting(&self) {
        self.memory.meeting().reader_waits.0.store(0, Ordering::Relaxed);
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

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::time::{Duration, Instant};

    use crate::ring::{Kind, Record, Writer};
    use crate::sync::Ordering;
    use crate::{Assembly, Claims, HEAD, Received, link};

    const CAPACITY: u64 = 16 << 10;

    /// The whole ring: a message begun and given up, again and again.
    fn begin_and_abort(writer: &Writer) {
        for position in (0..CAPACITY).step_by(64) {
            let (kind, len, total) = if position % 128 == 0 { (Kind::First, HEAD, 1000) } else { (Kind::Abort, 0, 0) };
            writer.memory().write_head(Record { position, kind, len, total });
        }
    }

    #[test]
    fn a_writer_as_fast_as_the_reader_cannot_keep_it() {
        let (mut supervisor, fd) = link::create("endless", CAPACITY as usize).expect("memory for a small link");
        let worker = link::open(&fd).expect("the segment that was just made");
        begin_and_abort(&worker.writer);
        let mut assembly = Assembly::new(1 << 20);
        let reader = &mut supervisor.reader;
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let meeting = worker.writer.memory().meeting();
                let begun = Instant::now();
                while !done.load(Ordering::Relaxed) && begun.elapsed() < Duration::from_secs(5) {
                    let head = meeting.head.0.load(Ordering::Acquire);
                    meeting.tail.0.store(head + CAPACITY, Ordering::Release);
                }
            });
            while reader.is_empty() {
                std::thread::yield_now();
            }
            for _ in 0..100 {
                let before = reader.head();
                assert_eq!(reader.receive(&mut assembly, Claims::Unneeded), Ok(Received::Nothing));
                assert!(reader.head() - before <= CAPACITY);
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}
