//! `Barrier`.

use ganger::sync::{Barrier, BrokenBarrier, Event};

use crate::workers::{SHORT, eventually};

#[test]
fn one_that_gives_up_breaks_it_for_all() {
    let barrier = Barrier::new(3).unwrap();
    let other = barrier.clone();
    let waiting = std::thread::spawn(move || other.wait());
    eventually("one waits", || barrier.n_waiting() == 1);
    assert_eq!(barrier.wait_timeout(SHORT), Err(BrokenBarrier));
    assert_eq!(waiting.join().unwrap(), Err(BrokenBarrier));
}

#[test]
fn the_action_is_done_once_and_before_anybody_goes_on() {
    let (barrier, done) = (Barrier::new(3).unwrap(), Event::new().unwrap());
    let act = |barrier: Barrier, done: Event| {
        barrier.wait_with(|| {
            assert!(!done.is_set(), "twice");
            done.set();
        })?;
        Ok::<bool, BrokenBarrier>(done.is_set())
    };
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (barrier, done) = (barrier.clone(), done.clone());
            std::thread::spawn(move || act(barrier, done))
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == Ok(true)));
}

#[test]
fn an_action_that_panics_breaks_it() {
    let barrier = Barrier::new(1).unwrap();
    let other = barrier.clone();
    let panicked = std::thread::spawn(move || other.wait_with(|| panic!("an action that fails"))).join();
    assert!(panicked.is_err() && barrier.broken());
}
