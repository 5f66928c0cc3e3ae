//! Waiting for the other side: spin for a while, then sleep on one of the meeting's words.

use std::time::{Duration, Instant};

use super::{Reader, Writer};
use crate::futex;
use crate::sync::{Ordering, Word};

impl Reader {
    /// Waits for a record: spins for `spin`, then sleeps until the writer [wakes](Writer::wake_reader) it or `timeout`
    /// is over. False: still nothing.
    pub fn wait(&self, spin: Duration, timeout: Duration) -> bool {
        self.spin(spin) || self.wait_for_record() || {
            let waits = &self.memory().meeting().reader_waits.0;
            futex::wait(waits, 1, Some(timeout));
            waits.store(0, Ordering::Relaxed);
            !self.is_empty()
        }
    }

    /// Spins for up to `time`. True: there is a record.
    #[must_use]
    pub fn spin(&self, time: Duration) -> bool {
        spin_until(time, || !self.is_empty())
    }

    /// Gives room back, and wakes the writer if it sleeps for want of it.
    pub fn release_and_wake(&mut self) {
        if self.release_fenced() {
            wake(&self.memory().meeting().writer_waits.0);
        }
    }
}

impl Writer {
    /// Wakes the reader if it sleeps.
    pub fn wake_reader(&self) {
        if self.reader_waits() {
            wake(&self.memory().meeting().reader_waits.0);
        }
    }

    /// Waits for room for a record of `len` bytes: spins for `spin`, then sleeps until the reader gives some back or
    /// `timeout` is over. False: still none.
    pub fn wait(&mut self, len: usize, spin: Duration, timeout: Duration) -> bool {
        spin_until(spin, || self.room_for(len)) || self.wait_for_room(len) || {
            let waits = &self.memory().meeting().writer_waits.0;
            futex::wait(waits, 1, Some(timeout));
            waits.store(0, Ordering::Relaxed);
            self.room_for(len)
        }
    }

    /// Sleeps until the reader gives room back for a record of `len` bytes, or `timeout` is over.
    pub fn sleep_for_room(&mut self, len: usize, timeout: Duration) {
        self.wait(len, Duration::ZERO, timeout);
    }
}

/// Asks again and again, for up to `time`. The clock costs more than the question, so it is looked at now and then.
fn spin_until(time: Duration, mut done: impl FnMut() -> bool) -> bool {
    if done() {
        return true;
    }
    if time.is_zero() {
        return false;
    }
    let begun = Instant::now();
    loop {
        for _ in 0..16 {
            if done() {
                return true;
            }
            std::hint::spin_loop();
        }
        if begun.elapsed() >= time {
            return done();
        }
    }
}

fn wake(word: &Word) {
    let woken = futex::wake(word);
    debug_assert!(woken.is_ok(), "{woken:?}");
}
