//! `ganger submit`, `status` and `wait`: a service is asked; and its store, looked at as any.

use crate::sandbox::{Cmd, GANGER, Sandbox};
use crate::serve::Service;

fn ask<'a>(sandbox: &'a Sandbox, verb: &str, args: &[&str]) -> Cmd<'a> {
    let mut cmd = sandbox.cmd(GANGER).args([verb]).args(args);
    cmd.command.env("GANGER_CONNECT", "unix:s.sock");
    cmd
}

#[test]
fn jobs_are_submitted_and_waited_for() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let script = "echo $1 >>ran; exit $1";
    ask(&sandbox, "submit", &["--name", "codes", "sh", "-c", script, "-", ":::", "0", "1", "2"]).done().printed("1\n");
    assert_eq!(ask(&sandbox, "wait", &["1"]).done().code(), 2, "so many have failed");
    let ran = std::fs::read_to_string(sandbox.path("ran")).expect("it runs in the directory of submit");
    assert_eq!(ran.lines().count(), 3);
    ask(&sandbox, "submit", &["--wait", "--attempts", "2", "true"]).done().printed("2\n");
    ask(&sandbox, "wait", &["2"]).done().printed("");
    let listed = ask(&sandbox, "status", &[]).done();
    listed.printed("2\tsucceeded\t1 succeeded\tdefault\ttrue\n1\tfailed\t1 succeeded, 2 failed\tdefault\tcodes\n");
    let one = ask(&sandbox, "status", &["--json", "1"]).done().stdout;
    assert!(one.contains(r#""name":"codes""#), "{one}");
    service.stop();
}

#[test]
fn what_cannot_be_asked_is_told() {
    let sandbox = Sandbox::new();
    ask(&sandbox, "status", &[]).done().told(255, "ganger serve starts one");
    let service = Service::start(&sandbox, &[]);
    ask(&sandbox, "wait", &["7"]).done().told(255, "there is no job \"7\"");
    ask(&sandbox, "submit", &["--queue", "q", "true"]).done().told(255, "there are default");
    ask(&sandbox, "submit", &["true", "::::", "file"]).done().told(255, "give the inputs after :::");
    ask(&sandbox, "submit", &["true", ":::"]).done().told(255, "no input after :::");
    service.stop();
}

#[test]
fn a_service_s_store_is_looked_at_as_any() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    ask(&sandbox, "submit", &["--wait", "--name", "greet", "echo", "hello", ":::", "a b", ""]).done().printed("1\n");
    ask(&sandbox, "submit", &["--wait", "echo"]).done().printed("2\n");
    let look = |verb: &str, args: &[&str]| sandbox.cmd(GANGER).args([verb, "--store", "s.db"]).args(args).done();
    let jobs = look("ls", &[]).stdout;
    assert!(jobs.contains("greet") && jobs.contains("2 succeeded"), "{jobs}");
    look("logs", &["greet"]).printed("hello a b\nhello \n");
    assert!(look("show", &["greet", "1"]).stdout.contains("echo hello"), "{}", look("show", &["greet", "1"]).stdout);
    assert!(look("report", &["greet"]).stdout.contains('2'));
    look("replay", &["greet", "1"]).told(255, "is a job of ganger serve");
    service.stop();
}
