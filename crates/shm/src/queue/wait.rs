//! Waiting for the other side: looking for a while, then sleeping.

use std::cell::OnceCell;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use super::memory::Memory;
use crate::futex;
use crate::sync::{Ordering, Word64};

/// How long one waits. The clock is asked only by who has to wait.
#[derive(Debug)]
pub(super) struct Limit {
    timeout: Option<Duration>,
    deadline: OnceCell<Option<Instant>>,
}

impl Limit {
    /// None: for ever.
    pub(super) fn of(timeout: Option<Duration>) -> Self {
        Self { timeout, deadline: OnceCell::new() }
    }

    pub(super) fn is_none_at_all(&self) -> bool {
        self.timeout == Some(Duration::ZERO)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        *self.deadline.get_or_init(|| Instant::now().checked_add(self.timeout?))
    }
}

/// Two words: how many sleep, or have slept till the end of a nap; and the count of those who were called, on which
/// they sleep. Changed by the holder of the lock of those who call: so a caller sees who sleeps already, and who is
/// about to sleep sees that it was called.
#[derive(Clone, Copy)]
pub(super) struct Sleepers<'a> {
    asleep: &'a Word64,
    calls: &'a Word64,
}

/// What is to be woken once the lock is free again.
#[must_use]
pub(super) struct Call<'a> {
    sleepers: Sleepers<'a>,
    /// How many are left to be called.
    left: u64,
    /// The count of calls, this one included.
    calls: u64,
    everybody: bool,
}

impl<'a> Sleepers<'a> {
    pub(super) fn at(memory: &'a Memory, at: usize) -> Self {
        Self { asleep: memory.word(at), calls: memory.word(at + 1) }
    }

    /// Says, holding the lock, that one more sleeps from now on. What it sleeps on.
    pub(super) fn enter(self) -> u64 {
        self.asleep.store(self.asleep.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
        self.calls.load(Ordering::Relaxed)
    }

    /// Sleeps. False: the time is over.
    pub(super) fn sleep(self, calls: u64, nap: Duration) -> bool {
        futex::wait_64(self.calls, calls, nap)
    }

    /// Calls one who sleeps, holding the lock.
    pub(super) fn call_one(self) -> Option<Call<'a>> {
        let asleep = self.asleep.load(Ordering::Relaxed);
        (asleep > 0).then(|| self.call(asleep - 1, false))
    }

    /// Calls all who sleep, holding the lock.
    pub(super) fn call_all(self) -> Option<Call<'a>> {
        (self.asleep.load(Ordering::Relaxed) > 0).then(|| self.call(0, true))
    }

    fn call(self, left: u64, everybody: bool) -> Call<'a> {
        let calls = self.calls.load(Ordering::Relaxed).wrapping_add(1);
        self.asleep.store(left, Ordering::Relaxed);
        self.calls.store(calls, Ordering::Relaxed);
        Call { sleepers: self, left, calls, everybody }
    }
}

impl Call<'_> {
    /// Wakes them, without the lock. False: there was nobody.
    pub(super) fn wake(&self) -> bool {
        let most = if self.everybody { i32::MAX } else { 1 };
        futex::wake_many_64(self.sleepers.calls, most) > 0
    }

    /// Says, holding the lock, that nobody sleeps, if nobody has come since the call that woke nobody.
    pub(super) fn nobody_sleeps(&self) {
        let Sleepers { asleep, calls } = self.sleepers;
        if calls.load(Ordering::Relaxed) == self.calls && asleep.load(Ordering::Relaxed) == self.left {
            asleep.store(0, Ordering::Relaxed);
        }
    }
}

/// The most looks before one sleeps: some tens of microseconds.
const MOST_LOOKS: u32 = 2000;
/// The fewest: so long it takes one who is running to answer.
const FEWEST_LOOKS: u32 = 100;

/// After so many times in vain one looks for long once: two who always sleep before the other answers would do so for ever.
const ATTEMPT_AFTER: u32 = 32;

/// How often one looks before one sleeps: twice as often after each time that it was enough. After a time in vain, as
/// seldom as possible again: who was waited for may be waiting for this very processor.
#[derive(Debug)]
pub(super) struct Spin {
    looks: AtomicU32,
    in_vain: AtomicU32,
}

impl Default for Spin {
    fn default() -> Self {
        Self { looks: AtomicU32::new(MOST_LOOKS), in_vain: AtomicU32::new(0) }
    }
}

impl Spin {
    /// Looks for a while whether `seen` holds.
    pub(super) fn until(&self, seen: impl Fn() -> bool) -> bool {
        let looks = if alone_on_a_processor() { 1 } else { self.looks.load(Ordering::Relaxed) };
        let found = (0..looks).any(|_| {
            std::hint::spin_loop();
            seen()
        });
        if !found || looks < MOST_LOOKS {
            self.looks.store(self.next(looks, found), Ordering::Relaxed);
        }
        found
    }

    fn next(&self, looks: u32, found: bool) -> u32 {
        let again = !found && self.in_vain.fetch_add(1, Ordering::Relaxed) % ATTEMPT_AFTER == ATTEMPT_AFTER - 1;
        match (found, again) {
            (true, _) => (looks * 2).min(MOST_LOOKS),
            (false, true) => MOST_LOOKS,
            (false, false) => FEWEST_LOOKS,
        }
    }
}

fn alone_on_a_processor() -> bool {
    // Whoever looks twice in a model sees the same, or what he sees later.
    if cfg!(loom) {
        return true;
    }
    static ALONE: OnceLock<bool> = OnceLock::new();
    *ALONE.get_or_init(|| ganger_sys::cpu::available() < 2)
}
