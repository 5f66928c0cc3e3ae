//! A zygote and its siblings, in processes of their own: without libtest, whose threads would be in the way of a fork.
//!
//! This program is the test, the zygote, and a supervisor to be killed: which of them, an environment variable says.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
#![expect(unsafe_code, reason = "a shared robust mutex is what tells whether the kernel knows the forked thread")]
#![expect(clippy::print_stdout, reason = "the report of a test without libtest")]

use std::ffi::OsStr;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, FromRawFd};
use std::path::Path;
use std::process::exit;
use std::time::{Duration, Instant};

use nix::sys::signal::killpg;
use nix::unistd::Pid;

use ganger_sys::{Child, Exit, Fork, Signal, Socket, Spawn, fork_sibling, pair, setup};

const ROLE: &str = "GANGER_SYS_ROLE";

fn main() {
    match std::env::var(ROLE).as_deref() {
        Ok("zygote") => zygote(),
        Ok("supervisor") => supervisor(),
        _ => {
            test("a sibling ends as it wants", a_sibling_ends_as_it_wants);
            test("a sibling is a whole process", a_sibling_is_a_whole_process);
            test("a sibling's death frees its robust locks", a_siblings_death_frees_its_robust_locks);
            test("a fork of threads is refused", a_fork_of_threads_is_refused);
            test("nobody outlives the supervisor", nobody_outlives_the_supervisor);
            test("a dropped child is dead with its group", a_dropped_child_is_dead_with_its_group);
        }
    }
}

fn test(name: &str, body: fn()) {
    body();
    println!("test {name} ... ok");
}

fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(20))
}

fn spawn(role: &str) -> (Child, Socket) {
    let (ours, theirs) = pair().unwrap();
    let env = [(ROLE, OsStr::new(role))];
    let spawn = Spawn {
        program: Path::new("/proc/self/exe"),
        arg0: None,
        args: &[],
        without: &[],
        dir: None,
        env: &env,
        stdin: theirs.into(),
    };
    (spawn.start().unwrap(), ours)
}

/// Asks the zygote for a sibling that does `deed` with a copy of `socket`.
fn fork(zygote: &Socket, deed: &str, socket: &Socket) -> Child {
    zygote.send(deed.as_bytes(), &[socket.as_fd()], soon()).unwrap();
    let mut buf = [0; 16];
    let (length, mut fds) = zygote.recv(&mut buf, 1, soon()).unwrap().unwrap();
    let pid = u32::from_ne_bytes(buf[..length].try_into().unwrap());
    Child::adopt(pid, fds.pop().unwrap()).unwrap()
}

fn zygote() {
    let door = Socket::from(setup::take_stdin().unwrap());
    let mut buf = [0; 64];
    while let Some((length, mut fds)) = door.recv(&mut buf, 1, None).unwrap() {
        let socket = Socket::from(fds.pop().unwrap());
        match fork_sibling() {
            Ok(Fork::Child) => sibling(std::str::from_utf8(&buf[..length]).unwrap(), &socket),
            Ok(Fork::Sibling { pid, pidfd }) => door.send(&pid.to_ne_bytes(), &[pidfd.as_fd()], None).unwrap(),
            Err(e) => panic!("no fork: {e}"),
        }
    }
}

fn sibling(deed: &str, socket: &Socket) -> ! {
    match deed {
        "exit" => exit(7),
        "abort" => std::process::abort(),
        // SAFETY: there is none, and it is what the test is about: the process ends here.
        "segv" => unsafe { std::ptr::null_mut::<u8>().write_volatile(1) },
        "raise" => nix::sys::signal::raise(nix::sys::signal::Signal::SIGUSR1).unwrap(),
        "live" => live(),
        "lock" => lock_and_wait(socket),
        "wait" => wait(socket),
        "family" => {
            setup::own_process_group().unwrap();
            let mut grandchild = std::process::Command::new("sleep").arg("60").spawn().unwrap();
            socket.send(b"ready", &[], None).unwrap();
            grandchild.wait().unwrap();
        }
        other => panic!("no such deed: {other}"),
    }
    unreachable!()
}

/// Lives as long as the parent does.
fn wait(socket: &Socket) -> ! {
    setup::die_with_parent(std::os::unix::process::parent_id(), Signal::Kill).unwrap();
    socket.send(b"ready", &[], None).unwrap();
    loop {
        std::thread::park();
    }
}

/// Uses what a fork without the C library's knowledge could have broken; exits with 0 if nothing is.
fn live() -> ! {
    let threads: Vec<_> = (0..4)
        .map(|n| {
            std::thread::spawn(move || {
                let data: Vec<String> = (0..1000).map(|i| format!("{i}")).collect();
                data.len() + n
            })
        })
        .collect();
    let sum: usize = threads.into_iter().map(|t| t.join().unwrap()).sum();
    assert_eq!(sum, 4006);
    std::panic::set_hook(Box::new(|_| {}));
    assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
    assert!(std::process::Command::new("true").status().unwrap().success());
    exit(0)
}

/// The mutex lies in the memory of the descriptor that comes over the socket.
fn lock_and_wait(socket: &Socket) -> ! {
    let (_, mut fds) = socket.recv(&mut [0; 8], 1, soon()).unwrap().unwrap();
    let mutex = RobustMutex::map(File::from(fds.pop().unwrap()));
    assert_eq!(mutex.try_lock(), 0);
    socket.send(b"locked", &[], None).unwrap();
    loop {
        std::thread::park();
    }
}

/// A mutex in shared memory, whose next owner is told that the last one has died.
struct RobustMutex {
    memory: File,
    mutex: *mut libc::pthread_mutex_t,
}

impl RobustMutex {
    fn new() -> Self {
        // SAFETY: the name is a string; the descriptor is new, so nobody else owns it.
        let memory = unsafe { File::from_raw_fd(libc::memfd_create(c"lock".as_ptr(), libc::MFD_CLOEXEC)) };
        memory.set_len(4096).unwrap();
        let this = Self::map(memory);
        let mut kind = MaybeUninit::uninit();
        // SAFETY: the kind is initialised before it is used, and the mutex has room in its page and no user yet.
        unsafe {
            libc::pthread_mutexattr_init(kind.as_mut_ptr());
            libc::pthread_mutexattr_setpshared(kind.as_mut_ptr(), libc::PTHREAD_PROCESS_SHARED);
            libc::pthread_mutexattr_setrobust(kind.as_mut_ptr(), libc::PTHREAD_MUTEX_ROBUST);
            assert_eq!(libc::pthread_mutex_init(this.mutex, kind.as_ptr()), 0);
        }
        this
    }

    /// The page stays mapped until the process ends.
    fn map(memory: File) -> Self {
        let (access, fd) = (libc::PROT_READ | libc::PROT_WRITE, memory.as_raw_fd());
        // SAFETY: a new mapping at a place that the kernel chooses.
        let page = unsafe { libc::mmap(std::ptr::null_mut(), 4096, access, libc::MAP_SHARED, fd, 0) };
        assert_ne!(page, libc::MAP_FAILED);
        Self { memory, mutex: page.cast() }
    }

    fn try_lock(&self) -> i32 {
        // SAFETY: the mutex was initialised by `new`, here or in the process that sent the memory.
        unsafe { libc::pthread_mutex_trylock(self.mutex) }
    }
}

fn supervisor() {
    let door = Socket::from(setup::take_stdin().unwrap());
    let (zygote, socket) = spawn("zygote");
    let sibling = fork(&socket, "wait", &door);
    door.send(b"forked", &[zygote.as_fd(), sibling.as_fd()], None).unwrap();
    loop {
        std::thread::park();
    }
}

fn a_sibling_ends_as_it_wants() {
    let (_zygote, socket) = spawn("zygote");
    let (_, unused) = pair().unwrap();
    let killed = |signal: Signal| Exit::Signal { number: signal.number(), core: false };
    let no_core = |exit| match exit {
        Exit::Signal { number, .. } => Exit::Signal { number, core: false },
        code @ Exit::Code(_) => code,
    };
    let ends = [
        ("exit", Exit::Code(7)),
        ("abort", killed(Signal::Abrt)),
        ("segv", killed(Signal::Segv)),
        ("raise", killed(Signal::Usr1)),
    ];
    for (deed, expected) in ends {
        let mut sibling = fork(&socket, deed, &unused);
        assert_eq!(no_core(sibling.wait().unwrap()), expected, "{deed}");
        assert_eq!(no_core(sibling.try_wait().unwrap().unwrap()), expected, "the end is remembered");
        assert!(!sibling.signal(Signal::Kill).unwrap(), "nobody is signalled any more");
    }
}

fn a_sibling_is_a_whole_process() {
    let (_zygote, socket) = spawn("zygote");
    let (_, unused) = pair().unwrap();
    assert_eq!(fork(&socket, "live", &unused).wait().unwrap(), Exit::Code(0));
}

fn a_siblings_death_frees_its_robust_locks() {
    let (_zygote, socket) = spawn("zygote");
    let (ours, theirs) = pair().unwrap();
    let mutex = RobustMutex::new();
    let mut sibling = fork(&socket, "lock", &theirs);
    ours.send(b"memory", &[mutex.memory.as_fd()], soon()).unwrap();
    ours.recv(&mut [0; 8], 0, soon()).unwrap().unwrap();
    assert_eq!(mutex.try_lock(), libc::EBUSY);
    assert!(sibling.signal(Signal::Kill).unwrap());
    sibling.wait().unwrap();
    assert_eq!(mutex.try_lock(), libc::EOWNERDEAD);
}

fn a_fork_of_threads_is_refused() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || held.recv());
    let refused = fork_sibling().expect_err("there are two threads").to_string();
    assert!(refused.contains("2 threads") && refused.contains("Spawn"), "{refused}");
    drop(hold);
    thread.join().unwrap().unwrap_err();
    assert!(setup::set_env("GANGER_SYS_TEST", OsStr::new("1")).is_ok(), "a joined thread is no thread");
}

fn nobody_outlives_the_supervisor() {
    let (mut supervisor, socket) = spawn("supervisor");
    let mut ready = (false, Vec::new());
    while !ready.0 || ready.1.is_empty() {
        let mut buf = [0; 8];
        let (length, fds) = socket.recv(&mut buf, 2, soon()).unwrap().unwrap();
        match &buf[..length] {
            b"ready" => ready.0 = true,
            _ => ready.1 = fds,
        }
    }
    supervisor.signal(Signal::Kill).unwrap();
    for (who, pidfd) in ["zygote", "sibling"].iter().zip(&ready.1) {
        let [gone] = ganger_sys::wait_readable([pidfd.as_fd()], Some(Duration::from_secs(20))).unwrap();
        assert!(gone, "the {who} outlived its supervisor");
    }
    supervisor.wait().unwrap();
}

fn a_dropped_child_is_dead_with_its_group() {
    let (_zygote, socket) = spawn("zygote");
    let (ours, theirs) = pair().unwrap();
    let sibling = fork(&socket, "family", &theirs);
    drop(theirs);
    ours.recv(&mut [0; 8], 0, soon()).unwrap().unwrap();
    let group = Pid::from_raw(sibling.pid() as i32);
    drop(sibling);
    // The grandchild is reaped by whoever adopts it; until then it is still a member of the group.
    let deadline = soon().unwrap();
    while killpg(group, None).is_ok() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(killpg(group, None).is_err(), "the grandchild lives");
    assert!(ours.recv(&mut [0; 8], 0, soon()).unwrap().is_none());
}
