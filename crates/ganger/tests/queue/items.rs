//! What can be put.

use ganger::{Connection, JoinableQueue, Pipe, Pool, Queue, QueueError};
use serde::{Deserialize, Serialize};

use crate::away::{BOTH, away};
use crate::deadline::on_each;

fn body(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n ^ n >> 8 ^ len) as u8).collect()
}

#[test]
fn items_of_all_sizes_come_whole_and_in_order() {
    let queue = Queue::<Vec<u8>>::new(0).unwrap();
    // Some are read in between, so that the ring goes round and grows while it is split.
    let sizes: Vec<usize> = (0..2000).map(|n| n * 7919 % 3000).chain([70_000, 1, 1 << 20, 0, 5 << 20, 3]).collect();
    for (n, size) in sizes.iter().enumerate() {
        queue.put(&body(*size)).unwrap();
        if n % 3 == 0 {
            assert!(queue.get().unwrap() == body(sizes[n / 3]));
        }
    }
    for size in &sizes[sizes.len().div_ceil(3)..] {
        assert!(queue.get().unwrap() == body(*size));
    }
    assert!(queue.empty());
}

#[test]
fn what_is_too_large_is_told_and_takes_no_room() {
    let queue = Queue::<Vec<u8>>::with_room(0, 1 << 20).unwrap();
    let error = queue.put(&body(1 << 20)).unwrap_err();
    assert!(error.is_too_large() && error.to_string().contains("with_room"), "{error}");
    queue.put(&body((1 << 20) - 24)).unwrap();
    assert!(queue.full() && queue.try_put(&vec![]).unwrap_err().is_full());
    assert!(queue.get().unwrap() == body((1 << 20) - 24) && queue.empty());
}

/// Decodes nothing.
#[derive(Debug, Serialize)]
struct Unreadable(u8);

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("unreadable"))
    }
}

#[test]
fn what_cannot_be_decoded_is_gone_and_done() {
    let queue = Queue::new(0).unwrap();
    queue.put(&Unreadable(1)).unwrap();
    assert!(queue.get().unwrap_err().is_codec() && queue.empty());
    let queue = JoinableQueue::new(0).unwrap();
    queue.put(&Unreadable(1)).unwrap();
    assert!(queue.get().unwrap_err().is_codec());
    queue.join().unwrap();
}

#[ganger::task]
fn send_back(queue: Queue<(u32, Connection)>) {
    let (n, end) = queue.get().unwrap();
    end.send(&(n + 1)).unwrap();
}

#[test]
fn connections_go_through_queues() {
    on_each(BOTH, |method| {
        let (queue, (here, there)) = (Queue::new(0).unwrap(), Pipe::duplex().unwrap());
        queue.put(&(1, there)).unwrap();
        away(method, send_back, queue).join();
        assert_eq!(here.recv::<u32>().unwrap(), 2);
    });
}

#[test]
fn queues_go_through_queues_and_messages() {
    let (queue, (here, there)) = (Queue::new(0).unwrap(), Pipe::duplex().unwrap());
    let inner = Queue::<u32>::new(0).unwrap();
    queue.put(&inner).unwrap();
    here.send(&queue).unwrap();
    there.recv::<Queue<Queue<u32>>>().unwrap().get().unwrap().put(&7).unwrap();
    assert_eq!(inner.get().unwrap(), 7);
}

#[test]
fn many_items_with_descriptors_wait_for_room() {
    let queue = Queue::new(0).unwrap();
    let putter = {
        let queue = queue.clone();
        std::thread::spawn(move || -> Result<(), QueueError> {
            (0..2000_u32).try_for_each(|n| queue.put(&(n, n.is_multiple_of(3).then(|| Pipe::duplex().unwrap().0))))
        })
    };
    for n in 0..2000 {
        let (got, end): (u32, Option<Connection>) = queue.get().unwrap();
        assert_eq!((got, end.is_some()), (n, n % 3 == 0));
    }
    putter.join().unwrap().unwrap();
}

#[ganger::task]
fn echo(queue: Queue<u32>) -> Queue<u32> {
    queue
}

#[test]
fn a_queue_comes_back_as_a_result() {
    let (pool, queue) = (Pool::new(1).unwrap(), Queue::new(0).unwrap());
    let same = pool.apply(echo, queue.clone()).unwrap();
    same.put(&3).unwrap();
    assert_eq!(queue.get().unwrap(), 3);
}
