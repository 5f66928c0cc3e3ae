//! `_TestProcess`. CPython runs on threads what does not ask for signals, sentinels and parents.

mod test_process {
    use std::fs;
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsFd;
    use std::time::Duration;

    use ganger::{
        Connection, Descriptor, Exit, Pipe, Portable, Process, StartMethod, Task, active_children, cpu_count,
        current_process, parent_process,
    };
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::{Pid, gettid};

    use crate::away::{BOTH, PROCESSES};
    use crate::deadline::{eventually, on_each};

    const SHORT: Option<Duration> = Some(Duration::from_millis(1));
    const SUCCESS: Option<Exit> = Some(Exit::Code(0));

    fn process<F: Task<A, S>, A: Portable, S>(method: StartMethod, f: F, args: A) -> Process {
        Process::builder().start_method(method).build(f, args).unwrap()
    }

    fn started<F: Task<A, S>, A: Portable, S>(method: StartMethod, f: F, args: A) -> Process {
        let process = process(method, f, args);
        process.start().unwrap();
        process
    }

    #[ganger::task]
    fn sleep_for_ever() {
        loop {
            std::thread::park();
        }
    }

    #[ganger::task]
    fn nothing() {}

    /// It runs: nothing that it does at its beginning is still to come.
    #[ganger::task]
    fn say_and_sleep(conn: Connection) {
        conn.send(&std::process::id()).unwrap();
        sleep_for_ever();
    }

    fn sleeper(method: StartMethod) -> Process {
        let (ours, theirs) = Pipe::duplex().unwrap();
        let process = started(method, say_and_sleep, theirs);
        assert_eq!(ours.recv::<u32>().unwrap(), process.pid().unwrap());
        process
    }

    fn is_listed(process: &Process) -> bool {
        active_children().iter().any(|child| child.name() == process.name())
    }

    #[test]
    fn test_current() {
        let current = current_process();
        assert_eq!((current.name(), current.pid(), current.daemon()), ("MainProcess", std::process::id(), false));
    }

    #[test]
    fn test_set_executable() {
        on_each(PROCESSES, |method| {
            let program = fs::read_link("/proc/self/exe").unwrap();
            let builder = Process::builder().start_method(method);
            let as_path = builder.clone().worker_program(program.clone());
            let as_text = builder.worker_program(program.to_str().unwrap());
            for builder in [as_path, as_text] {
                let process = builder.build(nothing, ()).unwrap();
                process.start().unwrap();
                assert_eq!(process.join(None).unwrap(), SUCCESS);
            }
        });
    }

    type Seen = (Vec<u8>, (u32, String), String, u32, Option<(u32, String)>);

    #[ganger::task]
    fn tell(conn: Connection, bytes: Vec<u8>, pair: (u32, String)) {
        let parent = parent_process().map(|parent| (parent.pid(), parent.name().to_owned()));
        let current = current_process();
        conn.send::<Seen>(&(bytes, pair, current.name().to_owned(), current.pid(), parent)).unwrap();
    }

    #[test]
    fn test_args_argument() {
        on_each(BOTH, |method| {
            let (ours, theirs) = Pipe::duplex().unwrap();
            let large: Vec<u8> = (0..3 << 20).map(|n| n as u8).collect();
            let process = started(method, tell, (theirs, large.clone(), (7, "x".to_owned())));
            let (bytes, pair, ..) = ours.recv::<Seen>().unwrap();
            assert!(bytes == large && pair == (7, "x".to_owned()));
            assert_eq!(process.join(None).unwrap(), SUCCESS);
        });
    }

    #[test]
    fn test_parent_process_attributes() {
        assert!(parent_process().is_none());
        on_each(PROCESSES, |method| {
            let (ours, theirs) = Pipe::duplex().unwrap();
            let process = started(method, tell, (theirs, vec![], (0, String::new())));
            let parent = ours.recv::<Seen>().unwrap().4;
            assert_eq!(parent, Some((std::process::id(), "MainProcess".to_owned())));
            process.join(None).unwrap();
        });
    }

    #[ganger::task]
    fn have_a_child(conn: Connection, spawned: bool) {
        let method = if spawned { StartMethod::Spawn } else { StartMethod::Zygote };
        let child = started(method, watch_parent, conn);
        sleep_for_ever();
        drop(child);
    }

    #[ganger::task]
    fn watch_parent(conn: Connection) {
        let parent = parent_process().unwrap();
        conn.send(&(parent.is_alive(), parent.pid())).unwrap();
        let joined = parent.join(None);
        conn.send(&(joined, parent.is_alive())).unwrap();
    }

    #[test]
    fn test_parent_process() {
        on_each(PROCESSES, |method| {
            for end in [Process::terminate, Process::kill] {
                let (ours, theirs) = Pipe::duplex().unwrap();
                let process = started(method, have_a_child, (theirs, method == StartMethod::Spawn));
                assert_eq!(ours.recv::<(bool, u32)>().unwrap(), (true, process.pid().unwrap()));
                end(&process).unwrap();
                process.join(None).unwrap();
                assert_eq!(ours.recv::<(bool, bool)>().unwrap(), (true, false));
            }
        });
    }

    #[test]
    fn test_process() {
        on_each(BOTH, |method| {
            let (ours, theirs) = Pipe::duplex().unwrap();
            let name = format!("somebody by {method:?}");
            let args = (theirs, vec![1, 2], (3, "four".to_owned()));
            let builder = Process::builder().start_method(method).name(&name).daemon(true);
            let process = builder.build(tell, args).unwrap();
            assert!(!process.is_alive() && process.daemon() && !is_listed(&process));
            assert_eq!((process.pid(), process.exit_status().unwrap()), (None, None));
            process.start().unwrap();
            assert!(process.set_daemon(false).is_err() && process.start().is_err());
            let (bytes, pair, seen, pid, _) = ours.recv::<Seen>().unwrap();
            assert_eq!((bytes, pair, seen), (vec![1, 2], (3, "four".to_owned()), name));
            assert_eq!(process.pid(), Some(pid));
            assert_eq!(process.join(None).unwrap(), SUCCESS);
            assert_eq!(process.exit_status().unwrap(), SUCCESS);
            assert!(!process.is_alive() && !is_listed(&process));
        });
    }

    #[ganger::task]
    fn tell_thread(conn: Connection) {
        conn.send(&gettid().as_raw()).unwrap();
    }

    #[test]
    fn test_process_mainthread_native_id() {
        on_each(BOTH, |method| {
            let (ours, theirs) = Pipe::duplex().unwrap();
            let process = started(method, tell_thread, theirs);
            assert_ne!(ours.recv::<i32>().unwrap(), gettid().as_raw());
            process.join(None).unwrap();
        });
    }

    fn ended_by(method: StartMethod, end: fn(&Process) -> Result<(), ganger::Error>, number: i32) {
        let process = sleeper(method);
        assert!(process.is_alive() && is_listed(&process));
        assert_eq!(process.exit_status().unwrap(), None);
        assert_eq!(process.join(Some(Duration::ZERO)).unwrap(), None);
        assert_eq!(process.join(SHORT).unwrap(), None);
        end(&process).unwrap();
        assert_eq!(process.join(None).unwrap(), Some(Exit::Signal { number, core: false }));
        assert!(!process.is_alive() && !is_listed(&process));
        end(&process).unwrap();
    }

    #[test]
    fn test_interrupt_no_handler() {
        on_each(PROCESSES, |method| ended_by(method, Process::interrupt, 2));
    }

    #[test]
    fn test_terminate() {
        on_each(PROCESSES, |method| ended_by(method, Process::terminate, 15));
    }

    #[test]
    fn test_kill() {
        on_each(PROCESSES, |method| ended_by(method, Process::kill, 9));
    }

    #[test]
    fn test_cpu_count() {
        assert!(cpu_count() >= 1);
    }

    /// The methods by the numbers under which they cross.
    #[ganger::task]
    fn recurse(log: Descriptor, id: String, method: usize) {
        fs::File::from(log.clone().into_fd().unwrap()).write_all(format!("{id} ").as_bytes()).unwrap();
        for n in (0..2).filter(|_| id.len() < 3) {
            started(BOTH[method], recurse, (log.clone(), format!("{id}{n}"), method)).join(None).unwrap();
        }
    }

    #[test]
    fn test_recursion() {
        for (number, method) in BOTH.iter().enumerate() {
            let mut log = tempfile::tempfile().unwrap();
            let process = started(*method, recurse, (log.try_clone().unwrap().into(), "x".to_owned(), number));
            assert_eq!(process.join(None).unwrap(), SUCCESS);
            let mut order = String::new();
            log.rewind().unwrap();
            log.read_to_string(&mut order).unwrap();
            assert_eq!(order, "x x0 x00 x01 x1 x10 x11 ");
        }
    }

    #[ganger::task]
    fn wait_for_end(conn: Connection) {
        let _ = conn.recv::<u8>();
    }

    #[test]
    fn test_sentinel() {
        on_each(BOTH, |method| {
            let (ours, theirs) = Pipe::duplex().unwrap();
            let process = process(method, wait_for_end, theirs);
            assert!(process.sentinel().is_err());
            process.start().unwrap();
            let sentinel = process.sentinel().unwrap();
            let ready = |timeout| ganger_sys::wait_readable([sentinel.as_fd()], timeout).unwrap()[0];
            assert!(!ready(SHORT));
            ours.send(&1u8).unwrap();
            assert!(ready(None));
            assert!(ganger_sys::wait_readable([process.sentinel().unwrap().as_fd()], None).unwrap()[0]);
            process.join(None).unwrap();
            assert!(ganger_sys::wait_readable([process.sentinel().unwrap().as_fd()], None).unwrap()[0]);
        });
    }

    #[test]
    fn test_close() {
        on_each(BOTH, |method| {
            let (ours, theirs) = Pipe::duplex().unwrap();
            let process = started(method, wait_for_end, theirs);
            assert!(process.close().unwrap_err().to_string().contains("still runs"));
            ours.send(&1u8).unwrap();
            process.join(None).unwrap();
            process.close().unwrap();
            assert!(process.join(None).is_err() && process.exit_status().is_err() && process.terminate().is_err());
            process.close().unwrap();
        });
    }

    #[test]
    fn test_many_processes() {
        on_each(PROCESSES, |method| {
            let many = if method == StartMethod::Spawn { 5 } else { 100 };
            let all: Vec<_> = (0..many).map(|_| started(method, nothing, ())).collect();
            assert!(all.iter().all(|process| process.join(None).unwrap() == SUCCESS));
            let all: Vec<_> = (0..many).map(|_| started(method, sleep_for_ever, ())).collect();
            all.iter().for_each(|process| process.terminate().unwrap());
            let killed = Some(Exit::Signal { number: 15, core: false });
            assert!(all.iter().all(|process| process.join(None).unwrap() == killed));
        });
    }

    /// The zygotes that are children of this process.
    fn zygotes() -> Vec<Pid> {
        let ours = format!("(ganger-zygote) S {} ", std::process::id());
        let all =
            fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
        let pids = all.filter(|stat| stat.contains(&ours)).map(|stat| stat.split(' ').next().unwrap().parse().unwrap());
        pids.map(Pid::from_raw).collect()
    }

    #[test]
    fn test_forkserver_sigint() {
        let (ours, theirs) = Pipe::duplex().unwrap();
        let process = started(StartMethod::Zygote, wait_for_end, theirs);
        let mut interrupted = Vec::new();
        eventually("the zygote waits for an order", || {
            interrupted = zygotes();
            !interrupted.is_empty()
        });
        // Those of other tests' pools are none the worse for it.
        interrupted.iter().for_each(|zygote| kill(*zygote, Signal::SIGINT).unwrap_or_default());
        ours.send(&1u8).unwrap();
        assert_eq!(process.join(None).unwrap(), SUCCESS);
        assert_eq!(started(StartMethod::Zygote, nothing, ()).join(None).unwrap(), SUCCESS);
    }

    #[test]
    fn what_is_dropped_is_waited_for_and_a_daemon_ended() {
        on_each(PROCESSES, |method| {
            let (ours, theirs) = Pipe::duplex().unwrap();
            let process = started(method, wait_for_end, theirs);
            ours.send(&1u8).unwrap();
            drop(process);
            let (ours, theirs) = Pipe::duplex().unwrap();
            let daemon = process_of_daemon(method, theirs);
            let pid: u32 = ours.recv().unwrap();
            drop(daemon);
            assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
            eventually("its pipe is closed", || ours.poll(SHORT).unwrap());
        });
    }

    fn process_of_daemon(method: StartMethod, conn: Connection) -> Process {
        let daemon = process(method, say_and_sleep, conn);
        daemon.set_daemon(true).unwrap();
        daemon.start().unwrap();
        daemon
    }
}
