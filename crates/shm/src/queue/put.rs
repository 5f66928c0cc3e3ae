//! Putting.

use std::sync::atomic::Ordering;

use super::layout::{CLOSED, FLOOR, HEAD, POLLED, PUTTERS, SEEN_FLOOR, SEEN_HEAD, TAIL};
use super::memory::Ring;
use super::place::{Place, Record, WAITING, units_for};
use super::wait::Limit;
use super::{Item, Refused, SharedQueue, Waiting};
use crate::hook::{Site, at};
use crate::locks::Naps;

/// What became of an attempt.
enum Attempt {
    /// Somebody who polls wants to know.
    Put {
        polled: bool,
    },
    Full,
}

impl SharedQueue {
    /// Puts an item behind the others. Whether somebody who polls wants to be told.
    ///
    /// # Errors
    /// As [`Refused`] says; nothing was put then.
    pub fn put(&self, item: &Item<'_>, waiting: &Waiting<'_>) -> Result<bool, Refused> {
        let limit = Limit::of(waiting.timeout);
        match self.attempt_put(item, &limit)? {
            Attempt::Put { polled } => Ok(polled),
            Attempt::Full => self.put_later(item, waiting, &limit),
        }
    }

    #[cold]
    fn put_later(&self, item: &Item<'_>, waiting: &Waiting<'_>, limit: &Limit) -> Result<bool, Refused> {
        let before = self.room();
        if !limit.is_none_at_all() {
            self.spin.until(|| self.room() != before || self.is_closed());
        }
        let mut naps = Naps::until(limit.deadline());
        loop {
            let (alone, seen) = ((waiting.alone)(), self.room());
            if let Attempt::Put { polled } = self.attempt_put(item, limit)? {
                return Ok(polled);
            }
            if alone {
                return Err(Refused::Alone);
            }
            if naps.over() {
                return Err(Refused::InTime);
            }
            self.sleep_for_room(seen, &mut naps, limit)?;
        }
    }

    /// How far those who get are, and those who finish.
    fn room(&self) -> (Place, Place) {
        (self.memory.place(HEAD), self.memory.place(FLOOR))
    }

    /// Sleeps until there is other room than was seen, or a nap is over.
    fn sleep_for_room(&self, seen: (Place, Place), naps: &mut Naps, limit: &Limit) -> Result<(), Refused> {
        let sleepers = self.putters_asleep();
        let calls = {
            let _held = self.enter_getters(limit)?;
            if self.room() != seen || self.is_closed() {
                return Ok(());
            }
            sleepers.enter()
        };
        sleepers.sleep(calls, naps.next());
        Ok(())
    }

    fn attempt_put(&self, item: &Item<'_>, limit: &Limit) -> Result<Attempt, Refused> {
        let held = self.enter_putters(limit)?;
        if self.memory.word(CLOSED).load(Ordering::Relaxed) != 0 {
            return Err(Refused::Closed);
        }
        let tail = self.memory.place(TAIL);
        let Some(ring) = self.room_for(item, tail, limit)? else { return Ok(Attempt::Full) };
        let record = Record::new(tail, item.bytes.len() as u32, item.attach.is_some());
        if !attach(item, tail)? {
            return Ok(Attempt::Full);
        }
        write(ring, tail, record, item.bytes);
        at(Site::Put, self.memory.word(TAIL));
        self.memory.word(TAIL).store(tail.behind(&record).to_bits(), Ordering::Release);
        let (call, polled) = (self.getters_asleep().call_one(), self.take_polled());
        drop(held);
        self.wake(call, PUTTERS);
        Ok(Attempt::Put { polled })
    }

    /// Whether somebody who polls wants to be told of what happens now; he is told once.
    pub(super) fn take_polled(&self) -> bool {
        let polled = self.memory.word(POLLED);
        let wanted = polled.load(Ordering::Relaxed) != 0;
        if wanted {
            polled.store(0, Ordering::Relaxed);
        }
        wanted
    }

    /// The ring, if there is room for the item behind `tail`.
    fn room_for(&self, item: &Item<'_>, tail: Place, limit: &Limit) -> Result<Option<Ring<'_>>, Refused> {
        let len = u32::try_from(item.bytes.len()).map_err(|_| Refused::TooLarge)?;
        let need = units_for(len);
        if u64::from(need) * 8 > self.memory.capacity {
            return Err(Refused::TooLarge);
        }
        if !self.another_may_wait(tail) {
            return Ok(None);
        }
        let ring = self.memory.ring()?;
        if self.has_room(ring, tail, need) { Ok(Some(ring)) } else { self.widen(tail, need, limit) }
    }

    /// Whether fewer items wait than may.
    fn another_may_wait(&self, tail: Place) -> bool {
        let (seen, most) = (self.memory.word(SEEN_HEAD), self.memory.most);
        let waiting = tail.items_since(Place::from_bits(seen.load(Ordering::Relaxed)));
        if waiting < most {
            return true;
        }
        let head = self.memory.place(HEAD);
        seen.store(head.to_bits(), Ordering::Relaxed);
        tail.items_since(head) < most
    }

    /// Whether a ring has room for so many units behind `tail`.
    pub(super) fn has_room(&self, ring: Ring<'_>, tail: Place, need: u32) -> bool {
        let Some(most) = ring.units().checked_sub(need) else { return false };
        let seen = self.memory.word(SEEN_FLOOR);
        if tail.units_since(Place::from_bits(seen.load(Ordering::Relaxed))) <= most {
            return true;
        }
        let floor = self.floor();
        seen.store(floor.to_bits(), Ordering::Relaxed);
        tail.units_since(floor) <= most
    }

    /// The place before which nobody needs the memory any more.
    pub(super) fn floor(&self) -> Place {
        self.memory.place(if self.memory.keeps { FLOOR } else { HEAD })
    }
}

/// Sends what goes with an item. False: there is no room for that.
fn attach(item: &Item<'_>, place: Place) -> Result<bool, Refused> {
    match item.attach.map_or(Ok(()), |attach| attach(place.number())) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(Refused::Attachment(error)),
    }
}

fn write(ring: Ring<'_>, place: Place, record: Record, bytes: &[u8]) {
    ring.word(place.units()).store(record.to_bits(), Ordering::Relaxed);
    ring.word(place.state()).store(WAITING, Ordering::Relaxed);
    ring.write(place.bytes(), bytes);
}
