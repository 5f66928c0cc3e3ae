//! `_TestBarrier`: on processes and on threads.

mod test_barrier {
    use std::collections::BTreeSet;

    use ganger::sync::{Barrier, BrokenBarrier};
    use ganger::{Future, Pool, StartMethod};

    use crate::workers::{ALL, LONG, SHORT, eventually, on_each, pool};

    /// Passes it so many times. The indices, or nothing if it broke.
    #[ganger::task]
    fn pass(barrier: Barrier, times: usize) -> Option<Vec<usize>> {
        (0..times).map(|_| barrier.wait_timeout(LONG).ok()).collect()
    }

    fn five(pool: &Pool, barrier: &Barrier, times: usize) -> Vec<Future<Option<Vec<usize>>>> {
        (0..5).map(|_| pool.submit(pass, (barrier.clone(), times)).unwrap()).collect()
    }

    fn lockstep(method: StartMethod, times: usize) {
        let (pool, barrier) = (pool(method, 5), Barrier::new(5).unwrap());
        let passed = five(&pool, &barrier, times);
        let indices: Vec<Vec<usize>> = passed.iter().map(|passed| passed.result().unwrap().unwrap()).collect();
        for round in 0..times {
            let of_this: BTreeSet<usize> = indices.iter().map(|of_one| of_one[round]).collect();
            assert_eq!(of_this, (0..5).collect(), "round {round}");
        }
        assert_eq!((barrier.n_waiting(), barrier.broken()), (0, false));
    }

    #[test]
    fn test_barrier() {
        on_each(ALL, |method| lockstep(method, 1));
    }

    #[test]
    fn test_wait_return() {
        on_each(ALL, |method| {
            let (pool, barrier) = (pool(method, 5), Barrier::new(5).unwrap());
            let passed = five(&pool, &barrier, 1);
            let indices: Vec<usize> = passed.iter().map(|passed| passed.result().unwrap().unwrap()[0]).collect();
            assert_eq!(indices.iter().filter(|index| **index == 0).count(), 1, "{indices:?}");
        });
    }

    #[test]
    fn test_barrier_10() {
        on_each(ALL, |method| lockstep(method, 10));
    }

    #[test]
    fn test_thousand() {
        on_each(ALL, |method| lockstep(method, 1000));
    }

    #[test]
    fn test_abort() {
        on_each(ALL, |method| {
            let (pool, barrier) = (pool(method, 5), Barrier::new(6).unwrap());
            let waiting = five(&pool, &barrier, 1);
            eventually("five wait", || barrier.n_waiting() == 5);
            barrier.abort();
            assert!(waiting.iter().all(|waiting| waiting.result().unwrap().is_none()));
            assert!(barrier.broken());
            assert_eq!(barrier.wait(), Err(BrokenBarrier));
        });
    }

    #[test]
    fn test_reset() {
        on_each(ALL, |method| {
            let (pool, barrier) = (pool(method, 5), Barrier::new(6).unwrap());
            let waiting = five(&pool, &barrier, 1);
            eventually("five wait", || barrier.n_waiting() == 5);
            barrier.reset();
            assert!(waiting.iter().all(|waiting| waiting.result().unwrap().is_none()));
            assert!(!barrier.broken());
            let again = five(&pool, &barrier, 1);
            assert!(barrier.wait().is_ok());
            assert!(again.iter().all(|again| again.result().unwrap().is_some()));
        });
    }

    #[test]
    fn test_abort_and_reset() {
        let barrier = Barrier::new(1).unwrap();
        barrier.abort();
        assert_eq!(barrier.wait(), Err(BrokenBarrier));
        barrier.reset();
        assert_eq!(barrier.wait(), Ok(0));
    }

    /// Waits as long as the barrier says.
    #[ganger::task]
    fn passes(barrier: Barrier) -> bool {
        barrier.wait().is_ok()
    }

    #[test]
    fn test_timeout() {
        on_each(ALL, |method| {
            let (pool, barrier) = (pool(method, 5), Barrier::with_timeout(6, SHORT).unwrap());
            let waiting: Vec<_> = (0..5).map(|_| pool.submit(passes, barrier.clone()).unwrap()).collect();
            assert!(waiting.iter().all(|waiting| !waiting.result().unwrap()));
            assert_eq!(barrier.wait(), Err(BrokenBarrier), "the sixth is late");
        });
    }

    #[test]
    fn test_repr() {
        let barrier = Barrier::new(3).unwrap();
        assert_eq!(format!("{barrier:?}"), "Barrier(0 of 3 wait)");
        barrier.abort();
        assert_eq!(format!("{barrier:?}"), "Barrier(0 of 3 wait, broken)");
    }

    #[test]
    fn test_single_thread() {
        let barrier = Barrier::new(1).unwrap();
        assert_eq!([barrier.wait(), barrier.wait()], [Ok(0), Ok(0)]);
    }
}
