//! Faults on order in the real binary, by `GANGER_FAULTS`: what dies there dies at an exact point, whatever the machine is at.

use serde_json::json;

use crate::sandbox::{Sandbox, sorted};
use crate::service::{Service, get, over, submit};

#[test]
fn a_run_says_what_was_ordered_and_tries_again() {
    let sandbox = Sandbox::new();
    // What runs must not find out: a plan is for its pool alone.
    let script = "echo {} $GANGER_ATTEMPT $GANGER_FAULTS";
    for (faults, printed) in [
        ("kill at=begin task=2", "1 1\n2 2\n3 1\n"),
        ("exit(0) at=write task=2; segv at=begin task=2 attempt=2", "1 1\n2 3\n3 1\n"),
        ("abort at=written task=2", "1 1\n2 1\n3 1\n"),
        ("panic at=idle worker=1; kill at=start", "1 1\n2 1\n3 1\n"),
        ("garbage at=begin task=3 pool=another", "1 1\n2 1\n3 1\n"),
    ] {
        println!("{faults}");
        let mut run = sandbox.run(["-j2", script, ":::", "1", "2", "3"]);
        run.command.env("GANGER_FAULTS", faults);
        let done = run.done();
        assert_eq!((done.code(), sorted(&done.stdout).join("\n") + "\n"), (0, printed.to_owned()), "{done:?}");
        for fault in faults.split("; ") {
            assert!(done.stderr.contains(&format!("in test, ordered by GANGER_FAULTS: {fault}")), "{done:?}");
        }
    }
}

#[test]
fn a_run_names_the_command_that_is_struck_every_time() {
    let sandbox = Sandbox::new();
    let mut run = sandbox.run(["-k", "-j2", "echo {}", ":::", "1", "2", "3"]);
    run.command.env("GANGER_FAULTS", "segv at=begin task=2 attempt=any times=always");
    let done = run.done();
    done.told(1, "input 2 (\"2\") failed: its worker died");
    assert_eq!(done.stdout, "1\n3\n");
}

#[test]
fn a_plan_that_is_none_is_refused_by_its_word() {
    let sandbox = Sandbox::new();
    for (faults, told) in [
        ("kil at=begin", "GANGER_FAULTS: 'kil': nothing that can be done (there are kill, segv, "),
        ("slow-reader at=write", "makes no sense"),
    ] {
        let mut run = sandbox.run(["echo {}", ":::", "1"]);
        run.command.env("GANGER_FAULTS", faults);
        run.done().told(255, told);
    }
}

#[test]
fn a_service_tries_again_and_records_each_result_once() {
    let sandbox = Sandbox::new();
    let faults = "GANGER_FAULTS=kill at=begin task=2 pool=default; exit(9) at=written task=4; oversized at=idle; kill at=start pool=other";
    let service = Service::start_with(&sandbox, &["--queue", "default=2"], &[faults]);
    let mut client = service.client();
    let script = "echo $1 $GANGER_FAULTS >>ran";
    let tasks: Vec<_> = (1..=6).map(|n| json!([n.to_string()])).collect();
    let command = json!(["sh", "-c", script, "-"]);
    let job = submit(&mut client, &json!({"command": command, "tasks": tasks, "directory": sandbox.path(".")}));
    assert_eq!(over(&mut client, job)["tasks"]["succeeded"], json!(6));
    let ran = std::fs::read_to_string(sandbox.path("ran")).expect("a file");
    assert_eq!(sorted(&ran), ["1", "2", "3", "4", "5", "6"], "none was run twice");
    let crashed = |n: u64| get(&mut client, &format!("/v1/jobs/{job}/tasks/{n}")).to_string().contains("SIGKILL");
    assert_eq!((1..=6).map(crashed).filter(|crashed| *crashed).count(), 1, "one attempt is told of as killed");
    let told = service.stop();
    assert!(told.stderr.contains("in test, ordered by GANGER_FAULTS: kill at=begin task=2 pool=default"), "{told:?}");
}
