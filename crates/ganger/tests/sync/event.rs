//! `Event`.

use std::time::Instant;

use ganger::sync::Event;

use crate::workers::{ALL, LONG, SHORT, on_each, pool};

#[ganger::task]
fn set_event(event: Event) {
    event.set();
}

#[ganger::task]
fn await_event(event: Event, begun: Event) -> bool {
    begun.set();
    event.wait_timeout(LONG)
}

#[test]
fn test_event() {
    on_each(ALL, |method| {
        let (pool, event) = (pool(method, 1), Event::new().unwrap());
        let begun = Instant::now();
        assert!(!event.is_set() && !event.wait_timeout(SHORT) && begun.elapsed() >= SHORT);
        event.set();
        assert!(event.is_set() && event.wait_timeout(SHORT));
        event.wait();
        event.clear();
        assert!(!event.is_set());
        let setting = pool.submit(set_event, event.clone()).unwrap();
        event.wait();
        setting.result().unwrap();
    });
}

#[test]
fn who_waits_comes_back_though_it_is_cleared_at_once() {
    on_each(ALL, |method| {
        let (pool, event, begun) = (pool(method, 1), Event::new().unwrap(), Event::new().unwrap());
        let waiting = pool.submit(await_event, (event.clone(), begun.clone())).unwrap();
        begun.wait();
        // It may not have looked yet when it said that it would.
        while !waiting.done() {
            event.set();
            event.clear();
            std::thread::yield_now();
        }
        assert!(waiting.result().unwrap());
    });
}
