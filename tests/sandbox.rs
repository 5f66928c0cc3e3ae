//! A directory to work in, the binary to run there, and the proof that nothing is left of either.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// No test waits longer for anything. Far more than any needs: it only ends what hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// Every process of a sandbox has this in its environment, with the sandbox's directory as its value.
const MARK: &str = "GANGER_SANDBOX";

/// The binary under test.
pub(crate) const GANGER: &str = env!("CARGO_BIN_EXE_ganger");

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "still not: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A directory with a place for temporary files in it.
pub(crate) struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(dir.path().join("tmp")).expect("a directory");
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("a file");
    }

    /// Waits until a command has made a file.
    pub(crate) fn file(&self, name: &str) {
        eventually(&format!("the file {name}"), || self.path(name).exists());
    }

    /// `ganger run` with these arguments.
    pub(crate) fn run<A: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Cmd<'_> {
        let mut cmd = self.cmd(GANGER);
        cmd.command.arg("run").args(args);
        cmd
    }

    /// `ganger run` refuses each of these, with these words, before anything runs.
    #[track_caller]
    pub(crate) fn refuses(&self, table: &[(&[&str], &str)]) {
        for (args, told) in table {
            println!("{args:?}");
            let done = self.run(*args).done();
            done.told(255, told);
            assert_eq!(done.stdout, "");
        }
    }

    /// A shell script in which `$GANGER` is the binary.
    pub(crate) fn script(&self, text: &str) -> Cmd<'_> {
        let mut cmd = self.cmd("sh");
        cmd.command.arg("-c").arg(text).env("GANGER", GANGER);
        cmd
    }

    pub(crate) fn cmd(&self, program: &str) -> Cmd<'_> {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path()).env(MARK, self.dir.path()).env("TMPDIR", self.path("tmp"));
        command.env_remove("RUST_BACKTRACE").env_remove("RUST_LOG");
        // What is configured on this machine is none of a test's concern.
        command.env("XDG_CONFIG_HOME", self.path("config")).env_remove("GANGER_CONFIG").env_remove("GANGER_STORE");
        Cmd { command, stdin: None, sandbox: self }
    }

    /// The processes that were begun here and still are.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let mark = format!("{MARK}={}", self.dir.path().display());
        let has_mark = |pid: &i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
        };
        let all = fs::read_dir("/proc").expect("/proc").flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(has_mark).collect()
    }

    /// What SIGKILL has left in the place for temporary files.
    pub(crate) fn forget_temporary_files(&self) {
        fs::remove_dir_all(self.path("tmp"))
            .and_then(|()| fs::create_dir(self.path("tmp")))
            .expect("an empty directory");
    }

    /// Nothing may be left: neither a process nor a temporary file.
    pub(crate) fn is_clean(&self) -> bool {
        self.processes().is_empty() && fs::read_dir(self.path("tmp")).is_ok_and(|mut files| files.next().is_none())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let left = Left(self);
        if !thread::panicking() {
            eventually("all processes and temporary files are gone", || left.0.is_clean());
        }
    }
}

/// Ends what is left after a test that failed, each process by its own id: the next test shall not suffer from it.
struct Left<'a>(&'a Sandbox);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        for pid in self.0.processes() {
            // It may have ended by itself since.
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
        }
    }
}

/// A program to be run in a sandbox.
pub(crate) struct Cmd<'a> {
    pub(crate) command: Command,
    /// What it reads from a pipe; none: it has /dev/null.
    stdin: Option<Vec<u8>>,
    sandbox: &'a Sandbox,
}

impl<'a> Cmd<'a> {
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<std::ffi::OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn start(mut self) -> Started<'a> {
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the program starts");
        let fed = child.stdin.take().zip(self.stdin);
        // Whoever does not read all of it closes the pipe: that is no error here.
        let feeding = thread::spawn(move || {
            if let Some((mut pipe, bytes)) = fed {
                drop(pipe.write_all(&bytes));
            }
        });
        let stdout = reading(child.stdout.take().expect("a pipe"));
        let stderr = reading(child.stderr.take().expect("a pipe"));
        Started { child, feeding, stdout, stderr, _sandbox: self.sandbox }
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn done(self) -> Done {
        self.start().done()
    }
}

fn reading(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).expect("a pipe can be read");
        all
    })
}

/// A program that runs.
pub(crate) struct Started<'a> {
    child: Child,
    feeding: JoinHandle<()>,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
    _sandbox: &'a Sandbox,
}

impl Started<'_> {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal: to this process alone, which is ours and not yet waited for.
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).expect("it is there");
    }

    #[track_caller]
    pub(crate) fn done(mut self) -> Done {
        let status = waited(&mut self.child);
        self.feeding.join().expect("no panic");
        let text =
            |reading: JoinHandle<Vec<u8>>| String::from_utf8_lossy(&reading.join().expect("no panic")).into_owned();
        Done { status, stdout: text(self.stdout), stderr: text(self.stderr) }
    }
}

/// Waits for a child's end; one that hangs is killed, and the test fails.
#[track_caller]
pub(crate) fn waited(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + DEADLINE;
    eventually("the program ends", || {
        if Instant::now() + Duration::from_secs(1) > deadline {
            // It is about to be told; what matters is that it does not stay.
            let _ = child.kill();
        }
        child.try_wait().expect("a child").is_some()
    });
    let status = child.wait().expect("a child");
    assert!(Instant::now() + Duration::from_secs(1) < deadline, "it hung and was killed");
    status
}

/// What a program has left behind.
#[derive(Debug)]
pub(crate) struct Done {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// The exit status as a shell has it.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().or_else(|| self.status.signal().map(|signal| 128 + signal)).expect("it ended")
    }

    /// It went well, and said nothing but this.
    #[track_caller]
    pub(crate) fn printed(&self, stdout: &str) {
        assert_eq!((self.code(), self.stdout.as_str(), self.stderr.as_str()), (0, stdout, ""));
    }

    /// It ended with this status, and said this among other things.
    #[track_caller]
    pub(crate) fn told(&self, code: i32, stderr: &str) {
        assert!(self.code() == code && self.stderr.contains(stderr), "wanted {code} and {stderr:?}: {self:#?}");
    }
}

/// The lines in alphabetical order, where their order is chance.
pub(crate) fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// Whether file systems can be mounted here.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root() && Path::new("/proc/self/ns/mnt").exists()
}
