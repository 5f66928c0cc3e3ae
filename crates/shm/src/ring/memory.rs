//! The memory of one ring: the only file that makes addresses out of positions.
//!
//! Under loom the bytes lie on the heap, every access to a line of them is told to loom (`trace`), and the claims are
//! loom's atomics beside them; everything else is the code that ships.

use std::ops::RangeInclusive;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU64 as HeadWord;

use super::record::{ALIGN, READY, RECORD_HEAD, Record};
use crate::layout::Meeting;
#[cfg(loom)]
use crate::model::{Heap, Life};
#[cfg(not(loom))]
use crate::segment::Segment;
use crate::sync::{AtomicU32, Ordering};

/// At the border of which a writer may start over.
#[cfg(not(loom))]
pub(crate) const PAGE: u64 = 4096;
#[cfg(loom)]
pub(crate) const PAGE: u64 = 2 * ALIGN;

/// How large a ring may be, in bytes: lengths are 32 bits wide, and the largest record takes a quarter.
pub(crate) const CAPACITIES: RangeInclusive<u64> = 4 * PAGE..=1 << 31;

/// What keeps the memory alive.
#[cfg(not(loom))]
type Backing = Segment;
#[cfg(loom)]
type Backing = Heap;

/// The memory of one ring, as one of its two sides sees it.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// Never looked at outside loom: it is here so that it lives as long as the pointers into it.
    #[cfg_attr(not(loom), expect(dead_code, reason = "keeps the mapping alive"))]
    backing: Arc<Backing>,
    meeting: NonNull<Meeting>,
    data: NonNull<u8>,
    capacity: u64,
    #[cfg(loom)]
    life: Life,
}

// SAFETY: the pointers lead into the backing that the value keeps alive; what is shared through them are atomics, and
// record bytes that the protocol gives to one side at a time.
unsafe impl Send for Memory {}
// SAFETY: as above; through a shared reference only atomics and bytes that belong to the caller's side are reached.
unsafe impl Sync for Memory {}

/// Which access is told to loom.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    /// The bytes are only looked at.
    Read,
    /// They are written.
    Write,
}

impl Memory {
    /// # Safety
    /// `meeting` and the `capacity` bytes at `data` lie within `backing`, `data` at a multiple of 64, and no other ring
    /// uses them.
    pub(crate) unsafe fn new(
        backing: Arc<Backing>,
        meeting: NonNull<Meeting>,
        data: NonNull<u8>,
        capacity: u64,
        #[cfg(loom)] life: Life,
    ) -> Self {
        assert!(capacity.is_power_of_two() && CAPACITIES.contains(&capacity), "a ring's capacity is a power of two");
        assert!(data.addr().get().is_multiple_of(ALIGN as usize), "a ring begins at a cache line");
        Self {
            backing,
            meeting,
            data,
            capacity,
            #[cfg(loom)]
            life,
        }
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    pub(crate) fn meeting(&self) -> &Meeting {
        self.step();
        // SAFETY: `new` promises that it points into the backing, which lives as long as we do.
        unsafe { self.meeting.as_ref() }
    }

    /// Where in the data a position lies.
    pub(crate) fn offset(&self, position: u64) -> u64 {
        position & (self.capacity - 1)
    }

    /// How many bytes there are from a position to the end of the data.
    pub(crate) fn to_end(&self, position: u64) -> u64 {
        self.capacity - self.offset(position)
    }

    fn at(&self, position: u64) -> NonNull<u8> {
        // SAFETY: the offset is below the capacity, and so within the backing.
        unsafe { self.data.add(self.offset(position) as usize) }
    }

    #[cfg(not(loom))]
    pub(crate) fn claim(&self, position: u64) -> &AtomicU32 {
        // SAFETY: records lie at multiples of 64, so the word is aligned and within the data. Both sides use it as an
        // atomic alone, from the moment the record's head is written.
        unsafe { self.at(position + 8).cast::<AtomicU32>().as_ref() }
    }

    #[cfg(loom)]
    pub(crate) fn claim(&self, position: u64) -> &AtomicU32 {
        self.step();
        self.backing.claim(self.offset(position))
    }

    /// The words of a record's head beside the claim. Atomics, so that whatever the other side does meanwhile, each is
    /// read exactly once: what was checked is what is used.
    fn head_words(&self, position: u64) -> [&HeadWord; 2] {
        let at = self.at(position).cast::<HeadWord>();
        // SAFETY: a record's head lies at a multiple of 64 below the capacity, so its 24 bytes are aligned and within
        // the data; for atomics any bytes are valid.
        unsafe { [at.as_ref(), at.add(2).as_ref()] }
    }

    /// Writes a record's head; nobody has claimed it. The caller owns the place: it is unpublished.
    pub(crate) fn write_head(&self, record: Record) {
        self.trace(record.position, RECORD_HEAD, Access::Write);
        for (word, bits) in self.head_words(record.position).into_iter().zip(record.to_words()) {
            word.store(bits, Ordering::Relaxed);
        }
        self.claim(record.position).store(READY, Ordering::Relaxed);
    }

    /// The words of the record's head that lies at a published position.
    pub(crate) fn read_head(&self, position: u64) -> [u64; 2] {
        self.trace(position, RECORD_HEAD, Access::Read);
        self.head_words(position).map(|word| word.load(Ordering::Relaxed))
    }

    /// The `len` bytes that begin `skipped` bytes behind the head of the record at `position`.
    ///
    /// # Panics
    /// When they do not lie within the data: a fault of this crate, as lengths are checked where they come in.
    pub(crate) fn bytes(&self, position: u64, skipped: usize, len: usize, access: Access) -> NonNull<u8> {
        let end = RECORD_HEAD + skipped + len;
        assert!(end as u64 <= self.to_end(position), "a record lies within the ring");
        self.trace(position, end, access);
        // SAFETY: as asserted, the bytes up to `end` lie within the data.
        unsafe { self.at(position).add(RECORD_HEAD + skipped) }
    }

    #[cfg(not(loom))]
    fn trace(&self, _position: u64, _len: usize, _access: Access) {}

    #[cfg(loom)]
    fn trace(&self, position: u64, len: usize, access: Access) {
        for line in 0..(len as u64).div_ceil(ALIGN) {
            self.step();
            self.backing.touch(self.offset(position) / ALIGN + line, access);
        }
    }

    #[cfg(not(loom))]
    fn step(&self) {}

    /// Under loom a side can be made to die before any of its steps.
    #[cfg(loom)]
    fn step(&self) {
        self.life.step();
    }
}
