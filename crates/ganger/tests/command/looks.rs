//! A look at what runs, a pool that grows, and a reader that is woken.

use std::collections::HashSet;
use std::thread;

use ganger::{Pool, Reports};

use crate::shop::{DEADLINE, Shop, eventually};

#[test]
fn a_pool_that_grows_runs_what_waits() {
    let shop = Shop::with(Pool::builder().workers(1), 1 << 20);
    let tasks: Vec<_> = (0..3).map(|_| shop.start("sleep 1000")).collect();
    eventually("one runs", || shop.pool.running().len() == 1);
    shop.pool.grow(3);
    assert_eq!(shop.pool.workers(), 3);
    eventually("all run", || shop.pool.running().len() == 3);
    let running = shop.pool.running();
    assert!(running.iter().all(|running| tasks.contains(&running.task) && running.attempt == 1));
    assert_eq!(running.iter().map(|running| running.slot).collect::<Vec<_>>(), [1, 2, 3]);
    let workers: HashSet<_> = running.iter().filter_map(|running| running.worker).collect();
    assert_eq!(workers, shop.pool.worker_pids().into_iter().collect());
    shop.pool.kill();
    assert!(shop.pool.join(Some(DEADLINE)).is_ok());
}

#[test]
fn a_reader_that_waits_is_woken() {
    let reports = Reports::new(1);
    let reader = thread::spawn({
        let reports = reports.clone();
        move || reports.recv(Some(DEADLINE)).is_none() && reports.recv(None).is_none()
    });
    // The second may come before the first is heard: then it is one.
    eventually("both waits are over", || {
        reports.wake();
        reader.is_finished()
    });
    assert!(reader.join().unwrap());
}
