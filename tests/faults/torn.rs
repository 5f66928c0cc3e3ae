//! A store of which a piece is missing or another than it was.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::books::recorded;
use crate::sandbox::{GANGER, Sandbox};
use crate::service::{Service, get, over, submit};
use nix::sys::signal::Signal;

const PAGE: usize = 4096;
const TASKS: usize = 30;

/// The file and the log of a service that was killed when it had done thirty jobs.
fn killed() -> (Sandbox, Vec<u8>, Vec<u8>) {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    let mut client = service.client();
    for number in 1..=TASKS {
        let job = submit(&mut client, &json!({"command": ["echo"], "tasks": [[number.to_string()]]}));
        over(&mut client, job);
    }
    service.started.signal(Signal::SIGKILL);
    assert_eq!(service.started.done().code(), 128 + 9);
    sandbox.forget_temporary_files();
    let file = fs::read(sandbox.path("s.db")).expect("a file");
    let log = fs::read(log(&sandbox)).expect("a log");
    (sandbox, file, log)
}

fn log(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("s.db-wal")
}

/// What a service says that is started with these files.
fn jobs_of_the_next(sandbox: &Sandbox, file: &[u8], log_of_it: &[u8]) -> usize {
    // What the killed one left in memory is not there after a loss of power.
    let _ = fs::remove_file(sandbox.path("s.db-shm"));
    fs::write(sandbox.path("s.db"), file).expect("a file");
    fs::write(log(sandbox), log_of_it).expect("a file");
    let service = Service::start(sandbox, &["--queue", "default=1"]);
    let mut client = service.client();
    let found = get(&mut client, "/v1/jobs?limit=1000").as_array().expect("jobs").len();
    let next = submit(&mut client, &json!({"command": ["true"]}));
    assert_eq!(over(&mut client, next)["state"], json!("succeeded"), "it goes on");
    service.stop();
    found
}

#[test]
fn f26_a_torn_tail_is_left_out_and_never_an_error_at_start() {
    let (sandbox, file, whole) = killed();
    assert_eq!(jobs_of_the_next(&sandbox, &file, &whole), TASKS, "nothing was torn");
    let mut found = Vec::new();
    for part in 0..8 {
        let torn = &whole[..whole.len() * part / 8 + part * 7];
        found.push(jobs_of_the_next(&sandbox, &file, torn));
    }
    assert!(found.is_sorted() && found[0] < found[7], "the more is there the more is found: {found:?}");
    // A page that was never written, as some file systems leave it.
    let mut hollow = whole.clone();
    let end = whole.len();
    hollow[end - PAGE..].fill(0);
    assert!(jobs_of_the_next(&sandbox, &file, &hollow) + 1 >= TASKS);
}

/// The log has checksums: what follows a changed byte counts as not written.
#[test]
fn f27_a_changed_byte_in_the_log_is_seen() {
    let (sandbox, file, whole) = killed();
    let mut found = Vec::new();
    for part in 1..6 {
        let mut changed = whole.clone();
        changed[whole.len() * part / 6] ^= 0x10;
        found.push(jobs_of_the_next(&sandbox, &file, &changed));
    }
    assert!(found.is_sorted() && *found.last().expect("some") < TASKS, "{found:?}");
}

/// Each page of the file in turn is overwritten: it is told, and what can be read is saved.
#[test]
fn f27_a_page_that_is_another_is_told_and_the_rest_saved() {
    let sandbox = Sandbox::new();
    let inputs: Vec<String> = (1..=TASKS).map(|task| task.to_string()).collect();
    let run = ["--store", "s.db", "echo {}; head -c 2000 /dev/urandom >&2", ":::"];
    let run = sandbox.run(run.into_iter().chain(inputs.iter().map(String::as_str))).done();
    assert_eq!(run.code(), 0, "{run:?}");
    let whole = fs::read(sandbox.path("s.db")).expect("a file");
    assert!(!log(&sandbox).exists(), "all is in its place");
    let mut unseen = Vec::new();
    for page in 0..whole.len() / PAGE {
        let mut damaged = whole.clone();
        damaged[page * PAGE..][..PAGE].iter_mut().for_each(|byte| *byte ^= 0x55);
        fs::write(sandbox.path("d.db"), &damaged).expect("a file");
        let store = |verb: &str, more: &[&str]| {
            let mut cmd = sandbox.cmd(GANGER).args([verb]).args(more);
            cmd.command.env("GANGER_STORE", "d.db");
            let done = cmd.done();
            assert!(!done.stderr.contains("panicked") && done.code() <= 1 || done.code() == 255, "{page}: {done:#?}");
            done
        };
        if store("check", &[]).code() == 0 {
            unseen.push(page);
        }
        let _ = fs::remove_file(sandbox.path("saved.db"));
        if store("salvage", &["d.db", "saved.db"]).code() == 0 {
            let (times, _) = recorded(&sandbox, "saved.db");
            assert!(times.values().all(|times| *times <= 1), "{page}: {times:?}");
        }
        assert_eq!(fs::read(sandbox.path("d.db")).expect("a file"), damaged, "it is left as it is");
    }
    println!("of {} pages these have no more than content: {unseen:?}", whole.len() / PAGE);
    assert!(unseen.len() * 4 <= whole.len() / PAGE, "{unseen:?}");
}
