//! What processes share: a queue with a place for what is in hand, a lock, and two counts that only the lock keeps equal, used by
//! workers that are killed in the middle. No item is lost, nobody hangs, and whoever finds a half change is told of it.

use std::time::Duration;

use ganger::state::RawArray;
use ganger::sync::Lock;
use ganger::{Future, JoinableQueue, Pool, StartMethod};
use serde::{Deserialize, Serialize};

use super::killer::while_killing;
use super::{Act, Round, dogged};
use crate::PATIENCE;

pub(super) const ACT: Act = Act { name: "sharing", prepare: || {}, round };

/// What all share.
#[derive(Clone, Deserialize, Serialize)]
struct Shared {
    queue: JoinableQueue<u64>,
    /// How often each item was seen.
    seen: RawArray<u32>,
    lock: Lock,
    pair: RawArray<u64>,
}

impl Shared {
    fn new(items: usize) -> Self {
        Self {
            queue: JoinableQueue::new(16).expect("a queue"),
            seen: RawArray::zeroed(items).expect("an array"),
            lock: Lock::new().expect("a lock"),
            pair: RawArray::zeroed(2).expect("an array"),
        }
    }

    /// Counts up both; mends what somebody has left who died between.
    fn count(&self) {
        let guard = self.lock.lock().unwrap_or_else(|died| {
            let first = self.pair.get(0).expect("the first of two");
            self.pair.set(1, first).expect("the second of two");
            died.into_inner()
        });
        let pair = self.pair.to_vec();
        assert_eq!(pair[0], pair[1], "a half change that nobody was told of");
        self.pair.fetch_add(0, 1).expect("the first of two");
        self.pair.fetch_add(1, 1).expect("the second of two");
        drop(guard);
    }
}

/// Takes items until it is killed, or called off.
#[ganger::task]
fn take(shared: Shared) {
    loop {
        if let Ok(item) = shared.queue.get_timeout(Duration::from_millis(20)) {
            shared.seen.fetch_add(item as usize, 1).expect("an item that was put");
            shared.count();
            shared.queue.task_done().expect("it has one in hand");
        }
    }
}

fn round(round: &mut Round<'_>) {
    let (items, workers) = (round.some(20_000), 2 + round.chance.below(4));
    let method = round.chance.pick(&[StartMethod::Zygote, StartMethod::Spawn]);
    let (shared, pool) = (Shared::new(items), dogged(workers).start_method(method).build().expect("a pool"));
    let takers: Vec<Future<()>> = (0..workers).map(|_| taker(&pool, &shared)).collect();
    let counted = || shared.pair.get(0).expect("the first of two");
    while_killing(&pool, counted, round.chance.fork(), round.tally, || {
        for item in 0..items as u64 {
            shared.queue.put_timeout(&item, PATIENCE).expect("somebody takes them");
        }
        shared.queue.join_timeout(PATIENCE).expect("each is taken and done");
    });
    round.tally.restarts(pool.worker_starts().saturating_sub(workers as u64));
    assert!(takers.iter().all(|taker| !taker.done()), "who was killed is tried again: {takers:?}");
    pool.kill();
    pool.join(Some(PATIENCE)).expect("its end is bounded");
    assert!(shared.seen.to_vec().iter().all(|times| *times > 0), "each item was seen");
    shared.count();
    round.tally.tasks(items);
}

fn taker(pool: &Pool, shared: &Shared) -> Future<()> {
    pool.submit(take, shared.clone()).expect("it is open")
}
