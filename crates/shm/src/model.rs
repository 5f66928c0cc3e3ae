//! What loom runs the rings on instead of a machine: memory whose every access it sees, sleepers that it can count, and
//! sides that die when they are told to.

use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicU32;
use loom::sync::{Condvar, Mutex};

use crate::layout::Meeting;
use crate::ring::{Access, Memory, Peer, Reader, Writer};

/// The smallest ring that there is under loom, in bytes: eight lines, of which a message takes at least one.
pub const SMALLEST: usize = 512;

const LINE: usize = 64;

mod locks;
pub use locks::{Identity, live};
pub(crate) use locks::{Memory as LedgerMemory, Shared64, Word64};

mod bytes;
pub(crate) use bytes::Bytes;

/// A line of the ring's data, aligned as in a mapping.
#[repr(C, align(64))]
#[derive(Debug)]
struct Row([u8; LINE]);

/// A ring's memory. The bytes are plain memory, as all of loom's threads are one thread in truth; `tracked` tells loom
/// who touches which line, so that two sides that touch one without order between them are found.
#[derive(Debug)]
pub(crate) struct Heap {
    meeting: Meeting,
    tracked: Vec<UnsafeCell<()>>,
    claims: Vec<AtomicU32>,
    bytes: std::cell::UnsafeCell<Vec<Row>>,
}

// SAFETY: the bytes are reached through `Memory` alone, which tells `tracked` first; loom ends a run in which two
// threads could touch a line at once, and none of its threads runs at the same time as another.
unsafe impl Send for Heap {}
// SAFETY: as above.
unsafe impl Sync for Heap {}

impl Heap {
    fn new(capacity: usize) -> Self {
        let lines = capacity / LINE;
        Self {
            meeting: Meeting::new(),
            tracked: (0..lines).map(|_| UnsafeCell::new(())).collect(),
            claims: (0..lines).map(|_| AtomicU32::new(0)).collect(),
            bytes: std::cell::UnsafeCell::new((0..lines).map(|_| Row([0; LINE])).collect()),
        }
    }

    pub(crate) fn claim(&self, offset: u64) -> &AtomicU32 {
        &self.claims[offset as usize / LINE]
    }

    pub(crate) fn touch(&self, line: u64, access: Access) {
        match access {
            Access::Read => self.tracked[line as usize].with(|_| ()),
            Access::Write => self.tracked[line as usize].with_mut(|_| ()),
        }
    }
}

/// How many steps a side has left before it dies. A step is an access to a word of the meeting, to a claim, or to a
/// line of the data.
#[derive(Clone, Debug)]
pub struct Life(Arc<AtomicUsize>);

/// What a dying side unwinds with.
#[derive(Debug)]
pub struct Died;

impl Life {
    /// Dies before step `steps`, counted from 0.
    #[must_use]
    pub fn of(steps: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(steps)))
    }

    /// Outlives every test.
    #[must_use]
    pub fn long() -> Self {
        Self::of(usize::MAX)
    }

    pub(crate) fn step(&self) {
        let left = self.0.load(Ordering::Relaxed);
        if left == 0 {
            std::panic::resume_unwind(Box::new(Died));
        }
        self.0.store(left - 1, Ordering::Relaxed);
    }
}

/// The two sides of a ring, each with the life it has.
#[must_use]
pub fn ring(capacity: usize, writer: Life, reader: Life) -> (Writer, Reader) {
    let heap = Arc::new(Heap::new(capacity));
    let data = heap.bytes.get();
    // SAFETY: nobody else has the heap yet.
    let data = NonNull::from(unsafe { (*data).as_mut_slice() }).cast();
    let memory = |life| {
        // SAFETY: both lie in the heap, which has `capacity` aligned bytes for this ring alone.
        unsafe { Memory::new(Arc::clone(&heap), NonNull::from(&heap.meeting), data, capacity as u64, life) }
    };
    (Writer::new(memory(writer)), Reader::new(memory(reader), Peer::Trusted))
}

/// A word that one can sleep on, with the sleepers' queue that the kernel keeps for it.
#[derive(Debug)]
pub struct Word {
    value: AtomicU32,
    queue: Mutex<Asleep>,
    woken: Condvar,
}

/// How many the kernel has in the queue of a word.
type Asleep = usize;

impl Word {
    pub(crate) fn new() -> Self {
        Self { value: AtomicU32::new(0), queue: Mutex::new(0), woken: Condvar::new() }
    }
}

impl Deref for Word {
    type Target = AtomicU32;

    fn deref(&self) -> &AtomicU32 {
        &self.value
    }
}

/// The kernel's futex: the word is looked at under the lock of its queue, so that who changes it and then wakes misses
/// nobody. Nothing wakes without being asked to, and no time passes: a lost wake-up is a deadlock, which loom reports.
pub mod futex {
    use std::io;
    use std::time::Duration;

    pub(crate) use super::locks::{wait_64, wait_masked, wake_64, wake_many_64, wake_masked};
    use super::{Ordering, Word};

    /// Sleeps while `word` is `expected`, until it is woken.
    pub fn wait(word: &Word, expected: u32, _timeout: Option<Duration>) {
        let queue = word.queue.lock().expect("loom's locks are not poisoned");
        if word.load(Ordering::Relaxed) == expected {
            drop(word.woken.wait(queue).expect("loom's locks are not poisoned"));
        }
    }

    /// Nor does any time pass between surveys.
    pub(crate) fn since_the_beginning() -> Duration {
        Duration::ZERO
    }

    /// Wakes one who sleeps on `word`.
    ///
    /// # Errors
    /// None; the kernel's could.
    pub fn wake(word: &Word) -> io::Result<()> {
        let _queue = word.queue.lock().expect("loom's locks are not poisoned");
        word.woken.notify_one();
        Ok(())
    }
}
