//! `_TestPool`: on processes and on threads.

mod test_pool {
    use std::collections::BTreeSet;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use ganger::{Bytes, Error, Mapping, Pool, Portable};

    use crate::away::{BOTH, PROCESSES};
    use crate::support::{Gate, PATIENCE, builder, eventually, hold, on_each, pool};
    use crate::tasks::{add, nap, panics, square};
    use crate::traps::{Going, Trap, take_going};

    const SHORT: Duration = Duration::from_millis(20);

    fn squares(range: std::ops::Range<u64>) -> Vec<u64> {
        range.map(|n| n * n).collect()
    }

    fn all<R>(results: impl Iterator<Item = Result<R, Error>>) -> Vec<R> {
        results.map(Result::unwrap).collect()
    }

    #[test]
    fn test_apply() {
        on_each(BOTH, |method| {
            let pool = pool(method, 4);
            assert_eq!((pool.apply(square, 5).unwrap(), pool.apply(add, (2, 3)).unwrap()), (25, 5));
        });
    }

    #[test]
    fn test_map() {
        on_each(BOTH, |method| {
            let pool = pool(method, 4);
            assert_eq!(pool.map(square, 0..10).unwrap(), squares(0..10));
            assert_eq!(all(pool.imap(square, 0..100).unwrap().chunk_size(20)), squares(0..100));
        });
    }

    #[test]
    fn test_starmap() {
        on_each(BOTH, |method| {
            let pool = pool(method, 4);
            let pairs = |size| (0..size).zip((0..size).rev());
            assert_eq!(pool.starmap(add, pairs(10)).unwrap(), [9; 10]);
            assert_eq!(all(pool.imap(add, pairs(100)).unwrap().chunk_size(20)), [99; 100]);
            assert_eq!(pool.map_async(add, pairs(100)).unwrap().result().unwrap(), [99; 100]);
        });
    }

    #[test]
    fn test_map_async() {
        on_each(BOTH, |method| {
            let pool = pool(method, 4);
            assert_eq!(pool.map_async(square, 0..10).unwrap().result().unwrap(), squares(0..10));
        });
    }

    #[test]
    fn test_map_async_callbacks() {
        on_each(BOTH, |method| {
            let pool = pool(method, 4);
            for (items, good) in
                [(vec![4, 5], true), (vec![1, 2, 3], false), (vec![], true), ((4..500).collect(), true)]
            {
                let (tell, told) = channel();
                let expected = items.clone();
                pool.map_async(panics, items).unwrap().add_done_callback(move |outcome| tell.send(outcome).unwrap());
                match told.recv_timeout(PATIENCE).unwrap() {
                    Ok(results) => assert_eq!((results, good), (expected, true)),
                    Err(error) => assert!(error.task().unwrap().panic().is_some() && !good, "{error}"),
                }
                assert!(told.recv().is_err(), "it is called once");
            }
        });
    }

    /// What cannot be encoded comes back to who handed it in.
    #[test]
    fn test_map_unplicklable() {
        on_each(PROCESSES, |method| {
            let pool = pool(method, 2);
            let error = pool.map(take_going, [Going(Trap::Fails); 10]).unwrap_err();
            assert!(error.to_string().contains("a trap"), "{error}");
            assert_eq!(pool.map(take_going, [Going(Trap::None); 10]).unwrap(), [7; 10]);
        });
    }

    #[test]
    fn test_map_chunksize() {
        on_each(BOTH, |method| {
            let pool = pool(method, 4);
            assert_eq!(pool.map_async(square, []).unwrap().result_timeout(PATIENCE).unwrap(), [0; 0]);
            assert!(pool.imap(square, []).unwrap().chunk_size(1).next().is_none());
        });
    }

    #[test]
    fn test_async() {
        on_each(BOTH, |method| {
            let (pool, gate) = (pool(method, 4), Gate::new());
            let future = pool.apply_async(hold, gate.path()).unwrap();
            gate.await_begun(1);
            assert!(!future.done());
            gate.open();
            assert!(future.result().unwrap() > 0);
        });
    }

    #[test]
    fn test_async_timeout() {
        on_each(BOTH, |method| {
            let (pool, gate) = (pool(method, 3), Gate::new());
            let future = pool.apply_async(hold, gate.path()).unwrap();
            gate.await_begun(1);
            let begun = std::time::Instant::now();
            assert!(future.result_timeout(SHORT).unwrap_err().is_timeout());
            assert!(begun.elapsed() >= SHORT && !future.done());
            // A thread cannot be ended.
            (!PROCESSES.contains(&method)).then(|| gate.open());
            pool.terminate();
            pool.join(None).unwrap();
            assert!(future.done());
        });
    }

    #[test]
    fn test_imap() {
        on_each(BOTH, |method| {
            let pool = pool(method, 4);
            assert_eq!(all(pool.imap(square, 0..10).unwrap()), squares(0..10));
            let mut results = pool.imap(square, 0..1000).unwrap().chunk_size(100);
            assert!((0..1000).all(|n| results.next().unwrap().unwrap() == n * n));
            assert!(results.next().is_none() && results.next().is_none());
            let mut unordered = all(pool.imap_unordered(square, 0..1000).unwrap().chunk_size(100));
            unordered.sort_unstable();
            assert_eq!(unordered, squares(0..1000));
        });
    }

    /// What it gives before its input's own panic, which comes to the caller.
    fn before_the_panic<I: Iterator<Item: Portable>>(mut results: Mapping<I, u64>) -> Vec<u64> {
        let mut given = Vec::new();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            results.by_ref().for_each(|result| given.push(result.unwrap()));
        }));
        assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"somebody said when"));
        assert!(results.next().is_none());
        given
    }

    fn say_when(total: u64, when: u64) -> impl Iterator<Item = u64> {
        (0..total).inspect(move |n| assert!(*n != when, "somebody said when"))
    }

    #[test]
    fn test_imap_handle_iterable_exception() {
        on_each(BOTH, |method| {
            let pool = pool(method, 4);
            for (total, when, chunk, given) in [(1, 0, 1, 0), (1, 0, 1, 0), (10, 3, 1, 3), (20, 7, 2, 6), (20, 7, 4, 4)]
            {
                let results = pool.imap(square, say_when(total, when)).unwrap().chunk_size(chunk);
                assert_eq!(before_the_panic(results), squares(0..given));
            }
            assert_eq!(pool.apply(square, 5).unwrap(), 25);
        });
    }

    #[test]
    fn test_imap_unordered_handle_iterable_exception() {
        on_each(BOTH, |method| {
            let pool = pool(method, 4);
            for (total, when, chunk, given) in [(1, 0, 1, 0), (10, 3, 1, 3), (20, 7, 2, 6)] {
                let results = pool.imap_unordered(square, say_when(total, when)).unwrap().chunk_size(chunk);
                let seen = before_the_panic(results);
                assert_eq!(seen.len() as u64, given);
                assert_eq!(BTreeSet::from_iter(seen), squares(0..given).into_iter().collect());
            }
        });
    }

    /// A size has no sign.
    #[test]
    fn test_make_pool() {
        on_each(BOTH, |method| {
            assert!(builder(method, 0).build().is_err());
            let pool = pool(method, 3);
            assert_eq!(pool.workers(), 3);
            eventually("three workers", || !PROCESSES.contains(&method) || pool.worker_pids().len() == 3);
        });
    }

    #[test]
    fn test_terminate() {
        on_each(BOTH, |method| {
            let (pool, gate) = (pool(method, 3), Gate::new());
            let results = pool.map_async(hold, vec![gate.path(); 10_000]).unwrap();
            gate.await_begun(3);
            (!PROCESSES.contains(&method)).then(|| gate.open());
            pool.terminate();
            pool.join(None).unwrap();
            assert!(results.done() && results.result().is_err());
        });
    }

    #[test]
    fn test_empty_iterable() {
        on_each(BOTH, |method| {
            let pool = pool(method, 1);
            assert_eq!(pool.map(square, []).unwrap(), [0; 0]);
            assert!(pool.imap(square, []).unwrap().next().is_none());
            assert!(pool.imap_unordered(square, []).unwrap().next().is_none());
            assert_eq!(pool.map_async(square, []).unwrap().result().unwrap(), [0; 0]);
            pool.close();
            pool.join(None).unwrap();
        });
    }

    /// The panic's place and backtrace come along. The input's own panic is the caller's, as it was.
    #[test]
    fn test_traceback() {
        on_each(PROCESSES, |method| {
            let pool = pool(method, 1);
            let error = pool.apply(panics, 3).unwrap_err();
            assert!(error.to_string().contains("no threes") && error.to_string().contains("tasks.rs:"), "{error}");
            let panic = error.task().unwrap().panic().unwrap();
            assert_eq!((&*panic.message, panic.location.is_some()), ("no threes", true));
            let own = catch_unwind(AssertUnwindSafe(|| pool.map(square, say_when(1, 0)))).unwrap_err();
            assert_eq!(own.downcast_ref::<&str>(), Some(&"somebody said when"));
        });
    }

    #[ganger::task]
    fn refuse(why: String) -> Result<u8, String> {
        Err(why)
    }

    /// Nowhere: an error that a task returns is its result, as it was.
    #[test]
    fn test_wrapped_exception() {
        on_each(BOTH, |method| {
            assert_eq!(pool(method, 1).apply(refuse, "foo".to_owned()).unwrap(), Err("foo".to_owned()));
        });
    }

    #[ganger::task]
    fn refuse_at_length(pause: u64) -> Result<u8, Bytes> {
        nap(pause);
        Err(vec![b'x'; 1 << 20].into())
    }

    /// `map` tells the first error at once and calls the rest off; no result that still comes holds up the end.
    #[test]
    fn test_map_no_failfast() {
        on_each(BOTH, |method| {
            let pool = pool(method, 2);
            let results = pool.map(refuse_at_length, [0, 50]).unwrap();
            assert!(results.iter().all(|result| result.as_ref().is_err_and(|bytes| bytes.len() == 1 << 20)));
            assert!(pool.map(panics, [3, 4]).unwrap_err().task().is_some());
            pool.close();
            pool.join(None).unwrap();
            assert_eq!(pool.pending(), 0);
        });
    }

    #[test]
    fn test_enter() {
        on_each(BOTH, |method| {
            let pool = pool(method, 1);
            assert!(pool.join(None).is_err(), "it is open");
            pool.terminate();
            let refused: [Error; 3] = [
                pool.submit(square, 1).unwrap_err().error,
                pool.map(square, [1]).unwrap_err(),
                pool.map_async(square, [1]).unwrap().result().unwrap_err(),
            ];
            assert!(refused.iter().all(Error::is_closed));
            Pool::join(&pool, None).unwrap();
        });
    }
}
