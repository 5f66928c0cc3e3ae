//! Waiting for several queues.

use std::time::{Duration, Instant};

use ganger::connection::{Waitable, wait};
use ganger::{Pipe, Queue};

use crate::away::{BOTH, away};
use crate::deadline::on_each;

const NOW: Option<Duration> = Some(Duration::ZERO);

#[test]
fn a_queue_is_ready_while_it_has_items() {
    let (one, two) = (Queue::new(0).unwrap(), Queue::new(0).unwrap());
    assert_eq!(wait([&one, &two], NOW).unwrap(), [0; 0]);
    two.put(&1).unwrap();
    two.put(&2).unwrap();
    for n in [1, 2] {
        assert_eq!(wait([&one, &two], None).unwrap(), [1]);
        assert_eq!(two.get().unwrap(), n);
    }
    let (began, short) = (Instant::now(), Duration::from_millis(150));
    assert_eq!(wait([&one, &two], Some(short)).unwrap(), [0; 0]);
    assert!(began.elapsed() >= short);
    one.put(&1).unwrap();
    let (pipe, _writer) = Pipe::one_way().unwrap();
    assert_eq!(wait([&pipe as &dyn Waitable, &one, &two], None).unwrap(), [1]);
}

#[ganger::task]
fn put_when_told(told: Queue<u32>, answers: Queue<u32>) {
    while let Ok(n) = told.get() {
        answers.put(&n).unwrap();
    }
}

#[test]
fn who_polls_is_woken_each_time() {
    on_each(BOTH, |method| {
        let (told, answers, other) = (Queue::new(0).unwrap(), Queue::new(0).unwrap(), Queue::<u32>::new(0).unwrap());
        let child = away(method, put_when_told, (told.clone(), answers.clone()));
        for n in 0..200 {
            told.put(&n).unwrap();
            assert_eq!(wait([&other, &answers], None).unwrap(), [1]);
            assert_eq!(answers.try_get().unwrap(), n);
        }
        told.close().unwrap();
        child.join();
    });
}

#[test]
fn the_end_is_ready() {
    let queue = Queue::<u32>::new(0).unwrap();
    let (producer, consumer) = (queue.producer(), queue.consumer());
    assert_eq!(wait([&consumer], NOW).unwrap(), [0; 0]);
    drop((queue, producer));
    assert_eq!(wait([&consumer], None).unwrap(), [0]);
    let queue = Queue::<u32>::new(0).unwrap();
    assert_eq!(wait([&queue], NOW).unwrap(), [0; 0]);
    queue.close().unwrap();
    assert_eq!(wait([&queue], None).unwrap(), [0]);
}
