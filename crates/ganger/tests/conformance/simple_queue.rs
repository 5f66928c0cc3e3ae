//! `TestSimpleQueue`.

mod test_simple_queue {
    use ganger::connection::wait;
    use ganger::{Connection, SimpleQueue};

    use crate::away::{PROCESSES, away};
    use crate::deadline::{eventually, on_each};

    #[test]
    fn test_empty_exceptions() {
        let mut queue = SimpleQueue::<u8>::new().unwrap();
        queue.close();
        assert!(queue.empty().unwrap_err().is_closed());
        assert!(queue.put(&1).unwrap_err().is_closed());
        assert!(queue.get().unwrap_err().is_closed());
        assert!(wait([&queue], None).unwrap_err().is_closed());
    }

    /// Puts two items in when it is let.
    #[ganger::task]
    fn put_two(queue: SimpleQueue<Option<bool>>, go: Connection) -> bool {
        go.recv::<()>().unwrap();
        queue.put(&Some(true)).unwrap();
        queue.put(&None).unwrap();
        queue.empty().unwrap()
    }

    #[test]
    fn test_empty() {
        on_each(PROCESSES, |method| {
            let queue = SimpleQueue::new().unwrap();
            let (go, let_go) = ganger::Pipe::one_way().unwrap();
            let child = away(method, put_two, (queue.try_clone().unwrap(), go));
            assert!(queue.empty().unwrap());
            let_go.send(&()).unwrap();
            eventually("an item", || !queue.empty().unwrap());
            assert!(!child.join());
            assert_eq!(queue.get().unwrap(), Some(true));
            assert!(!queue.empty().unwrap());
            assert_eq!(queue.get().unwrap(), None);
            assert!(queue.empty().unwrap());
        });
    }

    #[test]
    fn test_close() {
        let mut queue = SimpleQueue::<u8>::new().unwrap();
        queue.close();
        queue.close();
    }
}
