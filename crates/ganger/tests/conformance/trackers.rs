//! `TestResourceTracker`. Nothing is tracked: memory without a name ends with its last user, a name with its owner. The
//! helper process that there is, the zygote, is held to what Python asks of its tracker.

mod test_resource_tracker {
    use ganger::state::SharedMemory;
    use ganger::sync::{Acquired, Lock};
    use ganger::{Connection, Pipe, Pool, Process, StartMethod};
    use nix::sys::signal::{SigSet, SigmaskHow, Signal};

    use crate::away::PROCESSES;
    use crate::support::alone::alone;
    use crate::support::process::{children, lives, signal};
    use crate::support::{PATIENCE, at_once, builder, eventually, pool};
    use crate::tasks::{pid, square};

    #[ganger::task]
    fn own_and_wait(conn: Connection, lock: Lock) {
        let memories = [(); 2].map(|()| SharedMemory::create_unique(10).unwrap());
        assert_eq!(lock.acquire(), Acquired::Clean);
        conn.send(&memories.each_ref().map(|memory| memory.name().unwrap().to_owned())).unwrap();
        let _ = conn.recv::<u8>();
    }

    #[test]
    fn test_resource_tracker() {
        for end in [Process::terminate, Process::kill] {
            let ((ours, theirs), lock) = (Pipe::duplex().unwrap(), Lock::new().unwrap());
            let process = Process::new(own_and_wait, (theirs, lock.clone())).unwrap();
            process.start().unwrap();
            let [one, other]: [String; 2] = ours.recv().unwrap();
            SharedMemory::attach(&one).unwrap().unlink().unwrap();
            end(&process).unwrap();
            process.join(None).unwrap();
            eventually("its names are gone", || [&one, &other].iter().all(|name| SharedMemory::attach(name).is_err()));
            assert_eq!(lock.acquire_timeout(PATIENCE), Some(Acquired::OwnerDied));
        }
    }

    /// The child of this process that is no worker of the pool.
    fn zygote(pool: &Pool) -> u32 {
        let mut others = Vec::new();
        // A worker may answer before its zygote has told of it.
        eventually("one for all", || {
            let workers = pool.worker_pids();
            others = children(std::process::id());
            others.retain(|pid| !workers.contains(pid));
            others.len() == 1
        });
        others[0]
    }

    /// The zygote gets a signal, and ignores it or is replaced; the pool starts workers as before.
    fn survives(name: &str, number: Signal, ignored: bool) {
        alone(name, |_| {
            let pool = builder(StartMethod::Zygote, 1).restart(at_once()).build().unwrap();
            let worker = pool.apply(pid, ()).unwrap();
            let zygote = zygote(&pool);
            signal(zygote, number);
            assert_eq!(pool.apply(square, 3).unwrap(), 9);
            signal(worker, Signal::SIGKILL);
            eventually("another worker", || pool.apply(pid, ()).is_ok_and(|another| another != worker));
            assert_eq!(lives(zygote), ignored);
        });
    }

    #[test]
    fn test_resource_tracker_sigint() {
        survives("trackers::test_resource_tracker::test_resource_tracker_sigint", Signal::SIGINT, true);
    }

    #[test]
    fn test_resource_tracker_sigterm() {
        survives("trackers::test_resource_tracker::test_resource_tracker_sigterm", Signal::SIGTERM, false);
    }

    #[test]
    fn test_resource_tracker_reused() {
        alone("trackers::test_resource_tracker::test_resource_tracker_reused", |_| {
            let pool = builder(StartMethod::Zygote, 3).max_tasks_per_worker(1, 0).build().unwrap();
            pool.apply(square, 3).unwrap();
            eventually("three workers", || pool.worker_pids().len() == 3 && children(std::process::id()).len() == 4);
            let first = zygote(&pool);
            assert!((0..20).all(|n| pool.apply(square, n).unwrap() == n * n));
            assert!(lives(first));
            eventually("no more helpers than before", || children(std::process::id()).len() == 4);
        });
    }

    #[test]
    fn test_too_long_name_resource() {
        let error = SharedMemory::create(&"a".repeat(500), 10).unwrap_err();
        assert!(error.to_string().contains("name"), "{error}");
    }

    #[test]
    fn test_resource_tracker_blocked_signals() {
        let mut blocked = SigSet::empty();
        [Signal::SIGUSR1, Signal::SIGINT].into_iter().for_each(|number| blocked.add(number));
        let before = blocked.thread_swap_mask(SigmaskHow::SIG_BLOCK).unwrap();
        let ours = SigSet::thread_get_mask().unwrap();
        for method in PROCESSES {
            assert_eq!(pool(*method, 1).apply(masked, ()).unwrap(), "0000000000000000", "a worker begins without");
        }
        let process = Process::new(square, 3).unwrap();
        process.start().unwrap();
        process.join(None).unwrap();
        assert_eq!(SigSet::thread_get_mask().unwrap(), ours);
        before.thread_set_mask().unwrap();
    }

    /// The signals that this process has blocked.
    #[ganger::task]
    fn masked() -> String {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        status.lines().find_map(|line| line.strip_prefix("SigBlk:\t")).unwrap().to_owned()
    }
}
