//! So many who wait for each other.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use ganger_shm::locks::EVERYONE;
use serde::{Deserialize, Serialize};

use super::BrokenBarrier;
use super::backing::{Backing, Kind, dead, deadline};
use super::parties::{
    self, ACTING, Arrival, BROKEN, PARTIES, PLACES, TIMEOUT, abort, arrive, break_if_there, end_generation, ending,
};
use crate::passing::Passed;

/// Lets nobody through before all have come: Python's `multiprocessing.Barrier`.
///
/// A process that dies waiting is counted out: the others wait for another one in its place.
///
/// ```
/// use ganger::sync::Barrier;
///
/// # fn main() -> std::io::Result<()> {
/// let barrier = Barrier::new(2)?;
/// let other = barrier.clone();
/// let thread = std::thread::spawn(move || other.wait());
/// let mut indices = [barrier.wait(), thread.join().unwrap()];
/// indices.sort_by_key(|index| index.unwrap());
/// assert_eq!(indices, [Ok(0), Ok(1)]);
/// # Ok(()) }
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Passed")]
pub struct Barrier {
    backing: Backing,
}

impl Barrier {
    /// A barrier for so many parties.
    ///
    /// # Errors
    /// `InvalidInput` when there are none, or more than 65536; else when the system has no descriptor or no memory left.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::sync::Barrier::new(3)?.parties(), 3);
    /// assert!(ganger::sync::Barrier::new(0).is_err());
    /// # Ok(()) }
    /// ```
    pub fn new(parties: usize) -> io::Result<Self> {
        Self::create(parties, 0)
    }

    /// A barrier at which a wait that is given no time of its own takes so long at most.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    ///
    /// ```
    /// # use ganger::sync::{Barrier, BrokenBarrier};
    /// # fn main() -> std::io::Result<()> {
    /// let barrier = Barrier::with_timeout(2, std::time::Duration::from_millis(1))?;
    /// assert_eq!(barrier.wait(), Err(BrokenBarrier));
    /// # Ok(()) }
    /// ```
    pub fn with_timeout(parties: usize, timeout: Duration) -> io::Result<Self> {
        Self::create(parties, u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX).max(1))
    }

    fn create(parties: usize, timeout: u64) -> io::Result<Self> {
        if !(1..=1 << 16).contains(&parties) {
            let error = format!("a barrier for {parties} parties: there must be from 1 to 65536");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
        let backing = Backing::create(Kind::Barrier, PLACES + 2 * parties)?;
        backing.poke(PARTIES, parties as u64);
        backing.poke(TIMEOUT, timeout);
        Ok(Self { backing })
    }

    /// The barrier behind a descriptor that came from another process.
    ///
    /// # Errors
    /// `InvalidData` when it is none.
    ///
    /// ```
    /// use std::os::fd::AsFd;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let barrier = ganger::sync::Barrier::new(3)?;
    /// let same = ganger::sync::Barrier::open(barrier.as_fd().try_clone_to_owned()?)?;
    /// barrier.abort();
    /// assert!(same.broken());
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { backing: Backing::open(fd.into(), Kind::Barrier)? })
    }

    /// Waits until all have come. Which one this is of them, from 0.
    ///
    /// # Errors
    /// [`BrokenBarrier`] when it is broken, or breaks while this one waits.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::sync::Barrier::new(1)?.wait(), Ok(0));
    /// # Ok(()) }
    /// ```
    pub fn wait(&self) -> Result<usize, BrokenBarrier> {
        self.wait_until(self.default_deadline(), None::<fn()>)
    }

    /// As [`wait`](Self::wait); if they have not all come within `timeout`, the barrier breaks.
    ///
    /// # Errors
    /// Those of `wait`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// let barrier = ganger::sync::Barrier::new(2)?;
    /// assert!(barrier.wait_timeout(Duration::from_millis(1)).is_err() && barrier.broken());
    /// # Ok(()) }
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, BrokenBarrier> {
        self.wait_until(deadline(timeout), None::<fn()>)
    }

    /// As [`wait`](Self::wait); the last who comes runs its `action` before any goes on. Python's `Barrier(action=…)`: an action
    /// does not travel, so each brings its own. If it panics, or its process dies, the barrier breaks.
    ///
    /// # Errors
    /// Those of `wait`.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let mut done = false;
    /// assert_eq!(ganger::sync::Barrier::new(1)?.wait_with(|| done = true), Ok(0));
    /// assert!(done);
    /// # Ok(()) }
    /// ```
    pub fn wait_with(&self, action: impl FnOnce()) -> Result<usize, BrokenBarrier> {
        self.wait_until(self.default_deadline(), Some(action))
    }

    /// Breaks it: who waits and who comes gets [`BrokenBarrier`], until it is [reset](Self::reset).
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let barrier = ganger::sync::Barrier::new(1)?;
    /// barrier.abort();
    /// assert!(barrier.broken() && barrier.wait().is_err());
    /// # Ok(()) }
    /// ```
    pub fn abort(&self) {
        self.backing.turn(None, abort);
    }

    /// Makes it as new. Who waits gets [`BrokenBarrier`].
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let barrier = ganger::sync::Barrier::new(1)?;
    /// barrier.abort();
    /// barrier.reset();
    /// assert_eq!(barrier.wait(), Ok(0));
    /// # Ok(()) }
    /// ```
    pub fn reset(&self) {
        self.backing.turn(None, parties::reset);
    }

    /// How many have to come.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::sync::Barrier::new(5)?.parties(), 5);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn parties(&self) -> usize {
        self.backing.peek(PARTIES) as usize
    }

    /// How many wait now.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert_eq!(ganger::sync::Barrier::new(5)?.n_waiting(), 0);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        self.backing.turn(None, |turn| parties::waiting(turn)).unwrap_or(0)
    }

    /// Whether it is broken.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(!ganger::sync::Barrier::new(5)?.broken());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn broken(&self) -> bool {
        self.backing.peek(BROKEN) != 0
    }

    fn default_deadline(&self) -> Option<Instant> {
        match self.backing.peek(TIMEOUT) {
            0 => None,
            nanos => deadline(Duration::from_nanos(nanos)),
        }
    }

    fn wait_until(&self, deadline: Option<Instant>, action: Option<impl FnOnce()>) -> Result<usize, BrokenBarrier> {
        let arrival = self.arrive(deadline, action.is_some())?;
        match action {
            Some(action) if arrival.acts => self.act(&arrival, action),
            Some(_) | None => self.await_others(&arrival, deadline),
        }
    }

    /// Takes a place; there is none while those before are still at their action.
    fn arrive(&self, deadline: Option<Instant>, acts: bool) -> Result<Arrival, BrokenBarrier> {
        let arrived = self.backing.wait(
            deadline,
            EVERYONE,
            || self.actor_died(),
            |turn, dead| {
                break_if_there(turn, dead);
                if turn.get(BROKEN) != 0 {
                    return Some(Err(BrokenBarrier));
                }
                arrive(turn, acts).map(Ok)
            },
        );
        arrived.unwrap_or_else(|| Err(self.give_up()))
    }

    fn await_others(&self, arrival: &Arrival, deadline: Option<Instant>) -> Result<usize, BrokenBarrier> {
        let ended = self.backing.wait(
            deadline,
            EVERYONE,
            || self.actor_died(),
            |turn, dead| {
                break_if_there(turn, dead);
                ending(turn, arrival)
            },
        );
        ended.unwrap_or_else(|| {
            let ended = self.backing.turn(None, |turn| {
                let ended = ending(turn, arrival);
                if ended.is_none() {
                    abort(turn);
                }
                ended
            });
            ended.flatten().unwrap_or(Err(BrokenBarrier))
        })
    }

    /// Runs the action, and lets all through. A panic breaks the barrier, and goes on.
    fn act(&self, arrival: &Arrival, action: impl FnOnce()) -> Result<usize, BrokenBarrier> {
        let unless_done = AbortOnPanic(self);
        action();
        std::mem::forget(unless_done);
        let ended = self.backing.turn(None, |turn| {
            let broken = ending(turn, arrival);
            if broken.is_none() {
                end_generation(turn, 0);
            }
            broken
        });
        ended.flatten().unwrap_or(Ok(arrival.place))
    }

    fn give_up(&self) -> BrokenBarrier {
        self.abort();
        BrokenBarrier
    }

    /// Who died in the middle of an action.
    fn actor_died(&self) -> Option<u64> {
        let acting = self.backing.peek(ACTING);
        dead(acting).then_some(acting)
    }
}

struct AbortOnPanic<'a>(&'a Barrier);

impl Drop for AbortOnPanic<'_> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl TryFrom<Passed> for Barrier {
    type Error = io::Error;

    fn try_from(fd: Passed) -> io::Result<Self> {
        Ok(Self { backing: Backing::open(fd, Kind::Barrier)? })
    }
}

/// The descriptor from which others [open](Barrier::open) it.
impl AsFd for Barrier {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.backing.fd()
    }
}
