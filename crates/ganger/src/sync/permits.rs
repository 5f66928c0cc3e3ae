//! What both semaphores are.
//!
//! ```text
//!  word   0      1      2         3     4 5        6 7
//!         value  bound  sleepers  used  who, held  who, held  …
//! ```
//!
//! Invariants:
//! - A permit is in `value`, or held in the place of one process, or gone: taken by a handle that was dropped since, as one that
//!   Python's `acquire` has taken for a signal. It is never in two of these.
//! - Whoever finds a place whose process has died puts what it held back into `value`.
//! - `sleepers` is 1 if somebody may sleep. Who releases takes it back and wakes one. The one that was woken raises it again,
//!   and wakes the next if there are permits left: so two releases in a row wake two.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use ganger_shm::hook::{Site, at};
use ganger_shm::locks::{EVERYONE, Turn};

use super::backing::{Backing, Kind, dead, me};
use super::{Acquired, SyncError};
use crate::passing::Passed;

const VALUE: usize = 0;
const BOUND: usize = 1;
const SLEEPERS: usize = 2;
/// How many places were ever used: the first ones.
const USED: usize = 3;
const PLACES: usize = 4;
/// How many processes can hold permits that come back when they die.
const MOST: usize = 1024;

const UNBOUNDED: u64 = u64::MAX;

/// A count of permits, and who holds how many.
#[derive(Debug)]
pub(super) struct Permits {
    backing: Backing,
    /// How many were acquired through this handle, and not released.
    taken: AtomicU64,
    /// The place that this process had last.
    place: AtomicUsize,
}

impl Permits {
    pub(super) fn create(kind: Kind, value: u32) -> io::Result<Self> {
        let backing = Backing::create(kind, PLACES + 2 * MOST)?;
        backing.poke(VALUE, value.into());
        let bound = if matches!(kind, Kind::BoundedSemaphore) { value.into() } else { UNBOUNDED };
        backing.poke(BOUND, bound);
        Ok(Self::over(backing))
    }

    pub(super) fn open(fd: Passed, kind: Kind) -> io::Result<Self> {
        Ok(Self::over(Backing::open(fd, kind)?))
    }

    fn over(backing: Backing) -> Self {
        Self { backing, taken: AtomicU64::new(0), place: AtomicUsize::new(0) }
    }

    pub(super) fn backing(&self) -> &Backing {
        &self.backing
    }

    pub(super) fn value(&self) -> u64 {
        self.backing.peek(VALUE)
    }

    /// The most permits that there may be, where there is a most.
    pub(super) fn bound(&self) -> Option<u64> {
        Some(self.backing.peek(BOUND)).filter(|bound| *bound != UNBOUNDED)
    }

    pub(super) fn acquire_until(&self, deadline: Option<Instant>) -> Option<Acquired> {
        let mut slept = false;
        let survey = || self.dead_holder();
        let acquired = self.backing.wait(deadline, EVERYONE, survey, |turn, dead| {
            let again = std::mem::replace(&mut slept, true);
            let acquired = match dead.is_some_and(|dead| give_back(turn, dead)) {
                true => Acquired::OwnerDied,
                false => Acquired::Clean,
            };
            self.take(turn, again).then_some(acquired)
        })?;
        self.taken.fetch_add(1, Ordering::Relaxed);
        at(Site::Lock, self.backing.gate());
        Some(acquired)
    }

    pub(super) fn release(&self) -> Result<(), SyncError> {
        let released = self.backing.turn(None, |turn| {
            let value = turn.get(VALUE);
            if value >= turn.get(BOUND) {
                return Err(SyncError::OverRelease);
            }
            turn.set(VALUE, value + 1);
            if let Some(place) = self.my_place(turn).or_else(|| find(turn, |_, held| held > 0)) {
                turn.set(place + 1, turn.get(place + 1).saturating_sub(1));
            }
            wake_one(turn);
            Ok(())
        });
        let fewer = |taken: u64| taken.checked_sub(1);
        // Nothing to take from: this handle releases what another has acquired.
        let _ = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
        released.unwrap_or(Ok(()))
    }

    /// Releases what a guard holds. In a fork of the process that acquired it there is nothing to release.
    pub(super) fn release_guarded(&self) {
        let mine = self.backing.turn(None, |turn| self.my_place(turn).is_some());
        if mine == Some(true) {
            // Somebody else may have released it since.
            let _ = self.release();
        }
    }

    /// Takes a permit, if there is one.
    fn take(&self, turn: &mut Turn<'_>, again: bool) -> bool {
        let Some(left) = turn.get(VALUE).checked_sub(1) else {
            turn.set(SLEEPERS, 1);
            return false;
        };
        turn.set(VALUE, left);
        if let Some(place) = self.my_place(turn).or_else(|| free_place(turn)) {
            let held = turn.get(place + 1);
            turn.set(place, me());
            turn.set(place + 1, held + 1);
            self.place.store(place, Ordering::Relaxed);
        }
        if again {
            turn.set(SLEEPERS, 1);
        }
        if left > 0 {
            wake_one(turn);
        }
        true
    }

    /// Where this process holds permits.
    fn my_place(&self, turn: &Turn<'_>) -> Option<usize> {
        let (me, last) = (me(), self.place.load(Ordering::Relaxed));
        let mine = |place: usize| place >= PLACES && turn.get(place) == me && turn.get(place + 1) > 0;
        if mine(last) { Some(last) } else { find(turn, |who, held| who == me && held > 0) }
    }

    /// A process that died with permits, and its place.
    fn dead_holder(&self) -> Option<(usize, u64)> {
        let used = (self.backing.peek(USED) as usize).min(MOST);
        let mut places = (0..used).map(|n| PLACES + 2 * n);
        let place = places.find(|place| self.backing.peek(place + 1) > 0 && dead(self.backing.peek(*place)))?;
        Some((place, self.backing.peek(place)))
    }
}

/// What this handle has acquired and not released stays taken, though its process lives on or ends in peace.
impl Drop for Permits {
    fn drop(&mut self) {
        let taken = *self.taken.get_mut();
        if taken > 0 {
            self.backing.turn(None, |turn| {
                if let Some(place) = self.my_place(turn) {
                    turn.set(place + 1, turn.get(place + 1).saturating_sub(taken));
                }
            });
        }
    }
}

/// Puts back what a dead process held, unless somebody has done so.
fn give_back(turn: &mut Turn<'_>, (place, who): (usize, u64)) -> bool {
    let held = turn.get(place + 1);
    let there = turn.get(place) == who && held > 0;
    if there {
        turn.set(VALUE, turn.get(VALUE) + held);
        turn.set(place + 1, 0);
    }
    there
}

fn wake_one(turn: &mut Turn<'_>) {
    if turn.get(SLEEPERS) == 1 {
        turn.set(SLEEPERS, 0);
        turn.wake(1, EVERYONE);
    }
}

/// The first place that nobody holds permits in. None: all are in use, and the permit will not come back by itself.
fn free_place(turn: &mut Turn<'_>) -> Option<usize> {
    find(turn, |_, held| held == 0).or_else(|| {
        let used = turn.get(USED);
        let more = used < MOST as u64;
        more.then(|| {
            turn.set(USED, used + 1);
            PLACES + 2 * used as usize
        })
    })
}

fn find(turn: &Turn<'_>, wanted: impl Fn(u64, u64) -> bool) -> Option<usize> {
    let used = (turn.get(USED) as usize).min(MOST);
    (0..used).map(|n| PLACES + 2 * n).find(|place| wanted(turn.get(*place), turn.get(place + 1)))
}
