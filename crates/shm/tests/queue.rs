//! A queue's memory: the ring goes round, grows and shrinks; what somebody scribbles into it is an error.

#![cfg(not(loom))]

use std::time::Duration;

use ganger_shm::queue::{Bounds, Item, Place, Refused, SharedQueue, Waiting};
use ganger_shm::state::Bytes;

const NOW: Waiting<'static> = Waiting { timeout: Some(Duration::ZERO), alone: &|| false };

fn queue(bounds: Bounds) -> (SharedQueue, Bytes) {
    let (queue, fd) = SharedQueue::create("test", bounds).expect("memory");
    (queue, Bytes::open(&fd).expect("the same memory"))
}

const fn bounds(items: u32, bytes: u64, keeps: bool) -> Bounds {
    Bounds { items, bytes, keeps }
}

fn put(queue: &SharedQueue, bytes: &[u8]) -> Result<bool, Refused> {
    queue.put(&Item { bytes, attach: None }, &NOW)
}

fn get(queue: &SharedQueue) -> Result<(Place, Vec<u8>), Refused> {
    let mut out = vec![1, 2, 3];
    let place = queue.get(&mut out, &mut |_| (), &NOW)?;
    Ok((place, out))
}

/// A body for which neighbours differ.
fn body(n: usize, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + n) as u8).collect()
}

#[test]
fn the_ring_grows_with_what_waits_and_shrinks_when_it_is_empty() {
    let (queue, memory) = queue(bounds(0, 64 << 20, false));
    let window = || memory.words()[4].load(std::sync::atomic::Ordering::Relaxed);
    let smallest = window();
    // Never a whole number of them in a ring, and some wait while it grows.
    for (n, len) in (0..6000).zip((0..).map(|n| n * 31 % 5000)) {
        put(&queue, &body(n, len)).expect("room");
        if n % 2 == 0 {
            let (place, got) = get(&queue).expect("an item");
            assert!(place.number() as usize == n / 2 && got == body(n / 2, n / 2 * 31 % 5000));
        }
    }
    assert!(window() > 4 << 20, "{}", window());
    for n in 3000..6000 {
        assert!(get(&queue).expect("an item").1 == body(n, n * 31 % 5000));
    }
    assert!(matches!(get(&queue), Err(Refused::InTime)));
    assert_eq!(window(), smallest);
    put(&queue, b"again").expect("room");
    assert_eq!(get(&queue).expect("an item").1, b"again");
}

#[test]
fn a_full_queue_has_room_again_when_something_is_got() {
    for (keeps, len) in [(false, 1000), (true, 1000), (false, 0)] {
        let (queue, _memory) = queue(bounds(0, 64 << 10, keeps));
        let count = (0..).find(|n| put(&queue, &body(*n, len)).is_err()).expect("it is bounded");
        assert_eq!(count, (64 << 10) / (len + 16));
        for n in 0..3 * count {
            let (place, got) = get(&queue).expect("an item");
            assert!(got == body(n, len));
            if keeps {
                assert!(matches!(put(&queue, &body(n + count, len)), Err(Refused::InTime)), "it is not done");
                queue.done(Some(place)).expect("whole memory").expect("in hand");
            }
            put(&queue, &body(n + count, len)).expect("room");
        }
    }
}

#[test]
fn what_is_done_out_of_order_is_done() {
    let (queue, _memory) = queue(bounds(0, 1 << 20, true));
    (0..10).for_each(|n| assert!(put(&queue, &[n]).is_ok()));
    let places: Vec<Place> = (0..10).map(|_| get(&queue).expect("an item").0).collect();
    for place in places.iter().rev().skip(1).step_by(2) {
        queue.done(Some(*place)).expect("whole memory").expect("in hand");
    }
    assert!(!queue.join(Some(Duration::ZERO)).expect("whole memory"));
    queue.give_back(&places[..4]).expect("whole memory");
    assert_eq!(queue.len(), 2);
    assert_eq!([1, 3].map(|n| vec![n]), [get(&queue), get(&queue)].map(|got| got.expect("it waits again").1));
    // One place is done already; the oldest in hand is.
    (0..5).for_each(|n| queue.done(Some(places[2 * n])).expect("whole memory").expect("in hand"));
    assert!(queue.done(None).expect("whole memory").is_err());
    assert!(queue.join(Some(Duration::ZERO)).expect("whole memory"));
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 20
    }
}

/// A word of the head that is no lock, or of the records.
fn scribble(memory: &Bytes, random: &mut Random) {
    const LOCKS: [usize; 2] = [16, 48];
    let at = (random.next() % 90) as usize;
    let at = if random.next().is_multiple_of(2) { 512 + at } else { at };
    let value = match random.next() % 4 {
        0 => random.next() % 64,
        1 => u64::MAX,
        2 => memory.words()[at].load(std::sync::atomic::Ordering::Relaxed).wrapping_add(random.next() % 5),
        _ => random.next() << 20,
    };
    if !LOCKS.contains(&at) {
        memory.words()[at].store(value, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn whatever_is_scribbled_is_an_error_and_ends() {
    let mut random = Random(1);
    for round in 0..3000 {
        let (queue, memory) = queue(bounds(8, 64 << 10, round % 2 == 0));
        (0..5).for_each(|n| assert!(put(&queue, &body(n, 50 * n)).is_ok()));
        let place = get(&queue).expect("an item").0;
        (0..=random.next() % 3).for_each(|_| scribble(&memory, &mut random));
        for _ in 0..10 {
            // Any of them may fail; none may panic, hang, or read where nothing is.
            let _ = (put(&queue, &[1; 40]).is_ok(), get(&queue).is_ok(), queue.done(Some(place)).is_ok());
            let _ = (queue.len(), queue.is_full(), queue.poll(|| ()).is_ok(), queue.give_back(&[place]).is_ok());
            let _ = queue.join(Some(Duration::ZERO)).is_ok();
        }
    }
}
