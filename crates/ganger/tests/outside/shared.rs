//! Values that are sent once a worker, and decoded there once.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use ganger::{Bytes, Shared};
use nix::sys::signal::Signal;
use serde::{Deserialize, Deserializer, Serialize};

use crate::support::{ALL, PROCESSES, at_once, builder, on_each, pool, process};
use crate::tasks::{Death, die, pid};

static DECODED: AtomicU32 = AtomicU32::new(0);

/// Counts how often it is decoded in a process.
#[derive(Serialize)]
struct Counted(Vec<u64>);

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DECODED.fetch_add(1, Relaxed);
        Vec::deserialize(deserializer).map(Counted)
    }
}

#[ganger::task]
fn nth(values: Shared<Counted>, n: usize) -> (u64, u32) {
    (values.0[n], DECODED.load(Relaxed))
}

#[ganger::task]
fn both(names: Shared<Vec<String>>, more: Vec<Shared<u64>>, n: usize) -> String {
    format!("{}{}", names[n], more.iter().map(|shared| **shared).sum::<u64>())
}

#[ganger::task]
fn length(large: Shared<Bytes>) -> usize {
    large.len()
}

#[ganger::task]
fn killing(values: Shared<Counted>, n: usize) -> u64 {
    if n == 3 {
        die(Death::Kill);
    }
    values.0[n]
}

#[test]
fn a_shared_value_is_decoded_once_a_worker() {
    on_each(PROCESSES, |method| {
        let pool = pool(method, 2);
        let values = pool.share(Counted((100..200).collect())).unwrap();
        assert_eq!(values.0[5], 105, "the owner has it too");
        let futures: Vec<_> = (0..100).map(|n| pool.submit(nth, (values.clone(), n)).unwrap()).collect();
        for (future, n) in futures.iter().zip(100..) {
            assert_eq!(future.result().unwrap(), (n, 1));
        }
    });
}

#[test]
fn several_shared_values_keep_apart() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let names = pool.share(vec!["a".to_owned(), "b".to_owned()]).unwrap();
        let more: Vec<Shared<u64>> = (1..=10).map(|n| pool.share(n).unwrap()).collect();
        for n in 0..10 {
            let args = (names.clone(), more[..=n].to_vec(), n % 2);
            let expected = format!("{}{}", ["a", "b"][n % 2], (1..=n + 1).sum::<usize>());
            assert_eq!(pool.apply(both, args).unwrap(), expected);
        }
    });
}

#[test]
fn shared_values_work_in_mappings() {
    on_each(ALL, |method| {
        let pool = pool(method, 3);
        let values = pool.share(Counted((0..500).collect())).unwrap();
        let got = pool.map(nth, (0..500).map(|n| (values.clone(), n))).unwrap();
        assert!(got.iter().zip(0..).all(|((value, _), n)| *value == n));
    });
}

#[test]
fn a_replacement_is_sent_what_it_needs() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 2).restart(at_once()).build().unwrap();
        let values = pool.share(Counted((0..10).collect())).unwrap();
        let poisoned: Vec<_> =
            pool.imap(killing, (0..10).map(|n| (values.clone(), n))).unwrap().chunk_size(5).collect();
        assert!(poisoned.iter().enumerate().all(|(n, result)| result.is_err() == (n == 3)));
        for n in 0..5 {
            process::signal(pool.apply(pid, ()).unwrap(), Signal::SIGKILL);
            assert_eq!(pool.apply(nth, (values.clone(), n)).unwrap(), (n as u64, 1));
        }
    });
}

#[test]
fn large_shared_values_stream() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let large = pool.share(Bytes::from(vec![1; 32 << 20])).unwrap();
        assert_eq!(pool.map(length, vec![large; 20]).unwrap(), [32 << 20; 20]);
    });
}

#[test]
fn what_is_above_the_limit_cannot_be_shared() {
    on_each(ALL, |method| {
        let pool = builder(method, 1).payload_limit(1000).build().unwrap();
        assert!(pool.share(vec![0u8; 2000]).unwrap_err().to_string().contains("payload_limit()"));
        assert!(pool.share(vec![0u8; 100]).is_ok());
    });
}

#[test]
fn a_value_of_another_pool_is_refused_at_once() {
    on_each(ALL, |method| {
        let (own, other) = (pool(method, 1), pool(method, 1));
        let (mine, foreign) = (own.share(Counted(vec![1])).unwrap(), other.share(Counted(vec![2])).unwrap());
        let refused = own.submit(nth, (foreign.clone(), 7)).unwrap_err();
        assert!(refused.to_string().contains("belongs to another pool"), "{refused}");
        assert_eq!((refused.args.0.0[0], refused.args.1), (2, 7));
        drop(other);
        assert!(own.apply(nth, (foreign, 0)).unwrap_err().to_string().contains("belongs to another pool"));
        assert_eq!(own.apply(nth, (mine, 0)).unwrap().0, 1, "two values of two pools are not mistaken for each other");
    });
}

#[test]
fn a_foreign_value_in_a_mapping_has_its_error_in_its_place() {
    on_each(ALL, |method| {
        let (own, other) = (pool(method, 1), pool(method, 1));
        let (mine, foreign) = (own.share(Counted(vec![1])).unwrap(), other.share(Counted(vec![2])).unwrap());
        let items = (0..9).map(move |n| (if n % 3 == 1 { foreign.clone() } else { mine.clone() }, 0));
        let results: Vec<_> = own.imap(nth, items).unwrap().collect();
        assert_eq!(results.len(), 9);
        assert!(results.iter().enumerate().all(|(n, result)| result.is_err() == (n % 3 == 1)), "{results:?}");
    });
}

#[ganger::task]
fn same(value: Shared<u64>) -> Shared<u64> {
    value
}

#[test]
fn a_shared_value_is_nothing_but_an_argument() {
    on_each(ALL, |method| {
        let pool = pool(method, 1);
        let value = pool.share(5u64).unwrap();
        let error = pool.apply(same, value.clone()).unwrap_err();
        assert!(error.to_string().contains("no argument of a task"), "{error}");
        assert!(pool.share(vec![value]).unwrap_err().to_string().contains("no argument of a task"));
    });
}
