//! Seats: so many connections at a time. For who comes when all are taken, the one goes that has been idle longest: so who
//! opens connections and says nothing shuts nobody out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// All who are in by one door.
#[derive(Clone, Debug)]
pub(super) struct Guests {
    seats: Arc<Semaphore>,
    room: Arc<Mutex<Room>>,
}

#[derive(Debug, Default)]
struct Room {
    /// Counts whenever somebody becomes idle: who has the least has been so longest.
    clock: u64,
    idle: BTreeMap<u64, Arc<Notify>>,
    /// Somebody waits for a seat, and nobody was idle.
    wanted: bool,
}

impl Guests {
    pub(super) fn new(most: usize) -> Self {
        Self { seats: Arc::new(Semaphore::new(most)), room: Arc::default() }
    }

    /// A seat; whoever takes it is idle at first.
    pub(super) async fn seat(&self) -> Seat {
        let permit = match Arc::clone(&self.seats).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => {
                lock(&self.room).ask_one_to_go();
                // It is never closed: an error would be a seat more.
                Arc::clone(&self.seats).acquire_owned().await.ok()
            }
        };
        let (go, mut room) = (Arc::new(Notify::new()), lock(&self.room));
        let since = Mutex::new(Some(room.rest(&go)));
        drop(room);
        Seat { room: Arc::clone(&self.room), since, go, _permit: permit }
    }

    /// Has the one go that has been idle longest, though seats are left: descriptors are not.
    pub(super) fn make_room(&self) {
        if let Some((_, longest)) = lock(&self.room).idle.pop_first() {
            longest.notify_one();
        }
    }
}

impl Room {
    fn ask_one_to_go(&mut self) {
        match self.idle.pop_first() {
            Some((_, longest)) => longest.notify_one(),
            None => self.wanted = true,
        }
    }

    fn rest(&mut self, go: &Arc<Notify>) -> u64 {
        self.clock += 1;
        if std::mem::take(&mut self.wanted) {
            go.notify_one();
        } else {
            self.idle.insert(self.clock, Arc::clone(go));
        }
        self.clock
    }
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    room: Arc<Mutex<Room>>,
    /// Since when it is idle, if it is.
    since: Mutex<Option<u64>>,
    go: Arc<Notify>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Seat {
    /// Its request is worked on: it is left alone.
    pub(super) fn is_busy(&self) {
        if let Some(since) = lock(&self.since).take() {
            lock(&self.room).idle.remove(&since);
        }
    }

    pub(super) fn is_idle(&self) {
        let mut since = lock(&self.since);
        if since.is_none() {
            *since = Some(lock(&self.room).rest(&self.go));
        }
    }

    /// Until somebody else needs it more.
    pub(super) async fn is_wanted(&self) {
        self.go.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.is_busy();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is ready at once.
    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn who_is_idle_longest_goes_for_who_comes() {
        let guests = Guests::new(2);
        let (first, second) = (now(guests.seat()).expect("a seat"), now(guests.seat()).expect("a seat"));
        first.is_busy();
        assert!(now(guests.seat()).is_none(), "all seats are taken");
        assert!(now(first.is_wanted()).is_none() && now(second.is_wanted()).is_some(), "the idle one is asked to go");
        drop(second);
        let third = now(guests.seat()).expect("its seat");
        third.is_busy();
        assert!(now(guests.seat()).is_none());
        first.is_idle();
        assert!(now(first.is_wanted()).is_some(), "who becomes idle while somebody waits, goes");
    }
}
