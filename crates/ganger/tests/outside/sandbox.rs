//! What workers in a sandbox are kept from, and what they are not.

use std::fs;
use std::io::{self, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::Command;
use std::thread;

use ganger::{Network, Pool, Sandbox, StartMethod};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::{Pid, getppid};
use tempfile::TempDir;

use crate::support::{PROCESSES, WORKERS, builder, on_each, pool};
use crate::tasks::{Death, die, echo, panics, pid, square};

/// Whether this kernel can do all of it; says so if it cannot.
fn kernel_can(test: &str) -> bool {
    let refused = builder(StartMethod::Spawn, 1).sandbox(Sandbox::new()).build().err();
    refused.is_none_or(|why| {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{test}: {why}");
        writeln!(io::stderr(), "SKIPPED {test}: {why}").expect("stderr");
        false
    })
}

fn kept(method: StartMethod, sandbox: Sandbox) -> Pool {
    builder(method, 1).sandbox(sandbox).build().unwrap()
}

#[ganger::task]
fn write_to(path: String) -> Result<(), String> {
    fs::write(path, "here I am").map_err(|error| error.to_string())
}

#[ganger::task]
fn read_from(path: String) -> Result<usize, String> {
    fs::read(path).map(|bytes| bytes.len()).map_err(|error| error.to_string())
}

#[ganger::task]
fn lay_open(path: String) -> Result<(), String> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).map_err(|error| error.to_string())
}

/// By a program that the worker starts.
#[ganger::task]
fn touch(path: String) -> bool {
    let status = Command::new("touch").arg(path).stderr(std::process::Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn a_worker_writes_only_where_it_may() {
    if !kernel_can("a_worker_writes_only_where_it_may") {
        return;
    }
    on_each(PROCESSES, |method| {
        let (inside, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let path = |dir: &TempDir| dir.path().join("file").display().to_string();
        let pool = kept(method, Sandbox::new().write(inside.path()));
        pool.apply(write_to, path(&inside)).unwrap().unwrap();
        let refused = pool.apply(write_to, path(&outside)).unwrap().unwrap_err();
        assert!(refused.contains("Permission denied"), "{refused}");
        assert!(pool.apply(touch, path(&inside)).unwrap());
        assert!(!pool.apply(touch, path(&outside)).unwrap());
        assert!(!outside.path().join("file").exists());
        // It may read what it may not write.
        assert!(pool.apply(read_from, "/etc/passwd".to_owned()).unwrap().is_ok());
    });
}

#[test]
fn a_strict_one_reads_the_system_and_what_is_named() {
    if !kernel_can("a_strict_one_reads_the_system_and_what_is_named") {
        return;
    }
    on_each(PROCESSES, |method| {
        let (named, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let file = |dir: &TempDir| {
            let path = dir.path().join("file");
            fs::write(&path, "four").unwrap();
            path.display().to_string()
        };
        let pool = kept(method, Sandbox::strict().read(named.path()));
        assert_eq!(pool.apply(read_from, file(&named)).unwrap(), Ok(4));
        assert!(pool.apply(read_from, "/etc/passwd".to_owned()).unwrap().is_ok());
        let refused = pool.apply(read_from, file(&other)).unwrap().unwrap_err();
        assert!(refused.contains("Permission denied"), "{refused}");
        assert!(pool.apply(write_to, file(&named)).unwrap().is_err());
        pool.apply(write_to, "/dev/null".to_owned()).unwrap().unwrap();
        let refused = pool.apply(lay_open, file(&named)).unwrap().unwrap_err();
        assert!(refused.contains("not permitted"), "{refused}");
    });
}

/// Which kinds of socket can be made: TCP, UDP, Unix, a datagram to a Unix socket by one of a pair.
#[ganger::task]
fn sockets(listener: String) -> [bool; 4] {
    let pair = UnixDatagram::pair().is_ok_and(|(one, _)| one.send_to(b"x", &listener).is_ok());
    [
        TcpListener::bind("127.0.0.1:0").is_ok(),
        UdpSocket::bind("127.0.0.1:0").is_ok(),
        UnixListener::bind("").is_ok(),
        pair,
    ]
}

/// Streams between a process and its children are left.
#[ganger::task]
fn pair() -> bool {
    UnixStream::pair().is_ok()
}

#[test]
fn a_worker_without_the_network_makes_no_socket() {
    if !kernel_can("a_worker_without_the_network_makes_no_socket") {
        return;
    }
    on_each(PROCESSES, |method| {
        let dir = TempDir::new().unwrap();
        let name = dir.path().join("log");
        let _log = UnixDatagram::bind(&name).unwrap();
        let made = |network| {
            let pool = kept(method, Sandbox::new().network(network));
            assert!(pool.apply(pair, ()).unwrap());
            pool.apply(sockets, name.display().to_string()).unwrap()
        };
        assert_eq!(made(Network::On), [true; 4]);
        assert_eq!(made(Network::Unix), [false, false, true, true]);
        assert_eq!(made(Network::Off), [false; 4]);
    });
}

/// What the kernel says to a signal to that process; to looking into its memory; to its environment.
#[ganger::task]
fn reach(pid: i32) -> (i32, bool, bool) {
    let signal = kill(Pid::from_raw(pid), None).map_or_else(|errno| errno as i32, |()| 0);
    let opens = |file: &str| fs::read(format!("/proc/{pid}/{file}")).is_ok();
    (signal, fs::File::open(format!("/proc/{pid}/mem")).is_ok(), opens("environ"))
}

#[ganger::task]
fn parent() -> i32 {
    getppid().as_raw()
}

const OUT_OF_REACH: (i32, bool, bool) = (Errno::EPERM as i32, false, false);

#[test]
fn a_worker_reaches_no_process_outside() {
    if !kernel_can("a_worker_reaches_no_process_outside") {
        return;
    }
    on_each(PROCESSES, |method| {
        let pool = kept(method, Sandbox::new());
        let supervisor = pool.apply(parent, ()).unwrap();
        assert_eq!(supervisor, std::process::id() as i32);
        assert_eq!(pool.apply(reach, supervisor).unwrap(), OUT_OF_REACH);
        // Nor another worker.
        let other = kept(method, Sandbox::new());
        assert_eq!(pool.apply(reach, other.apply(pid, ()).unwrap() as i32).unwrap(), OUT_OF_REACH);
        assert_eq!(pool.apply(reach, pool.apply(pid, ()).unwrap() as i32).unwrap(), (0, true, true));
    });
    // Without a sandbox it does: which is why there is one.
    let pool = pool(StartMethod::Zygote, 1);
    let supervisor = pool.apply(parent, ()).unwrap();
    assert_eq!(pool.apply(reach, supervisor).unwrap().0, 0);
}

/// What `/proc/self/status` says of new privileges.
#[ganger::task]
fn no_new_privileges() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("NoNewPrivs:\t1"))
}

/// A thread that an initializer starts, and what it may do.
#[ganger::task]
fn start_a_thread(path: String) {
    thread::spawn(move || {
        assert!(fs::write(path, "out").is_err());
    })
    .join()
    .unwrap();
}

#[test]
fn an_initializer_and_its_threads_are_inside() {
    if !kernel_can("an_initializer_and_its_threads_are_inside") {
        return;
    }
    on_each(PROCESSES, |method| {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("file").display().to_string();
        let sandbox = Sandbox::strict();
        let pool = builder(method, 1).sandbox(sandbox).initializer(start_a_thread, path.clone()).build().unwrap();
        assert!(pool.apply(no_new_privileges, ()).unwrap());
        assert!(!fs::exists(path).unwrap());
    });
}

#[test]
fn a_zygotes_preload_is_outside() {
    if !kernel_can("a_zygotes_preload_is_outside") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file").display().to_string();
    let pool =
        builder(StartMethod::Zygote, 2).sandbox(Sandbox::strict()).preload(write_to, path.clone()).build().unwrap();
    assert!(pool.apply(read_from, path.clone()).unwrap().is_err());
    assert!(fs::exists(path).unwrap());
}

#[test]
fn work_is_left_alone() {
    if !kernel_can("work_is_left_alone") {
        return;
    }
    on_each(PROCESSES, |method| {
        for sandbox in [Sandbox::new(), Sandbox::strict()] {
            let pool = builder(method, 2).sandbox(sandbox).memory_mark(1 << 40).build().unwrap();
            assert_eq!(pool.map(square, 0..1000).unwrap().len(), 1000);
            let large = ganger::Bytes::from(vec![7; 5 << 20]);
            assert_eq!(pool.apply(echo, large.clone()).unwrap(), large);
            let told = pool.apply(panics, 3).unwrap_err().to_string();
            assert!(told.contains("panicked"), "{told}");
            assert!(pool.apply(die, Death::Exit(0)).is_err());
            assert_eq!(pool.apply(square, 3).unwrap(), 9);
            assert!(pool.apply(no_new_privileges, ()).unwrap());
        }
    });
}

#[test]
fn what_cannot_be_is_told_before_there_is_a_worker() {
    for method in WORKERS.iter().filter(|method| !PROCESSES.contains(method)).chain(&[StartMethod::Inline]) {
        let told = builder(*method, 1).sandbox(Sandbox::new()).build().err().unwrap().to_string();
        assert!(told.contains("sandbox: threads"), "{told}");
    }
    let missing = Sandbox::new().read("/ganger/no such directory").best_effort();
    let told = builder(StartMethod::Zygote, 1).sandbox(missing).build().err().unwrap().to_string();
    assert!(told.contains("/ganger/no such directory: No such file"), "{told}");
}
