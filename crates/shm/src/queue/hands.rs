//! What is in hand, in a queue that keeps its items until they are done.

use super::layout::{FLOOR, GETTERS, HEAD, RETURNED, SURVEYED, TAIL};
use super::memory::Ring;
use super::place::{DONE, Place, Record, WAITING};
use super::wait::Limit;
use super::{Refused, SharedQueue, me};
use crate::locks::{Naps, survey};
use crate::sync::{Identity, Ordering};

/// Nobody has an item in hand that could be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NothingInHand;

impl SharedQueue {
    /// Says that an item is done: the one at a place, if this process has it in hand; else the oldest that it has; else the oldest
    /// that anybody has.
    ///
    /// # Errors
    /// `Ok(Err(…))` when nobody has any.
    pub fn done(&self, place: Option<Place>) -> Result<Result<(), NothingInHand>, Refused> {
        let limit = Limit::of(None);
        let held = self.enter_getters(&limit)?;
        let ring = self.memory.ring()?;
        let Some(place) = self.in_hand(ring, place)? else { return Ok(Err(NothingInHand)) };
        ring.word(place.state()).store(DONE, Ordering::Release);
        let all = self.move_floor(ring)?;
        let calls = [self.putters_asleep().call_one(), all.then(|| self.joiners_asleep().call_all()).flatten()];
        drop(held);
        calls.into_iter().for_each(|call| self.wake(call, GETTERS));
        if all && self.is_closed() {
            self.wake_getters(&limit)?;
        }
        Ok(Ok(()))
    }

    fn in_hand(&self, ring: Ring<'_>, place: Option<Place>) -> Result<Option<Place>, Refused> {
        let mine = me().to_bits();
        let (floor, head) = (self.memory.place(FLOOR), self.memory.place(HEAD));
        if let Some(place) = place
            && place.is_within(floor, head)
            && ring.record(place, head)?.is_of(place)
            && state(ring, place) == mine
        {
            return Ok(Some(place));
        }
        let held = self.held(ring)?;
        Ok(held.iter().find(|(_, who)| *who == mine).or(held.first()).map(|(place, _)| *place))
    }

    /// What is in somebody's hand, and whose.
    fn held(&self, ring: Ring<'_>) -> Result<Vec<(Place, u64)>, Refused> {
        let mut held = Vec::new();
        self.each_taken(ring, |place, state| {
            if state != WAITING && state != DONE {
                held.push((place, state));
            }
        })?;
        Ok(held)
    }

    /// Shows all records between the floor and the head, and their states.
    fn each_taken(&self, ring: Ring<'_>, mut show: impl FnMut(Place, u64)) -> Result<(), Refused> {
        let (mut place, head) = (self.memory.place(FLOOR), self.memory.place(HEAD));
        while place != head {
            show(place, state(ring, place));
            place = place.behind(&ring.record(place, head)?);
        }
        Ok(())
    }

    /// Moves the floor over all that is done. Whether nothing is left that is not.
    fn move_floor(&self, ring: Ring<'_>) -> Result<bool, Refused> {
        let (mut floor, head) = (self.memory.place(FLOOR), self.memory.place(HEAD));
        while floor != head && state(ring, floor) == DONE {
            floor = floor.behind(&ring.record(floor, head)?);
        }
        self.memory.word(FLOOR).store(floor.to_bits(), Ordering::Release);
        Ok(floor == self.memory.place(TAIL))
    }

    /// Counts anew what waits before the head.
    pub(super) fn count_returned(&self) -> Result<(), Refused> {
        let mut count = 0;
        self.each_taken(self.memory.ring()?, |_, state| count += u64::from(state == WAITING))?;
        self.memory.word(RETURNED).store(count, Ordering::Relaxed);
        Ok(())
    }

    /// The first item before the head that waits again.
    pub(super) fn next_returned(&self, ring: Ring<'_>) -> Result<Option<(Place, Record)>, Refused> {
        if !self.memory.keeps || self.memory.word(RETURNED).load(Ordering::Relaxed) == 0 {
            return Ok(None);
        }
        let mut first = None;
        self.each_taken(ring, |place, state| first = first.or((state == WAITING).then_some(place)))?;
        if first.is_none() {
            self.memory.word(RETURNED).store(0, Ordering::Relaxed);
        }
        first.map(|place| Ok((place, ring.record(place, self.memory.place(HEAD))?))).transpose()
    }

    /// Whether an item that somebody else has in hand may wait again. Who has one himself is not kept waiting for it.
    pub(super) fn may_come_back(&self) -> bool {
        if !self.memory.keeps || self.memory.place(FLOOR) == self.memory.place(TAIL) {
            return false;
        }
        let limit = Limit::of(None);
        let held = self.enter_getters(&limit).and_then(|_held| self.held(self.memory.ring()?));
        let mine = me().to_bits();
        held.is_ok_and(|held| !held.is_empty() && held.iter().all(|(_, who)| *who != mine))
    }

    /// Lets items wait again that this process has in hand.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn give_back(&self, places: &[Place]) -> Result<(), Refused> {
        let mine = me().to_bits();
        self.give_back_of(|place, who| who == mine && places.contains(&place), &Limit::of(None)).map(drop)
    }

    /// Looks who of those that have something in hand has died, if nobody has just done so, and lets their items wait
    /// again. Whether there were any.
    pub(super) fn give_back_of_dead(&self, limit: &Limit) -> Result<bool, Refused> {
        if !self.memory.keeps || self.memory.place(FLOOR) == self.memory.place(HEAD) || !self.survey_is_due() {
            return Ok(false);
        }
        let held = {
            let _held = self.enter_getters(limit)?;
            self.held(self.memory.ring()?)?
        };
        let mut holders: Vec<u64> = held.into_iter().map(|(_, who)| who).collect();
        holders.sort_unstable();
        holders.dedup();
        holders.retain(|who| Identity::from_bits(*who).is_some_and(|who| who != me() && !who.is_alive()));
        if holders.is_empty() { Ok(false) } else { self.give_back_of(|_, who| holders.contains(&who), limit) }
    }

    fn give_back_of(&self, returns: impl Fn(Place, u64) -> bool, limit: &Limit) -> Result<bool, Refused> {
        let count = {
            let _held = self.enter_getters(limit)?;
            let ring = self.memory.ring()?;
            let held = self.held(ring)?;
            let back: Vec<_> = held.iter().filter(|(place, who)| returns(*place, *who)).collect();
            back.iter().for_each(|(place, _)| ring.word(place.state()).store(WAITING, Ordering::Release));
            self.count_returned()?;
            back.len()
        };
        if count > 0 {
            self.wake_getters(limit)?;
        }
        Ok(count > 0)
    }

    fn survey_is_due(&self) -> bool {
        survey::is_due(self.memory.word(SURVEYED))
    }

    /// Waits until every item that was put is done. False: not in time.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn join(&self, timeout: Option<std::time::Duration>) -> Result<bool, Refused> {
        let limit = Limit::of(timeout);
        let mut naps = Naps::until(limit.deadline());
        loop {
            let calls = {
                let _held = self.enter_getters(&limit)?;
                if self.move_floor(self.memory.ring()?)? {
                    return Ok(true);
                }
                self.joiners_asleep().enter()
            };
            if naps.over() {
                return Ok(false);
            }
            if !self.joiners_asleep().sleep(calls, naps.next()) {
                self.give_back_of_dead(&limit)?;
            }
        }
    }
}

fn state(ring: Ring<'_>, place: Place) -> u64 {
    ring.word(place.state()).load(Ordering::Acquire)
}
