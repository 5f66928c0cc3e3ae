//! `_TestSubclassingProcess`, and the cases of `_TestProcess` about standard streams.

mod test_subclassing_process {
    use std::io::Read;

    use ganger::{Connection, Descriptor, Exit, Pipe, Process, StartMethod};
    use nix::unistd::dup2_stderr;

    use crate::away::PROCESSES;
    use crate::deadline::{bounded, on_each};

    /// A process object with a pipe of its own.
    struct UpperCaser {
        process: Process,
        conn: Connection,
    }

    #[ganger::task]
    fn serve(conn: Connection) {
        while let Some(text) = conn.recv::<Option<String>>().unwrap() {
            conn.send(&text.to_uppercase()).unwrap();
        }
    }

    impl UpperCaser {
        fn start(method: StartMethod) -> Self {
            let (conn, theirs) = Pipe::duplex().unwrap();
            let process = Process::builder().start_method(method).build(serve, theirs).unwrap();
            process.start().unwrap();
            Self { process, conn }
        }

        fn submit(&self, text: &str) -> String {
            self.conn.send(&Some(text)).unwrap();
            self.conn.recv().unwrap()
        }

        fn stop(self) -> Option<Exit> {
            self.conn.send(&None::<String>).unwrap();
            self.process.join(None).unwrap()
        }
    }

    #[test]
    fn test_subclassing() {
        on_each(PROCESSES, |method| {
            let upper_caser = UpperCaser::start(method);
            assert_eq!((&*upper_caser.submit("hello"), &*upper_caser.submit("world")), ("HELLO", "WORLD"));
            assert_eq!(upper_caser.stop(), Some(Exit::Code(0)));
        });
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
    fn printed(method: StartMethod, how: &str) -> (Option<Exit>, String) {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let builder = Process::builder().start_method(method);
        let process = builder.build(fall_into, (writer.into(), how.to_owned())).unwrap();
        process.start().unwrap();
        let exit = process.join(None).unwrap();
        let mut text = String::new();
        (exit, bounded("all is printed", move || reader.read_to_string(&mut text).map(|_| text).unwrap()))
    }

    #[ganger::task]
    fn fall_into(stderr: Descriptor, how: String) -> Result<(), String> {
        dup2_stderr(&stderr).unwrap();
        drop(stderr);
        fall(how)
    }

    #[test]
    fn test_stderr_flush() {
        on_each(PROCESSES, |method| {
            let (exit, text) = printed(method, "panic");
            assert_eq!(exit, Some(Exit::Code(101)));
            assert_eq!(text.matches("a reason of some length").count(), 1, "{text}");
            assert!(text.contains("subclassing.rs"), "{text}");
        });
    }

    #[test]
    fn test_sys_exit() {
        on_each(PROCESSES, |method| {
            for code in [0, 1, 8, 42] {
                assert_eq!(printed(method, &code.to_string()), (Some(Exit::Code(code)), String::new()));
            }
            let (exit, text) = printed(method, "error");
            assert!(exit == Some(Exit::Code(1)) && text.ends_with(": no luck\n"), "{exit:?} {text}");
        });
    }
}

mod test_process {
    use ganger::{Exit, Process, StartMethod};
    use nix::unistd::close;

    use crate::away::PROCESSES;
    use crate::deadline::on_each;

    fn close_streams() {
        (1..=2).for_each(|stream| close(stream).unwrap());
    }

    #[ganger::task]
    #[expect(clippy::print_stdout, reason = "it prints to what is not there")]
    fn print_something() {
        println!("nobody reads this");
    }

    #[ganger::task]
    fn start_without_streams(spawned: bool) {
        close_streams();
        let method = if spawned { StartMethod::Spawn } else { StartMethod::Zygote };
        let process = Process::builder().start_method(method).build(print_something, ()).unwrap();
        process.start().unwrap();
        assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
    }

    #[test]
    fn test_error_on_stdio_flush_1() {
        on_each(PROCESSES, |method| {
            let builder = Process::builder().start_method(method);
            let process = builder.build(start_without_streams, method == StartMethod::Spawn).unwrap();
            process.start().unwrap();
            assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
        });
    }

    #[ganger::task]
    #[expect(clippy::print_stdout, reason = "it prints to what is not there")]
    fn break_streams() {
        print!("half a line");
        close_streams();
        println!(", and the other half");
    }

    #[test]
    fn test_error_on_stdio_flush_2() {
        on_each(PROCESSES, |method| {
            let process = Process::builder().start_method(method).build(break_streams, ()).unwrap();
            process.start().unwrap();
            assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
        });
    }
}
