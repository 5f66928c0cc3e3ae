//! Putters and getters that are killed at any moment, many times: nobody hangs, and each item is accounted for.
//!
//! `GANGER_KILLS` says how often each; 1,000 if it does not.

use std::cell::Cell;
use std::time::Duration;

use ganger::state::RawArray;
use ganger::{JoinableQueue, Queue, QueueError};
use serde::{Deserialize, Serialize};

use crate::deadline::eventually;
use crate::kills::{in_time, killed_at_random, kills};

/// A time that is never over, unless something hangs.
const LONG: Duration = Duration::from_secs(30);
/// So many items each party puts at most.
const CAP: usize = 4096;

/// Number `n` of a party's, and bytes that tell whether they are whole.
#[derive(Deserialize, Serialize)]
struct Item {
    party: usize,
    n: usize,
    bytes: Vec<u8>,
}

impl Item {
    fn new(party: usize, n: usize) -> Self {
        let len = (party * 31 + n * 17) % 300;
        Self { party, n, bytes: vec![(party ^ n) as u8; len] }
    }

    fn assert_whole(&self) {
        assert_eq!(self.bytes, Self::new(self.party, self.n).bytes, "a torn item");
    }
}

/// What each party has tried to put, has put, and how often each item was seen.
#[derive(Clone, Deserialize, Serialize)]
struct Books {
    tried: RawArray<u32>,
    put: RawArray<u32>,
    seen: RawArray<u8>,
    begun: RawArray<u8>,
}

impl Books {
    fn new(parties: usize) -> Self {
        let zeroed = || RawArray::zeroed(parties).unwrap();
        let seen = RawArray::zeroed(parties * CAP).unwrap();
        Self { tried: zeroed(), put: zeroed(), seen, begun: RawArray::zeroed(parties).unwrap() }
    }

    /// Waits until the party has begun: a kill before that hits nobody who uses the queue.
    fn await_begun(&self, party: usize) {
        eventually("a party begins", || self.begun.get(party).unwrap() == 1);
    }

    /// Puts the party's next item, noting before and afterwards.
    fn put(&self, party: usize, put: impl FnOnce(&Item) -> Result<(), QueueError>) -> Result<(), QueueError> {
        let n = self.put.get(party).unwrap();
        if n as usize == CAP {
            return Ok(());
        }
        self.tried.set(party, n + 1).unwrap();
        put(&Item::new(party, n as usize))?;
        self.put.set(party, n + 1).unwrap();
        Ok(())
    }

    fn saw(&self, item: &Item) {
        item.assert_whole();
        self.seen.fetch_add(item.party * CAP + item.n, 1).unwrap();
    }

    /// How many items are missing, and how many were seen again.
    fn balance(&self) -> (usize, usize) {
        let (mut missing, mut again) = (0, 0);
        for party in 0..self.put.len() {
            let (tried, put) = (self.tried.get(party).unwrap() as usize, self.put.get(party).unwrap() as usize);
            let seen = self.seen.slice(party * CAP..(party + 1) * CAP).unwrap();
            assert!(seen[tried.max(put)..].iter().all(|seen| *seen == 0), "an item that nobody put");
            missing += seen[..put].iter().filter(|seen| **seen == 0).count();
            again += seen.iter().map(|seen| usize::from(seen.saturating_sub(1))).sum::<usize>();
        }
        (missing, again)
    }
}

/// The next of a series that looks random.
fn random(state: &Cell<u64>) -> u64 {
    let next = state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    state.set(next);
    next >> 33
}

/// Puts and gets as it comes, and gives up soon when it has to wait.
#[ganger::task]
fn use_queue(queue: Queue<Item>, books: Books, party: usize) {
    books.begun.set(party, 1).unwrap();
    let state = Cell::new(party as u64);
    loop {
        let patience = Duration::from_micros(random(&state) % 2000);
        let turn = if random(&state).is_multiple_of(2) {
            books.put(party, |item| queue.put_timeout(item, patience))
        } else {
            queue.get_timeout(patience).map(|item| books.saw(&item))
        };
        turn.or_else(|error| if error.is_timeout() { Ok(()) } else { Err(error) }).unwrap();
    }
}

fn parties() -> usize {
    kills() as usize + 100
}

fn next(parties: &Cell<usize>) -> usize {
    parties.set(parties.get() + 1);
    parties.get()
}

#[test]
fn queue() {
    in_time("a queue", || {
        let (queue, books, party) = (Queue::new(6).unwrap(), Books::new(parties()), Cell::new(0));
        killed_at_random(
            |pool| pool.submit(use_queue, (queue.clone(), books.clone(), next(&party))).unwrap(),
            || {
                books.await_begun(party.get());
                books.put(0, |item| queue.put_timeout(item, LONG)).unwrap();
                books.saw(&queue.get_timeout(LONG).unwrap());
            },
        );
        while let Ok(item) = queue.get_timeout(Duration::from_millis(300)) {
            books.saw(&item);
        }
        let (missing, again) = books.balance();
        assert_eq!(again, 0, "an item was got twice");
        assert!(missing <= party.get(), "{missing} items were lost with {} processes", party.get());
    });
}

/// As [`use_queue`], and finishes what it has got, mostly at once.
#[ganger::task]
fn use_joinable(queue: JoinableQueue<Item>, books: Books, party: usize) {
    books.begun.set(party, 1).unwrap();
    let (state, mut hand) = (Cell::new(party as u64), 0);
    loop {
        let patience = Duration::from_micros(random(&state) % 2000);
        let turn = if random(&state).is_multiple_of(2) {
            books.put(party, |item| queue.put_timeout(item, patience))
        } else {
            queue.get_timeout(patience).map(|item| {
                books.saw(&item);
                hand += 1;
            })
        };
        turn.or_else(|error| if error.is_timeout() { Ok(()) } else { Err(error) }).unwrap();
        while hand > 0 && !random(&state).is_multiple_of(4) {
            queue.task_done().unwrap();
            hand -= 1;
        }
    }
}

#[test]
fn joinable_queue() {
    in_time("a joinable queue", || {
        let (queue, books, party) = (JoinableQueue::new(6).unwrap(), Books::new(parties()), Cell::new(0));
        killed_at_random(
            |pool| pool.submit(use_joinable, (queue.clone(), books.clone(), next(&party))).unwrap(),
            || {
                books.await_begun(party.get());
                books.put(0, |item| queue.put_timeout(item, LONG)).unwrap();
                books.saw(&queue.get_timeout(LONG).unwrap());
                queue.task_done().unwrap();
            },
        );
        // What the last ones had in hand comes back when they are dead.
        while queue.join_timeout(Duration::ZERO).is_err() {
            if let Ok(item) = queue.get_timeout(Duration::from_millis(10)) {
                books.saw(&item);
                queue.task_done().unwrap();
            }
        }
        let (missing, again) = books.balance();
        assert_eq!(missing, 0, "items were lost");
        assert!(again > 0 || kills() < 50, "nobody died with an item in hand: the test tests nothing");
    });
}
