//! What both sides have: a lock, and those who sleep until this side has moved.

use std::time::{Duration, Instant};

use super::layout::{CLOSED, GETTERS, GETTERS_ASLEEP, HEAD, JOINERS_ASLEEP, PUTTERS, PUTTERS_ASLEEP, RETURNED, TAIL};
use super::wait::{Call, Limit, Sleepers};
use super::{Refused, SharedQueue, me};
use crate::locks::{Acquired, Naps, PATIENCE, RobustWord};
use crate::sync::Ordering;

/// A lock, held.
pub(super) struct Held<'a>(&'a RobustWord);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl SharedQueue {
    /// The lock of those who put. Who died with it has put his item, or nothing.
    pub(super) fn enter_putters(&self, limit: &Limit) -> Result<Held<'_>, Refused> {
        self.enter(PUTTERS, limit).map(|(held, _)| held)
    }

    /// The lock of those who get. If the last holder died with it, what it may have left behind is put right.
    pub(super) fn enter_getters(&self, limit: &Limit) -> Result<Held<'_>, Refused> {
        let (held, acquired) = self.enter(GETTERS, limit)?;
        if acquired == Acquired::OwnerDied && self.memory.keeps {
            self.count_returned()?;
        }
        Ok(held)
    }

    fn enter(&self, lock: usize, limit: &Limit) -> Result<(Held<'_>, Acquired), Refused> {
        let lock = self.memory.lock(lock);
        let patience = || limit.deadline().map(|deadline| deadline.max(Instant::now() + PATIENCE));
        let acquired = lock.acquire_until(me(), patience).ok_or(Refused::InTime)?;
        Ok((Held(lock), acquired))
    }

    /// One of the two locks, if nobody holds it.
    pub(super) fn try_enter(&self, lock: usize) -> Option<Held<'_>> {
        let lock = self.memory.lock(lock);
        let none = || Some(Instant::now());
        lock.holder().is_none().then(|| lock.acquire_until(me(), none)).flatten().map(|_| Held(lock))
    }

    pub(super) fn getters_asleep(&self) -> Sleepers<'_> {
        Sleepers::at(&self.memory, GETTERS_ASLEEP)
    }

    pub(super) fn putters_asleep(&self) -> Sleepers<'_> {
        Sleepers::at(&self.memory, PUTTERS_ASLEEP)
    }

    pub(super) fn joiners_asleep(&self) -> Sleepers<'_> {
        Sleepers::at(&self.memory, JOINERS_ASLEEP)
    }

    /// Wakes who was called by the holder of this lock, which is free again. If there was nobody, he is not called again:
    /// he was woken otherwise, or killed.
    pub(super) fn wake(&self, call: Option<Call<'_>>, lock: usize) {
        if let Some(call) = call
            && !call.wake()
            && let Some(_held) = self.try_enter(lock)
        {
            call.nobody_sleeps();
        }
    }

    /// Calls and wakes all who sleep for an item, or for the end.
    pub(super) fn wake_getters(&self, limit: &Limit) -> Result<(), Refused> {
        let held = self.enter_putters(limit)?;
        let call = self.getters_asleep().call_all();
        drop(held);
        self.wake(call, PUTTERS);
        Ok(())
    }

    /// Whether there may be something to be got, without a lock.
    pub(super) fn is_worth_getting(&self) -> bool {
        self.memory.place(HEAD) != self.memory.place(TAIL) || self.memory.word(RETURNED).load(Ordering::Relaxed) > 0
    }

    /// Sleeps until an item is put, the queue is closed, unless it was so before, or a nap is over (false).
    pub(super) fn sleep_for_item(&self, closed: bool, naps: &mut Naps, limit: &Limit) -> Result<bool, Refused> {
        let sleepers = self.getters_asleep();
        let calls = {
            let _held = self.enter_putters(limit)?;
            if self.is_worth_getting() || self.is_closed() != closed {
                return Ok(true);
            }
            sleepers.enter()
        };
        Ok(sleepers.sleep(calls, naps.next()))
    }

    /// Whether nobody may put any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.memory.word(CLOSED).load(Ordering::Acquire) != 0
    }

    /// Ends the queue: nobody puts any more, and who gets is told so when it is empty. Whether somebody who polls wants
    /// to know.
    ///
    /// # Errors
    /// [`Refused::InTime`] when others hold the lock for a second, stopped in the middle of something.
    pub fn close(&self) -> Result<bool, Refused> {
        let limit = Limit::of(Some(Duration::ZERO));
        let held = self.enter_putters(&limit)?;
        self.memory.word(CLOSED).store(1, Ordering::Release);
        let (call, polled) = (self.getters_asleep().call_all(), self.take_polled());
        drop(held);
        self.wake(call, PUTTERS);
        self.wake_putters(&limit)?;
        Ok(polled)
    }

    /// Wakes all who sleep, to see for themselves: a handle is gone, and may have been the last of its side.
    pub fn stir(&self) {
        let limit = Limit::of(Some(Duration::ZERO));
        // Who is not woken finds out at the end of his nap.
        let _ = self.wake_getters(&limit).and_then(|()| self.wake_putters(&limit));
    }

    fn wake_putters(&self, limit: &Limit) -> Result<(), Refused> {
        let held = self.enter_getters(limit)?;
        let call = self.putters_asleep().call_all();
        drop(held);
        self.wake(call, GETTERS);
        Ok(())
    }
}
