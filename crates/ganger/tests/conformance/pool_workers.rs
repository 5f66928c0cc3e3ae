//! `_TestPoolWorkerErrors`, `_TestPoolWorkerLifetime`, `TestPoolNotLeakOnFailure`, `MiscTestCase`: on processes.

mod test_pool_worker_errors {
    use std::sync::mpsc::channel;

    use ganger::FailureKind;

    use crate::away::PROCESSES;
    use crate::support::{PATIENCE, on_each, pool};
    use crate::tasks::{panics, pid};
    use crate::traps::{Trap, give_going};

    #[test]
    fn test_async_error_callback() {
        on_each(PROCESSES, |method| {
            let (pool, (tell, told)) = (pool(method, 2), channel());
            let future = pool.apply_async(panics, 3).unwrap();
            future.add_done_callback(move |outcome| tell.send(outcome).unwrap());
            let messages = [told.recv_timeout(PATIENCE).unwrap().unwrap_err(), future.exception().unwrap()];
            assert!(messages.iter().all(|error| error.panic().unwrap().message == "no threes"));
        });
    }

    #[test]
    fn test_unpickleable_result() {
        on_each(PROCESSES, |method| {
            let pool = pool(method, 1);
            let worker = pool.apply(pid, ()).unwrap();
            for _ in 0..20 {
                let error = pool.apply_async(give_going, Trap::Fails as u8).unwrap().exception().unwrap();
                assert_eq!(error.failure().unwrap().kind, FailureKind::Result, "{error}");
            }
            assert_eq!(pool.apply(pid, ()).unwrap(), worker);
        });
    }
}

mod test_pool_worker_lifetime {
    use std::collections::BTreeSet;

    use crate::away::{BOTH, PROCESSES};
    use crate::support::{builder, eventually, on_each};
    use crate::tasks::{nap, square};

    #[test]
    fn test_pool_worker_lifetime() {
        on_each(PROCESSES, |method| {
            let pool = builder(method, 3).max_tasks_per_worker(10, 0).build().unwrap();
            eventually("three workers", || pool.worker_pids().len() == 3);
            let before = BTreeSet::from_iter(pool.worker_pids());
            let futures: Vec<_> = (0..100).map(|n| pool.apply_async(square, n).unwrap()).collect();
            assert!(futures.iter().zip(0..).all(|(future, n)| future.result().unwrap() == n * n));
            eventually("three others", || {
                let now = BTreeSet::from_iter(pool.worker_pids());
                now.len() == 3 && now.is_disjoint(&before)
            });
            pool.close();
            pool.join(None).unwrap();
        });
    }

    #[test]
    fn test_pool_worker_lifetime_early_close() {
        on_each(PROCESSES, |method| {
            let pool = builder(method, 3).max_tasks_per_worker(1, 0).build().unwrap();
            let futures: Vec<_> = (0..6).map(|_| pool.apply_async(nap, 30).unwrap()).collect();
            pool.close();
            pool.join(None).unwrap();
            let workers: BTreeSet<u32> = futures.iter().map(|future| future.result().unwrap()).collect();
            assert_eq!(workers.len(), 6, "a worker each");
        });
    }

    /// A number that is negative, broken or a text does not compile.
    #[test]
    fn test_pool_maxtasksperchild_invalid() {
        on_each(BOTH, |method| {
            let refused = builder(method, 3).max_tasks_per_worker(0, 0).build().unwrap_err();
            assert!(refused.to_string().contains("max_tasks_per_worker"), "{refused}");
        });
    }
}

mod test_pool_not_leak_on_failure {
    use std::fs;

    use crate::away::PROCESSES;
    use crate::support::alone::alone;
    use crate::support::process::children;
    use crate::support::{at_once, builder, eventually};
    use crate::tasks::square;

    /// Lets three in.
    #[ganger::task]
    fn count_in(dir: String) -> Result<(), String> {
        let taken = |seat: &u32| fs::File::create_new(format!("{dir}/{seat}")).is_ok();
        (0..3).find(taken).map(drop).ok_or_else(|| "there are three".to_owned())
    }

    #[test]
    fn test_release_unused_processes() {
        alone("pool_workers::test_pool_not_leak_on_failure::test_release_unused_processes", |place| {
            for method in PROCESSES {
                let dir = place.file(&format!("{method:?}")).to_str().unwrap().to_owned();
                fs::create_dir(&dir).unwrap();
                let pool = builder(*method, 6).initializer(count_in, dir).restart(at_once()).build().unwrap();
                eventually("it takes no more", || pool.submit(square, 1).is_err());
                let refused = pool.submit(square, 1).unwrap_err();
                assert!(refused.to_string().contains("there are three"), "{refused}");
                eventually("nobody is left", || children(std::process::id()).is_empty());
            }
        });
    }
}

mod misc_test_case {
    use crate::support::alone::{here, start};
    use crate::support::pool;
    use crate::tasks::square;
    use ganger::StartMethod;

    /// A program with a pool of two hundred that has nothing to say.
    #[test]
    fn test_large_pool() {
        let name = "pool_workers::misc_test_case::test_large_pool";
        if here(name).is_some() {
            let sum = pool(StartMethod::Zygote, 200).map(square, 0..1000).unwrap().into_iter().sum::<u64>();
            return assert_eq!(sum, 332_833_500);
        }
        let dir = tempfile::TempDir::new().unwrap();
        let exit = start(name, &std::env::current_exe().unwrap(), dir.path(), "").wait().unwrap();
        assert!(exit.success());
    }
}
