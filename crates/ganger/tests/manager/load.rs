//! Much at a time.

use std::thread;
use std::time::{Duration, Instant};

use ganger::manager::{ListProxy, Manager, ManagerError, Pending};
use ganger::{Bytes, Pool};

use crate::deadline::bounded;
use crate::{LONG, over_tcp};

fn both() -> [Manager; 2] {
    [Manager::start().unwrap(), over_tcp()]
}

#[test]
fn calls_that_nobody_reads_are_answered_when_somebody_does() {
    bounded("pipelined calls", || {
        for manager in both() {
            let dict = manager.dict::<u64, u64>().unwrap();
            let puts: Vec<_> = (0..20_000u64).map(|n| dict.insert_later(&n, &(n * n)).unwrap()).collect();
            let gets: Vec<_> = (0..20_000u64).map(|n| dict.get_later(&n).unwrap()).collect();
            drop(puts);
            for (n, get) in (0..).zip(gets) {
                assert_eq!(get.result().unwrap(), Some(n * n));
            }
        }
    });
}

#[ganger::task]
fn length(list: ListProxy<u8>) -> usize {
    list.len().unwrap()
}

#[test]
fn large_answers_that_nobody_reads_hold_up_nobody() {
    bounded("large answers", || {
        for manager in both() {
            let (dict, list) = (manager.dict::<u8, Bytes>().unwrap(), manager.list().unwrap());
            dict.insert(&0, &Bytes::from(vec![7; 1 << 20])).unwrap();
            let gets: Vec<Pending<_>> = (0..100).map(|_| dict.get_later(&0).unwrap()).collect();
            assert_eq!(Pool::new(1).unwrap().apply(length, list).unwrap(), 0);
            assert!(gets.into_iter().all(|get| get.result().unwrap().unwrap().len() == 1 << 20));
        }
    });
}

#[test]
fn a_large_value_comes_whole() {
    bounded("a large value", || {
        for manager in both() {
            let bytes: Vec<u8> = (0..20 << 20).map(|n: u32| (n >> 8) as u8).collect();
            let value = manager.value(&Bytes::from(bytes.clone())).unwrap();
            assert!(*value.get().unwrap() == bytes);
        }
    });
}

#[test]
fn a_call_that_waits_holds_up_no_other() {
    bounded("calls beside one that waits", || {
        for manager in both() {
            let (queue, dict) = (manager.queue::<u8>(0).unwrap(), manager.dict::<u32, u32>().unwrap());
            let waiting: Vec<_> = (0..4)
                .map(|_| {
                    let queue = queue.clone();
                    thread::spawn(move || queue.get().unwrap())
                })
                .collect();
            let later = queue.get_later().unwrap();
            for n in 0..1000u32 {
                dict.insert(&n, &n).unwrap();
            }
            assert!(!later.done());
            (0..5).for_each(|n| queue.put(&n).unwrap());
            let mut got: Vec<u8> = waiting.into_iter().map(|one| one.join().unwrap()).collect();
            got.push(later.result().unwrap());
            got.sort();
            assert_eq!(got, [0, 1, 2, 3, 4]);
        }
    });
}

#[test]
fn many_threads_share_a_connection_and_get_their_own_answers() {
    bounded("many threads", || {
        let manager = Manager::start().unwrap();
        let (dict, sum) = (manager.dict::<u64, u64>().unwrap(), manager.value(&0u64).unwrap());
        thread::scope(|scope| {
            for thread in 0..8 {
                let (dict, sum) = (&dict, &sum);
                scope.spawn(move || {
                    for n in (0..200).map(|n| n * 8 + thread) {
                        assert_eq!(dict.insert(&n, &n).unwrap(), None);
                        assert_eq!(dict.get(&n).unwrap(), Some(n));
                    }
                    sum.update(|sum| sum + 1).unwrap();
                });
            }
        });
        assert_eq!((dict.len().unwrap(), sum.get().unwrap()), (1600, 8));
    });
}

#[test]
fn a_time_limit_takes_nothing_along() {
    bounded("time limits", || {
        let manager = Manager::start().unwrap();
        let queue = manager.queue(0).unwrap();
        let putter = queue.clone();
        let putting = thread::spawn(move || (0..500).for_each(|n| putter.put(&n).unwrap()));
        let (begun, mut got) = (Instant::now(), Vec::new());
        while got.len() < 500 && begun.elapsed() < LONG {
            match queue.get_timeout(Duration::from_micros(20)) {
                Ok(n) => got.push(n),
                Err(ManagerError::Empty) => {}
                Err(error) => panic!("{error}"),
            }
        }
        putting.join().unwrap();
        assert_eq!(got, (0..500).collect::<Vec<_>>());
    });
}

#[test]
fn who_drops_what_he_waits_for_waits_no_longer() {
    let manager = Manager::start().unwrap();
    let queue = manager.queue(0).unwrap();
    drop(queue.get_later().unwrap());
    queue.put(&1).unwrap();
    assert_eq!(queue.len().unwrap(), 1);
}

#[test]
fn an_object_goes_with_its_last_proxy() {
    let manager = Manager::start().unwrap();
    let lists: Vec<_> = (0..100).map(|_| manager.list::<u8>().unwrap()).collect();
    let again = lists.clone();
    drop(lists);
    assert_eq!(manager.number_of_objects().unwrap(), 100);
    drop(again);
    assert_eq!(manager.number_of_objects().unwrap(), 0);
}
