//! Getting.

use std::sync::atomic::Ordering;

use super::layout::{GETTERS, HEAD, POLLED, RETURNED, SEEN_TAIL, TAIL};
use super::memory::Ring;
use super::place::{Place, Record, WAITING};
use super::wait::{Call, Limit};
use super::{Refused, SharedQueue, Waiting, me};
use crate::hook::{Site, at};
use crate::locks::Naps;

/// Receives what goes with an item, told the item's number.
pub type Detach<'a> = &'a mut dyn FnMut(u32);

impl SharedQueue {
    /// Takes the first item: its bytes are `out` then. If something goes with it, `detach` is called first.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn get(&self, out: &mut Vec<u8>, detach: Detach<'_>, waiting: &Waiting<'_>) -> Result<Place, Refused> {
        let limit = Limit::of(waiting.timeout);
        match self.attempt_get(out, detach, &limit)? {
            Some(place) => Ok(place),
            None => self.get_later(out, detach, waiting, &limit),
        }
    }

    #[cold]
    fn get_later(
        &self,
        out: &mut Vec<u8>,
        detach: Detach<'_>,
        waiting: &Waiting<'_>,
        limit: &Limit,
    ) -> Result<Place, Refused> {
        let seen = || self.is_worth_getting() || self.is_closed();
        if !limit.is_none_at_all()
            && self.spin.until(seen)
            && let Some(place) = self.attempt_get(out, detach, limit)?
        {
            return Ok(place);
        }
        let (mut naps, mut slept) = (Naps::until(limit.deadline()), false);
        loop {
            // Looked for before the last look for an item: who has put one before it ended shall not be missed. Whether
            // one is alone is asked of the kernel, so not before the first sleep: an item mostly comes sooner.
            let end = self.end(waiting, slept || naps.over());
            if let Some(place) = self.attempt_get(out, detach, limit)? {
                return Ok(place);
            }
            self.wait_for_item(end, &mut naps, limit)?;
            slept = true;
        }
    }

    /// Waits for an item, or for one to come back; an error when there is no sense in that.
    fn wait_for_item(&self, end: Option<Refused>, naps: &mut Naps, limit: &Limit) -> Result<(), Refused> {
        let (last, closed) = (naps.over(), matches!(end, Some(Refused::Closed)));
        if last && self.give_back_of_dead(limit)? {
            return Ok(());
        }
        if let Some(end) = end.filter(|_| !self.may_come_back()) {
            return Err(end);
        }
        if last {
            return Err(Refused::InTime);
        }
        if !self.sleep_for_item(closed, naps, limit)? {
            self.give_back_of_dead(limit)?;
        }
        Ok(())
    }

    /// Why nobody will put any more.
    fn end(&self, waiting: &Waiting<'_>, ask: bool) -> Option<Refused> {
        if self.is_closed() {
            return Some(Refused::Closed);
        }
        (ask && (waiting.alone)()).then_some(Refused::Alone)
    }

    fn attempt_get(&self, out: &mut Vec<u8>, detach: Detach<'_>, limit: &Limit) -> Result<Option<Place>, Refused> {
        let held = self.enter_getters(limit)?;
        let ring = self.memory.ring()?;
        let got = match self.next_returned(ring)? {
            Some(found) => Some(found),
            None => self.next(ring)?,
        };
        let Some((place, record)) = got else {
            self.narrow(ring);
            return Ok(None);
        };
        read(ring, place, &record, out);
        if record.attached {
            detach(place.number());
        }
        let call = self.take(ring, place, &record);
        drop(held);
        self.wake(call, GETTERS);
        Ok(Some(place))
    }

    /// The first item behind the head that waits. One that does not is in the hand of somebody who died before he had
    /// moved the head.
    fn next(&self, ring: Ring<'_>) -> Result<Option<(Place, Record)>, Refused> {
        loop {
            let head = self.memory.place(HEAD);
            let Some(tail) = self.tail_behind(head) else { return Ok(None) };
            let record = ring.record(head, tail)?;
            if !self.memory.keeps || ring.word(head.state()).load(Ordering::Relaxed) == WAITING {
                return Ok(Some((head, record)));
            }
            self.move_head(head.behind(&record));
        }
    }

    /// The tail, if it is not this place.
    fn tail_behind(&self, head: Place) -> Option<Place> {
        let seen = self.memory.word(SEEN_TAIL);
        let last = Place::from_bits(seen.load(Ordering::Relaxed));
        if last != head {
            return Some(last);
        }
        let tail = self.memory.place(TAIL);
        seen.store(tail.to_bits(), Ordering::Relaxed);
        (tail != head).then_some(tail)
    }

    /// Takes an item: in a queue that keeps its items it is in this process's hand from the first store on.
    fn take(&self, ring: Ring<'_>, place: Place, record: &Record) -> Option<Call<'_>> {
        if self.memory.keeps {
            ring.word(place.state()).store(me().to_bits(), Ordering::Release);
        }
        at(Site::Get, self.memory.word(HEAD));
        if place == self.memory.place(HEAD) {
            self.move_head(place.behind(record));
        } else {
            let returned = self.memory.word(RETURNED);
            returned.store(returned.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
        }
        self.putters_asleep().call_one()
    }

    fn move_head(&self, to: Place) {
        self.memory.word(HEAD).store(to.to_bits(), Ordering::Release);
    }

    /// How many items wait. Others may change that at any time.
    #[must_use]
    pub fn len(&self) -> usize {
        let (head, tail) = (self.memory.place(HEAD), self.memory.place(TAIL));
        // The head may have passed the tail that was seen before it.
        let behind = tail.items_since(head).cast_signed().max(0) as usize;
        behind.saturating_add(self.memory.word(RETURNED).load(Ordering::Relaxed) as usize)
    }

    /// Whether no item waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no item may be put now; in bytes as well: no more than an empty one.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let tail = self.memory.place(TAIL);
        let used = u64::from(tail.units_since(self.floor())) * 8;
        self.len() as u64 >= self.memory.most.into() || used + 16 > self.memory.capacity
    }

    /// Asks that who puts next is told that somebody polls. False: something can be got already, or the queue is closed.
    /// Before, if the queue is empty, `silence` takes away what had been told.
    ///
    /// # Errors
    /// [`Refused::InTime`] when somebody holds the lock for a second, stopped in the middle of something.
    pub fn poll(&self, silence: impl FnOnce()) -> Result<bool, Refused> {
        let _held = self.enter_putters(&Limit::of(Some(std::time::Duration::ZERO)))?;
        if self.is_worth_getting() || self.is_closed() {
            return Ok(false);
        }
        silence();
        self.memory.word(POLLED).store(1, Ordering::Relaxed);
        Ok(true)
    }
}

fn read(ring: Ring<'_>, place: Place, record: &Record, out: &mut Vec<u8>) {
    out.resize(record.len as usize, 0);
    ring.read(place.bytes(), out);
}
