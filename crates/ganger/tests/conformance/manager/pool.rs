//! `_TestPool` on managers. What CPython skips there (callbacks, `wrapped_exception`, `unpickleable` results) is skipped here.

mod test_pool {
    use std::time::Duration;

    use ganger::manager::{ManagerError, PoolProxy};
    use serde::{Deserialize, Serialize, Serializer, ser::Error as _};

    use super::super::{LONG, SHORT, manager};
    use crate::away::{PROCESSES, away};
    use crate::deadline::on_each;

    #[ganger::task]
    fn square(n: i64) -> i64 {
        n * n
    }

    #[ganger::task]
    fn multiply(a: i64, b: i64) -> i64 {
        a * b
    }

    #[ganger::task]
    fn sleep_for(time: Duration) -> Duration {
        std::thread::sleep(time);
        time
    }

    #[ganger::task]
    fn refuse(n: i64) -> Result<i64, String> {
        if n == 3 { Err("three".to_owned()) } else { Ok(n) }
    }

    #[ganger::task]
    fn panic_at(n: i64) -> i64 {
        if n == 5 { panic!("five, of all numbers") } else { n }
    }

    fn squares(to: i64) -> Vec<i64> {
        (0..to).map(|n| n * n).collect()
    }

    #[ganger::task]
    fn use_pool(pool: PoolProxy) -> Vec<i64> {
        pool.map(square, 0..10).unwrap()
    }

    #[test]
    fn test_apply() {
        on_each(PROCESSES, |method| {
            let manager = manager();
            let pool = manager.pool(2).unwrap();
            assert_eq!((pool.apply(square, 5).unwrap(), pool.apply(multiply, (3, 4)).unwrap()), (25, 12));
            assert_eq!(away(method, use_pool, pool).join(), squares(10));
        });
    }

    #[test]
    fn test_map() {
        let manager = manager();
        let pool = manager.pool(2).unwrap();
        assert_eq!(pool.map(square, 0..10).unwrap(), squares(10));
        assert_eq!(pool.map(square, 0..1000).unwrap(), squares(1000));
    }

    #[test]
    fn test_starmap() {
        let manager = manager();
        let pool = manager.pool(2).unwrap();
        let products: Vec<i64> = (0..100).map(|n| n * (n + 1)).collect();
        assert_eq!(pool.map(multiply, (0..100).map(|n| (n, n + 1))).unwrap(), products);
    }

    #[test]
    fn test_map_async() {
        let manager = manager();
        let pool = manager.pool(2).unwrap();
        let parts = pool.map_async(square, 0..10).unwrap();
        let all: Vec<i64> = parts.into_iter().flat_map(|part| part.result().unwrap()).collect();
        assert_eq!(all, squares(10));
    }

    #[derive(Deserialize)]
    struct Unportable;

    impl Serialize for Unportable {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("it does not travel"))
        }
    }

    #[ganger::task]
    fn take(_: Unportable) {}

    #[ganger::task]
    fn give() -> Unportable {
        Unportable
    }

    #[test]
    fn test_map_unplicklable() {
        let manager = manager();
        let pool = manager.pool(1).unwrap();
        let refused = pool.map(take, [Unportable]).unwrap_err();
        assert!(matches!(&refused, ManagerError::NotPortable { why } if why.contains("does not travel")), "{refused}");
        assert!(matches!(pool.apply(give, ()).map(drop), Err(ManagerError::Remote { .. })));
        assert_eq!(pool.apply(square, 2).unwrap(), 4);
    }

    #[test]
    fn test_async() {
        let manager = manager();
        let pool = manager.pool(2).unwrap();
        let pending = pool.submit(sleep_for, SHORT).unwrap();
        assert_eq!(pending.result().unwrap(), SHORT);
    }

    #[test]
    fn test_async_timeout() {
        let manager = manager();
        let pool = manager.pool(1).unwrap();
        let pending = pool.submit(sleep_for, LONG * 100).unwrap();
        assert!(!pending.done());
        assert!(matches!(pending.result_timeout(SHORT), Err(ManagerError::TimedOut)));
        pool.terminate().unwrap();
        assert!(pool.join(Some(LONG)).unwrap());
    }

    #[test]
    fn test_imap() {
        let manager = manager();
        let pool = manager.pool(2).unwrap();
        let all: Result<Vec<i64>, _> = pool.imap(square, 0..100).collect();
        assert_eq!(all.unwrap(), squares(100));
        let endless: Result<Vec<i64>, _> = pool.imap(square, 0..).take(5).collect();
        assert_eq!(endless.unwrap(), squares(5));
    }

    #[test]
    fn test_make_pool() {
        let manager = manager();
        assert!(matches!(manager.pool(0), Err(ManagerError::Remote { .. })));
        assert_eq!(manager.pool(3).unwrap().workers().unwrap(), 3);
    }

    #[test]
    fn test_terminate() {
        let manager = manager();
        let pool = manager.pool(2).unwrap();
        let parts = pool.map_async(sleep_for, vec![LONG; 1000]).unwrap();
        pool.terminate().unwrap();
        assert!(pool.join(Some(LONG)).unwrap());
        assert!(parts.into_iter().all(|part| matches!(part.result(), Err(ManagerError::Remote { .. }))));
    }

    #[test]
    fn test_empty_iterable() {
        let manager = manager();
        let pool = manager.pool(1).unwrap();
        assert_eq!(pool.map(square, []).unwrap(), Vec::<i64>::new());
        assert!(pool.imap(square, []).next().is_none() && pool.map_async(square, []).unwrap().is_empty());
    }

    /// Python's `chunksize` of an empty input.
    #[test]
    fn test_map_chunksize() {
        let manager = manager();
        assert!(manager.pool(1).unwrap().map(square, std::iter::empty()).unwrap().is_empty());
    }

    #[test]
    fn test_traceback() {
        let manager = manager();
        let pool = manager.pool(1).unwrap();
        let panicked = pool.apply(panic_at, 5).unwrap_err().to_string();
        assert!(panicked.contains("five, of all numbers") && panicked.contains("pool.rs"), "{panicked}");
        assert_eq!(pool.apply(refuse, 3).unwrap(), Err("three".to_owned()));
    }

    #[test]
    fn test_map_no_failfast() {
        let manager = manager();
        let pool = manager.pool(2).unwrap();
        let failed = pool.map(panic_at, 0..100).unwrap_err();
        assert!(failed.to_string().contains("five"), "{failed}");
        pool.close().unwrap();
        assert!(pool.join(Some(LONG)).unwrap());
    }

    #[test]
    fn test_enter() {
        let manager = manager();
        let pool = manager.pool(1).unwrap();
        assert!(matches!(pool.join(None), Err(ManagerError::Remote { .. })), "neither closed nor terminated");
        pool.terminate().unwrap();
        assert!(matches!(pool.apply(square, 1), Err(ManagerError::Remote { .. })));
    }
}
