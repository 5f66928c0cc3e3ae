//! So many who wait for each other.
//!
//! ```text
//!  word   0           1       2        3       4        5        6 7                6 + 2n …
//!         generation  broken  history  acting  parties  timeout  who, generation+1  …         a place for each party
//!
//!  a generation ends: all places are taken ── no action ──────────────► tripped: its bit of the history is 0
//!                                          └─ acting ─ action is done ─┘
//!                     aborted, reset, out of time, action failed ─────► broken:  its bit is 1
//! ```
//!
//! Invariants:
//! - One turn ends a generation and writes down how. All places are free by that, since each says of which generation it is.
//! - The place is the index: so the indices of a generation are different, and below the number of parties.
//! - A place whose process has died is free: it is looked at before the last one trips the barrier, and by those who wait.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use ganger_shm::locks::{EVERYONE, Turn};
use serde::{Deserialize, Serialize};

use super::BrokenBarrier;
use super::backing::{Backing, Kind, dead, deadline, me};
use crate::passing::Passed;

const GENERATION: usize = 0;
const BROKEN: usize = 1;
/// How the last 64 generations ended, the last one in the lowest bit.
const HISTORY: usize = 2;
/// Who runs the action of this generation, or 0.
const ACTING: usize = 3;
const PARTIES: usize = 4;
/// In nanoseconds; 0 for none.
const TIMEOUT: usize = 5;
const PLACES: usize = 6;

/// How many dead are removed in one turn.
const AT_ONCE: usize = 4;

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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Passed")]
pub struct Barrier {
    backing: Backing,
}

/// What became of an arrival.
#[derive(Clone, Copy)]
struct Arrival {
    generation: u64,
    place: usize,
    acts: bool,
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
        self.backing.turn(None, |turn| {
            turn.set(BROKEN, 0);
            end_generation(turn, 1);
        });
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
        let living = |turn: &Turn<'_>, place: &usize| !dead(turn.get(PLACES + 2 * place));
        self.backing.turn(None, |turn| taken(turn).filter(|place| living(turn, place)).count()).unwrap_or(0)
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

/// Takes the first free place, and ends the generation if it was the last one and there is nothing to do before.
fn arrive(turn: &mut Turn<'_>, acts: bool) -> Option<Arrival> {
    let (generation, parties) = (turn.get(GENERATION), turn.get(PARTIES) as usize);
    let place = (0..parties).find(|place| !is_taken(turn, *place))?;
    turn.set(PLACES + 2 * place, me());
    turn.set(PLACES + 2 * place + 1, generation + 1);
    let all = taken(turn).count() == parties && remove_dead(turn) == 0;
    if all && acts {
        turn.set(ACTING, me());
    } else if all {
        end_generation(turn, 0);
    }
    Some(Arrival { generation, place, acts: all && acts })
}

/// How the generation of an arrival ended, if it has. Nobody looks who comes back 64 generations late.
fn ending(turn: &Turn<'_>, arrival: &Arrival) -> Option<Result<usize, BrokenBarrier>> {
    let later = turn.get(GENERATION).wrapping_sub(arrival.generation).checked_sub(1)?;
    let tripped = later < 64 && turn.get(HISTORY) >> later & 1 == 0;
    Some(if tripped { Ok(arrival.place) } else { Err(BrokenBarrier) })
}

fn end_generation(turn: &mut Turn<'_>, broken: u64) {
    turn.set(GENERATION, turn.get(GENERATION).wrapping_add(1));
    turn.set(HISTORY, turn.get(HISTORY) << 1 | broken);
    turn.set(ACTING, 0);
    turn.wake(u32::MAX, EVERYONE);
}

fn abort(turn: &mut Turn<'_>) {
    turn.set(BROKEN, 1);
    end_generation(turn, 1);
}

fn break_if_there(turn: &mut Turn<'_>, dead: Option<u64>) {
    if dead.is_some_and(|who| turn.get(ACTING) == who) {
        abort(turn);
    }
}

fn remove_dead(turn: &mut Turn<'_>) -> usize {
    let gone: Vec<usize> = taken(turn).filter(|place| dead(turn.get(PLACES + 2 * place))).take(AT_ONCE).collect();
    for place in &gone {
        turn.set(PLACES + 2 * place + 1, 0);
    }
    gone.len()
}

fn taken<'a>(turn: &'a Turn<'_>) -> impl Iterator<Item = usize> + use<'a> {
    (0..turn.get(PARTIES) as usize).filter(|place| is_taken(turn, *place))
}

fn is_taken(turn: &Turn<'_>, place: usize) -> bool {
    turn.get(PLACES + 2 * place + 1) == turn.get(GENERATION) + 1
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
