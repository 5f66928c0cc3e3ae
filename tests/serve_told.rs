//! What operators read: why something waits, which job it is, what went wrong.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::sandbox::{GANGER, Sandbox, eventually};
use crate::serve_verbs::ask;
use crate::service::{Service, get, over, submit};

#[test]
fn tasks_that_wait_are_counted_by_what_they_wait_for() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    ask(&sandbox, "pause", &["--queue", "default"]).done().printed("");
    for words in [
        &["true", ":::", "a", "b", "c"][..],
        &["--delay", "1h", "true", ":::", "a"],
        &["--after", "1", "true", ":::", "a", "b"],
        &["--paused", "true", ":::", "a", "b", "c", "d"],
    ] {
        ask(&sandbox, "submit", words).done();
    }
    let counted = || {
        let queue = get(&mut service.client(), "/v1/queues/default");
        ["waiting", "delayed", "blocked", "held"].map(|state| queue[state].as_u64().expect("a number"))
    };
    assert_eq!(counted(), [3, 1, 2, 4]);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let listed = ask(&sandbox, "queues", &[]).done().stdout;
    let row = words(listed.lines().nth(1).expect("a queue"));
    assert_eq!(row, ["default", "1", "0", "3", "1", "2", "4", "paused"], "{listed}");
    let line = ask(&sandbox, "top", &["--looks", "1"]).done().stdout;
    assert!(line.contains("default (paused): 0 of 1 run, 3 wait, 1 delayed, 2 blocked, 4 held"), "{line}");
    let metrics = service.client().get("/metrics").expect("an answer").body;
    let metrics = String::from_utf8(metrics).expect("text");
    for (state, tasks) in [("waiting", 3), ("delayed", 1), ("blocked", 2), ("held", 4)] {
        let told = format!("ganger_queue_{state}_tasks{{queue=\"default\"}} {tasks}\n");
        assert!(metrics.contains(&told), "{told}{metrics}");
    }
    // Each changes its place when what held it is gone, and so it is told by the next service.
    ask(&sandbox, "resume", &["4"]).done().printed("");
    assert_eq!(counted(), [7, 1, 2, 0]);
    ask(&sandbox, "cancel", &["2"]).done().printed("");
    eventually("it is gone", || counted() == [7, 0, 2, 0]);
    service.stop();
    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    let queue = get(&mut service.client(), "/v1/queues/default");
    assert_eq!((&queue["waiting"], &queue["blocked"]), (&json!(7), &json!(2)));
    ask(&sandbox, "resume", &["--queue", "default"]).done().printed("");
    ask(&sandbox, "wait", &["1", "3", "4"]).done().printed("");
    service.stop();
}

#[test]
fn a_job_says_why_it_waits() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    ask(&sandbox, "pause", &["--queue", "default"]).done().printed("");
    ask(&sandbox, "submit", &["true"]).done().printed("1\n");
    let state = |job: &str| {
        let shown = ask(&sandbox, "status", &[job]).done().stdout;
        let line = shown.lines().find(|line| line.starts_with("state")).expect("its state");
        line.split_once(' ').map(|(_, state)| state.trim().to_owned())
    };
    assert_eq!(state("1").as_deref(), Some("waiting (queue paused)"));
    assert!(ask(&sandbox, "status", &[]).done().stdout.contains("waiting (queue paused)"));
    ask(&sandbox, "resume", &["--queue", "default"]).done().printed("");
    ask(&sandbox, "wait", &["1"]).done().printed("");
    ask(&sandbox, "submit", &["--open", "true", ":::", "a"]).done().printed("2\n");
    eventually("what has come is over", || state("2").as_deref() == Some("open"));
    assert!(ask(&sandbox, "status", &["--state", "open"]).done().stdout.contains(" open "));
    ask(&sandbox, "status", &["--state", "waiting"]).done().told(0, "no such job");
    ask(&sandbox, "append", &["--close", "2"]).done().printed("");
    ask(&sandbox, "wait", &["2"]).done().printed("");
    service.stop();
}

#[test]
fn a_script_is_called_by_its_first_line() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["/bin/sh", "-c", "\n echo hi\nexit 0"]}));
    assert_eq!(over(&mut client, job)["name"], json!("echo hi"));
    ask(&sandbox, "submit", &["--wait", "echo {} | cat", ":::", "a", "b"]).done().printed("2\n");
    assert_eq!(get(&mut client, "/v1/jobs/2")["name"], json!("echo {} | cat"), "as it was typed");
    service.stop();
}

#[test]
fn mistakes_are_told_in_words_of_who_makes_them() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let told = ask(&sandbox, "pause", &["--queue", "none"]).done();
    told.told(255, "there is no queue \"none\": ganger queues lists those that there are");
    ask(&sandbox, "status", &["77"]).done().told(255, "ganger status lists");
    ask(&sandbox, "schedule", &["run", "none"]).done().told(255, "there is no schedule \"none\"");
    service.stop();
}

#[test]
fn a_file_in_the_socket_s_place_is_no_other_service() {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "kept");
    let done = sandbox.cmd(GANGER).args(["serve", "--store", "s.db", "--listen", "unix:plain"]).done();
    done.told(255, "a file is there that is no socket");
    assert_eq!(std::fs::read_to_string(sandbox.path("plain")).expect("it is there"), "kept");
}

#[test]
fn what_ends_a_service_has_a_priority_in_the_journal() {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "");
    // As systemd tells of the journal: what is standard error.
    let script = "exec 2>log; JOURNAL_STREAM=$(stat -L -c %d:%i log) $GANGER";
    for serve in ["serve --store s.db --listen unix:plain", "serve --no-such-flag", "serve --config none.toml"] {
        sandbox.script(&format!("{script} {serve}")).done();
        let log = std::fs::read_to_string(sandbox.path("log")).expect("a log");
        assert!(!log.is_empty() && log.lines().all(|line| line.starts_with("<3>")), "{serve}: {log}");
    }
}

#[test]
fn what_ran_is_counted_as_people_count() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    ask(&sandbox, "submit", &["sleep 600"]).done().printed("1\n");
    eventually("it runs", || ask(&sandbox, "status", &["1"]).done().stdout.contains("1 running"));
    service.started.signal(Signal::SIGKILL);
    service.started.done();
    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    ask(&sandbox, "cancel", &["1"]).done().printed("");
    service.stop().told(0, "1 task ran when the last service was killed");
}
