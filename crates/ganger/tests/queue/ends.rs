//! How queues end: closed, or with nobody left on the other side.

use std::time::{Duration, Instant};

use ganger::sync::Event;
use ganger::{Consumer, JoinableQueue, Pool, Producer, Queue};

use crate::away::{BOTH, PROCESSES, away};
use crate::deadline::{bounded, eventually, on_each};

#[ganger::task]
fn get_all(queue: Queue<u32>) -> u32 {
    let mut sum = 0;
    loop {
        match queue.get() {
            Ok(n) => sum += n,
            Err(error) => {
                assert!(error.is_closed(), "{error}");
                return sum;
            }
        }
    }
}

#[test]
fn a_close_ends_all_who_get_and_all_is_got() {
    on_each(BOTH, |method| {
        let queue = Queue::new(10).unwrap();
        let getters = [(); 3].map(|()| away(method, get_all, queue.clone()));
        (1..=100).for_each(|n| queue.put(&n).unwrap());
        queue.close().unwrap();
        assert_eq!(getters.into_iter().map(|getter| getter.join()).sum::<u32>(), 5050);
        assert!(queue.put(&1).unwrap_err().is_closed());
    });
}

#[ganger::task]
fn put_until_closed(queue: Producer<u32>) -> u32 {
    (1..).find(|n| queue.put(n).is_err_and(|error| error.is_closed())).unwrap()
}

#[test]
fn a_close_ends_who_waits_for_room() {
    on_each(BOTH, |method| {
        let queue = Queue::new(1).unwrap();
        let putter = away(method, put_until_closed, queue.producer());
        eventually("it is full", || queue.full());
        queue.consumer().close().unwrap();
        assert_eq!(putter.join(), 2);
        assert_eq!(queue.get().unwrap(), 1);
    });
}

#[ganger::task]
fn put_some(producer: Producer<u32>, begun: Event, and_stay: bool) {
    (0..3).for_each(|n| producer.put(&n).unwrap());
    begun.set();
    if and_stay {
        loop {
            std::thread::park();
        }
    }
}

fn assert_ends(consumer: &Consumer<u32>) {
    let got: Vec<u32> = std::iter::from_fn(|| consumer.get().ok()).collect();
    assert_eq!(got, [0, 1, 2]);
    assert!(consumer.get().unwrap_err().is_disconnected());
    assert!(consumer.try_get().unwrap_err().is_disconnected());
}

#[test]
fn who_gets_is_told_when_no_producer_is_left() {
    on_each(BOTH, |method| {
        let (queue, begun) = (Queue::new(0).unwrap(), Event::new().unwrap());
        let (producer, consumer) = (queue.producer(), queue.consumer());
        drop(queue);
        let putter = away(method, put_some, (producer, begun, false));
        assert_ends(&consumer);
        putter.join();
    });
}

#[test]
fn who_gets_is_told_when_the_producer_is_killed() {
    on_each(PROCESSES, |method| {
        let (queue, begun) = (Queue::new(0).unwrap(), Event::new().unwrap());
        let (producer, consumer) = (queue.producer(), queue.consumer());
        drop(queue);
        let pool = Pool::builder().workers(1).start_method(method).build().unwrap();
        let putter = pool.submit(put_some, (producer, begun.clone(), true)).unwrap();
        begun.wait();
        assert!(consumer.try_get().is_ok_and(|n| n == 0) && putter.cancel());
        assert!([consumer.get(), consumer.get()].into_iter().map(Result::unwrap).eq([1, 2]));
        assert!(consumer.get().unwrap_err().is_disconnected());
    });
}

#[test]
fn who_waits_for_an_item_is_told_when_the_last_producer_goes() {
    bounded("a getter", || {
        let queue = Queue::<u32>::new(0).unwrap();
        let (producer, consumer) = (queue.producer(), queue.consumer());
        drop(queue);
        let waiting = std::thread::spawn(move || consumer.get().unwrap_err().is_disconnected());
        drop((producer.clone(), producer));
        assert!(waiting.join().unwrap());
    });
}

#[test]
fn who_waits_for_room_is_told_when_no_consumer_is_left() {
    bounded("a putter", || {
        let queue = Queue::new(1).unwrap();
        let (producer, consumer) = (queue.producer(), queue.consumer());
        drop(queue);
        producer.put(&1).unwrap();
        let waiting = std::thread::spawn(move || producer.put(&2).unwrap_err().is_disconnected());
        drop(consumer);
        assert!(waiting.join().unwrap());
    });
}

#[test]
fn a_handle_of_both_sides_waits_for_itself() {
    let (queue, timeout) = (Queue::<u32>::new(0).unwrap(), Duration::from_millis(20));
    let began = Instant::now();
    assert!(queue.get_timeout(timeout).unwrap_err().is_empty() && began.elapsed() >= timeout);
}

#[test]
fn closed_means_done_where_items_can_come_back() {
    bounded("two consumers of a closed queue", || {
        let queue = JoinableQueue::new(0).unwrap();
        queue.put(&1).unwrap();
        queue.close().unwrap();
        assert_eq!(queue.get().unwrap(), 1);
        // It has an item in hand itself, and is not kept waiting for it.
        assert!(queue.get().unwrap_err().is_closed());
        queue.task_done().unwrap();
        assert!(queue.get().unwrap_err().is_closed());
        queue.join().unwrap();
    });
}
