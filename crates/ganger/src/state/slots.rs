//! Slots of a fixed size in shared memory, each changed whole or not at all.
//!
//! ```text
//!  word   0      1      2            3        4        5 …      place
//!         magic  count  writer lock  state 0  place 0  state 1  len, bytes … │ len, bytes …
//!
//!  state   version << 3 | kind       place   capacity in words << 32 | first word of two buffers
//! ```
//!
//! Invariants:
//! - A slot's value lies in the buffer that the lowest bit of its version names. Who changes it holds the writer lock, writes
//!   the other buffer, and then the state: one store, before which the old value stands and after which the new one does. So
//!   a writer that is killed has changed the slot or has not.
//! - Who reads looks at the state before and after. If it has changed, some writer may have been at the buffer; then he
//!   looks again, holding the lock.
//! - What is in the memory is believed as values, never as places: every place is held against the number of words.

use std::sync::atomic::{AtomicU64, Ordering};

use ganger_shm::locks::RobustWord;
use ganger_shm::state::Bytes;
use ganger_sys::Identity;

use super::{Item, ListError};

const MAGIC: usize = 0;
const COUNT: usize = 1;
const LOCK: usize = 2;
const TABLE: usize = 3;

const WORD: usize = size_of::<u64>();
const LIST: u64 = u64::from_be_bytes(*b"ganglist");
const KIND: u64 = 7;
const VERSION: u64 = KIND + 1;

/// How many bytes of memory a list of these values takes.
pub(super) fn size_of_list(items: &[Item]) -> usize {
    let buffers: usize = items.iter().map(|item| 2 * (1 + words_for(item))).sum();
    (TABLE + 2 * items.len() + buffers) * WORD
}

/// How many words of a slot are for a value that it begins with: as in Python, text has room to grow to the next word.
fn words_for(item: &Item) -> usize {
    match item {
        Item::Str(text) => text.len() / WORD + 1,
        Item::Bytes(bytes) => bytes.len() / WORD + 1,
        Item::None | Item::Int(_) | Item::Float(_) | Item::Bool(_) => 1,
    }
}

/// A value as bytes, and what they mean.
fn encode(item: &Item) -> (u64, Vec<u8>) {
    match item {
        Item::None => (0, Vec::new()),
        Item::Int(n) => (1, n.to_ne_bytes().into()),
        Item::Float(x) => (2, x.to_ne_bytes().into()),
        Item::Bool(yes) => (3, vec![(*yes).into()]),
        Item::Str(text) => (4, text.as_bytes().into()),
        Item::Bytes(bytes) => (5, bytes.clone()),
    }
}

fn decode(kind: u64, bytes: Vec<u8>) -> Option<Item> {
    match kind {
        0 => Some(Item::None),
        1 => Some(Item::Int(i64::from_ne_bytes(bytes.try_into().ok()?))),
        2 => Some(Item::Float(f64::from_ne_bytes(bytes.try_into().ok()?))),
        3 => Some(Item::Bool(*bytes.first()? != 0)),
        4 => Some(Item::Str(String::from_utf8(bytes).ok()?)),
        5 => Some(Item::Bytes(bytes)),
        _ => None,
    }
}

/// The slots of one list.
#[derive(Debug)]
pub(super) struct Slots<'a> {
    bytes: &'a Bytes,
    count: usize,
}

/// One slot.
struct Slot<'a> {
    state: &'a AtomicU64,
    buffers: [&'a [AtomicU64]; 2],
}

impl<'a> Slots<'a> {
    /// Lays out a list in memory that is all zero and as large as [`size_of_list`] says.
    pub(super) fn create(bytes: &'a Bytes, items: &[Item]) -> Result<(), ListError> {
        let words = bytes.words();
        let mut first = TABLE + 2 * items.len();
        for (index, item) in items.iter().enumerate() {
            let capacity = words_for(item);
            words[TABLE + 2 * index + 1].store(((capacity as u64) << 32) | first as u64, Ordering::Relaxed);
            first += 2 * (1 + capacity);
        }
        let slots = Self { bytes, count: items.len() };
        for (index, item) in items.iter().enumerate() {
            slots.set(index, item)?;
        }
        words[COUNT].store(items.len() as u64, Ordering::Relaxed);
        words[MAGIC].store(LIST, Ordering::Release);
        Ok(())
    }

    pub(super) fn open(bytes: &'a Bytes) -> Result<Self, ListError> {
        let word = |index: usize| bytes.words().get(index).map(|word| word.load(Ordering::Acquire));
        let count = word(COUNT).and_then(|count| usize::try_from(count).ok()).ok_or(ListError::Malformed)?;
        let fits = count <= bytes.words().len() / 2;
        if word(MAGIC) == Some(LIST) && fits { Ok(Self { bytes, count }) } else { Err(ListError::Malformed) }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn get(&self, index: usize) -> Result<Item, ListError> {
        let slot = self.slot(index)?;
        slot.look().unwrap_or_else(|| {
            let _held = self.lock();
            slot.look().unwrap_or(Err(ListError::Malformed))
        })
    }

    pub(super) fn set(&self, index: usize, item: &Item) -> Result<(), ListError> {
        let slot = self.slot(index)?;
        let (kind, bytes) = encode(item);
        let (len, capacity) = (bytes.len(), slot.capacity());
        if len > capacity {
            return Err(ListError::TooLong { index, len, capacity });
        }
        let _held = self.lock();
        slot.change(kind, &bytes);
        Ok(())
    }

    /// How many bytes a slot can hold.
    pub(super) fn capacity(&self, index: usize) -> Result<usize, ListError> {
        Ok(self.slot(index)?.capacity())
    }

    fn slot(&self, index: usize) -> Result<Slot<'a>, ListError> {
        let len = self.count;
        if index >= len {
            return Err(super::OutOfRange { index, len }.into());
        }
        self.slot_in(index).ok_or(ListError::Malformed)
    }

    fn slot_in(&self, index: usize) -> Option<Slot<'a>> {
        let words = self.bytes.words();
        let place = words.get(TABLE + 2 * index + 1)?.load(Ordering::Relaxed);
        let (first, len) = (place as u32 as usize, 1 + (place >> 32) as usize);
        let buffer = |first: usize| words.get(first..first + len);
        Some(Slot { state: &words[TABLE + 2 * index], buffers: [buffer(first)?, buffer(first + len)?] })
    }

    fn lock(&self) -> Held<'a> {
        let lock = self.bytes.lock(LOCK);
        // Whoever died holding it has changed a slot, or has not.
        let _ = lock.acquire(Identity::of_this_thread(), None);
        Held(lock)
    }
}

struct Held<'a>(&'a RobustWord);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl Slot<'_> {
    fn capacity(&self) -> usize {
        (self.buffers[0].len() - 1) * WORD
    }

    /// What it holds. None: somebody has changed it meanwhile.
    fn look(&self) -> Option<Result<Item, ListError>> {
        let state = self.state.load(Ordering::Acquire);
        let bytes = self.bytes(state);
        let unchanged = self.state.load(Ordering::Relaxed) == state;
        unchanged.then(|| bytes.and_then(|bytes| decode(state & KIND, bytes)).ok_or(ListError::Malformed))
    }

    fn bytes(&self, state: u64) -> Option<Vec<u8>> {
        let (len, words) = self.buffers[buffer_of(state)].split_first()?;
        let len = usize::try_from(len.load(Ordering::Acquire)).ok().filter(|len| *len <= self.capacity())?;
        let words = &words[..len.div_ceil(WORD)];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.load(Ordering::Acquire).to_ne_bytes()).collect();
        bytes.truncate(len);
        Some(bytes)
    }

    /// Called by the holder of the writer lock.
    fn change(&self, kind: u64, bytes: &[u8]) {
        let state = (self.state.load(Ordering::Relaxed) & !KIND).wrapping_add(VERSION) | kind;
        let (len, words) = self.buffers[buffer_of(state)].split_first().expect("a buffer begins with a length");
        // Each store releases the state before it: who reads one of them and then the state sees that it has changed.
        len.store(bytes.len() as u64, Ordering::Release);
        for (word, chunk) in words.iter().zip(bytes.chunks(WORD)) {
            let mut whole = [0; WORD];
            whole[..chunk.len()].copy_from_slice(chunk);
            word.store(u64::from_ne_bytes(whole), Ordering::Release);
        }
        self.state.store(state, Ordering::Release);
    }
}

fn buffer_of(state: u64) -> usize {
    usize::from(state & VERSION != 0)
}
