//! A systemd of one's own, with the units of `scripts/systemd` and the binary under test: `scripts/lab/container`.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use ganger_daemon::Client;
use tempfile::TempDir;

use super::package::{install, scripts};
use crate::sandbox::{eventually, is_root, waited};
use crate::service::PATIENCE;

/// What is run besides the script.
const TOOLS: [&str; 6] = ["systemctl", "dbus-daemon", "nsenter", "unshare", "setpriv", "pgrep"];

/// It is ended with its owner, and so is all that runs in it.
pub(crate) struct Container {
    dir: TempDir,
    script: Child,
    /// As long as it is open the container lives: it is closed even if this process is killed.
    lifeline: Option<ChildStdin>,
    pid: String,
}

impl Container {
    /// Boots it with all that an operator installs. None, loudly, where there can be none; in CI the tools must be there.
    pub(crate) fn boot(test: &str) -> Option<Self> {
        let container = Self::bare(test)?;
        install(container.dir.path());
        container.run(&["systemd-sysusers", "ganger.conf"]);
        container.systemctl(&["daemon-reload"]);
        Some(container)
    }

    /// Boots it with nothing of ours.
    pub(crate) fn bare(test: &str) -> Option<Self> {
        if let Some(why) = impossible() {
            writeln!(std::io::stderr(), "SKIPPED {test}: {why}").expect("stderr");
            return None;
        }
        let dir = tempfile::tempdir().expect("a temporary directory");
        // Those who become another user in it go through it.
        fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it is ours");
        let mut script = Command::new(scripts("lab/container"));
        script.arg(dir.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut script = script.spawn().expect("the script starts");
        let lifeline = script.stdin.take();
        let mut line = String::new();
        let told = BufReader::new(script.stdout.take().expect("a pipe")).read_line(&mut line);
        let pid = line.trim().strip_prefix("up ").unwrap_or_else(|| panic!("no systemd: {told:?} {line:?}")).to_owned();
        Some(Self { dir, script, lifeline, pid })
    }

    /// A file of the container: below `local`, `units`, `etc` or `var`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What an operator adds by `systemctl edit`.
    pub(crate) fn edit(&self, unit: &str, text: &str) {
        let dir = self.path("units").join(format!("{unit}.d"));
        fs::create_dir_all(&dir).and_then(|()| fs::write(dir.join("test.conf"), text)).expect("a file");
        self.systemctl(&["daemon-reload"]);
    }

    fn inside(&self, words: &[&str]) -> std::process::Output {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.pid, "-m", "-p", "-C", "-u", "-i", "--"]).args(words);
        // systemctl would ask the manager of the user who runs the tests.
        command.env_remove("XDG_RUNTIME_DIR").env_remove("DBUS_SESSION_BUS_ADDRESS");
        command.env("SYSTEMD_UNIT_PATH", "/etc/systemd/system:/usr/local/lib/systemd/system");
        command.output().expect("nsenter runs")
    }

    /// What a command in it says, if it succeeds.
    pub(crate) fn tried(&self, words: &[&str]) -> Result<String, String> {
        let output = self.inside(words);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(format!("{}\n{}", text(&output.stdout), text(&output.stderr))),
        }
    }

    /// What a command in it says, which succeeds.
    #[track_caller]
    pub(crate) fn run(&self, words: &[&str]) -> String {
        self.tried(words).unwrap_or_else(|why| panic!("{words:?}: {why}\n{}", self.journal()))
    }

    #[track_caller]
    pub(crate) fn systemctl(&self, words: &[&str]) -> String {
        self.run(&[&["systemctl"], words].concat())
    }

    /// A property of a unit.
    #[track_caller]
    pub(crate) fn show(&self, unit: &str, property: &str) -> String {
        self.systemctl(&["show", "--value", "-p", property, unit])
    }

    /// The service's process, as it is called inside.
    #[track_caller]
    pub(crate) fn main_pid(&self, unit: &str) -> u32 {
        let pid = self.show(unit, "MainPID").parse().expect("a number");
        // Zero is none, and for kill the caller's own group.
        assert!(pid > 1, "{unit} does not run\n{}", self.journal());
        pid
    }

    #[track_caller]
    pub(crate) fn kill(&self, unit: &str, signal: &str) {
        let pid = self.main_pid(unit).to_string();
        self.run(&["kill", signal, &pid]);
    }

    /// Everything that was said.
    pub(crate) fn journal(&self) -> String {
        let output = self.inside(&["journalctl", "--no-pager", "-o", "short-monotonic"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[track_caller]
    pub(crate) fn eventually_restarted(&self, unit: &str, times: &str) {
        eventually(&format!("{unit} was restarted {times} times"), || {
            self.show(unit, "NRestarts") == times && self.show(unit, "SubState") == "running"
        });
    }

    /// A client from outside: the socket is found through the root of PID 1.
    pub(crate) fn connect(&self, socket: &str) -> std::io::Result<Client> {
        Client::connect(Path::new(&format!("/proc/{}/root{socket}", self.pid)), PATIENCE)
    }

    /// A client of `ganger.service`, which is ready.
    #[track_caller]
    pub(crate) fn client(&self) -> Client {
        self.connect("/run/ganger/ganger.sock").unwrap_or_else(|error| panic!("{error}\n{}", self.journal()))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the journal of the test that failed:\n{}", self.journal());
        }
        drop(self.lifeline.take());
        let status = waited(&mut self.script);
        assert!(status.success() || std::thread::panicking(), "the container ended badly: {status}");
    }
}

/// Why there can be no container, if there can be none.
fn impossible() -> Option<String> {
    let namespaces = ["unshare", "--mount", "--pid", "--fork", "--cgroup", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    if !is_root() || !runs(&namespaces) {
        return Some("needs root, and the right to make namespaces".to_owned());
    }
    let missing: Vec<&str> = TOOLS.into_iter().filter(|tool| !runs(&[tool, "--version"])).collect();
    let remedy = format!("{} missing: apt-get install systemd dbus util-linux procps", missing.join(", "));
    assert!(missing.is_empty() || std::env::var("CI").is_err(), "{remedy}");
    (!missing.is_empty()).then_some(remedy)
}

fn runs(words: &[&str]) -> bool {
    let run = Command::new(words[0]).args(&words[1..]).stdin(Stdio::null()).output();
    run.is_ok_and(|output| output.status.success())
}
