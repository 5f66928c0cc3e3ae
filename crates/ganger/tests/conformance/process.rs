//! `_TestProcess`, `_TestSubclassingProcess` and the others about processes.

mod test_process {
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsFd;
    use std::time::Duration;

    use ganger::{
        Connection, Descriptor, Exit, Pipe, Process, active_children, cpu_count, current_process, parent_process,
    };

    use crate::deadline::{bounded, eventually};

    const SHORT: Option<Duration> = Some(Duration::from_millis(1));

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

    fn sleeper() -> Process {
        let (ours, theirs) = Pipe::duplex().unwrap();
        let process = Process::new(say_and_sleep, theirs).unwrap();
        process.start().unwrap();
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

    type Seen = (Vec<u8>, (u32, String), String, u32, Option<(u32, String)>);

    #[ganger::task]
    fn tell(conn: Connection, bytes: Vec<u8>, pair: (u32, String)) {
        let parent = parent_process().map(|parent| (parent.pid(), parent.name().to_owned()));
        let current = current_process();
        conn.send::<Seen>(&(bytes, pair, current.name().to_owned(), current.pid(), parent)).unwrap();
    }

    #[test]
    fn test_args_argument() {
        let (ours, theirs) = Pipe::duplex().unwrap();
        let large: Vec<u8> = (0..3 << 20).map(|n| n as u8).collect();
        let process = Process::new(tell, (theirs, large.clone(), (7, "x".to_owned()))).unwrap();
        process.start().unwrap();
        let (bytes, pair, ..) = ours.recv::<Seen>().unwrap();
        assert!(bytes == large && pair == (7, "x".to_owned()));
        assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
    }

    #[test]
    fn test_parent_process_attributes() {
        assert!(parent_process().is_none());
        let (ours, theirs) = Pipe::duplex().unwrap();
        let process = Process::new(tell, (theirs, vec![], (0, String::new()))).unwrap();
        process.start().unwrap();
        let parent = ours.recv::<Seen>().unwrap().4;
        assert_eq!(parent, Some((std::process::id(), "MainProcess".to_owned())));
    }

    #[ganger::task]
    fn have_a_child(conn: Connection) {
        let child = Process::new(watch_parent, conn).unwrap();
        child.start().unwrap();
        sleep_for_ever();
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
        for end in [Process::terminate, Process::kill] {
            let (ours, theirs) = Pipe::duplex().unwrap();
            let process = Process::new(have_a_child, theirs).unwrap();
            process.start().unwrap();
            assert_eq!(ours.recv::<(bool, u32)>().unwrap(), (true, process.pid().unwrap()));
            end(&process).unwrap();
            process.join(None).unwrap();
            assert_eq!(ours.recv::<(bool, bool)>().unwrap(), (true, false));
        }
    }

    #[test]
    fn test_process() {
        let (ours, theirs) = Pipe::duplex().unwrap();
        let process = Process::named("somebody", tell, (theirs, vec![1, 2], (3, "four".to_owned()))).unwrap();
        process.set_daemon(true).unwrap();
        assert!(!process.is_alive() && process.daemon() && !is_listed(&process));
        assert_eq!((process.pid(), process.exit_status().unwrap()), (None, None));
        process.start().unwrap();
        assert!(process.set_daemon(false).is_err() && process.start().is_err());
        let (bytes, pair, name, pid, _) = ours.recv::<Seen>().unwrap();
        assert_eq!((bytes, pair, &*name), (vec![1, 2], (3, "four".to_owned()), "somebody"));
        assert_eq!(process.pid(), Some(pid));
        assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
        assert_eq!(process.exit_status().unwrap(), Some(Exit::Code(0)));
        assert!(!process.is_alive() && !is_listed(&process));
    }

    fn ended_by(end: fn(&Process) -> Result<(), ganger::Error>, number: i32) {
        let process = sleeper();
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
        ended_by(Process::interrupt, 2);
    }

    #[test]
    fn test_terminate() {
        ended_by(Process::terminate, 15);
    }

    #[test]
    fn test_kill() {
        ended_by(Process::kill, 9);
    }

    #[test]
    fn test_cpu_count() {
        assert!(cpu_count() >= 1);
    }

    #[ganger::task]
    fn recurse(log: Descriptor, id: String) {
        std::fs::File::from(log.clone().into_fd().unwrap()).write_all(format!("{id} ").as_bytes()).unwrap();
        for n in (0..2).filter(|_| id.len() < 3) {
            let child = Process::new(recurse, (log.clone(), format!("{id}{n}"))).unwrap();
            child.start().unwrap();
            child.join(None).unwrap();
        }
    }

    #[test]
    fn test_recursion() {
        let mut log = tempfile::tempfile().unwrap();
        let process = Process::new(recurse, (log.try_clone().unwrap().into(), "x".to_owned())).unwrap();
        process.start().unwrap();
        assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
        let mut order = String::new();
        log.rewind().unwrap();
        log.read_to_string(&mut order).unwrap();
        assert_eq!(order, "x x0 x00 x01 x1 x10 x11 ");
    }

    #[ganger::task]
    fn wait_for_end(conn: Connection) {
        let _ = conn.recv::<u8>();
    }

    #[test]
    fn test_sentinel() {
        let (ours, theirs) = Pipe::duplex().unwrap();
        let process = Process::new(wait_for_end, theirs).unwrap();
        assert!(process.sentinel().is_err());
        process.start().unwrap();
        let sentinel = process.sentinel().unwrap();
        let ready = |timeout| ganger_sys::wait_readable([sentinel.as_fd()], timeout).unwrap()[0];
        assert!(!ready(SHORT));
        ours.send(&1u8).unwrap();
        assert!(ready(None));
        process.join(None).unwrap();
        assert!(ganger_sys::wait_readable([process.sentinel().unwrap().as_fd()], None).unwrap()[0]);
    }

    #[test]
    fn test_close() {
        let (ours, theirs) = Pipe::duplex().unwrap();
        let process = Process::new(wait_for_end, theirs).unwrap();
        process.start().unwrap();
        assert!(process.close().unwrap_err().to_string().contains("still runs"));
        ours.send(&1u8).unwrap();
        process.join(None).unwrap();
        process.close().unwrap();
        assert!(process.join(None).is_err() && process.exit_status().is_err() && process.terminate().is_err());
        process.close().unwrap();
    }

    #[test]
    fn test_many_processes() {
        let all: Vec<_> = (0..100).map(|_| Process::new(nothing, ()).unwrap()).collect();
        all.iter().for_each(|process| process.start().unwrap());
        assert!(all.iter().all(|process| process.join(None).unwrap() == Some(Exit::Code(0))));
        let all: Vec<_> = (0..100).map(|_| Process::new(sleep_for_ever, ()).unwrap()).collect();
        all.iter().for_each(|process| process.start().unwrap());
        all.iter().for_each(|process| process.terminate().unwrap());
        let killed = Some(Exit::Signal { number: 15, core: false });
        assert!(all.iter().all(|process| process.join(None).unwrap() == killed));
    }

    #[ganger::task]
    fn fall(how: String) -> Result<(), String> {
        match &*how {
            "panic" => panic!("a reason of some length"),
            "error" => Err("no luck".to_owned()),
            code => std::process::exit(code.parse().unwrap()),
        }
    }

    /// How a process ends, and what it prints.
    fn printed(how: &str) -> (Option<Exit>, String) {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let process = Process::new(fall_into, (writer.into(), how.to_owned())).unwrap();
        process.start().unwrap();
        let exit = process.join(None).unwrap();
        let mut text = String::new();
        (exit, bounded("all is printed", move || reader.read_to_string(&mut text).map(|_| text).unwrap()))
    }

    #[ganger::task]
    fn fall_into(stderr: Descriptor, how: String) -> Result<(), String> {
        nix::unistd::dup2_stderr(&stderr).unwrap();
        drop(stderr);
        fall(how)
    }

    #[test]
    fn test_stderr_flush() {
        let (exit, text) = printed("panic");
        assert_eq!(exit, Some(Exit::Code(101)));
        assert_eq!(text.matches("a reason of some length").count(), 1, "{text}");
        assert!(text.contains("process.rs"), "{text}");
    }

    #[test]
    fn test_sys_exit() {
        for code in [0, 1, 8, 42] {
            assert_eq!(printed(&code.to_string()), (Some(Exit::Code(code)), String::new()));
        }
        let (exit, text) = printed("error");
        assert!(exit == Some(Exit::Code(1)) && text.ends_with(": no luck\n"), "{exit:?} {text}");
    }

    #[test]
    fn what_is_dropped_is_waited_for_and_a_daemon_ended() {
        let (ours, theirs) = Pipe::duplex().unwrap();
        let process = Process::new(wait_for_end, theirs).unwrap();
        process.start().unwrap();
        ours.send(&1u8).unwrap();
        drop(process);
        let (ours, theirs) = Pipe::duplex().unwrap();
        let daemon = Process::new(say_and_sleep, theirs).unwrap();
        daemon.set_daemon(true).unwrap();
        daemon.start().unwrap();
        let pid: u32 = ours.recv().unwrap();
        drop(daemon);
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
        eventually("its pipe is closed", || ours.poll(SHORT).unwrap());
    }
}
