//! What `ganger serve` tells systemd, heard at a socket of the test's own.

use std::os::unix::net::UnixDatagram;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::sandbox::{GANGER, Sandbox, Started, eventually};
use crate::serve_end::workers;
use crate::service::{PATIENCE, get, submit};

/// Who listens to what a service says.
struct Systemd(UnixDatagram);

impl Systemd {
    fn new(sandbox: &Sandbox) -> Self {
        let socket = UnixDatagram::bind(sandbox.path("notify")).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self(socket)
    }

    fn start<'a>(&self, sandbox: &'a Sandbox, options: &[&str]) -> Started<'a> {
        let mut serve = sandbox.cmd(GANGER).args(["serve", "--store", "s.db", "--listen", "unix:s.sock"]).args(options);
        serve.command.env("NOTIFY_SOCKET", sandbox.path("notify")).env("WATCHDOG_USEC", "200000");
        serve.start()
    }

    fn heard(&self) -> String {
        let mut bytes = [0; 512];
        let length = self.0.recv(&mut bytes).expect("a message");
        String::from_utf8_lossy(&bytes[..length]).trim_end().to_owned()
    }

    /// Listens until it hears words that begin so.
    #[track_caller]
    fn hears(&self, wanted: &str) -> String {
        let mut heard = String::new();
        eventually(&format!("it says {wanted:?}"), || {
            heard = self.heard();
            heard.starts_with(wanted)
        });
        heard
    }
}

#[test]
fn systemd_is_told_how_it_goes() {
    let sandbox = Sandbox::new();
    let systemd = Systemd::new(&sandbox);
    let started = systemd.start(&sandbox, &["--queue", "default=3", "--drain", "60s", "--grace", "100ms"]);
    systemd.hears("READY=1");
    assert!(sandbox.path("s.sock").exists() && sandbox.path("s.db").exists(), "it is ready when it listens");
    assert_eq!(workers(&sandbox).len(), 3, "and when its workers have answered");
    (0..3).for_each(|_| drop(systemd.hears("WATCHDOG=1")));

    let mut client = ganger_daemon::Client::connect(&sandbox.path("s.sock"), PATIENCE).expect("it listens");
    let job = submit(&mut client, &json!({"command": ["sleep"], "tasks": vec![["600"]; 10]}));
    systemd.hears("STATUS=7 waiting, 3 running");
    started.signal(Signal::SIGTERM);
    systemd.hears("STOPPING=1");
    systemd.hears("EXTEND_TIMEOUT_USEC=10000000");
    systemd.hears("STATUS=ending: 7 waiting, 3 running");
    systemd.hears("EXTEND_TIMEOUT_USEC=10000000");
    assert_eq!(get(&mut client, &format!("/v1/jobs/{job}"))["tasks"]["running"], json!(3), "they may go on");
    started.signal(Signal::SIGTERM);
    systemd.hears("EXTEND_TIMEOUT_USEC=25000000");
    started.done();
}
