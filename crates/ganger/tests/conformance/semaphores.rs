//! `_TestSemaphore`.

mod test_semaphore {
    use std::time::{Duration, Instant};

    use ganger::sync::{Acquired, BoundedSemaphore, Semaphore, SyncError};

    use crate::workers::SHORT;

    fn values(semaphore: &Semaphore) {
        assert_eq!(semaphore.value(), 2);
        assert_eq!([semaphore.acquire(), semaphore.acquire()], [Acquired::Clean; 2]);
        assert_eq!(semaphore.value(), 0);
        assert!(semaphore.try_acquire().is_none());
        assert_eq!((semaphore.release(), semaphore.release()), (Ok(()), Ok(())));
        assert_eq!(semaphore.value(), 2);
    }

    #[test]
    fn test_semaphore() {
        let semaphore = Semaphore::new(2).unwrap();
        values(&semaphore);
        assert_eq!((semaphore.release(), semaphore.release()), (Ok(()), Ok(())));
        assert_eq!(semaphore.value(), 4);
    }

    #[test]
    fn test_bounded_semaphore() {
        let semaphore = BoundedSemaphore::new(2).unwrap();
        assert_eq!(semaphore.release(), Err(SyncError::OverRelease));
        assert_eq!(semaphore.acquire(), Acquired::Clean);
        assert_eq!((semaphore.release(), semaphore.release()), (Ok(()), Err(SyncError::OverRelease)));
        assert_eq!(semaphore.value(), 2);
    }

    #[test]
    fn test_repr() {
        let (semaphore, bounded) = (Semaphore::new(3).unwrap(), BoundedSemaphore::new(3).unwrap());
        assert_eq!(bounded.acquire(), Acquired::Clean);
        assert_eq!(format!("{semaphore:?} {bounded:?}"), "Semaphore(3) BoundedSemaphore(2 of 3)");
    }

    #[test]
    fn test_timeout() {
        let semaphore = Semaphore::new(0).unwrap();
        for time in [Duration::ZERO, SHORT] {
            let begun = Instant::now();
            assert!(semaphore.acquire_timeout(time).is_none());
            assert!(begun.elapsed() >= time);
        }
    }
}
