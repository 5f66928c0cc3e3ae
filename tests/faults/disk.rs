//! A disk that is full, and one that does not keep what it took.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::books::{assert_each_once, assert_whole, successes};
use crate::sandbox::{Sandbox, eventually};
use crate::service::{get, over, submit, value};
use crate::strace::{self, calls, was_injected};
use crate::tools::{Need, can_run};

/// A service under strace, and a client of it.
fn served<'a>(
    sandbox: &'a Sandbox,
    inject: &str,
    options: &[&str],
) -> (crate::sandbox::Started<'a>, ganger_daemon::Client) {
    let serve = [&["serve", "--store", "s.db", "--listen", "unix:s.sock", "--drain", "1s"], options].concat();
    let started = strace::ganger(sandbox, inject, None, &serve).start();
    let connect = || ganger_daemon::Client::connect(&sandbox.path("s.sock"), crate::service::PATIENCE);
    eventually("the service answers", || connect().is_ok_and(|mut client| client.get("/").is_ok()));
    (started, connect().expect("it listens"))
}

/// The service itself: strace is its parent.
fn ganger_of(sandbox: &Sandbox) -> nix::unistd::Pid {
    let is_ganger = |pid: &i32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.starts_with(crate::sandbox::GANGER.as_bytes())
    };
    nix::unistd::Pid::from_raw(*sandbox.processes().iter().find(|pid| is_ganger(pid)).expect("it runs"))
}

#[test]
fn f24_a_full_disk_ends_no_run_and_loses_nothing() {
    if !can_run("f24", &[Need::Strace]) {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("inputs", (1..=60).map(|n| format!("{n}\n")).collect::<String>());
    let run = ["run", "--store", "s.db", "-j2", "-a", "inputs", "echo {} >>effects; sleep 0.05"];
    let done = strace::ganger(&sandbox, "pwrite64:error=ENOSPC:when=200..202", None, &run).done();
    assert_eq!(done.code(), 0, "{done:#?}");
    assert!(was_injected(&sandbox), "{done:#?}");
    assert!(done.stderr.contains("full") && done.stderr.contains("going on"), "{done:#?}");
    assert_each_once(&sandbox, "s.db", 60);
    assert_whole(&sandbox, "s.db");
}

#[test]
fn f24_on_a_full_disk_a_service_accepts_nothing_and_keeps_what_it_has() {
    if !can_run("f24", &[Need::Strace]) {
        return;
    }
    let sandbox = Sandbox::new();
    let (started, mut client) = served(&sandbox, "pwrite64:error=ENOSPC:when=250..252", &["--queue", "default=1"]);
    let mut accepted = Vec::new();
    let mut refused = 0;
    let job = json!({"command": ["true"]}).to_string();
    eventually("it has refused, and accepts again", || {
        let answer = client.post("/v1/jobs", job.as_bytes()).expect("an answer");
        match answer.status {
            201 => accepted.push(value(&answer)["id"].as_u64().expect("a number")),
            507 => refused += 1,
            other => panic!("{other}: {answer:?}"),
        }
        refused > 0 && answer.status == 201
    });
    assert!(was_injected(&sandbox));
    for job in &accepted {
        assert_eq!(over(&mut client, *job)["state"], json!("succeeded"));
    }
    assert_eq!(get(&mut client, "/v1/jobs?limit=1000").as_array().map(Vec::len), Some(accepted.len()));
    nix::sys::signal::kill(ganger_of(&sandbox), Signal::SIGTERM).expect("it is there");
    assert_eq!(started.done().code(), 0);
    assert_whole(&sandbox, "s.db");
}

/// The kernel takes what it could not write for written: a second `fsync` would succeed, and mean nothing.
#[track_caller]
fn assert_no_second_attempt(sandbox: &Sandbox) {
    let calls = calls(sandbox);
    let failed = calls.iter().position(|call| call.contains("(INJECTED)")).expect("it was injected");
    let file = calls[failed].split(['<', '>']).nth(1).expect("the file's name");
    let again: Vec<_> = calls[failed + 1..].iter().filter(|call| call.contains(file)).collect();
    assert!(again.is_empty(), "{file}: {calls:#?}");
}

#[test]
fn f25_a_run_whose_disk_keeps_nothing_ends_and_a_resume_goes_on() {
    if !can_run("f25", &[Need::Strace]) {
        return;
    }
    // The file's header, its log, and groups of records. What the directory says (2 and 6), SQLite does not ask.
    for when in [1, 3, 4, 5, 7, 8, 9] {
        println!("fsync {when}");
        let sandbox = Sandbox::new();
        let run = ["run", "--store", "s.db", "--durable", "full", "-j1"];
        let rest = ["echo {} >>effects; sleep 0.02", ":::", "1", "2", "3", "4", "5", "6", "7", "8"];
        let inject = format!("fsync,fdatasync:error=EIO:when={when}");
        let done = strace::ganger(&sandbox, &inject, None, &[&run[..], &rest].concat()).done();
        done.told(255, "the disk did not keep what was written");
        if when != 4 {
            // There SQLite takes back what was never acknowledged, and asks for that.
            assert_no_second_attempt(&sandbox);
        }
        let before = if when < 7 { 0 } else { successes(&sandbox, "s.db").values().sum() };
        assert!(before < 8, "it did not go on");
        let again = sandbox.run([&run[1..], &["--resume"], &rest].concat()).done();
        assert_eq!(again.code(), 0, "{again:#?}");
        assert_each_once(&sandbox, "s.db", 8);
        assert_whole(&sandbox, "s.db");
    }
}

#[test]
fn f25_a_service_whose_disk_keeps_nothing_ends_and_the_next_has_what_it_accepted() {
    if !can_run("f25", &[Need::Strace]) {
        return;
    }
    let sandbox = Sandbox::new();
    let options = ["--queue", "default=1", "--durable", "full"];
    let (started, mut client) = served(&sandbox, "fsync,fdatasync:error=EIO:when=15", &options);
    let job = json!({"command": ["true"]}).to_string();
    let mut accepted = Vec::new();
    // The connection ends with the service.
    while let Ok(answer) = client.post("/v1/jobs", job.as_bytes()) {
        match answer.status {
            201 => accepted.push(value(&answer)["id"].as_u64().expect("a number")),
            _ => break,
        }
    }
    started.done().told(255, "the disk did not keep what was written");
    assert_no_second_attempt(&sandbox);
    assert!(!accepted.is_empty(), "it began well");
    let service = crate::service::Service::start(&sandbox, &options);
    let mut client = service.client();
    for job in accepted {
        assert_eq!(over(&mut client, job)["state"], json!("succeeded"), "job {job}");
    }
    let next = submit(&mut client, &json!({"command": ["true"]}));
    assert_eq!(over(&mut client, next)["state"], json!("succeeded"));
    service.stop();
    assert_whole(&sandbox, "s.db");
}

/// Pages that go from the log to their places are SQLite's own matter, or another thread's: what the disk says of them is heard
/// too. With the default durability nothing else asks the disk.
#[test]
fn f25_a_checkpoint_that_the_disk_does_not_keep_is_the_end_as_well() {
    if !can_run("f25", &[Need::Strace]) {
        return;
    }
    // The log's, at the second checkpoint; the file's, at the same.
    for (file, when) in [("s.db-wal", 3), ("s.db", 2)] {
        println!("{file}");
        let sandbox = Sandbox::new();
        let inputs: Vec<String> = (1..=40).map(|n| n.to_string()).collect();
        let run = ["run", "--store", "s.db", "-j1", "head -c 3000000 /dev/zero # {}", ":::"];
        let all: Vec<&str> = run.into_iter().chain(inputs.iter().map(String::as_str)).collect();
        let inject = format!("fsync,fdatasync:error=EIO:when={when}");
        let done = strace::ganger(&sandbox, &inject, Some(file), &all).done();
        assert!(
            done.code() == 255 && done.stderr.contains("the disk did not keep what was written"),
            "{}",
            done.stderr
        );
        assert_no_second_attempt(&sandbox);
    }
}
