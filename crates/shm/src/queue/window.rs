//! How much of the memory is in use: more when it must be, less when the queue is empty.

use super::layout::{HEAD, PUTTERS, TAIL, WINDOW};
use super::memory::{Ring, SMALLEST};
use super::place::Place;
use super::wait::Limit;
use super::{Refused, SharedQueue};
use crate::sync::Ordering;

/// A ring that is no larger stays as it is: growing again would cost more than it holds.
const KEPT: u64 = 1 << 20;

impl SharedQueue {
    /// A ring with room for so many units more behind `tail`, if it can be so large. Called by the holder of the putters'
    /// lock; while it is changed the getters wait.
    #[cold]
    pub(super) fn widen(&self, tail: Place, need: u32, limit: &Limit) -> Result<Option<Ring<'_>>, Refused> {
        let _held = self.enter_getters(limit)?;
        let mut ring = self.memory.ring()?;
        while !self.has_room(ring, tail, need) {
            if ring.window >= self.memory.capacity {
                return Ok(None);
            }
            ring.double();
            self.memory.word(WINDOW).store(ring.window * 2, Ordering::Release);
            ring = self.memory.ring()?;
        }
        Ok(Some(ring))
    }

    /// Makes the ring small again, if nothing is in it. Called by the holder of the getters' lock.
    pub(super) fn narrow(&self, ring: Ring<'_>) {
        if ring.window <= KEPT || self.floor() != self.memory.place(HEAD) {
            return;
        }
        if let Some(_held) = self.try_enter(PUTTERS)
            && self.memory.place(TAIL) == self.floor()
        {
            self.memory.word(WINDOW).store(SMALLEST, Ordering::Release);
            ring.discard_rest();
        }
    }
}
