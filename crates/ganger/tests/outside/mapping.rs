//! `Pool.map` and its kin: order, chunks, errors in their places, inputs without an end.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ganger::{Error, Mapping, Pool};
use serde::{Deserialize, Serialize};

use crate::support::{ALL, Gate, PROCESSES, WORKERS, eventually, hold, on_each, pool};
use crate::tasks::{add, fails, kills, panics, square};

fn squares(range: std::ops::Range<u64>) -> Vec<u64> {
    range.map(|n| n * n).collect()
}

fn all<R>(results: impl Iterator<Item = Result<R, Error>>) -> Vec<R> {
    results.map(Result::unwrap).collect()
}

#[test]
fn map_gives_what_a_loop_would() {
    on_each(ALL, |method| {
        let pool = pool(method, 3);
        for items in [0, 1, 2, 7, 100, 3000] {
            assert_eq!(pool.map(square, 0..items).unwrap(), squares(0..items));
        }
        let sums = pool.starmap(add, (0..50).map(|n| (n, 2 * n))).unwrap();
        assert_eq!(sums, (0..50).map(|n| 3 * n).collect::<Vec<u64>>());
    });
}

#[test]
fn chunks_change_nothing() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        for chunk in [0, 1, 3, 20, 500, 100_000] {
            assert_eq!(all(pool.imap(square, 0..1000).unwrap().chunk_size(chunk)), squares(0..1000));
            let mut unordered = all(pool.imap_unordered(square, 0..1000).unwrap().chunk_size(chunk));
            unordered.sort_unstable();
            assert_eq!(unordered, squares(0..1000));
        }
        for buffer in [0, 1, 2, 5, 500] {
            assert_eq!(all(pool.imap(square, 0..200).unwrap().buffer_size(buffer)), squares(0..200));
        }
    });
}

#[test]
fn no_items_are_no_results() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        assert_eq!(pool.map(square, []).unwrap(), [0; 0]);
        assert!(pool.imap(square, []).unwrap().chunk_size(1).next().is_none());
        assert!(pool.imap_unordered(square, []).unwrap().next().is_none());
        assert_eq!(pool.pending(), 0);
    });
}

#[test]
fn an_ended_mapping_stays_ended() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let mut results = pool.imap(square, 0..3).unwrap();
        assert_eq!(all(results.by_ref()), [0, 1, 4]);
        assert!(results.next().is_none() && results.next().is_none());
    });
}

#[test]
fn a_panic_stands_in_its_place() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        for chunk in [1, 4, 100] {
            let results: Vec<_> = pool.imap(panics, 0..10).unwrap().chunk_size(chunk).collect();
            for (n, result) in (0..10).zip(&results) {
                match result {
                    Ok(same) => assert_eq!((*same, n == 3), (n, false)),
                    Err(error) => {
                        assert_eq!((error.task().unwrap().panic().unwrap().message.as_str(), n), ("no threes", 3))
                    }
                }
            }
            assert_eq!(results.len(), 10);
        }
    });
}

#[test]
fn an_error_of_the_function_is_its_result() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        for chunk in [1, 4, 100] {
            let results = all(pool.imap(fails, 0..10).unwrap().chunk_size(chunk));
            let expected = (0..10).map(|n| if n == 3 { Err("no threes".to_owned()) } else { Ok(n) });
            assert_eq!(results, expected.collect::<Vec<_>>());
        }
    });
}

#[test]
fn an_item_that_kills_harms_no_other_of_its_chunk() {
    on_each(PROCESSES, |method| {
        let pool = pool(method, 2);
        for chunk in [1, 4, 100] {
            let results: Vec<_> = pool.imap(kills, 0..10).unwrap().chunk_size(chunk).collect();
            for (n, result) in (0..10).zip(&results) {
                match result {
                    Ok(same) => assert_eq!((*same, n == 3), (n, false)),
                    Err(error) => assert_eq!((error.task().unwrap().crashes().unwrap().len(), n), (3, 3)),
                }
            }
            assert_eq!(results.len(), 10, "chunks of {chunk}");
        }
        let mut unordered = pool.imap_unordered(kills, 0..10).unwrap().chunk_size(5).collect::<Vec<_>>();
        unordered.retain(Result::is_ok);
        assert_eq!(unordered.len(), 9);
    });
}

#[test]
fn map_tells_the_first_error_by_position() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let error = pool.map(panics, [5, 4, 3, 2, 1, 3]).unwrap_err();
        assert!(error.task().unwrap().panic().is_some(), "{error}");
        eventually("no task left", || pool.pending() == 0);
        assert_eq!(pool.map(panics, 4..7).unwrap(), [4, 5, 6]);
    });
}

/// Cannot be encoded if it is odd.
#[derive(Clone, Debug, Deserialize)]
struct Even(u64);

impl Serialize for Even {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 % 2 {
            0 => serializer.serialize_newtype_struct("Even", &self.0),
            _ => Err(serde::ser::Error::custom("odd")),
        }
    }
}

#[ganger::task]
fn half(even: Even) -> u64 {
    even.0 / 2
}

#[test]
fn an_item_that_cannot_be_sent_stands_in_its_place() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        for chunk in [1, 3, 100] {
            let items = [0, 2, 4, 5, 6, 8].map(Even);
            let results: Vec<_> = pool.imap(half, items).unwrap().chunk_size(chunk).map(|r| r.ok()).collect();
            assert_eq!(results, [Some(0), Some(1), Some(2), None, Some(3), Some(4)], "chunks of {chunk}");
        }
    });
}

#[test]
fn an_input_that_panics_does_so_at_the_caller() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let inputs = || (0..).inspect(|n| assert!(*n < 50, "the input is rotten"));
        let maps: [fn(&Pool, &mut dyn Iterator<Item = u64>); 3] = [
            |pool, input| drop(pool.map(square, input)),
            |pool, input| pool.imap(square, input).unwrap().for_each(drop),
            |pool, input| pool.imap_unordered(square, input).unwrap().chunk_size(7).for_each(drop),
        ];
        for map in maps {
            let panic = catch_unwind(AssertUnwindSafe(|| map(&pool, &mut inputs()))).unwrap_err();
            assert_eq!(panic.downcast_ref::<&str>(), Some(&"the input is rotten"));
        }
        eventually("no task left", || pool.pending() == 0);
        assert_eq!(pool.apply(square, 5).unwrap(), 25);
    });
}

#[test]
fn an_endless_input_is_taken_as_results_are() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        assert_eq!(all(pool.imap(square, 0..).unwrap().take(5000)), squares(0..5000));
        let taken = Cell::new(0);
        let input = (0..).inspect(|_| taken.set(taken.get() + 1));
        let mut results = pool.imap(square, input).unwrap().buffer_size(5);
        for given in 1..=500 {
            results.next().unwrap().unwrap();
            assert!(taken.get() <= given + 5, "{} taken, {given} given", taken.get());
        }
    });
}

#[test]
fn a_mapping_that_is_dropped_cancels_what_waits() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let running = pool.submit(hold, gate.path()).unwrap();
        gate.await_begun(1);
        let mut results = pool.imap(square, 0..).unwrap().timeout(Duration::from_millis(10));
        assert!(results.next().unwrap().unwrap_err().is_timeout());
        drop(results);
        eventually("only what runs is left", || pool.pending() == 1);
        gate.open();
        running.result().unwrap();
    });
}

#[test]
fn a_timeout_ends_the_mapping() {
    on_each(WORKERS, |method| {
        let (pool, gate) = (pool(method, 1), Gate::new());
        let limited = |mapping: Mapping<std::vec::IntoIter<String>, u32>| mapping.timeout(Duration::from_millis(50));
        let items = || vec![gate.path(); 3];
        for mut results in [pool.imap(hold, items()).unwrap(), pool.imap_unordered(hold, items()).unwrap()].map(limited)
        {
            assert!(results.next().unwrap().unwrap_err().is_timeout());
            assert!(results.next().is_none());
        }
        gate.open();
        assert_eq!(pool.map(square, 0..3).unwrap(), [0, 1, 4]);
    });
}
