//! The two ends of a link: two rings and the state page.

use std::io;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use crate::layout::{Meeting, NO_TASK, STATE_PAGE, State};
use crate::ring::{CAPACITIES, Memory, Peer, Reader, Writer};
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

    /// The worker begins a task; called before it does. An earlier attempt's being asked to stop is not this one's.
    pub fn begin(&self, task: u64) {
        if self.state().asked.0.load(Ordering::Relaxed) != NO_TASK {
            self.state().asked.0.store(NO_TASK, Ordering::Relaxed);
        }
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

    /// The worker runs a command, which leads this process group; or none any more. It says the latter before it reaps
    /// the command, while nobody else can have got the group's id: so what a dead worker has said last is no stranger's.
    pub fn set_group(&self, group: Option<u32>) {
        self.state().group.store(group.unwrap_or(0).into(), Ordering::Release);
    }

    /// The process group of the command that the worker says it runs.
    #[must_use]
    pub fn group(&self) -> Option<u32> {
        u32::try_from(self.state().group.load(Ordering::Acquire)).ok().filter(|group| *group != 0)
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

/// The largest rings of at most `capacity` bytes that a file of `limit` bytes holds two of; the smallest, if it holds none.
#[must_use]
pub fn fitting(capacity: usize, limit: u64) -> usize {
    let fits = |capacity: &usize| (STATE_PAGE + 2 * capacity) as u64 <= limit;
    let halves = std::iter::successors(Some(capacity), |capacity| Some(capacity / 2));
    let sensible = halves.take_while(|capacity| CAPACITIES.contains(&(*capacity as u64)));
    sensible.clone().find(fits).or_else(|| sensible.last()).unwrap_or(capacity)
}

/// Makes a link with two rings of `capacity` bytes (a power of two): the supervisor's end, and the descriptor from which
/// the worker [opens](open) the other.
///
/// # Errors
/// When no ring can be that large, and those of [`Segment::create`].
pub fn create(name: &str, capacity: usize) -> io::Result<(End, OwnedFd)> {
    check(capacity)?;
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

/// What the worker of a link says of itself, for somebody who is neither it nor its supervisor.
///
/// # Errors
/// As for [`open`].
pub fn state(fd: &OwnedFd) -> io::Result<StatePage> {
    Ok(StatePage { segment: Arc::new(Segment::open(fd)?) })
}

enum Side {
    Supervisor,
    Worker,
}

fn ends(segment: Arc<Segment>, side: Side) -> io::Result<End> {
    let capacity = segment.len().saturating_sub(STATE_PAGE) / 2;
    check(capacity)?;
    let state = StatePage { segment };
    let to_worker = memory(&state, &state.state().to_worker, STATE_PAGE, capacity);
    let from_worker = memory(&state, &state.state().from_worker, STATE_PAGE + capacity, capacity);
    let (out, back, peer) = match side {
        Side::Supervisor => (to_worker, from_worker, Peer::Untrusted),
        Side::Worker => (from_worker, to_worker, Peer::Trusted),
    };
    Ok(End { writer: Writer::new(out), reader: Reader::new(back, peer), state })
}

fn check(capacity: usize) -> io::Result<()> {
    if capacity.is_power_of_two() && CAPACITIES.contains(&(capacity as u64)) {
        return Ok(());
    }
    let error = format!("a ring of {capacity} bytes: it must be a power of two from 16 KiB to 2 GiB");
    Err(io::Error::new(io::ErrorKind::InvalidInput, error))
}

fn memory(state: &StatePage, meeting: &Meeting, offset: usize, capacity: usize) -> Memory {
    // SAFETY: the caller took offset and capacity from the segment's length, so the data lies within it.
    let data = unsafe { state.segment.base().add(offset) };
    // SAFETY: the state page and the data lie within the segment; the two rings of a link do not overlap.
    unsafe { Memory::new(Arc::clone(&state.segment), NonNull::from(meeting), data, capacity as u64) }
}
