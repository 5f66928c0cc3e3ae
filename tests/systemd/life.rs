//! Start, death and the next start.

use serde_json::json;

use super::container::Container;
use crate::sandbox::eventually;
use crate::service::{get, over, submit};

/// Where jobs may write.
const STATE: &str = "/var/lib/ganger";

/// `systemctl start` returns when the service is ready: whoever comes then is answered at once.
#[test]
fn it_is_started_when_it_answers() {
    let Some(container) = Container::boot("it_is_started_when_it_answers") else { return };
    container.systemctl(&["start", "ganger"]);
    let mut client = container.client();
    let job = submit(&mut client, &json!({"command": ["sh", "-c", "id -un; pwd"], "directory": STATE}));
    assert_eq!(over(&mut client, job)["state"], json!("succeeded"));
    let told = client.get(&format!("/v1/jobs/{job}/tasks/1/stdout")).expect("an answer").body;
    assert_eq!(String::from_utf8_lossy(&told), format!("ganger\n{STATE}\n"));
    container.systemctl(&["stop", "ganger"]);
    let shown = ["ActiveState", "Result", "NRestarts"].map(|property| container.show("ganger", property));
    assert_eq!(shown, ["inactive", "success", "0"]);
}

#[test]
fn what_cannot_start_is_never_called_ready() {
    let Some(container) = Container::boot("what_cannot_start_is_never_called_ready") else { return };
    container
        .edit("ganger.service", "[Service]\nRestart=no\nExecStartPre=sh -c 'echo garbage >/var/lib/ganger/jobs.db'\n");
    let why = container.tried(&["systemctl", "start", "ganger"]).expect_err("its store is none");
    assert!(why.contains("failed"), "{why}");
    assert_eq!(container.show("ganger", "Result"), "exit-code");
    let journal = container.journal();
    assert!(journal.contains("jobs.db") && !journal.contains("Started ganger.service"), "{journal}");
}

/// A driver that hangs does not say that it lives.
#[test]
fn who_hangs_is_killed_and_started_again() {
    let Some(container) = Container::boot("who_hangs_is_killed_and_started_again") else { return };
    container.edit("ganger.service", "[Service]\nWatchdogSec=1s\nRestartSec=100ms\nTimeoutAbortSec=5s\n");
    container.systemctl(&["start", "ganger"]);
    let mut client = container.client();
    let script = "echo begun >>began; until [ -e go ]; do sleep 0.02; done";
    let job = submit(&mut client, &json!({"command": ["sh", "-c", script], "directory": STATE, "crash_attempts": 9}));
    eventually("the task runs", || container.path("var/lib/ganger/began").exists());
    container.kill("ganger", "-STOP");
    container.eventually_restarted("ganger", "1");
    assert!(container.journal().contains("Watchdog timeout"), "{}", container.journal());
    std::fs::write(container.path("var/lib/ganger/go"), "").expect("a file");
    let shown = over(&mut container.client(), job);
    assert_eq!(shown["state"], json!("succeeded"), "what ran when it was killed is tried again");
    container.systemctl(&["stop", "ganger"]);
}

/// Jobs come in, one service goes and another one comes; in the end each task was recorded once.
#[test]
fn a_thousand_tasks_survive_restarts() {
    let Some(container) = Container::boot("a_thousand_tasks_survive_restarts") else { return };
    container.edit("ganger.service", "[Service]\nRestartSec=100ms\n");
    container.systemctl(&["start", "ganger"]);
    let tasks: Vec<_> = (0..250).map(|number| [number.to_string()]).collect();
    let job = json!({"command": ["echo"], "tasks": tasks, "crash_attempts": 9});
    let mut client = container.client();
    let jobs: Vec<u64> = (0..4).map(|_| submit(&mut client, &job)).collect();
    container.systemctl(&["restart", "ganger"]);
    replace_binary(&container);
    container.systemctl(&["restart", "ganger"]);
    let new = std::fs::metadata(container.path("local/bin/ganger")).expect("a file");
    container.kill("ganger", "-KILL");
    container.eventually_restarted("ganger", "1");
    let pid = container.main_pid("ganger");
    let runs = container.run(&["stat", "-L", "-c", "%i", &format!("/proc/{pid}/exe")]);
    assert_eq!(runs, std::os::unix::fs::MetadataExt::ino(&new).to_string(), "the new binary runs");
    let mut client = container.client();
    for job in jobs {
        assert_eq!(over(&mut client, job)["tasks"]["succeeded"], json!(250), "job {job}");
        let last = get(&mut client, &format!("/v1/jobs/{job}/tasks/250"));
        let ended = last["attempts"].as_array().expect("attempts").iter().filter(|a| a["end"] == json!("exit"));
        assert_eq!(ended.count(), 1, "{last}");
    }
}

/// As a package does it: another file in the place of the first.
fn replace_binary(container: &Container) {
    let (new, place) = (container.path("local/bin/ganger.new"), container.path("local/bin/ganger"));
    std::fs::copy(&place, &new).and_then(|_| std::fs::rename(&new, &place)).expect("an upgrade");
}
