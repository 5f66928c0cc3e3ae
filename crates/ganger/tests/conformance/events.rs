//! `_TestEvent`: on processes and on threads.

mod test_event {
    use std::time::Instant;

    use ganger::sync::Event;

    use crate::workers::{ALL, SHORT, on_each, pool};

    #[ganger::task]
    fn set_event(event: Event) {
        event.set();
    }

    #[test]
    fn test_repr() {
        let event = Event::new().unwrap();
        for (change, shown) in
            [(Event::clear as fn(&Event), "Event(unset)"), (Event::set, "Event(set)"), (Event::clear, "Event(unset)")]
        {
            change(&event);
            assert_eq!(format!("{event:?}"), shown);
        }
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
}
