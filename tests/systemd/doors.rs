//! Sockets that are there before the service, between two of them, and while one changes.

use std::fs;

use serde_json::json;

use super::container::Container;
use crate::sandbox::eventually;
use crate::service::{get, over, submit};

const SOCKET: &str = "/run/ganger/ganger.sock";

/// The first client starts it.
#[test]
fn a_socket_unit_starts_the_service() {
    let Some(container) = Container::boot("a_socket_unit_starts_the_service") else { return };
    container.edit("ganger.service", &serves("--listen systemd"));
    container.systemctl(&["start", "ganger.socket"]);
    assert_eq!(container.show("ganger.service", "ActiveState"), "inactive");
    let job = submit(&mut container.client(), &json!({"command": ["true"]}));
    assert_eq!(container.show("ganger.service", "ActiveState"), "active");
    // It goes, its socket stays: the next client starts it again.
    container.systemctl(&["stop", "ganger.service"]);
    assert_eq!(over(&mut container.client(), job)["state"], json!("succeeded"));
    container.systemctl(&["stop", "ganger.socket", "ganger.service"]);
    assert!(container.connect(SOCKET).is_err(), "the unit takes its socket away");
}

/// Who comes while there is no service waits for the next one: systemd has the socket meanwhile.
#[test]
fn nobody_is_refused_between_two_services() {
    let Some(container) = Container::boot("nobody_is_refused_between_two_services") else { return };
    let slow = "[Service]\nRestartSec=2s\nExecStartPre=sleep 1\n";
    container.edit("ganger.service", slow);
    container.systemctl(&["start", "ganger"]);
    assert_eq!(container.show("ganger", "NFileDescriptorStore"), "1");
    for (end, restarts) in [("-KILL", "1"), ("-ABRT", "2")] {
        container.kill("ganger", end);
        eventually("it has ended", || container.show("ganger", "SubState") != "running");
        submit(&mut container.client(), &json!({"command": ["true"]}));
        container.eventually_restarted("ganger", restarts);
        assert_eq!(container.show("ganger", "NFileDescriptorStore"), "1", "each keeps one, not one more");
    }
    assert_eq!(get(&mut container.client(), "/v1/jobs").as_array().map(Vec::len), Some(2));
    container.systemctl(&["stop", "ganger"]);
    assert!(container.connect(SOCKET).is_err(), "and when it is stopped, nobody waits for nothing");
    container.systemctl(&["start", "ganger"]);
    get(&mut container.client(), "/v1/queues");
}

/// The configuration is read anew while jobs come and go; none of them notices, and `systemctl reload` returns when it counts.
#[test]
fn a_reload_under_load_loses_nothing() {
    let Some(container) = Container::boot("a_reload_under_load_loses_nothing") else { return };
    let file = container.path("etc/ganger/ganger.toml");
    let usual = fs::read_to_string(&file).expect("a file");
    let config = |slots: usize| fs::write(&file, format!("{usual}slots = {slots}\n")).expect("a file");
    config(1);
    container.systemctl(&["start", "ganger"]);
    let pid = container.main_pid("ganger");
    let tasks: Vec<_> = (0..100).map(|_| ["0.02"]).collect();
    let mut client = container.client();
    let mut jobs = Vec::new();
    for slots in 2..6 {
        jobs.push(submit(&mut client, &json!({"command": ["sleep"], "tasks": tasks})));
        config(slots);
        container.systemctl(&["reload", "ganger"]);
        assert_eq!(get(&mut client, "/v1/queues")[0]["slots"], json!(slots), "{}", container.journal());
    }
    for job in jobs {
        let shown = over(&mut client, job);
        assert_eq!(shown["tasks"]["succeeded"], json!(100), "{shown}");
    }
    assert_eq!((container.main_pid("ganger"), container.show("ganger", "NRestarts")), (pid, "0".to_owned()));
}

/// A drop-in with other doors.
fn serves(options: &str) -> String {
    format!("[Service]\nExecStart=\nExecStart=ganger serve --store ${{STATE_DIRECTORY}}/jobs.db {options}\n")
}
