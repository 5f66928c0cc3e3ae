//! Processes that hold locks, and die when they are told to.
//!
//! A party is a thread of loom's with an identity and a life. Its steps are its accesses to the words of a lock or a
//! ledger. Its death is published as the kernel publishes one: who learns of it sees everything that the dead one did.

use std::cell::RefCell;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use loom::sync::atomic::{AtomicBool, AtomicU64};
use loom::sync::{Condvar, Mutex};

use super::{Asleep, Died, Life, Ordering, Word};
use crate::locks::{Head, Ledger, RobustWord};

/// More than any model has.
const PARTIES: usize = 4;

loom::lazy_static! {
    static ref DEAD: [AtomicBool; PARTIES] = std::array::from_fn(|_| AtomicBool::new(false));
}

loom::thread_local! {
    static ME: RefCell<(Identity, Life)> = RefCell::new((Identity(0), Life::long()));
}

/// A party's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity(usize);

impl Identity {
    /// The party that calls; who has not been told is number 0, and lives long.
    #[must_use]
    pub fn of_this_process() -> Self {
        ME.with(|me| me.borrow().0)
    }

    pub(crate) fn to_bits(self) -> u64 {
        (self.0 as u64 + 1) << 1
    }

    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        ((bits >> 1) as usize).checked_sub(1).map(Self)
    }

    /// As the kernel would say.
    #[must_use]
    pub fn is_alive(self) -> bool {
        !DEAD[self.0].load(Ordering::Acquire)
    }
}

/// Does `deeds` as party `number`, until they are done or its life is over. Then `sleepers` are told, as they would find
/// out themselves when their naps end. Whether it outlived its deeds.
pub fn live(number: usize, life: Life, deeds: impl FnOnce(), sleepers: impl FnOnce()) -> bool {
    ME.with(|me| *me.borrow_mut() = (Identity(number), life));
    let ended = catch_unwind(AssertUnwindSafe(deeds));
    ME.with(|me| me.borrow_mut().1 = Life::long());
    let Err(reason) = ended else { return true };
    if !reason.is::<Died>() {
        resume_unwind(reason);
    }
    DEAD[number].store(true, Ordering::Release);
    sleepers();
    false
}

fn anyone_dead() -> bool {
    DEAD.iter().any(|dead| dead.load(Ordering::Acquire))
}

/// A step of this party's. False: it is dead, and does nothing while it unwinds.
pub(super) fn step() -> bool {
    let life = ME.with(|me| me.borrow().1.clone());
    let lives = !std::thread::panicking();
    if lives {
        life.step();
    }
    lives
}

/// A long word, each access to which is a step.
#[derive(Debug)]
pub(crate) struct Shared64(AtomicU64);

impl Shared64 {
    pub(crate) fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    pub(crate) fn load(&self, order: Ordering) -> u64 {
        step();
        self.0.load(order)
    }

    pub(crate) fn store(&self, value: u64, order: Ordering) {
        if step() {
            self.0.store(value, order);
        }
    }

    pub(crate) fn swap(&self, value: u64, order: Ordering) -> u64 {
        if step() { self.0.swap(value, order) } else { 0 }
    }

    pub(crate) fn compare_exchange(&self, old: u64, new: u64, yes: Ordering, no: Ordering) -> Result<u64, u64> {
        step();
        self.0.compare_exchange(old, new, yes, no)
    }
}

/// A long word that one can sleep on.
#[derive(Debug)]
pub(crate) struct Word64 {
    value: Shared64,
    queue: Mutex<Asleep>,
    woken: Condvar,
}

impl Word64 {
    pub(crate) fn new(value: u64) -> Self {
        Self { value: Shared64::new(value), queue: Mutex::new(0), woken: Condvar::new() }
    }
}

impl Deref for Word64 {
    type Target = Shared64;

    fn deref(&self) -> &Shared64 {
        &self.value
    }
}

/// Sleeps until it is woken; once somebody is dead, for no time at all, as each nap may end just now.
fn nap(queue: &Mutex<Asleep>, woken: &Condvar, stays: impl Fn() -> bool) {
    let mut queue = queue.lock().expect("loom's locks are not poisoned");
    if anyone_dead() {
        drop(queue);
        loom::thread::yield_now();
    } else if stays() {
        *queue += 1;
        drop(woken.wait(queue).expect("loom's locks are not poisoned"));
    }
}

/// How many there were: they are out of the queue before they run again.
fn wake(queue: &Mutex<Asleep>, woken: &Condvar, all: bool) -> Asleep {
    let mut queue = queue.lock().expect("loom's locks are not poisoned");
    if all {
        woken.notify_all()
    } else {
        woken.notify_one()
    }
    let out = if all { *queue } else { 1.min(*queue) };
    *queue -= out;
    out
}

/// False, "not woken", always: so that who wakes looks who has died.
pub(crate) fn wait_64(word: &Word64, expected: u64, _timeout: Duration) -> bool {
    nap(&word.queue, &word.woken, || word.value.0.load(Ordering::Relaxed) == expected);
    false
}

pub(crate) fn wake_64(word: &Word64) {
    wake_many_64(word, 1);
}

pub(crate) fn wake_many_64(word: &Word64, most: i32) -> i64 {
    if step() { wake(&word.queue, &word.woken, most > 1) as i64 } else { 0 }
}

/// As [`wait_64`].
pub(crate) fn wait_masked(word: &Word, expected: u32, _mask: u32, _timeout: Duration) -> bool {
    nap(&word.queue, &word.woken, || word.value.load(Ordering::Relaxed) == expected);
    false
}

pub(crate) fn wake_masked(word: &Word, count: u32, _mask: u32) {
    if step() {
        wake(&word.queue, &word.woken, count > 1);
    }
}

impl RobustWord {
    /// A lock that is free.
    #[must_use]
    pub fn free() -> Self {
        Self::new()
    }

    /// All naps on it end.
    pub fn naps_end(&self) {
        wake(&self.word().queue, &self.word().woken, true);
    }
}

/// A ledger's memory.
#[derive(Debug)]
pub(crate) struct Memory {
    head: Head,
    words: Vec<Shared64>,
}

impl Memory {
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    pub(crate) fn words(&self) -> &[Shared64] {
        &self.words
    }
}

impl Ledger {
    /// One of so many words.
    #[must_use]
    pub fn of(words: usize) -> Self {
        let words = (0..words).map(|_| Shared64::new(0)).collect();
        Self::over(std::sync::Arc::new(Memory { head: Head::new(), words }))
    }

    /// All naps on it end.
    pub fn naps_end(&self) {
        let head = self.head();
        head.inner.naps_end();
        wake(&head.changed.queue, &head.changed.woken, true);
    }
}
