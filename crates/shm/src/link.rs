//! The two ends of a link: two rings and the state page.

use std::io;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::futex;
use crate::layout::{Meeting, NO_TASK, STATE_PAGE, State};
use crate::ring::{Memory, Reader, Writer};
use crate::segment::Segment;
use crate::sync::Ordering;

/// What worker and supervisor know of each other without a message.
#[derive(Clone, Debug)]
pub struct StatePage {
    segment: Arc<Segment>,
}

impl StatePage {
    fn state(&self) -> &State {
        // SAFETY: a segment is larger than its state page and page-aligned; all fields are atomics, for which any
        // bytes are valid.
        unsafe { self.segment.base().cast::<State>().as_ref() }
    }

    /// The worker begins a task; called before it does.
    pub fn begin(&self, task: u64) {
        self.state().item.store(0, Ordering::Relaxed);
        self.state().current.0.store(task, Ordering::Release);
    }

    /// The worker is at this item of its task.
    pub fn at_item(&self, item: u64) {
        self.state().item.store(item, Ordering::Relaxed);
    }

    /// The worker has published the outcome of its task.
    pub fn end(&self) {
        self.state().current.0.store(NO_TASK, Ordering::Release);
    }

    /// The task that the worker says it is in.
    #[must_use]
    pub fn current(&self) -> Option<u64> {
        let task = self.state().current.0.load(Ordering::Acquire);
        (task != NO_TASK).then_some(task)
    }

    /// The item that the worker says it is at.
    #[must_use]
    pub fn item(&self) -> u64 {
        self.state().item.load(Ordering::Relaxed)
    }

    /// Asks the worker to stop a task.
    pub fn ask_to_stop(&self, task: u64) {
        self.state().asked.0.store(task, Ordering::Release);
    }

    /// Whether the current task was asked to stop.
    #[must_use]
    pub fn asked_to_stop(&self) -> bool {
        let asked = self.state().asked.0.load(Ordering::Acquire);
        asked != NO_TASK && asked == self.state().current.0.load(Ordering::Relaxed)
    }

    /// How long the worker may spin before it sleeps.
    pub fn set_spin(&self, time: Duration) {
        self.state().spin.store(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// See [`set_spin`](Self::set_spin).
    #[must_use]
    pub fn spin(&self) -> Duration {
        Duration::from_nanos(self.state().spin.load(Ordering::Relaxed))
    }
}

/// One end of a link.
#[derive(Debug)]
pub struct End {
    /// What goes to the other side.
    pub writer: Writer,
    /// What comes from it.
    pub reader: Reader,
    /// What both know.
    pub state: StatePage,
}

/// Makes a link with two rings of `capacity` bytes (a power of two): the supervisor's end, and the descriptor from which
/// the worker [opens](open) the other.
///
/// # Errors
/// Those of [`Segment::create`].
pub fn create(name: &str, capacity: usize) -> io::Result<(End, OwnedFd)> {
    let (segment, fd) = Segment::create(name, STATE_PAGE + 2 * capacity)?;
    let end = ends(Arc::new(segment), Side::Supervisor)?;
    end.state.end();
    end.state.state().asked.0.store(NO_TASK, Ordering::Relaxed);
    Ok((end, fd))
}

/// The worker's end of a link.
///
/// # Errors
/// When the descriptor is no sealed segment of a sensible size.
pub fn open(fd: &OwnedFd) -> io::Result<End> {
    ends(Arc::new(Segment::open(fd)?), Side::Worker)
}

enum Side {
    Supervisor,
    Worker,
}

fn ends(segment: Arc<Segment>, side: Side) -> io::Result<End> {
    let capacity = segment.len().saturating_sub(STATE_PAGE) / 2;
    if !capacity.is_power_of_two() || capacity < 4 * STATE_PAGE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "shared memory of an impossible size"));
    }
    let state = StatePage { segment };
    let to_worker = memory(&state, &state.state().to_worker, STATE_PAGE, capacity);
    let from_worker = memory(&state, &state.state().from_worker, STATE_PAGE + capacity, capacity);
    let (out, back) = match side {
        Side::Supervisor => (to_worker, from_worker),
        Side::Worker => (from_worker, to_worker),
    };
    Ok(End { writer: Writer::new(out), reader: Reader::new(back), state })
}

fn memory(state: &StatePage, meeting: &Meeting, offset: usize, capacity: usize) -> Memory {
    // SAFETY: the caller took offset and capacity from the segment's length, so the data lies within it.
    let data = unsafe { state.segment.base().add(offset) };
    // SAFETY: the state page and the data lie within the segment; the two rings of a link do not overlap.
    unsafe { Memory::new(Arc::clone(&state.segment), NonNull::from(meeting), data, capacity as u64) }
}

impl Reader {
    /// Waits for a record: spins for `spin`, then sleeps until the writer [wakes](Writer::wake_reader) it or `timeout`
    /// is over. False: still nothing.
    pub fn wait(&self, spin: Duration, timeout: Duration) -> bool {
        self.spin(spin) || self.wait_for_record() || {
            futex::wait(&self.memory().meeting().reader_waits.0, 1, Some(timeout));
            self.memory().meeting().reader_waits.0.store(0, Ordering::Relaxed);
            !self.is_empty()
        }
    }

    /// Spins for up to `time`. True: there is a record.
    #[must_use]
    pub fn spin(&self, time: Duration) -> bool {
        if !self.is_empty() || time.is_zero() {
            return !self.is_empty();
        }
        let end = Instant::now() + time;
        while self.is_empty() {
            for _ in 0..8 {
                std::hint::spin_loop();
            }
            if Instant::now() >= end {
                return !self.is_empty();
            }
        }
        true
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

    /// Sleeps until the reader gives room back for a record of `len` bytes, or `timeout` is over.
    pub fn sleep_for_room(&mut self, len: usize, timeout: Duration) {
        if !self.wait_for_room(len) {
            futex::wait(&self.memory().meeting().writer_waits.0, 1, Some(timeout));
        }
    }
}

fn wake(word: &std::sync::atomic::AtomicU32) {
    let woken = futex::wake(word);
    debug_assert!(woken.is_ok(), "{woken:?}");
}
