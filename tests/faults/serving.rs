//! What an operator does to a service under load, and what systemd is told of it. The same in a real systemd: `tests/systemd`
//! (`doors.rs`: a reload and an exchange under load; `life.rs`: who hangs is killed and started again).

use std::os::unix::net::UnixDatagram;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::books::{assert_whole, effects};
use crate::sandbox::{Sandbox, eventually};
use crate::service::{PATIENCE, Service, get, over, submit};

#[test]
fn f33_reloads_and_restarts_under_load_drop_nothing() {
    let sandbox = Sandbox::new();
    let configured = |slots: usize| sandbox.write("g.toml", format!("[queue.default]\nslots = {slots}\n"));
    let options = ["--config", "g.toml", "--drain", "10s"];
    configured(2);
    let mut service = Service::start(&sandbox, &options);
    let script = "echo $1 >>effects; sleep 0.01";
    let mut jobs = Vec::new();
    for round in 0..3 {
        let mut client = service.client();
        for part in 0..4 {
            let first = (round * 4 + part) * 20;
            let tasks: Vec<_> = (first..first + 20).map(|task| [task.to_string()]).collect();
            let job = json!({"command": ["sh", "-c", script, "-"], "tasks": tasks, "directory": sandbox.path(".")});
            jobs.push(submit(&mut client, &job));
            let slots = 1 + part;
            configured(slots);
            service.started.signal(Signal::SIGHUP);
            eventually("it has read that", || get(&mut client, "/v1/queues")[0]["slots"] == json!(slots));
        }
        service.stop();
        service = Service::start(&sandbox, &options);
    }
    let mut client = service.client();
    for job in &jobs {
        assert_eq!(over(&mut client, *job)["tasks"]["succeeded"], json!(20), "job {job}");
    }
    service.stop();
    let times = effects(&sandbox, "effects");
    assert!(times.len() == jobs.len() * 20 && times.values().all(|times| *times == 1), "each once: {times:?}");
    assert_whole(&sandbox, "s.db");
}

/// systemd ends who says nothing for so long; a process that stands still must not be kept up by a thread that only says so.
#[test]
fn f34_a_service_that_stands_still_is_silent_and_speaks_again() {
    let sandbox = Sandbox::new();
    let systemd = UnixDatagram::bind(sandbox.path("notify")).expect("a socket");
    systemd.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let hears = |wanted: &str| {
        eventually(wanted, || {
            let mut bytes = [0; 512];
            let length = systemd.recv(&mut bytes).expect("a message");
            bytes[..length].starts_with(wanted.as_bytes())
        });
    };
    let notify = format!("NOTIFY_SOCKET={}", sandbox.path("notify").display());
    let service = Service::start_with(&sandbox, &[], &[&notify, "WATCHDOG_USEC=400000"]);
    hears("READY=1");
    hears("WATCHDOG=1");
    service.started.signal(Signal::SIGSTOP);
    systemd.set_read_timeout(Some(std::time::Duration::from_millis(800))).expect("a socket");
    // What was said before may still lie there.
    eventually("it is silent for twice as long", || systemd.recv(&mut [0; 512]).is_err());
    systemd.set_read_timeout(Some(PATIENCE)).expect("a socket");
    service.started.signal(Signal::SIGCONT);
    hears("WATCHDOG=1");
    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["true"]}));
    assert_eq!(over(&mut client, job)["state"], json!("succeeded"));
    service.started.signal(Signal::SIGTERM);
    hears("STOPPING=1");
    hears("EXTEND_TIMEOUT_USEC=");
    assert_eq!(service.started.done().code(), 0);
}
