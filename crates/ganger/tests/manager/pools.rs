//! Pools in a manager.

use std::time::Duration;

use ganger::manager::{Manager, ManagerError, PoolProxy};
use ganger::{Pool, StartMethod};
use serde::{Deserialize, Serialize, Serializer, ser::Error as _};

use crate::deadline::on_each;
use crate::{LONG, SHORT};

#[ganger::task]
fn square(n: i64) -> i64 {
    n * n
}

#[ganger::task]
fn multiply(a: i64, b: i64) -> i64 {
    a * b
}

#[ganger::task]
fn sleep_for(time: Duration) -> Duration {
    std::thread::sleep(time);
    time
}

#[ganger::task]
fn refuse(n: i64) -> Result<i64, String> {
    if n == 3 { Err("three".to_owned()) } else { Ok(n) }
}

#[ganger::task]
fn panic_at(n: i64) -> i64 {
    if n == 5 { panic!("five, of all numbers") } else { n }
}

fn squares(to: i64) -> Vec<i64> {
    (0..to).map(|n| n * n).collect()
}

#[ganger::task]
fn use_pool(pool: PoolProxy) -> Vec<i64> {
    pool.map(square, 0..10).unwrap()
}

#[test]
fn a_call_has_its_result() {
    on_each(&[StartMethod::Zygote, StartMethod::Spawn], |method| {
        let manager = Manager::start().unwrap();
        let pool = manager.pool(2).unwrap();
        assert_eq!((pool.apply(square, 5).unwrap(), pool.apply(multiply, (3, 4)).unwrap()), (25, 12));
        let elsewhere = Pool::builder().workers(1).start_method(method).build().unwrap();
        assert_eq!(elsewhere.apply(use_pool, pool).unwrap(), squares(10));
    });
}

#[test]
fn a_mapping_keeps_the_order() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(2).unwrap();
    assert_eq!(pool.map(square, 0..10).unwrap(), squares(10));
    assert_eq!(pool.map(square, 0..1000).unwrap(), squares(1000));
}

#[test]
fn tuples_are_arguments() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(2).unwrap();
    let products: Vec<i64> = (0..100).map(|n| n * (n + 1)).collect();
    assert_eq!(pool.map(multiply, (0..100).map(|n| (n, n + 1))).unwrap(), products);
}

#[test]
fn a_mapping_can_be_asked_for_later() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(2).unwrap();
    let parts = pool.map_async(square, 0..10).unwrap();
    let all: Vec<i64> = parts.into_iter().flat_map(|part| part.result().unwrap()).collect();
    assert_eq!(all, squares(10));
}

#[derive(Deserialize)]
struct Unportable;

impl Serialize for Unportable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("it does not travel"))
    }
}

#[ganger::task]
fn take(_: Unportable) {}

#[ganger::task]
fn give() -> Unportable {
    Unportable
}

#[test]
fn what_does_not_travel_is_told_and_ends_nothing() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(1).unwrap();
    let refused = pool.map(take, [Unportable]).unwrap_err();
    assert!(matches!(&refused, ManagerError::NotPortable { why } if why.contains("does not travel")), "{refused}");
    assert!(matches!(pool.apply(give, ()).map(drop), Err(ManagerError::Remote { .. })));
    assert_eq!(pool.apply(square, 2).unwrap(), 4);
}

#[test]
fn a_call_can_be_asked_for_later() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(2).unwrap();
    let pending = pool.submit(sleep_for, SHORT).unwrap();
    assert_eq!(pending.result().unwrap(), SHORT);
}

#[test]
fn a_time_limit_of_a_result_is_told() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(1).unwrap();
    let pending = pool.submit(sleep_for, LONG * 100).unwrap();
    assert!(!pending.done());
    assert!(matches!(pending.result_timeout(SHORT), Err(ManagerError::TimedOut)));
    pool.terminate().unwrap();
    assert!(pool.join(Some(LONG)).unwrap());
}

#[test]
fn items_are_taken_as_results_are() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(2).unwrap();
    let all: Result<Vec<i64>, _> = pool.imap(square, 0..100).collect();
    assert_eq!(all.unwrap(), squares(100));
    let endless: Result<Vec<i64>, _> = pool.imap(square, 0..).take(5).collect();
    assert_eq!(endless.unwrap(), squares(5));
}

#[test]
fn a_pool_of_none_is_refused() {
    let manager = Manager::start().unwrap();
    assert!(matches!(manager.pool(0), Err(ManagerError::Remote { .. })));
    assert_eq!(manager.pool(3).unwrap().workers().unwrap(), 3);
}

#[test]
fn what_waits_is_told_of_the_end() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(2).unwrap();
    let parts = pool.map_async(sleep_for, vec![LONG; 1000]).unwrap();
    pool.terminate().unwrap();
    assert!(pool.join(Some(LONG)).unwrap());
    assert!(parts.into_iter().all(|part| matches!(part.result(), Err(ManagerError::Remote { .. }))));
}

#[test]
fn nothing_is_made_of_nothing() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(1).unwrap();
    assert_eq!(pool.map(square, []).unwrap(), Vec::<i64>::new());
    assert!(pool.imap(square, []).next().is_none() && pool.map_async(square, []).unwrap().is_empty());
}

#[test]
fn a_panic_says_what_and_where() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(1).unwrap();
    let panicked = pool.apply(panic_at, 5).unwrap_err().to_string();
    assert!(panicked.contains("five, of all numbers") && panicked.contains("pools.rs"), "{panicked}");
    assert_eq!(pool.apply(refuse, 3).unwrap(), Err("three".to_owned()));
}

#[test]
fn a_failed_item_ends_no_other() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(2).unwrap();
    let failed = pool.map(panic_at, 0..100).unwrap_err();
    assert!(failed.to_string().contains("five"), "{failed}");
    pool.close().unwrap();
    assert!(pool.join(Some(LONG)).unwrap());
}

#[test]
fn a_pool_that_has_ended_takes_nothing() {
    let manager = Manager::start().unwrap();
    let pool = manager.pool(1).unwrap();
    assert!(matches!(pool.join(None), Err(ManagerError::Remote { .. })), "neither closed nor terminated");
    pool.terminate().unwrap();
    assert!(matches!(pool.apply(square, 1), Err(ManagerError::Remote { .. })));
}
