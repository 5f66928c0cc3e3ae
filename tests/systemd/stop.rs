//! The end, and what may hold it up.

use serde_json::json;

use super::container::Container;
use crate::sandbox::eventually;
use crate::service::submit;

/// A service whose tasks have a second, and then another one.
const HASTE: &str = "[Service]\nTimeoutStopSec=1s\nExecStart=\nExecStart=ganger serve --store ${STATE_DIRECTORY}/jobs.db \
    --listen unix:${RUNTIME_DIRECTORY}/ganger.sock --drain 2s --grace 1s\n";

/// Neither a task that does not want to end, nor what it has left behind in a session of its own, outlives the service;
/// systemd, which has less patience than the service asks for, is told to wait, and kills nobody.
#[test]
fn a_stubborn_task_ends_with_its_service() {
    let Some(container) = Container::boot("a_stubborn_task_ends_with_its_service") else { return };
    container.edit("ganger.service", HASTE);
    container.systemctl(&["start", "ganger"]);
    let script = "trap '' TERM INT; setsid sleep 4242 & touch begun; while :; do sleep 4242; done";
    submit(&mut container.client(), &json!({"command": ["sh", "-c", script], "directory": "/var/lib/ganger"}));
    eventually("it runs", || container.path("var/lib/ganger/begun").exists());
    container.systemctl(&["stop", "ganger"]);
    assert_eq!(container.show("ganger", "Result"), "success", "{}", container.journal());
    assert!(container.tried(&["pgrep", "-f", "sleep 4242"]).is_err(), "nothing is left of it");
}
