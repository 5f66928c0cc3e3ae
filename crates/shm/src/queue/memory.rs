//! The memory of a queue: the one file that makes offsets out of places.

#[cfg(not(loom))]
use std::io;
#[cfg(not(loom))]
use std::os::fd::{AsFd, OwnedFd};

use super::layout::{DATA, WINDOW};
#[cfg(not(loom))]
use super::layout::{IS_QUEUE, KEEPS, MARK, MOST};
use super::place::{Place, Record, UNIT};
use super::{Bounds, Refused};
use crate::sync::{Bytes, Ordering, Word64};

/// How large the ring is at first, in bytes, and how small it becomes again.
pub(super) const SMALLEST: u64 = if cfg!(loom) { 64 } else { 64 << 10 };

/// How large it can become: places are counted in 32 bits, half of which must be enough.
#[cfg(not(loom))]
const LARGEST: u64 = 8 << 30;

#[derive(Debug)]
pub(super) struct Memory {
    bytes: Bytes,
    pub(super) keeps: bool,
    /// How many items may wait.
    pub(super) most: u32,
    /// How large the ring can become.
    pub(super) capacity: u64,
}

#[cfg(loom)]
impl Memory {
    /// A queue that does not grow.
    pub(super) fn of(bounds: Bounds) -> Self {
        let bytes = Bytes::new(DATA + SMALLEST as usize);
        bytes.word(WINDOW).store(SMALLEST, Ordering::Relaxed);
        Self { bytes, keeps: bounds.keeps, most: bounds.items, capacity: SMALLEST }
    }

    pub(super) fn naps_end(&self) {
        self.bytes.naps_end();
    }
}

#[cfg(not(loom))]
impl Memory {
    pub(super) fn create(name: &str, bounds: Bounds) -> io::Result<(Self, OwnedFd)> {
        let capacity = bounds.bytes.clamp(SMALLEST, LARGEST).next_power_of_two();
        let (bytes, fd) =
            Bytes::create(name, DATA + usize::try_from(capacity).map_err(|_| io::ErrorKind::InvalidInput)?)?;
        let words = bytes.words();
        words[MOST]
            .store(if bounds.items == 0 { u64::from(u32::MAX >> 1) } else { bounds.items.into() }, Ordering::Relaxed);
        words[KEEPS].store(bounds.keeps.into(), Ordering::Relaxed);
        words[WINDOW].store(SMALLEST, Ordering::Relaxed);
        words[MARK].store(IS_QUEUE, Ordering::Release);
        Ok((Self::over(bytes)?, fd))
    }

    pub(super) fn open(fd: impl AsFd) -> io::Result<Self> {
        Self::over(Bytes::open(fd)?)
    }

    fn over(bytes: Bytes) -> io::Result<Self> {
        let capacity = bytes.len().checked_sub(DATA).filter(|len| len.is_power_of_two()).ok_or_else(foreign)? as u64;
        let word = |at: usize| bytes.words()[at].load(Ordering::Acquire);
        let most = u32::try_from(word(MOST)).map_err(|_| foreign())?;
        if word(MARK) != IS_QUEUE || !(SMALLEST..=LARGEST).contains(&capacity) {
            return Err(foreign());
        }
        Ok(Self { keeps: word(KEEPS) == 1, most, capacity, bytes })
    }
}

impl Memory {
    /// A word of the head.
    pub(super) fn word(&self, at: usize) -> &Word64 {
        self.bytes.word(at)
    }

    pub(super) fn lock(&self, at: usize) -> &crate::locks::RobustWord {
        self.bytes.lock(at)
    }

    pub(super) fn place(&self, at: usize) -> Place {
        Place::from_bits(self.word(at).load(Ordering::Acquire))
    }

    /// The ring, as it is while one of the locks is held.
    pub(super) fn ring(&self) -> Result<Ring<'_>, Refused> {
        let window = self.word(WINDOW).load(Ordering::Acquire);
        if !window.is_power_of_two() || !(SMALLEST..=self.capacity).contains(&window) {
            return Err(Refused::Garbage);
        }
        Ok(Ring { bytes: &self.bytes, window })
    }
}

#[cfg(not(loom))]
fn foreign() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "shared memory that holds no queue")
}

/// That part of the data which is in use.
#[derive(Clone, Copy)]
pub(super) struct Ring<'a> {
    bytes: &'a Bytes,
    /// A power of two, and no more than there is.
    pub(super) window: u64,
}

impl<'a> Ring<'a> {
    fn offset(&self, units: u32) -> usize {
        (u64::from(units) * UNIT as u64) as usize & (self.window as usize - 1)
    }

    pub(super) fn units(&self) -> u32 {
        (self.window / UNIT as u64) as u32
    }

    pub(super) fn word(&self, units: u32) -> &'a Word64 {
        self.bytes.word((DATA + self.offset(units)) / UNIT)
    }

    /// Copies bytes in, round the end if they reach it.
    pub(super) fn write(&self, units: u32, bytes: &[u8]) {
        let at = self.offset(units);
        let (here, there) = bytes.split_at(bytes.len().min(self.window as usize - at));
        self.bytes.write(DATA + at, here);
        self.bytes.write(DATA, there);
    }

    /// Copies bytes out.
    pub(super) fn read(&self, units: u32, out: &mut [u8]) {
        let at = self.offset(units);
        let (here, there) = out.split_at_mut(out.len().min(self.window as usize - at));
        self.bytes.read(DATA + at, here);
        self.bytes.read(DATA, there);
    }

    /// The record at a place, before another one that is known to be the end of a record.
    pub(super) fn record(&self, place: Place, end: Place) -> Result<Record, Refused> {
        let record = Record::from_bits(self.word(place.units()).load(Ordering::Relaxed));
        let fits = record.units() <= end.units_since(place) && end.units_since(place) <= self.units();
        if fits && record.is_of(place) { Ok(record) } else { Err(Refused::Garbage) }
    }

    /// The same items in a ring twice as large. Both halves are alike then, so that each byte is where either of the
    /// two sizes looks for it, until the size is changed.
    pub(super) fn double(&self) {
        let mut chunk = vec![0; SMALLEST as usize];
        for at in (DATA..DATA + self.window as usize).step_by(chunk.len()) {
            self.bytes.read(at, &mut chunk);
            self.bytes.write(at + self.window as usize, &chunk);
        }
    }

    /// Gives back the memory behind the smallest ring.
    pub(super) fn discard_rest(&self) {
        self.bytes.discard(DATA + SMALLEST as usize..DATA + self.window as usize);
    }
}
