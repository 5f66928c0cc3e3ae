//! `_TestQueue` on managers.

mod test_queue {
    use std::time::Instant;

    use ganger::manager::{JoinableQueueProxy, ManagerError, QueueProxy};
    use serde::{Serialize, Serializer, ser::Error as _};

    use super::super::{LONG, SHORT, manager};
    use crate::away::{PROCESSES, away};
    use crate::deadline::{eventually, on_each};

    #[ganger::task]
    fn take_six(queue: QueueProxy<i32>) -> Vec<i32> {
        (0..6).map(|_| queue.get().unwrap()).collect()
    }

    #[test]
    fn test_put() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let queue = manager.queue(6).unwrap();
            assert!(queue.is_empty().unwrap() && !queue.is_full().unwrap());
            (1..=3).for_each(|n| queue.put(&n).unwrap());
            queue.try_put(&4).unwrap();
            queue.put_timeout(&5, LONG).unwrap();
            queue.put_later(&6).unwrap().result().unwrap();
            assert!(queue.is_full().unwrap());
            assert!(matches!(queue.try_put(&7), Err(ManagerError::Full)));
            let begun = Instant::now();
            assert!(matches!(queue.put_timeout(&7, SHORT), Err(ManagerError::Full)));
            assert!(begun.elapsed() >= SHORT && queue.len().unwrap() == 6);
            assert_eq!(away(method, take_six, queue.clone()).join(), [1, 2, 3, 4, 5, 6]);
            assert!(queue.is_empty().unwrap());
        });
    }

    #[ganger::task]
    fn put_four(queue: QueueProxy<i32>) {
        (2..=5).for_each(|n| queue.put(&n).unwrap());
    }

    #[test]
    fn test_get() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let queue = manager.queue(0).unwrap();
            let child = away(method, put_four, queue.clone());
            assert_eq!(queue.get().unwrap(), 2);
            assert_eq!(queue.get_timeout(LONG).unwrap(), 3);
            eventually("two more", || queue.len().unwrap() == 2);
            assert_eq!((queue.try_get().unwrap(), queue.get_later().unwrap().result().unwrap()), (4, 5));
            assert!(matches!(queue.try_get(), Err(ManagerError::Empty)));
            let begun = Instant::now();
            assert!(matches!(queue.get_timeout(SHORT), Err(ManagerError::Empty)));
            assert!(begun.elapsed() >= SHORT);
            child.join();
        });
    }

    #[ganger::task]
    fn put_ten(queue: QueueProxy<i32>) {
        (10..20).for_each(|n| queue.put(&n).unwrap());
    }

    #[test]
    fn test_fork() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let queue = manager.queue(0).unwrap();
            (0..10).for_each(|n| queue.put(&n).unwrap());
            away(method, put_ten, queue.clone()).join();
            assert!((0..20).all(|n| queue.get().unwrap() == n));
        });
    }

    #[ganger::task]
    fn consume(queue: JoinableQueueProxy<Option<u8>>) {
        while queue.get().unwrap().is_some() {
            queue.task_done().unwrap();
        }
        queue.task_done().unwrap();
    }

    #[test]
    fn test_task_done() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let queue = manager.joinable_queue(0).unwrap();
            let workers: Vec<_> = (0..4).map(|_| away(method, consume, queue.clone())).collect();
            (0..10).for_each(|n| queue.put(&Some(n)).unwrap());
            queue.join().unwrap();
            assert!(queue.is_empty().unwrap());
            workers.iter().for_each(|_| queue.put(&None).unwrap());
            workers.into_iter().for_each(|worker| worker.join());
            queue.join_timeout(LONG).unwrap();
            queue.put(&None).unwrap();
            assert!(matches!(queue.join_timeout(SHORT), Err(ManagerError::TimedOut)));
        });
    }

    #[test]
    fn test_timeout() {
        let manager = manager();
        let (queue, begun) = (manager.queue::<u8>(0).unwrap(), Instant::now());
        assert!(matches!(queue.get_timeout(4 * SHORT), Err(ManagerError::Empty)));
        assert!(begun.elapsed() >= 4 * SHORT);
    }

    /// Cannot be encoded if it is odd.
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Even(u32);

    impl Serialize for Even {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0.is_multiple_of(2) { self.0.serialize(serializer) } else { Err(S::Error::custom("odd")) }
        }
    }

    /// There is no feeder: who puts is told.
    #[test]
    fn test_queue_feeder_donot_stop_onexc() {
        let manager = manager();
        let queue = manager.queue(1).unwrap();
        let refused = queue.put(&Even(1)).unwrap_err();
        assert!(matches!(&refused, ManagerError::NotPortable { why } if why.contains("odd")), "{refused}");
        queue.put_timeout(&Even(2), LONG).unwrap();
        assert_eq!((queue.len().unwrap(), queue.get().unwrap()), (1, Even(2)));
    }

    #[test]
    fn test_queue_feeder_on_queue_feeder_error() {
        let manager = manager();
        let queue = manager.joinable_queue(0).unwrap();
        assert!(queue.put(&Even(3)).unwrap_err().to_string().contains("odd"));
        queue.join().unwrap();
        queue.put(&Even(4)).unwrap();
        assert_eq!(queue.get().unwrap(), Even(4));
    }

    /// A managed queue ends with its manager.
    #[test]
    fn test_closed_queue_put_get_exceptions() {
        let mut manager = manager();
        let queue = manager.queue(0).unwrap();
        let waiting = queue.get_later().unwrap();
        manager.shutdown().unwrap();
        assert!(waiting.result().unwrap_err().is_gone());
        assert!(queue.put(&1).unwrap_err().is_gone() && queue.get().unwrap_err().is_gone());
    }
}
