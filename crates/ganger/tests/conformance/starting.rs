//! `TestStartMethod`, `TestNoForkBomb`, `TestCloseFds`, `TestFlags`, `TestStdinBadfiledescriptor`, and what `_TestProcess` asks of
//! the fork server, which is the zygote.

mod test_start_method {
    use std::os::unix::process::parent_id;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use ganger::{Pool, SimpleQueue, StartMethod};

    use crate::away::{PROCESSES, away};
    use crate::support::{ALL, builder, on_each};

    static PRELOADED_BY: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

    #[ganger::task]
    fn preload(place: usize) {
        PRELOADED_BY[place].store(std::process::id(), Relaxed);
    }

    /// This process, its parent, and who preloaded for it.
    #[ganger::task]
    fn origin(place: usize) -> [u32; 3] {
        [std::process::id(), parent_id(), PRELOADED_BY[place].load(Relaxed)]
    }

    /// How somebody of that origin was started.
    fn told_by([worker, parent, preloaded_by]: [u32; 3]) -> &'static [StartMethod] {
        let here = std::process::id();
        match (worker == here, preloaded_by == worker) {
            (true, _) => &[StartMethod::Thread, StartMethod::Inline],
            (false, spawned) => {
                assert_eq!(parent, here, "whoever forked it, it is our child");
                if spawned { &[StartMethod::Spawn] } else { &[StartMethod::Zygote] }
            }
        }
    }

    /// A pool's method is chosen once, and it is what its workers come by.
    #[test]
    fn test_context() {
        on_each(ALL, |method| {
            let place = usize::from(PROCESSES.contains(&method));
            let pool = builder(method, 1).preload(preload, place).build().unwrap();
            let origin = pool.apply(origin, place).unwrap();
            assert!(told_by(origin).contains(&method), "{method:?}: {origin:?}");
        });
        let default = Pool::builder().workers(1).preload(preload, 1).build().unwrap();
        assert_eq!(told_by(default.apply(origin, 1).unwrap()), [StartMethod::default()]);
    }

    #[ganger::task]
    fn put_two_and_nest_once(queue: SimpleQueue<u32>, spawned: bool) {
        queue.put(&2).unwrap();
        let method = if spawned { StartMethod::Spawn } else { StartMethod::Zygote };
        away(method, put_one, queue).join();
    }

    #[ganger::task]
    fn put_one(queue: SimpleQueue<u32>) {
        queue.put(&1).unwrap();
    }

    #[test]
    fn test_nested_startmethod() {
        on_each(PROCESSES, |method| {
            for spawned in [false, true] {
                let queue = SimpleQueue::new().unwrap();
                away(method, put_two_and_nest_once, (queue.try_clone().unwrap(), spawned)).join();
                assert_eq!((queue.get().unwrap(), queue.get().unwrap(), queue.empty().unwrap()), (2, 1, true));
            }
        });
    }
}

mod test_no_fork_bomb {
    use std::sync::OnceLock;

    use ganger::{Pool, StartMethod};

    use crate::support::{at_once, builder, eventually};
    use crate::tasks::square;

    static BOMB: OnceLock<Pool> = OnceLock::new();

    #[ganger::task]
    fn start_a_pool() {
        BOMB.set(Pool::new(1).unwrap()).unwrap();
    }

    /// What a program does while it becomes the origin of workers. (One whose `main` forgets `init` has a test program of its
    /// own, `uninitialised`.)
    #[test]
    fn test_noforkbomb() {
        let pool = builder(StartMethod::Zygote, 1).preload(start_a_pool, ()).restart(at_once()).build().unwrap();
        eventually("it takes no more", || pool.submit(square, 1).is_err());
        let refused = pool.submit(square, 1).unwrap_err().to_string();
        assert!(refused.contains("thread"), "{refused}");
    }
}

mod test_close_fds {
    use ganger::{Exit, Process};
    use nix::fcntl::{FcntlArg, fcntl};

    use crate::away::{PROCESSES, away};
    use crate::support::on_each;

    #[ganger::task]
    fn is_open(fd: i32) -> bool {
        std::path::Path::new(&format!("/proc/self/fd/{fd}")).exists()
    }

    #[ganger::task]
    fn exit_if_open(fd: i32) {
        std::process::exit(i32::from(is_open(fd)));
    }

    /// A descriptor that is inherited by whoever is executed, and has a number that nobody else has.
    #[test]
    fn test_closefd() {
        on_each(PROCESSES, |method| {
            let file = tempfile::tempfile().unwrap();
            let high = fcntl(&file, FcntlArg::F_DUPFD(700)).unwrap();
            assert!(is_open(high));
            assert!(!away(method, is_open, high).join());
            let process = Process::new(exit_if_open, high).unwrap();
            process.start().unwrap();
            assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
            nix::unistd::close(high).unwrap();
        });
    }
}

mod test_flags {
    use ganger::StartMethod;
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    use nix::sys::stat::{Mode, umask};

    use crate::away::{PROCESSES, away};
    use crate::support::alone::alone;

    /// What a program is run with: its environment, its umask, its limits, its directory.
    type Flags = (Vec<(String, String)>, u32, (u64, u64), String);

    #[ganger::task]
    fn flags() -> Flags {
        let mut environment: Vec<_> = std::env::vars().collect();
        environment.sort();
        let mask = umask(Mode::empty());
        umask(mask);
        let directory = std::env::current_dir().unwrap().display().to_string();
        (environment, mask.bits(), getrlimit(Resource::RLIMIT_NOFILE).unwrap(), directory)
    }

    #[ganger::task]
    fn flags_of_child(spawned: bool) -> Flags {
        away(if spawned { StartMethod::Spawn } else { StartMethod::Zygote }, flags, ()).join()
    }

    #[test]
    fn test_flags() {
        alone("starting::test_flags::test_flags", |place| {
            umask(Mode::from_bits_truncate(0o027));
            setrlimit(Resource::RLIMIT_NOFILE, 300, 300).unwrap();
            std::env::set_current_dir(place.temporary()).unwrap();
            assert_eq!(flags().1, 0o027);
            for method in PROCESSES {
                assert_eq!(away(*method, flags_of_child, *method == StartMethod::Spawn).join(), flags());
            }
        });
    }
}

mod test_stdin_badfiledescriptor {
    use ganger::{Exit, Process, SimpleQueue};

    use crate::away::{PROCESSES, away};
    use crate::support::{on_each, pool};
    use crate::tasks::square;

    #[ganger::task]
    fn put_into(queue: SimpleQueue<u32>) {
        queue.put(&7).unwrap();
    }

    #[ganger::task]
    fn queue_inside() -> u32 {
        let queue = SimpleQueue::new().unwrap();
        let process = Process::new(put_into, queue.try_clone().unwrap()).unwrap();
        process.start().unwrap();
        queue.get().unwrap()
    }

    #[test]
    fn test_queue_in_process() {
        on_each(PROCESSES, |method| assert_eq!(away(method, queue_inside, ()).join(), 7));
    }

    #[ganger::task]
    fn pool_inside() {
        for method in PROCESSES {
            assert_eq!(pool(*method, 4).map(square, 0..4).unwrap(), [0, 1, 4, 9]);
        }
    }

    #[test]
    fn test_pool_in_process() {
        on_each(PROCESSES, |method| away(method, pool_inside, ()).join());
        let process = Process::new(pool_inside, ()).unwrap();
        process.start().unwrap();
        assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
    }
}

mod test_process {
    use std::fs;
    use std::thread;
    use std::time::Duration;

    use ganger::sync::Event;
    use ganger::{Exit, Process};

    use crate::away::PROCESSES;
    use crate::support::alone::alone;
    use crate::support::process::children;
    use crate::support::{at_once, builder, eventually, pool};
    use crate::tasks::square;

    #[ganger::task]
    fn set_from_a_thread(event: Event) {
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                event.set();
            });
        });
    }

    /// A function waits for its threads by a scope, as in any program.
    #[test]
    fn test_wait_for_threads() {
        let event = Event::new().unwrap();
        let process = Process::new(set_from_a_thread, event.clone()).unwrap();
        process.start().unwrap();
        assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
        assert!(event.is_set());
    }

    /// The sockets of a process that have a name, or wait for connections.
    fn named_sockets(pid: u32) -> Vec<String> {
        let fds = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        let targets = fds.filter_map(|fd| Some(fs::read_link(fd.ok()?.path()).ok()?.display().to_string()));
        let inodes: Vec<String> =
            targets.filter_map(|to| Some(to.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())).collect();
        let table = fs::read_to_string("/proc/net/unix").unwrap();
        let named = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        named
            .filter(|words| words.len() > 7 && inodes.contains(&words[6].to_owned()))
            .map(|words| words[7].to_owned())
            .collect()
    }

    /// There is nothing to connect to, so there is no key: its sockets have no names.
    #[test]
    fn test_forkserver_auth_is_enabled() {
        alone("starting::test_process::test_forkserver_auth_is_enabled", |place| {
            let pool = pool(PROCESSES[0], 2);
            pool.map(square, 0..10).unwrap();
            let all = children(std::process::id());
            assert!(all.len() >= 2 && !named_sockets(std::process::id()).iter().any(|name| name.starts_with('/')));
            assert!(all.iter().all(|child| named_sockets(*child).is_empty()));
            assert_eq!(fs::read_dir(place.temporary()).unwrap().count(), 0, "what they met at is gone");
        });
    }

    /// Who cannot say the right words is no fork server, and no worker. The right program works as before.
    #[test]
    fn test_forkserver_without_auth_fails() {
        for method in PROCESSES {
            let pool = builder(*method, 1).worker_program("/bin/true").restart(at_once()).build().unwrap();
            eventually("it takes no more", || pool.submit(square, 1).is_err());
            assert!(pool.submit(square, 1).unwrap_err().error.pool_failure().is_some());
            assert_eq!(crate::support::pool(*method, 1).apply(square, 3).unwrap(), 9);
        }
    }
}
