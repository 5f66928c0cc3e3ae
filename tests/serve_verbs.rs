//! What is ordered of a service by its verbs: held, tried again, after others, by the clock.

use serde_json::Value;

use crate::sandbox::{Cmd, GANGER, Sandbox, eventually};
use crate::service::Service;
use crate::terminal::Terminal;

/// A verb that asks the service of the sandbox.
pub(crate) fn ask<'a>(sandbox: &'a Sandbox, verb: &str, args: &[&str]) -> Cmd<'a> {
    let mut cmd = sandbox.cmd(GANGER).args([verb]).args(args);
    cmd.command.env("GANGER_CONNECT", "unix:s.sock");
    cmd
}

/// What a verb answers, as JSON.
#[track_caller]
fn told(sandbox: &Sandbox, verb: &str, args: &[&str]) -> Value {
    let done = ask(sandbox, verb, &[&["--json"], args].concat()).done();
    assert_eq!((done.code(), done.stderr.as_str()), (0, ""), "{verb} {args:?}");
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stdout))
}

/// It does what it is told, and has nothing to say.
#[track_caller]
fn order(sandbox: &Sandbox, verb: &str, args: &[&str]) {
    ask(sandbox, verb, args).done().printed("");
}

fn state(sandbox: &Sandbox, job: &str) -> String {
    told(sandbox, "status", &[job])["state"].as_str().expect("a word").to_owned()
}

#[test]
fn jobs_and_queues_are_held_and_let_go() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    ask(&sandbox, "submit", &["--paused", "true"]).done().printed("1\n");
    assert_eq!(state(&sandbox, "1"), "held");
    order(&sandbox, "resume", &["1"]);
    order(&sandbox, "wait", &["1"]);
    order(&sandbox, "pause", &["--queue", "default"]);
    assert!(ask(&sandbox, "queues", &[]).done().stdout.contains("paused"));
    ask(&sandbox, "submit", &["true"]).done().printed("2\n");
    assert_eq!(told(&sandbox, "status", &["2"])["tasks"]["waiting"], 1);
    order(&sandbox, "resume", &["--queue", "default"]);
    order(&sandbox, "wait", &["2"]);
    ask(&sandbox, "pause", &["--queue", "none"]).done().told(255, "none");
    service.stop();
}

#[test]
fn what_failed_is_listed_and_tried_again() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let script = "echo try >>tries; echo about {} >&2; [ -e mended ]";
    assert_eq!(ask(&sandbox, "submit", &["--name", "frail", "--wait", script, ":::", "a", "b"]).done().code(), 2);
    let dead = ask(&sandbox, "dead", &[]).done();
    assert!(dead.stdout.contains("1.1") && dead.stdout.contains("1.2") && dead.stdout.contains("frail"), "{dead:#?}");
    assert!(dead.stdout.contains("exit 1"), "{dead:#?}");
    let causes = ask(&sandbox, "dead", &["--causes"]).done().stdout;
    assert!(causes.contains('2') && causes.contains("exit 1"), "{causes}");
    sandbox.write("mended", "");
    order(&sandbox, "retry", &["1.2"]);
    assert_eq!(ask(&sandbox, "wait", &["1"]).done().code(), 1, "the other one is as it was");
    order(&sandbox, "retry", &["1"]);
    order(&sandbox, "wait", &["1"]);
    ask(&sandbox, "dead", &[]).done().told(0, "nothing has failed for good");
    ask(&sandbox, "logs", &["--attempt", "1", "1.2"]).done().told(0, "about b");
    service.stop();
}

#[test]
fn jobs_wait_for_others_for_a_time_and_for_their_key() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=2"]);
    let script = "while [ ! -e go ]; do sleep 0.02; done; exit $(cat go)";
    ask(&sandbox, "submit", &["--key", "one", script]).done().printed("1\n");
    ask(&sandbox, "submit", &["--key", "one", script]).done().printed("1\n");
    ask(&sandbox, "submit", &["--after", "1", "touch after"]).done().printed("2\n");
    ask(&sandbox, "submit", &["--after-any", "1,2", "touch any"]).done().printed("3\n");
    ask(&sandbox, "submit", &["--delay", "1h", "touch late"]).done().printed("4\n");
    ask(&sandbox, "submit", &["--at", "2100-01-01T00:00", "touch later"]).done().printed("5\n");
    let states = ["2", "3", "4", "5"].map(|job| state(&sandbox, job));
    assert_eq!(states, ["blocked", "blocked", "delayed", "delayed"]);
    sandbox.write("go", "1");
    assert_eq!(ask(&sandbox, "wait", &["1", "2", "3"]).done().code(), 2, "one failed, one was cancelled for that");
    assert!(sandbox.path("any").exists() && !sandbox.path("after").exists());
    let cancelled = ask(&sandbox, "status", &["2"]).done().stdout;
    assert!(cancelled.contains("because") && cancelled.contains("after       1\n"), "{cancelled}");
    order(&sandbox, "cancel", &["4", "5"]);
    ask(&sandbox, "submit", &["--key", "one", "true"]).done().printed("6\n");
    service.stop();
}

#[test]
fn one_task_is_cancelled_alone() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=2"]);
    let script = "echo $$ >{}; while [ ! -e go ]; do sleep 0.02; done";
    ask(&sandbox, "submit", &[script, ":::", "a", "b"]).done().printed("1\n");
    eventually("both run", || sandbox.path("a").exists() && sandbox.path("b").exists());
    order(&sandbox, "cancel", &["1.1"]);
    eventually("it is stopped", || told(&sandbox, "status", &["1"])["tasks"]["stopped"] == 1);
    sandbox.write("go", "");
    assert_eq!(ask(&sandbox, "wait", &["1"]).done().code(), 1);
    ask(&sandbox, "cancel", &["1.7"]).done().told(255, "7");
    service.stop();
}

#[test]
fn jobs_come_by_the_clock_or_when_that_is_said() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let add =
        ["add", "tidy", "0 3 * * *", "--zone", "Europe/Berlin", "--name", "tidied", "--", "touch tidy-{}", ":::", "a"];
    order(&sandbox, "schedule", &add);
    let listed = ask(&sandbox, "schedule", &[]).done().stdout;
    assert!(listed.contains("tidy") && listed.contains("0 3 * * *") && listed.contains("Europe/Berlin"), "{listed}");
    ask(&sandbox, "schedule", &["run", "tidy"]).done().printed("1\n");
    order(&sandbox, "wait", &["1"]);
    assert!(sandbox.path("tidy-a").exists());
    order(&sandbox, "schedule", &["pause", "tidy"]);
    assert!(ask(&sandbox, "schedule", &["list"]).done().stdout.contains("paused"));
    order(&sandbox, "schedule", &["resume", "tidy"]);
    order(&sandbox, "schedule", &["remove", "tidy"]);
    ask(&sandbox, "schedule", &["run", "tidy"]).done().told(255, "tidy");
    ask(&sandbox, "schedule", &["add", "odd", "99 * * * *", "--", "true"]).done().told(255, "cron");
    service.stop();
}

#[test]
fn an_upload_outlives_a_kill_of_the_service() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    ask(&sandbox, "pause", &["--queue", "default"]).done().printed("");
    let numbers: String = (1..=60_000).map(|number| format!("{number}\n")).collect();
    let submitting = ask(&sandbox, "submit", &["true", "{}"]).stdin(numbers).start();
    let total = || told(&sandbox, "status", &["1"])["tasks"]["total"].as_u64();
    eventually("some are there", || ask(&sandbox, "status", &["1"]).done().code() == 0 && total() > Some(0));
    service.started.signal(nix::sys::signal::Signal::SIGKILL);
    service.started.done();
    let service = Service::start(&sandbox, &[]);
    let done = submitting.done();
    assert_eq!((done.code(), done.stdout.as_str()), (0, "1\n"), "{done:#?}");
    let job = told(&sandbox, "status", &["1"]);
    assert_eq!(
        (&job["tasks"]["total"], job["open"] == true),
        (&Value::from(60_000), false),
        "each once, and no more come"
    );
    order(&sandbox, "cancel", &["1"]);
    service.stop();
}

#[test]
fn who_stops_submitting_is_told_what_is_there() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let words = [GANGER, "submit", "--connect", "unix:s.sock", "echo", "{}"];
    let mut terminal = Terminal::start(&sandbox, &words);
    terminal.draws("reading the inputs from the terminal");
    terminal.types(b"one\n");
    eventually("it is there", || ask(&sandbox, "status", &["1"]).done().stdout.contains("1 succeeded"));
    terminal.ctrl_c();
    terminal.draws("job 1 stays open for more tasks; ganger cancel 1 ends it");
    assert_eq!(terminal.status(), Some(130));
    order(&sandbox, "cancel", &["1"]);
    service.stop();
}

#[test]
fn a_service_ends_when_it_is_told_to() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    order(&sandbox, "drain", &[]);
    assert_eq!(service.started.done().code(), 0);
}
