//! `Event`.

use ganger::sync::Event;

use crate::workers::{ALL, LONG, on_each, pool};

#[ganger::task]
fn await_event(event: Event, begun: Event) -> bool {
    begun.set();
    event.wait_timeout(LONG)
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
