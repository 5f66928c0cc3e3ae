//! `Process` by each start method: programs that cannot be one, what goes along, what outlives what.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use ganger::{Connection, Descriptor, Exit, Pipe, Process, StartMethod};

use crate::starting::{script, stranger};
use crate::support::{PATIENCE, PROCESSES, bounded, eventually, on_each};

#[ganger::task]
fn nothing() {}

fn refused(method: StartMethod, program: impl AsRef<Path>, words: &[&str]) {
    refused_within(PATIENCE, method, program, words);
}

fn refused_within(patience: Duration, method: StartMethod, program: impl AsRef<Path>, words: &[&str]) {
    let builder = Process::builder().start_method(method).worker_program(program);
    let process = builder.start_timeout(patience).build(nothing, ()).unwrap();
    let error = process.start().unwrap_err();
    assert!(error.is_worker_program() && words.iter().all(|word| error.to_string().contains(word)), "{error}");
    assert!(!process.is_alive() && process.start().is_err());
}

#[test]
fn a_program_that_is_not_there_or_cannot_be_executed_is_refused() {
    on_each(PROCESSES, |method| {
        refused(method, "/no/such/program", &["/no/such/program: No such file"]);
        let dir = tempfile::tempdir().unwrap();
        refused(method, script(dir.path(), "exit 0", 0o644), &["permission denied"]);
    });
}

#[test]
fn a_program_that_does_not_call_init_is_refused() {
    on_each(PROCESSES, |method| {
        refused(method, "/bin/true", &["/bin/true", "exit code 0", "ganger::init()"]);
        let dir = tempfile::tempdir().unwrap();
        let silent = script(dir.path(), "exec sleep 1000", 0o755);
        // The second time it is told no differently.
        let told = &["does not say hello", "ganger::init()"];
        (0..2).for_each(|_| refused_within(Duration::from_millis(100), method, &silent, told));
    });
}

#[test]
fn a_program_of_another_build_is_refused() {
    let Some(stranger) = stranger() else {
        let line = b"SKIPPED a_program_of_another_build_is_refused: no example was built\n";
        return io::Write::write_all(&mut io::stderr(), line).unwrap();
    };
    for method in PROCESSES {
        let process = Process::builder().start_method(*method).worker_program(&stranger).build(nothing, ()).unwrap();
        let error = process.start().unwrap_err();
        assert!(error.is_worker_program() && error.to_string().contains("is another build"), "{error}");
    }
}

#[ganger::task]
fn count_them(conn: Connection, files: Vec<Descriptor>) {
    conn.send(&files.into_iter().filter_map(|file| file.into_fd().ok()).count()).unwrap();
}

fn descriptors(many: usize) -> Vec<Descriptor> {
    (0..many).map(|_| Descriptor::from(OwnedFd::from(File::open("/dev/null").unwrap()))).collect()
}

#[test]
fn as_many_descriptors_go_along_as_the_kernel_allows_and_more_are_refused() {
    on_each(PROCESSES, |method| {
        let builder = || Process::builder().start_method(method);
        let (ours, theirs) = Pipe::duplex().unwrap();
        let process = builder().build(count_them, (theirs, descriptors(251))).unwrap();
        process.start().unwrap();
        assert_eq!(ours.recv::<usize>().unwrap(), 251);
        let (_ours, theirs) = Pipe::duplex().unwrap();
        let error = builder().build(count_them, (theirs, descriptors(252))).unwrap().start().unwrap_err();
        assert!(error.to_string().contains("253 descriptors, and at most 252"), "{error}");
    });
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["x".repeat(1001), "a\0b".to_owned()] {
        let error = Process::named(&name, nothing, ()).unwrap_err();
        assert!(error.to_string().contains("at most 1000 bytes"), "{error}");
    }
    let process = Process::named(&"ä".repeat(500), nothing, ()).unwrap();
    process.start().unwrap();
    assert_eq!(process.join(None).unwrap(), Some(Exit::Code(0)));
}

#[ganger::task]
fn hold_on(conn: Connection) {
    conn.send(&std::process::id()).unwrap();
    let _ = conn.recv::<u8>();
}

#[ganger::task]
fn start_daemon(conn: Connection, spawned: bool) {
    let method = if spawned { StartMethod::Spawn } else { StartMethod::Zygote };
    let daemon = Process::builder().start_method(method).daemon(true).build(hold_on, conn).unwrap();
    daemon.start().unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_daemon_goes_when_its_parent_is_killed() {
    on_each(PROCESSES, |method| {
        let (ours, theirs) = Pipe::duplex().unwrap();
        let parent = Process::new(start_daemon, (theirs, method == StartMethod::Spawn)).unwrap();
        parent.start().unwrap();
        let daemon: u32 = ours.recv().unwrap();
        assert_ne!(Some(daemon), parent.pid());
        parent.kill().unwrap();
        assert!(ours.recv::<u32>().unwrap_err().is_disconnected());
        eventually("the daemon has gone", || !crate::support::process::lives(daemon));
    });
}

#[test]
fn many_start_at_a_time() {
    bounded("30 processes", || {
        let start = |n: usize| {
            let process = Process::builder().start_method(PROCESSES[n % 2]).build(nothing, ()).unwrap();
            std::thread::spawn(move || process.start().and_then(|()| process.join(None)).unwrap())
        };
        let all: Vec<_> = (0..30).map(start).collect();
        assert!(all.into_iter().all(|thread| thread.join().unwrap() == Some(Exit::Code(0))));
    });
}
