//! What needs a process without other tests: it counts descriptors and children, or changes the process itself.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
#![expect(unsafe_code, reason = "memory is touched to make this process large")]
#![expect(clippy::print_stdout, reason = "the report of a test without libtest")]

use std::ffi::{CString, OsStr};
use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use ganger_sys::limits::{Limit, Resource, limit, raise_open_files, set_limit, spare_fds};
use ganger_sys::sweep::{children, sweep};
use ganger_sys::{
    Child, Conditions, Confinement, EnvBlock, Exit, Launch, LaunchError, Shortage, Signal, Sockets, Spawn, Stage,
    Walls, memory, pair, setup,
};
use seccompiler::{SeccompAction, SeccompFilter};

fn main() {
    test("a thousand launches leave nothing", a_thousand_launches_leave_nothing);
    test("a failed launch leaves nothing", a_failed_launch_leaves_nothing);
    test("a large process launches as fast as a small one", a_large_process_launches_as_fast_as_a_small_one);
    test("streams may be swapped", streams_may_be_swapped);
    test("closed streams are no hindrance", closed_streams_are_no_hindrance);
    test("limits are set", limits_are_set);
    test("descriptors are spare up to the limit", descriptors_are_spare_up_to_the_limit);
    test("without descriptors there is an error", without_descriptors_there_is_an_error);
    test("messages and their end arrive", messages_and_their_end_arrive);
    test(
        "a message arrives without the descriptors that there are none left for",
        a_message_arrives_without_the_descriptors_that_there_are_none_left_for,
    );
    test("what left its group is swept", what_left_its_group_is_swept);
    test("a command dies with its parent thread", a_command_dies_with_its_parent_thread);
    test("a process sets itself up", a_process_sets_itself_up);
    // The last: what it does to this process is not taken back.
    test("a kernel that knows no walls is told", a_kernel_that_knows_no_walls_is_told);
}

fn test(name: &str, body: fn()) {
    body();
    println!("test {name} ... ok");
}

const SOON: Duration = Duration::from_secs(20);

fn launch(args: &[&str], env: &EnvBlock) -> Result<Child, LaunchError> {
    let argv: Vec<_> = args.iter().map(|a| CString::new(*a).unwrap()).collect();
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    let (stdin, stdout, stderr) = (null.as_fd(), null.as_fd(), null.as_fd());
    Launch { argv: &argv, env, env_more: &[], dir: None, stdin, stdout, stderr, conditions: Conditions::default() }
        .start()
}

/// A filter of our own makes this kernel an old one.
fn a_kernel_that_knows_no_walls_is_told() {
    let refused = [(nix::libc::SYS_landlock_create_ruleset, Vec::new())].into();
    let (others, these) = (SeccompAction::Allow, SeccompAction::Errno(nix::libc::ENOSYS as u32));
    let filter = SeccompFilter::new(refused, others, these, std::env::consts::ARCH.try_into().unwrap()).unwrap();
    seccompiler::apply_filter(&seccompiler::BpfProgram::try_from(filter).unwrap()).unwrap();
    let told = Confinement::new(&Walls::default()).unwrap_err();
    assert!(told.to_string().contains("no landlock") && told.to_string().contains("best-effort"), "{told}");
    let left = Walls { best_effort: true, sockets: Sockets::None, ..Walls::default() };
    Confinement::new(&left).unwrap().enter().unwrap();
    assert_eq!(std::net::UdpSocket::bind("127.0.0.1:0").unwrap_err().raw_os_error(), Some(nix::libc::EPERM));
    assert!(fs::read_to_string("/proc/self/status").unwrap().contains("NoNewPrivs:\t1"));
}

fn open_fds() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn a_thousand_launches_leave_nothing() {
    let (before, env) = (open_fds(), EnvBlock::inherited());
    for i in 0..1000 {
        let mut child = launch(&["true"], &env).unwrap();
        if i % 2 == 0 {
            assert_eq!(child.wait().unwrap(), Exit::Code(0));
        }
    }
    assert_eq!((open_fds(), children().unwrap()), (before, vec![]));
}

fn a_failed_launch_leaves_nothing() {
    let (before, env) = (open_fds(), EnvBlock::inherited());
    for _ in 0..100 {
        launch(&["ganger-no-such-program"], &env).unwrap_err();
    }
    assert_eq!((open_fds(), children().unwrap()), (before, vec![]));
}

/// Of 300 runs.
fn median<T>(mut run: impl FnMut() -> T) -> Duration {
    let mut times: Vec<_> = std::iter::repeat_with(|| {
        let started = Instant::now();
        run();
        started.elapsed()
    })
    .take(300)
    .collect();
    times.sort_unstable();
    times[150]
}

fn a_large_process_launches_as_fast_as_a_small_one() {
    let env = EnvBlock::inherited();
    let time = || median(|| launch(&["true"], &env).unwrap().wait().unwrap());
    let posix_spawn = || std::process::Command::new("true").status().unwrap();
    let (small, std) = (time(), median(posix_spawn));
    let size = 512 << 20;
    let mut memory = Vec::<u8>::with_capacity(size);
    for page in (0..size).step_by(4096) {
        // SAFETY: within the capacity.
        unsafe { memory.as_mut_ptr().add(page).write_volatile(1) };
    }
    let large = time();
    assert!(memory::resident(std::process::id()).unwrap() > size as u64);
    println!("launch of true: {small:?} small, {large:?} with 512 MiB resident; std's Command {std:?} small");
}

/// Runs `body` with other descriptors as stdout and stderr; `None` closes both.
fn with_streams<T>(streams: Option<[&OwnedFd; 2]>, body: impl FnOnce() -> T) -> T {
    let [out, err] = [1, 2].map(|fd| {
        // SAFETY: both are open, and nothing else in this process uses them meanwhile.
        unsafe { OwnedFd::from_raw_fd(libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3)) }
    });
    match streams {
        Some([out, err]) => {
            nix::unistd::dup2_stdout(out).unwrap();
            nix::unistd::dup2_stderr(err).unwrap();
        }
        // SAFETY: no memory is passed; they are opened again below.
        None => [1, 2].map(|fd| unsafe { libc::close(fd) }).into_iter().for_each(|closed| assert_eq!(closed, 0)),
    }
    let result = body();
    nix::unistd::dup2_stdout(&out).unwrap();
    nix::unistd::dup2_stderr(&err).unwrap();
    result
}

fn streams_may_be_swapped() {
    let (mut out, out_end) = std::io::pipe().unwrap();
    let (mut err, err_end) = std::io::pipe().unwrap();
    let (out_end, err_end) = (OwnedFd::from(out_end), OwnedFd::from(err_end));
    let argv = ["sh", "-c", "echo out; echo err >&2"].map(|a| CString::new(a).unwrap());
    let exit = with_streams(Some([&out_end, &err_end]), || {
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stderr(), std::io::stdout());
        let (stdin, stdout, stderr) = (stdin.as_fd(), stdout.as_fd(), stderr.as_fd());
        let env = &EnvBlock::inherited();
        Launch { argv: &argv, env, env_more: &[], dir: None, stdin, stdout, stderr, conditions: Conditions::default() }
            .start()
            .unwrap()
            .wait()
            .unwrap()
    });
    drop((out_end, err_end));
    let read = |pipe: &mut std::io::PipeReader| std::io::read_to_string(pipe).unwrap();
    assert_eq!((exit, read(&mut out), read(&mut err)), (Exit::Code(0), "err\n".into(), "out\n".into()));
}

fn closed_streams_are_no_hindrance() {
    let args = ["-c".into(), "exit 4".into()];
    let ends = with_streams(None, || {
        // The lowest free number: it may be that of a stream.
        let (_ours, theirs) = pair().unwrap();
        let program = std::path::Path::new("/bin/sh");
        let mut spawned =
            Spawn { program, arg0: None, args: &args, env: &[], without: &[], dir: None, stdin: theirs.into() }
                .start()
                .unwrap();
        let mut launched = launch(&["sh", "-c", "exit 5"], &EnvBlock::inherited()).unwrap();
        (spawned.wait().unwrap(), launched.wait().unwrap())
    });
    assert_eq!(ends, (Exit::Code(4), Exit::Code(5)));
}

fn limits_are_set() {
    let all = raise_open_files().unwrap();
    assert_eq!(limit(Resource::OpenFiles).unwrap(), Limit { soft: all, hard: all });
    set_limit(Resource::Core, Limit { soft: 0, hard: limit(Resource::Core).unwrap().hard }).unwrap();
    assert_eq!(limit(Resource::Core).unwrap().soft, 0);
}

fn descriptors_are_spare_up_to_the_limit() {
    let before = limit(Resource::OpenFiles).unwrap();
    let null = File::open("/dev/null").unwrap();
    for limit in [0, 1, 63, 64, 65, 200].map(|more| null.as_raw_fd() as u64 + 1 + more) {
        set_limit(Resource::OpenFiles, Limit { soft: limit, hard: before.hard }).unwrap();
        let free = (0..).map_while(|_| null.try_clone().ok()).collect::<Vec<File>>().len();
        assert!(spare_fds(free).is_ok(), "{free} below {limit}");
        assert_eq!(Shortage::of(&spare_fds(free + 1).unwrap_err()), Some(Shortage::Descriptors));
        let taken: Vec<File> = (0..free / 2).map(|_| null.try_clone().unwrap()).collect();
        assert_eq!((spare_fds(free - free / 2).is_ok(), spare_fds(free - free / 2 + 1).is_ok()), (true, false));
        drop(taken);
    }
    set_limit(Resource::OpenFiles, before).unwrap();
}

fn without_descriptors_there_is_an_error() {
    let (before, env) = (limit(Resource::OpenFiles).unwrap(), EnvBlock::inherited());
    // The three streams, and one for /dev/null: none is left for the pidfd.
    let null = File::open("/dev/null").unwrap();
    let lowest = null.as_raw_fd() as u64;
    drop(null);
    set_limit(Resource::OpenFiles, Limit { soft: lowest + 1, hard: before.hard }).unwrap();
    let failed = launch(&["true"], &env).unwrap_err();
    let last = File::open("/dev/null").unwrap();
    let probed = Launch::probe();
    set_limit(Resource::OpenFiles, before).unwrap();
    assert_eq!((failed.stage(), failed.errno(), failed.is_temporary()), (Stage::Fork, libc::EMFILE, true));
    assert!(failed.to_string().contains("ulimit -n"), "{failed}");
    assert_eq!(Shortage::of(&probed.unwrap_err()), Some(Shortage::Descriptors));
    drop(last);
    Launch::probe().unwrap();
    assert_eq!(children().unwrap(), []);
}

fn a_message_arrives_without_the_descriptors_that_there_are_none_left_for() {
    let before = limit(Resource::OpenFiles).unwrap();
    let (one, two) = pair().unwrap();
    let null = OwnedFd::from(File::open("/dev/null").unwrap());
    one.send(b"both", &[null.as_fd(); 2], None).unwrap();
    set_limit(Resource::OpenFiles, Limit { soft: null.as_raw_fd() as u64 + 2, hard: before.hard }).unwrap();
    let received = two.recv(&mut [0; 20], 2, None);
    set_limit(Resource::OpenFiles, before).unwrap();
    assert!(received.unwrap().is_some_and(|(length, fds)| length == 4 && fds.len() == 1));
}

fn messages_and_their_end_arrive() {
    let soon = || Some(Instant::now() + SOON);
    let before = open_fds();
    let (one, two) = pair().unwrap();
    let null = OwnedFd::from(File::open("/dev/null").unwrap());
    one.send(b"first", &[null.as_fd(); 3], soon()).unwrap();
    one.send(b"second", &[], soon()).unwrap();
    one.send(b"with one too many", &[null.as_fd()], soon()).unwrap();
    one.send(&[7; 100], &[null.as_fd()], soon()).unwrap();
    two.send(b"unread", &[], soon()).unwrap();
    assert_eq!(one.send(b"", &[], soon()).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    // Closed with something unread, so that the other end is told of a reset before what was sent.
    drop(one);
    let mut buf = [0; 20];
    let (length, fds) = two.recv(&mut buf, 3, soon()).unwrap().unwrap();
    assert_eq!((&buf[..length], fds.len()), (&b"first"[..], 3));
    assert!(two.recv(&mut buf, 3, soon()).unwrap().is_some_and(|(length, fds)| length == 6 && fds.is_empty()));
    for _ in ["too many descriptors", "too large"] {
        assert_eq!(two.recv(&mut buf, 0, soon()).unwrap_err().kind(), std::io::ErrorKind::InvalidData);
    }
    assert!(two.recv(&mut buf, 0, soon()).unwrap().is_none());
    assert_eq!(two.send(b"x", &[], soon()).unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    let (full, _silent) = pair().unwrap();
    let late = loop {
        if let Err(e) = full.send(&[0; 1000], &[], Some(Instant::now() + Duration::from_millis(2))) {
            break e;
        }
    };
    assert_eq!(late.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(full.recv(&mut buf, 0, Some(Instant::now())).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    drop((two, full, _silent, fds, null));
    assert_eq!(open_fds(), before);
}

fn what_left_its_group_is_swept() {
    setup::become_subreaper().unwrap();
    let env = EnvBlock::inherited();
    let spared = launch(&["sleep", "60"], &env).unwrap();
    let mut command = launch(
        &["sh", "-c", "for i in 1 2 3; do (setsid sleep 60 &) ; done; (setsid sh -c 'setsid sleep 60 & wait' &)"],
        &env,
    )
    .unwrap();
    assert!(command.wait().unwrap().success());
    let swept = sweep(|child| child.pid == spared.pid(), SOON).unwrap();
    // The last sleep may have died before it began: of its parent it is not known whether it had started it.
    assert!((4..=5).contains(&swept.count), "{swept:?}");
    let left: Vec<_> = children().unwrap().iter().map(|child| (child.pid, child.group)).collect();
    assert_eq!(left, [(spared.pid(), spared.pid())]);
}

fn a_command_dies_with_its_parent_thread() {
    let thread = std::thread::spawn(|| launch(&["sleep", "60"], &EnvBlock::inherited()).unwrap());
    let mut child = thread.join().unwrap();
    let killed = Exit::Signal { number: Signal::Kill.number(), core: false };
    assert_eq!(child.wait_timeout(SOON).unwrap(), Some(killed));
}

/// The last test: it changes this process.
fn a_process_sets_itself_up() {
    let kept: Vec<_> = (0..5).map(|_| OwnedFd::from(File::open("/dev/null").unwrap())).collect();
    // Given away, as what a process has inherited has no owner.
    let [lost, other] = [0, 1].map(|_| std::os::fd::IntoRawFd::into_raw_fd(File::open("/dev/null").unwrap()));
    setup::close_other_fds(&[kept[4].as_fd(), kept[0].as_fd(), kept[1].as_fd(), kept[2].as_fd(), kept[3].as_fd()])
        .unwrap();
    let exists = |fd: i32| fs::read_link(format!("/proc/self/fd/{fd}")).is_ok();
    assert!(!exists(lost) && !exists(other) && kept.iter().all(|fd| exists(fd.as_raw_fd())));

    setup::set_env("GANGER_SYS_TEST", OsStr::new("here")).unwrap();
    assert!(std::env::var_os("GANGER_SYS_TEST").is_some());
    setup::remove_env("GANGER_SYS_TEST").unwrap();
    assert!(std::env::var_os("GANGER_SYS_TEST").is_none());

    setup::set_name(c"ganger: worker").unwrap();
    assert_eq!(fs::read_to_string("/proc/self/comm").unwrap(), "ganger: worker\n");
    setup::oom_score_adj(500).unwrap();
    assert_eq!(fs::read_to_string("/proc/self/oom_score_adj").unwrap(), "500\n");

    setup::own_process_group().unwrap();
    setup::own_process_group().unwrap();
    let parent = std::os::unix::process::parent_id();
    setup::die_with_parent(parent, Signal::Kill).unwrap();
    assert!(setup::die_with_parent(parent + 1, Signal::Kill).unwrap_err().to_string().contains("has died"));

    setup::reset_signals(&[Signal::Int]).unwrap();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & 0x7fff_ffff, 1 << 1, "{ignored}");

    let taken = setup::take_stdin().unwrap();
    assert!(taken.as_raw_fd() >= 3);
    assert_eq!(fs::read_link("/proc/self/fd/0").unwrap(), std::path::Path::new("/dev/null"));
}
