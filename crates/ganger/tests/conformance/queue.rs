//! `_TestQueue`, and what the other classes say about queues.

mod test_queue {
    use std::time::{Duration, Instant};

    use ganger::sync::Event;
    use ganger::{JoinableQueue, Queue};
    use serde::{Deserialize, Serialize, Serializer};

    use crate::away::{BOTH, away};
    use crate::deadline::on_each;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(30);
    const MAXSIZE: u32 = 6;

    #[ganger::task]
    fn get_six(queue: Queue<u32>, start: Event, go_on: Event) -> Vec<u32> {
        start.wait();
        let got = (0..MAXSIZE).map(|_| queue.get().unwrap()).collect();
        go_on.set();
        got
    }

    fn put_all_ways(queue: &Queue<u32>) {
        queue.put(&1).unwrap();
        queue.put_timeout(&2, LONG).unwrap();
        queue.try_put(&3).unwrap();
        (4..=MAXSIZE).for_each(|n| queue.put(&n).unwrap());
    }

    /// Full at once, and full after so long.
    fn assert_full(queue: &Queue<u32>) {
        assert!(queue.try_put(&7).unwrap_err().is_full());
        assert!(queue.put_timeout(&7, Duration::ZERO).unwrap_err().is_full());
        let began = Instant::now();
        assert!(queue.put_timeout(&7, SHORT).unwrap_err().is_full());
        assert!(began.elapsed() >= SHORT);
    }

    #[test]
    fn test_put() {
        on_each(BOTH, |method| {
            let queue = Queue::new(MAXSIZE as usize).unwrap();
            let (start, go_on) = (Event::new().unwrap(), Event::new().unwrap());
            let child = away(method, get_six, (queue.clone(), start.clone(), go_on.clone()));
            assert!(queue.empty() && !queue.full());
            put_all_ways(&queue);
            assert!(!queue.empty() && queue.full());
            assert_full(&queue);
            start.set();
            go_on.wait();
            assert!(queue.empty() && !queue.full());
            assert_eq!(child.join(), [1, 2, 3, 4, 5, 6]);
        });
    }

    #[ganger::task]
    fn put_four(queue: Queue<u32>, start: Event, go_on: Event) {
        start.wait();
        (2..=5).for_each(|n| queue.put(&n).unwrap());
        go_on.set();
    }

    /// Empty at once, and empty after so long.
    fn assert_empty(queue: &Queue<u32>) {
        assert!(queue.try_get().unwrap_err().is_empty());
        assert!(queue.get_timeout(Duration::ZERO).unwrap_err().is_empty());
        let began = Instant::now();
        assert!(queue.get_timeout(SHORT).unwrap_err().is_empty());
        assert!(began.elapsed() >= SHORT);
    }

    #[test]
    fn test_get() {
        on_each(BOTH, |method| {
            let (queue, start, go_on) = (Queue::new(0).unwrap(), Event::new().unwrap(), Event::new().unwrap());
            let child = away(method, put_four, (queue.clone(), start.clone(), go_on.clone()));
            assert!(queue.empty());
            start.set();
            go_on.wait();
            assert!(!queue.empty());
            let got = [queue.get(), queue.get_timeout(LONG), queue.try_get(), queue.get()];
            assert_eq!(got.map(Result::unwrap), [2, 3, 4, 5]);
            assert!(queue.empty());
            assert_empty(&queue);
            child.join();
        });
    }

    #[ganger::task]
    fn put_ten(queue: Queue<u32>) {
        (10..20).for_each(|n| queue.put(&n).unwrap());
    }

    #[test]
    fn test_fork() {
        on_each(BOTH, |method| {
            let queue = Queue::new(0).unwrap();
            (0..10).for_each(|n| queue.put(&n).unwrap());
            let child = away(method, put_ten, queue.clone());
            assert!((0..20).all(|n| queue.get().unwrap() == n));
            assert!(queue.try_get().unwrap_err().is_empty());
            child.join();
        });
    }

    #[test]
    fn test_qsize() {
        let queue = Queue::new(0).unwrap();
        assert_eq!(queue.qsize(), 0);
        queue.put(&1).unwrap();
        assert_eq!(queue.qsize(), 1);
        queue.put(&5).unwrap();
        assert_eq!(queue.qsize(), 2);
        queue.get().unwrap();
        assert_eq!(queue.qsize(), 1);
        queue.get().unwrap();
        assert_eq!(queue.qsize(), 0);
    }

    #[ganger::task]
    fn finish_all(queue: JoinableQueue<Option<u32>>, done: Queue<u32>) {
        while let Some(item) = queue.get().unwrap() {
            std::thread::sleep(Duration::from_millis(5));
            done.put(&item).unwrap();
            queue.task_done().unwrap();
        }
    }

    #[test]
    fn test_task_done() {
        on_each(BOTH, |method| {
            let (queue, done) = (JoinableQueue::new(0).unwrap(), Queue::new(0).unwrap());
            let workers = [(); 4].map(|()| away(method, finish_all, (queue.clone(), done.clone())));
            (0..10).for_each(|n| queue.put(&Some(n)).unwrap());
            queue.join().unwrap();
            assert_eq!(done.qsize(), 10, "all was done before it was joined");
            (0..4).for_each(|_| queue.put(&None).unwrap());
            workers.into_iter().for_each(|worker| worker.join());
            // The Nones were never said to be done, and their getters' handles are gone: they wait again.
            assert!(queue.join_timeout(SHORT).unwrap_err().is_timeout());
            (0..4).for_each(|_| assert_eq!(queue.get_timeout(LONG).unwrap(), None));
            (0..4).for_each(|_| queue.task_done().unwrap());
            queue.join().unwrap();
            assert!(queue.task_done().unwrap_err().is_too_many());
        });
    }

    #[test]
    fn test_timeout() {
        let (queue, timeout) = (Queue::<u32>::new(0).unwrap(), Duration::from_millis(200));
        let began = Instant::now();
        assert!(queue.get_timeout(timeout).unwrap_err().is_empty());
        assert!(began.elapsed() >= timeout);
    }

    /// Cannot be encoded if it says so.
    #[derive(Debug, Deserialize, PartialEq)]
    struct Stubborn(bool);

    impl Serialize for Stubborn {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0 {
                return Err(serde::ser::Error::custom("it will not"));
            }
            self.0.serialize(serializer)
        }
    }

    #[test]
    fn test_queue_feeder_donot_stop_onexc() {
        for queue in [Queue::new(0).unwrap(), Queue::new(1).unwrap()] {
            assert!(queue.put(&Stubborn(true)).unwrap_err().is_codec());
            assert!(queue.empty(), "it takes no place");
            queue.put(&Stubborn(false)).unwrap();
            assert_eq!(queue.qsize(), 1);
            assert_eq!(queue.get_timeout(LONG).unwrap(), Stubborn(false));
            assert!(queue.empty());
        }
    }

    /// There is no feeder, and so no hook: who puts is told, and still has the item.
    #[test]
    fn test_queue_feeder_on_queue_feeder_error() {
        let (queue, item) = (Queue::new(0).unwrap(), Stubborn(true));
        let error = queue.put(&item).unwrap_err();
        assert!(error.to_string().contains("it will not") && item == Stubborn(true), "{error}");
        queue.put(&Stubborn(false)).unwrap();
        assert_eq!(queue.get_timeout(LONG).unwrap(), Stubborn(false));
    }

    #[test]
    fn test_closed_queue_put_get_exceptions() {
        let queue = Queue::<String>::new(0).unwrap();
        queue.close().unwrap();
        let errors = [queue.put(&"foo".to_owned()).unwrap_err(), queue.get().unwrap_err()];
        assert!(errors.iter().all(|error| error.is_closed() && error.to_string().contains("is closed")));
        let queue = JoinableQueue::<String>::new(0).unwrap();
        queue.close().unwrap();
        let errors = [queue.put(&"foo".to_owned()).unwrap_err(), queue.get().unwrap_err()];
        assert!(errors.iter().all(|error| error.is_closed() && error.to_string().contains("is closed")));
        queue.close().unwrap();
    }
}

mod test_stdin_bad_file_descriptor {
    use ganger::{Exit, Process, Queue};

    use crate::deadline::bounded;

    #[ganger::task]
    fn put_and_get() {
        let queue = Queue::new(0).unwrap();
        queue.put(&1).unwrap();
        assert_eq!(queue.get().unwrap(), 1);
    }

    #[ganger::task]
    fn queue_in_a_child() {
        let child = Process::new(put_and_get, ()).unwrap();
        child.start().unwrap();
        assert_eq!(child.join(None).unwrap(), Some(Exit::Code(0)));
    }

    #[test]
    fn test_queue_in_process() {
        bounded("a queue in a process in a process", || {
            let process = Process::new(queue_in_a_child, ()).unwrap();
            process.start().unwrap();
            assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
        });
    }
}

mod test_start_method {
    use ganger::{Process, Queue};

    use crate::deadline::bounded;

    #[ganger::task]
    fn put_one(queue: Queue<u32>) {
        queue.put(&1).unwrap();
    }

    #[ganger::task]
    fn put_two_and_nest_once(queue: Queue<u32>) {
        queue.put(&2).unwrap();
        let process = Process::new(put_one, queue).unwrap();
        process.start().unwrap();
        process.join(None).unwrap();
    }

    #[test]
    fn test_nested_startmethod() {
        bounded("a queue that was handed on", || {
            let queue = Queue::new(0).unwrap();
            let process = Process::new(put_two_and_nest_once, queue.clone()).unwrap();
            process.start().unwrap();
            process.join(None).unwrap();
            assert_eq!([queue.get().unwrap(), queue.get().unwrap()], [2, 1]);
            assert!(queue.empty());
        });
    }
}
