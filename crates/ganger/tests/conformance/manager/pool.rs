//! `_TestPool`: a pool in a manager is an object of one's own that has one, and hands on what is asked of it.

mod test_pool {
    use std::sync::mpsc::channel;

    use ganger::manager::{Manager, ManagerError};
    use ganger::{Bytes, Error, Pool};

    use crate::manager::{LONG, SHORT, manager};
    use crate::support::{Gate, PATIENCE, hold};
    use crate::tasks::{add, nap, panics, square};
    use crate::traps::{Going, Trap, take_going};

    /// What a pool says, where the error is one's own to read.
    type Said<T> = Result<T, String>;

    fn said<T>(result: Result<T, Error>) -> Said<T> {
        result.map_err(|error| error.to_string())
    }

    struct Crew {
        pool: Pool,
    }

    #[ganger::managed]
    impl Crew {
        pub(crate) fn new(workers: usize) -> Self {
            Self { pool: Pool::new(workers).unwrap() }
        }

        pub(crate) fn workers(&self) -> usize {
            self.pool.workers()
        }

        pub(crate) fn apply(&self, n: u64) -> Said<u64> {
            said(self.pool.apply(square, n))
        }

        pub(crate) fn map(&self, items: Vec<u64>) -> Said<Vec<u64>> {
            said(self.pool.map(square, items))
        }

        pub(crate) fn map_by(&self, chunk: usize, items: Vec<u64>) -> Said<Vec<u64>> {
            said(self.pool.imap(square, items).and_then(|results| results.chunk_size(chunk).collect()))
        }

        pub(crate) fn map_unordered(&self, items: Vec<u64>) -> Said<Vec<u64>> {
            said(self.pool.imap_unordered(square, items).and_then(Iterator::collect))
        }

        pub(crate) fn starmap(&self, items: Vec<(u64, u64)>) -> Said<Vec<u64>> {
            said(self.pool.starmap(add, items))
        }

        pub(crate) fn panicking(&self, items: Vec<u64>) -> Said<Vec<u64>> {
            said(self.pool.map(panics, items))
        }

        pub(crate) fn trapped(&self, trap: bool) -> Said<Vec<u64>> {
            let trap = if trap { Trap::Fails } else { Trap::None };
            said(self.pool.map(take_going, [Going(trap); 10])).map(|taken| taken.into_iter().map(u64::from).collect())
        }

        pub(crate) fn hold(&self, gate: String, times: usize) -> Said<usize> {
            said(self.pool.map(hold, vec![gate; times])).map(|held| held.len())
        }

        pub(crate) fn refuse(&self, why: String) -> Said<Result<u8, String>> {
            said(self.pool.apply(refuse, why))
        }

        pub(crate) fn refuse_at_length(&self, pauses: Vec<u64>) -> Said<Vec<usize>> {
            let refused = said(self.pool.map(refuse_at_length, pauses))?;
            Ok(refused.into_iter().map(|result| result.unwrap_err().len()).collect())
        }

        pub(crate) fn terminate(&self) -> Said<()> {
            self.pool.terminate();
            said(self.pool.join(Some(PATIENCE)))
        }

        pub(crate) fn close(&self) -> Said<()> {
            self.pool.close();
            said(self.pool.join(Some(PATIENCE)))
        }
    }

    #[ganger::task]
    fn refuse(why: String) -> Result<u8, String> {
        Err(why)
    }

    #[ganger::task]
    fn refuse_at_length(pause: u64) -> Result<u8, Bytes> {
        nap(pause);
        Err(vec![b'x'; 1 << 20].into())
    }

    fn crew(workers: usize) -> (Manager, CrewProxy) {
        let manager = manager();
        let crew = CrewProxy::new(&manager, workers).unwrap();
        (manager, crew)
    }

    fn squares(range: std::ops::Range<u64>) -> Vec<u64> {
        range.map(|n| n * n).collect()
    }

    #[test]
    fn test_apply() {
        let (_manager, crew) = crew(4);
        assert_eq!(crew.apply(5).unwrap(), Ok(25));
    }

    #[test]
    fn test_map() {
        let (_manager, crew) = crew(4);
        assert_eq!(crew.map((0..10).collect()).unwrap().unwrap(), squares(0..10));
        assert_eq!(crew.map_by(20, (0..100).collect()).unwrap().unwrap(), squares(0..100));
    }

    #[test]
    fn test_starmap() {
        let (_manager, crew) = crew(4);
        assert_eq!(crew.starmap((0..10).zip((0..10).rev()).collect()).unwrap().unwrap(), [9; 10]);
    }

    #[test]
    fn test_map_async() {
        let (_manager, crew) = crew(4);
        let later = crew.map_later((0..10).collect()).unwrap();
        assert_eq!(later.result().unwrap().unwrap(), squares(0..10));
    }

    /// Who waits for what is pending is a thread of the caller's.
    #[test]
    fn test_map_async_callbacks() {
        let (_manager, crew) = crew(4);
        for (items, good) in [(vec![4, 5], true), (vec![1, 2, 3], false), (vec![], true)] {
            let ((tell, told), later) = (channel(), crew.panicking_later(items.clone()).unwrap());
            std::thread::spawn(move || tell.send(later.result().unwrap()).unwrap());
            match told.recv_timeout(PATIENCE).unwrap() {
                Ok(results) => assert_eq!((results, good), (items, true)),
                Err(error) => assert!(error.contains("no threes") && !good, "{error}"),
            }
        }
    }

    #[test]
    fn test_map_unplicklable() {
        let (_manager, crew) = crew(2);
        assert!(crew.trapped(true).unwrap().unwrap_err().contains("a trap"));
        assert_eq!(crew.trapped(false).unwrap().unwrap(), [7; 10]);
    }

    #[test]
    fn test_map_chunksize() {
        let (_manager, crew) = crew(4);
        assert_eq!(crew.map_by_later(1, vec![]).unwrap().result_timeout(LONG).unwrap(), Ok(vec![]));
    }

    #[test]
    fn test_async() {
        let ((_manager, crew), gate) = (crew(4), Gate::new());
        let later = crew.hold_later(gate.path(), 1).unwrap();
        gate.await_begun(1);
        assert!(!later.done());
        gate.open();
        assert_eq!(later.result().unwrap(), Ok(1));
    }

    #[test]
    fn test_async_timeout() {
        let ((_manager, crew), gate) = (crew(3), Gate::new());
        let later = crew.hold_later(gate.path(), 1).unwrap();
        gate.await_begun(1);
        let begun = std::time::Instant::now();
        assert!(matches!(later.result_timeout(SHORT), Err(ManagerError::TimedOut)));
        assert!(begun.elapsed() >= SHORT);
        crew.terminate().unwrap().unwrap();
    }

    #[test]
    fn test_imap() {
        let (_manager, crew) = crew(4);
        assert_eq!(crew.map_by(1, (0..10).collect()).unwrap().unwrap(), squares(0..10));
        assert_eq!(crew.map_by(100, (0..1000).collect()).unwrap().unwrap(), squares(0..1000));
        let mut unordered = crew.map_unordered((0..1000).collect()).unwrap().unwrap();
        unordered.sort_unstable();
        assert_eq!(unordered, squares(0..1000));
    }

    #[test]
    fn test_make_pool() {
        let manager = manager();
        let error = CrewProxy::new(&manager, 0).unwrap_err();
        assert!(error.to_string().contains("zero workers"), "{error}");
        assert_eq!(CrewProxy::new(&manager, 3).unwrap().workers().unwrap(), 3);
    }

    #[test]
    fn test_terminate() {
        let ((_manager, crew), gate) = (crew(3), Gate::new());
        let later = crew.hold_later(gate.path(), 10_000).unwrap();
        gate.await_begun(3);
        crew.terminate().unwrap().unwrap();
        assert!(later.result_timeout(LONG).unwrap().is_err());
    }

    #[test]
    fn test_empty_iterable() {
        let (_manager, crew) = crew(1);
        assert_eq!(crew.map(vec![]).unwrap().unwrap(), [0; 0]);
        assert_eq!(crew.map_unordered(vec![]).unwrap().unwrap(), [0; 0]);
        crew.close().unwrap().unwrap();
    }

    /// An error that a task returns is its result, also in a manager.
    #[test]
    fn test_wrapped_exception() {
        let (_manager, crew) = crew(1);
        assert_eq!(crew.refuse("foo".to_owned()).unwrap().unwrap(), Err("foo".to_owned()));
    }

    #[test]
    fn test_map_no_failfast() {
        let (_manager, crew) = crew(2);
        assert_eq!(crew.refuse_at_length(vec![0, 50]).unwrap().unwrap(), [1 << 20; 2]);
        assert!(crew.panicking(vec![3, 4]).unwrap().is_err());
        crew.close().unwrap().unwrap();
    }
}
