//! Who waits at a condition.
//!
//! ```text
//!  word   0       1     2 3             4 5
//!         ticket  used  who, ticket …   who, ticket …     in the second: 0 nobody, ticket << 1, and 1 when notified
//! ```
//!
//! Invariants:
//! - A waiter has a place from before it lets the lock go until it has seen that it was notified, or has given up. So a
//!   notification finds everybody who was there before it, and goes to one who waits and to nobody else.
//! - Whoever finds a place whose process has died frees it, and hands the notification, if it had got one, to the next.

use std::io;
use std::time::Instant;

use ganger_shm::locks::Turn;
use serde::{Deserialize, Serialize};

use super::SyncError;
use super::backing::{Backing, Kind, dead, me};
use crate::passing::Passed;

const TICKET: usize = 0;
/// How many places were ever used: the first ones.
const USED: usize = 1;
const PLACES: usize = 2;
/// How many can wait at once.
const MOST: usize = 1024;

const NOTIFIED: u64 = 1;

/// How many are notified in one turn, which changes a word for each.
const AT_ONCE: usize = 8;

/// The places of those who wait.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Passed")]
pub(super) struct Waiters {
    backing: Backing,
}

impl Waiters {
    pub(super) fn create() -> io::Result<Self> {
        Ok(Self { backing: Backing::create(Kind::Condition, PLACES + 2 * MOST)? })
    }

    pub(super) fn backing(&self) -> &Backing {
        &self.backing
    }

    /// Takes a place.
    pub(super) fn enter(&self) -> Result<usize, SyncError> {
        let place = self.backing.turn(None, |turn| {
            let place = free_place(turn)?;
            let ticket = turn.get(TICKET) + 1;
            turn.set(TICKET, ticket);
            turn.set(place, me());
            turn.set(place + 1, ticket << 1);
            Some(place)
        });
        place.flatten().ok_or(SyncError::Crowded)
    }

    /// Waits in a place for a notification, and leaves it. Whether there was one.
    pub(super) fn wait(&self, place: usize, deadline: Option<Instant>) -> bool {
        let survey = || self.dead_waiter();
        let notified = self.backing.wait(deadline, mask(place), survey, |turn, dead| {
            if let Some(dead) = dead {
                remove(turn, dead);
            }
            leave_if(turn, place, turn.get(place + 1) & NOTIFIED != 0)
        });
        notified.is_some() || self.give_up(place)
    }

    /// Notifies up to `count` of those who wait, the first ones first.
    pub(super) fn notify(&self, count: usize) {
        let mut left = count;
        while left > 0 {
            let notified = self.backing.turn(None, |turn| notify(turn, left.min(AT_ONCE))).unwrap_or(0);
            if notified == 0 {
                return;
            }
            left -= notified;
        }
    }

    /// Leaves a place; whether a notification came after all.
    fn give_up(&self, place: usize) -> bool {
        let notified = self.backing.turn(None, |turn| {
            let notified = turn.get(place + 1) & NOTIFIED != 0;
            turn.set(place + 1, 0);
            notified
        });
        notified == Some(true)
    }

    /// A process that died waiting, its place and its ticket.
    fn dead_waiter(&self) -> Option<(usize, u64)> {
        let used = (self.backing.peek(USED) as usize).min(MOST);
        let mut places = (0..used).map(|n| PLACES + 2 * n);
        let place = places.find(|place| self.backing.peek(place + 1) != 0 && dead(self.backing.peek(*place)))?;
        Some((place, self.backing.peek(place + 1)))
    }
}

impl TryFrom<Passed> for Waiters {
    type Error = io::Error;

    fn try_from(fd: Passed) -> io::Result<Self> {
        Ok(Self { backing: Backing::open(fd, Kind::Condition)? })
    }
}

fn leave_if(turn: &mut Turn<'_>, place: usize, notified: bool) -> Option<()> {
    notified.then(|| turn.set(place + 1, 0))
}

/// Frees a dead one's place, unless somebody has done so. It may have been notified since it was found.
fn remove(turn: &mut Turn<'_>, (place, ticket): (usize, u64)) {
    let there = turn.get(place + 1);
    if there | NOTIFIED == ticket | NOTIFIED {
        turn.set(place + 1, 0);
        if there & NOTIFIED != 0 {
            notify(turn, 1);
        }
    }
}

/// Notifies the first of those who wait. How many there were.
fn notify(turn: &mut Turn<'_>, count: usize) -> usize {
    let waits = |place: &usize| !matches!(turn.get(place + 1), 0) && turn.get(place + 1) & NOTIFIED == 0;
    let mut waiting: Vec<(u64, usize)> = places(turn).filter(waits).map(|place| (turn.get(place + 1), place)).collect();
    waiting.sort_unstable();
    waiting.truncate(count);
    for (ticket, place) in &waiting {
        turn.set(place + 1, ticket | NOTIFIED);
        turn.wake(u32::MAX, mask(*place));
    }
    waiting.len()
}

fn free_place(turn: &mut Turn<'_>) -> Option<usize> {
    let free = places(turn).find(|place| turn.get(place + 1) == 0);
    free.or_else(|| {
        let used = turn.get(USED);
        let more = used < MOST as u64;
        more.then(|| {
            turn.set(USED, used + 1);
            PLACES + 2 * used as usize
        })
    })
}

fn places(turn: &Turn<'_>) -> impl Iterator<Item = usize> + use<> {
    (0..(turn.get(USED) as usize).min(MOST)).map(|n| PLACES + 2 * n)
}

/// What who waits in a place is woken by. Those of every 32nd place share it, and look again.
fn mask(place: usize) -> u32 {
    1 << (place / 2 % 32)
}
