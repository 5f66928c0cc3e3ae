//! Commands by the launcher: what they get, what they are, what they leave.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ganger_sys::{Child, Claim, Conditions, EnvBlock, Exit, Launch, LaunchError, Leaf, Signal, Spawn, Stage};

fn argv<const N: usize>(args: [&str; N]) -> Vec<CString> {
    args.into_iter().map(|a| CString::new(a).unwrap()).collect()
}

fn start(argv: &[CString], env: &EnvBlock, dir: Option<&CStr>, out: &impl AsFd) -> Result<Child, LaunchError> {
    start_under(Conditions::default(), argv, env, dir, out)
}

fn start_under(
    conditions: Conditions<'_>,
    argv: &[CString],
    env: &EnvBlock,
    dir: Option<&CStr>,
    out: &impl AsFd,
) -> Result<Child, LaunchError> {
    let null = File::open("/dev/null").unwrap();
    let (stdin, stdout, stderr) = (null.as_fd(), out.as_fd(), out.as_fd());
    Launch { argv, env, env_more: &[c"GANGER_MORE=more".to_owned()], dir, stdin, stdout, stderr, conditions }.start()
}

fn fails(args: &[CString], dir: Option<&CStr>) -> LaunchError {
    start(args, &EnvBlock::inherited(), dir, &File::open("/dev/null").unwrap()).expect_err("it cannot start")
}

/// The command's output and end.
fn output(args: &[CString], env: &EnvBlock, dir: Option<&CStr>) -> (Vec<u8>, Exit) {
    let (mut read, write) = std::io::pipe().unwrap();
    let mut child = start(args, env, dir, &write).unwrap();
    drop(write);
    let mut all = Vec::new();
    read.read_to_end(&mut all).unwrap();
    (all, child.wait().unwrap())
}

fn shell(script: &str) -> (String, Exit) {
    let (all, exit) = output(&argv(["sh", "-c", script]), &EnvBlock::inherited(), None);
    (String::from_utf8(all).unwrap(), exit)
}

/// A directory of this test's own.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("ganger-sys-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> CString {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        c_string(&path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn c_string(path: &Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).unwrap()
}

/// Starts a program that was written a moment ago: another test's child may still hold it open for writing.
fn output_of_fresh(args: &[CString]) -> (Vec<u8>, Exit) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let null = File::open("/dev/null").unwrap();
    while Instant::now() < deadline {
        match start(args, &EnvBlock::inherited(), None, &null) {
            Err(e) if e.errno() == libc::ETXTBSY => std::thread::yield_now(),
            _ => break,
        }
    }
    output(args, &EnvBlock::inherited(), None)
}

#[test]
fn a_command_is_set_up() {
    // Fields of /proc/PID/stat after the name: state, parent, group.
    let (told, exit) = shell("set -- $(sed 's/.*) //' /proc/$$/stat); echo $(($3 == $$)) $2; readlink /proc/$$/fd/0");
    assert_eq!((told.as_str(), exit), (&*format!("1 {}\n/dev/null\n", std::process::id()), Exit::Code(0)));
}

#[test]
fn signals_are_as_in_a_new_login() {
    // std ignores SIGPIPE in us; the command must not. The C library keeps 32 and 33 to itself.
    let (told, _) = output(&argv(["cat", "/proc/self/status"]), &EnvBlock::inherited(), None);
    let told = String::from_utf8(told).unwrap();
    let mask = |name: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap() & !(0b11 << 31)
    };
    assert_eq!((mask("SigBlk:"), mask("SigIgn:"), mask("SigCgt:")), (0, 0, 0));
}

#[test]
fn what_this_process_opens_is_not_inherited() {
    let ours = File::open("/dev/zero").unwrap();
    let (told, _) = shell("ls -l /proc/$$/fd");
    drop(ours);
    assert!(told.contains("/dev/null") && !told.contains("/dev/zero"), "{told}");
}

#[test]
fn bytes_that_are_no_text_pass() {
    let name = CString::new(b"\xff\xfe \n'\"$x".as_slice()).unwrap();
    let args = [c"printf".to_owned(), c"%s".to_owned(), name.clone()];
    assert_eq!(output(&args, &EnvBlock::inherited(), None), (name.into_bytes(), Exit::Code(0)));
}

#[test]
fn the_environment_is_what_was_said() {
    let value = OsString::from_vec(b"\xff=".to_vec());
    let env = EnvBlock::inherited().with("GANGER_ONE", &value).with("GANGER_MORE", "less");
    let (told, _) = output(&argv(["sh", "-c", "printf %s, \"$GANGER_ONE\" $GANGER_MORE"]), &env, None);
    assert_eq!(told, b"\xff=,more,");
}

#[test]
fn the_directory_is_entered_before_the_program_is_looked_for() {
    let scratch = Scratch::new("dir");
    scratch.file("here", "#!/bin/sh\npwd\n", 0o755);
    let _ = output_of_fresh(&[c_string(&scratch.0.join("here"))]);
    let dir = c_string(&scratch.0);
    let (told, exit) = output(&argv(["./here"]), &EnvBlock::inherited(), Some(&dir));
    assert_eq!((told, exit), ([dir.as_bytes(), b"\n"].concat(), Exit::Code(0)));
}

#[test]
fn a_script_without_a_first_line_is_run_by_the_shell() {
    let scratch = Scratch::new("noexec");
    let script = scratch.file("plain", "echo \"$0 $1\"; exit 3", 0o755);
    let (told, exit) = output_of_fresh(&[script.clone(), c"one".to_owned()]);
    assert_eq!((told, exit), ([script.as_bytes(), b" one\n"].concat(), Exit::Code(3)));
}

#[test]
fn what_cannot_start_is_told_with_its_remedy() {
    let scratch = Scratch::new("errors");
    let plain = scratch.file("plain", "", 0o644);
    let told = |args: &[CString], dir: Option<&CStr>, stage: Stage, errno: i32, text: &str| {
        let error = fails(args, dir);
        assert_eq!((error.stage(), error.errno()), (stage, errno), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    };
    told(
        &argv(["ganger-no-such"]),
        None,
        Stage::Exec,
        libc::ENOENT,
        "`ganger-no-such`: it cannot be executed: no such",
    );
    told(&argv(["ganger-no-such"]), None, Stage::Exec, libc::ENOENT, "is it in PATH?");
    told(&argv(["./ganger-no-such"]), None, Stage::Exec, libc::ENOENT, "is the path right");
    told(&[plain], None, Stage::Exec, libc::EACCES, "chmod +x");
    told(&argv(["/"]), None, Stage::Exec, libc::EACCES, "directory");
    told(&argv(["true"]), Some(c"/nowhere"), Stage::Directory, libc::ENOENT, "working directory");
    told(&[], None, Stage::Exec, libc::ENOENT, "``");
    assert_eq!(std::io::Error::from(fails(&argv(["ganger-no-such"]), None)).kind(), ErrorKind::NotFound);
}

#[test]
fn the_path_is_searched_past_what_is_forbidden() {
    let scratch = Scratch::new("path");
    scratch.file("true", "", 0o644);
    let with_path = |more: &str| EnvBlock::inherited().with("PATH", format!("{}{more}", scratch.0.display()));
    assert_eq!(output(&argv(["true"]), &with_path(":/bin:/usr/bin"), None).1, Exit::Code(0));
    let null = File::open("/dev/null").unwrap();
    let forbidden = start(&argv(["true"]), &with_path(":/nowhere"), None, &null).expect_err("it is not executable");
    assert!(forbidden.is_not_executable() && !forbidden.is_not_found(), "{forbidden}");
}

#[test]
fn a_group_is_killed_with_all_that_is_in_it() {
    let (mut read, write) = std::io::pipe().unwrap();
    let args = argv(["sh", "-c", "sleep 60 & (sleep 60) & echo x; wait"]);
    let mut child = start(&args, &EnvBlock::inherited(), None, &write).unwrap();
    drop(write);
    read.read_exact(&mut [0; 1]).unwrap();
    assert!(child.signal_group(Signal::Kill).unwrap());
    assert_eq!(child.wait().unwrap(), Exit::Signal { number: 9, core: false });
    // The end comes when the last holder of the pipe is gone.
    read.read_to_end(&mut Vec::new()).unwrap();
    assert!(!child.signal_group(Signal::Kill).unwrap());
}

#[test]
fn a_wait_with_a_limit_ends_without_an_end() {
    let null = File::options().write(true).open("/dev/null").unwrap();
    let mut child = start(&argv(["sleep", "60"]), &EnvBlock::inherited(), None, &null).unwrap();
    assert_eq!(child.wait_timeout(Duration::from_millis(5)).unwrap(), None);
    assert_eq!((child.try_wait().unwrap(), child.exit()), (None, None));
    assert!(child.signal(Signal::Term).unwrap());
    assert_eq!(child.wait_timeout(Duration::from_secs(20)).unwrap(), Some(Exit::Signal { number: 15, core: false }));
}

#[test]
fn usage_is_plausible() {
    let null = File::open("/dev/null").unwrap();
    let args = argv(["sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"]);
    let mut child = start(&args, &EnvBlock::inherited(), None, &null).unwrap();
    let started = Instant::now();
    let (exit, usage) = child.wait_with_usage().unwrap();
    assert!(exit.success());
    let used = usage.user + usage.system;
    assert!(used > Duration::from_millis(5) && used < started.elapsed() + Duration::from_millis(100), "{usage:?}");
    assert!((100 << 10..1 << 32).contains(&usage.max_rss), "{usage:?}");
    assert_eq!(child.usage(), Some(usage));
}

#[test]
fn a_spawned_program_is_named_as_told_and_a_missing_one_is_an_error() {
    let (mut read, write) = std::io::pipe().unwrap();
    let stdin = || OwnedFd::from(File::open("/dev/null").unwrap());
    let args = ["-c".into(), "readlink /proc/self/fd/9 || exit $GANGER_CODE".into()];
    let env = [("GANGER_CODE", OsStr::new("5"))];
    let program = Path::new("/bin/sh");
    let mut child = Spawn {
        program,
        arg0: Some(OsStr::new("w1")),
        args: &args,
        env: &env,
        without: &[],
        dir: None,
        stdin: stdin(),
    }
    .start()
    .unwrap();
    assert_eq!(child.wait().unwrap(), Exit::Code(5));
    drop(write);
    read.read_to_end(&mut Vec::new()).unwrap();
    let program = Path::new("/no/such/worker");
    let error = Spawn { program, arg0: None, args: &[], env: &[], without: &[], dir: None, stdin: stdin() }
        .start()
        .expect_err("it is missing");
    assert!(error.is_not_found() && error.to_string().contains("/no/such/worker"), "{error}");
}

/// What a shell prints that runs under `conditions`.
fn under(conditions: Conditions<'_>, script: &str) -> String {
    let (mut read, write) = std::io::pipe().unwrap();
    let mut child = start_under(conditions, &argv(["sh", "-c", script]), &EnvBlock::inherited(), None, &write).unwrap();
    drop(write);
    let mut all = String::new();
    read.read_to_string(&mut all).unwrap();
    child.wait().unwrap();
    all
}

#[test]
fn conditions_hold_for_the_command_and_what_it_starts() {
    let conditions = Conditions { nice: Some(7), cpu_seconds: Some(3), cpus: &[0], ..Conditions::default() };
    let seen = under(conditions, "sh -c 'nice; ulimit -St; ulimit -Ht; nproc'");
    assert_eq!(seen, "7\n3\n4\n1\n");
    assert_eq!(under(Conditions::default(), "nice"), "0\n");
}

#[test]
fn conditions_that_cannot_be_are_told() {
    let null = File::open("/dev/null").unwrap();
    let refused = |cpus: &[u32]| {
        let conditions = Conditions { cpus, ..Conditions::default() };
        start_under(conditions, &argv(["true"]), &EnvBlock::inherited(), None, &null).expect_err("no such processor")
    };
    for cpus in [&[1000][..], &[100_000]] {
        let error = refused(cpus);
        assert_eq!(error.stage(), Stage::Conditions);
        assert!(error.to_string().contains("processors"), "{error}");
    }
}

#[test]
fn a_command_joins_its_control_group_before_it_begins() {
    let claim = match Claim::new(false) {
        Ok(claim) => claim,
        Err(why) => {
            let told = "SKIPPED a_command_joins_its_control_group_before_it_begins";
            return writeln!(std::io::stderr(), "{told}: {why}").unwrap();
        }
    };
    let name = format!("{}launch", claim.prefix().display());
    let leaf = Leaf::create(PathBuf::from(&name), None).unwrap();
    let door = leaf.door().unwrap();
    let conditions = Conditions { cgroup: Some(door.as_fd()), ..Conditions::default() };
    let seen = under(conditions, "sh -c 'cat /proc/self/cgroup'");
    assert!(seen.lines().any(|line| line.starts_with("0::") && line.ends_with(".launch")), "{seen}");
    drop(leaf);
    assert!(!fs::exists(name).unwrap());
}
