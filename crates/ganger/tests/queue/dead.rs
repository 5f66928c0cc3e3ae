//! Who dies with items in hand, at known places.

use std::time::Duration;

use ganger::sync::Event;
use ganger::{JoinableQueue, Pool, Queue};

use crate::away::{PROCESSES, away};
use crate::deadline::on_each;

const LONG: Duration = Duration::from_secs(30);

#[ganger::task]
fn take_two_and_stay(queue: JoinableQueue<u32>, taken: Event) {
    assert_eq!([queue.get().unwrap(), queue.get().unwrap()], [1, 2]);
    taken.set();
    loop {
        std::thread::park();
    }
}

#[test]
fn what_a_dead_consumer_had_in_hand_waits_again() {
    on_each(PROCESSES, |method| {
        let (queue, taken) = (JoinableQueue::new(0).unwrap(), Event::new().unwrap());
        (1..=3).for_each(|n| queue.put(&n).unwrap());
        let pool = Pool::builder().workers(1).start_method(method).build().unwrap();
        let consumer = pool.submit(take_two_and_stay, (queue.clone(), taken.clone())).unwrap();
        taken.wait();
        assert_eq!((queue.qsize(), queue.get().unwrap()), (1, 3));
        queue.task_done().unwrap();
        assert!(queue.get_timeout(Duration::from_millis(50)).unwrap_err().is_empty(), "it lives");
        assert!(queue.join_timeout(Duration::from_millis(50)).unwrap_err().is_timeout());
        assert!(consumer.cancel());
        assert_eq!([queue.get_timeout(LONG).unwrap(), queue.get_timeout(LONG).unwrap()], [1, 2]);
        queue.task_done().unwrap();
        queue.task_done().unwrap();
        queue.join().unwrap();
    });
}

#[ganger::task]
fn take_one_and_panic(queue: JoinableQueue<u32>) {
    queue.get().unwrap();
    panic!("with an item in hand");
}

#[test]
fn what_a_dropped_handle_had_in_hand_waits_again() {
    let (queue, pool) = (JoinableQueue::new(0).unwrap(), Pool::new(1).unwrap());
    queue.put(&1).unwrap();
    assert!(pool.apply(take_one_and_panic, queue.clone()).is_err());
    assert_eq!(queue.get_timeout(LONG).unwrap(), 1);
    queue.task_done().unwrap();
    queue.join_timeout(LONG).unwrap();
}

#[ganger::task]
fn work_through(queue: JoinableQueue<u32>, results: Queue<u32>, die_at: u32) {
    while let Ok(n) = queue.get() {
        if n == die_at {
            std::process::abort();
        }
        results.put(&n).unwrap();
        queue.task_done().unwrap();
    }
}

/// The queue is closed and empty when the item comes back, and somebody is still there to get it.
#[test]
fn a_consumer_waits_at_the_end_for_what_may_come_back() {
    on_each(PROCESSES, |method| {
        let (queue, results) = (JoinableQueue::new(0).unwrap(), Queue::new(0).unwrap());
        queue.put(&9).unwrap();
        let (taken, pool) = (Event::new().unwrap(), Pool::builder().workers(1).start_method(method).build().unwrap());
        let first = pool.submit(take_one_and_stay, (queue.clone(), taken.clone())).unwrap();
        taken.wait();
        queue.close().unwrap();
        let second = away(method, work_through, (queue.clone(), results.clone(), 0));
        assert!(results.get_timeout(Duration::from_millis(50)).unwrap_err().is_empty());
        assert!(first.cancel());
        assert_eq!(results.get_timeout(LONG).unwrap(), 9);
        second.join();
        queue.join().unwrap();
    });
}

#[ganger::task]
fn take_one_and_stay(queue: JoinableQueue<u32>, taken: Event) {
    queue.get().unwrap();
    taken.set();
    loop {
        std::thread::park();
    }
}

#[ganger::task]
fn put_and_exit(queue: Queue<u32>) {
    (0..100).for_each(|n| queue.put(&n).unwrap());
    std::process::abort();
}

#[test]
fn what_a_dead_putter_has_put_is_there() {
    on_each(PROCESSES, |method| {
        let queue = Queue::new(0).unwrap();
        let pool = Pool::builder().workers(1).start_method(method).build().unwrap();
        let once = ganger::TaskOptions::new().crash_attempts(1);
        assert!(pool.submit_with(&once, put_and_exit, queue.clone()).unwrap().result().is_err());
        assert!((0..100).all(|n| queue.get().unwrap() == n) && queue.empty());
    });
}
