//! What a job can be told by the verbs, and what its commands are told.

use serde_json::json;

use crate::sandbox::{Sandbox, eventually};
use crate::serve_verbs::ask;
use crate::service::{Service, get};

#[test]
fn a_job_that_is_open_gets_more_tasks() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    ask(&sandbox, "submit", &["--open", "echo", "got"]).done().printed("1\n");
    ask(&sandbox, "append", &["1", "echo", "got", ":::", "a", "b"]).done().printed("");
    ask(&sandbox, "append", &["1", "echo", "got"]).stdin("c\n").done().printed("");
    ask(&sandbox, "append", &["1", "echo", "lost", ":::", "a"]).done().told(255, "its tasks begin with \"echo got\"");
    ask(&sandbox, "append", &["1", "echo", "got"]).stdin("").done().told(255, "nothing was added");
    let done = |job| get(&mut service.client(), &format!("/v1/jobs/{job}"))["tasks"]["succeeded"].clone();
    eventually("those that have come are done", || done(1) == json!(3));
    assert_eq!(get(&mut service.client(), "/v1/jobs/1")["open"], json!(true));
    ask(&sandbox, "append", &["--close", "1"]).done().printed("");
    ask(&sandbox, "wait", &["1"]).done().printed("");
    ask(&sandbox, "logs", &["1"]).done().printed("got a\ngot b\ngot c\n");
    ask(&sandbox, "append", &["1", "echo", "got", ":::", "d"]).done().told(255, "job 1 is closed");
    ask(&sandbox, "append", &["7", "echo", ":::", "d"]).done().told(255, "there is no job 7");

    // One that has tasks from the beginning, and a script.
    ask(&sandbox, "submit", &["--open", "echo {} | tr a-z A-Z", ":::", "a"]).done().printed("2\n");
    ask(&sandbox, "append", &["--close", "2", "echo {} | tr a-z A-Z", ":::", "b"]).done().printed("");
    ask(&sandbox, "wait", &["2"]).done().printed("");
    ask(&sandbox, "logs", &["2"]).done().printed("A\nB\n");
    service.stop();
}

#[test]
fn jobs_are_forgotten_when_that_is_said() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    ask(&sandbox, "submit", &["--wait", "--keep", "1h", "true"]).done().printed("1\n");
    assert_eq!(get(&mut service.client(), "/v1/jobs/1")["keep"], json!(3600.0));
    ask(&sandbox, "submit", &["--paused", "true"]).done().printed("2\n");
    ask(&sandbox, "forget", &["2"]).done().told(255, "cancel it first");
    ask(&sandbox, "forget", &["1"]).done().printed("");
    ask(&sandbox, "forget", &["1"]).done().told(255, "there is no job 1");
    ask(&sandbox, "forget", &["align"]).done().told(255, "say --store FILE");
    ask(&sandbox, "forget", &["--keep", "1"]).done().told(255, "name its store");
    ask(&sandbox, "cancel", &["2"]).done().printed("");
    service.stop();
}

#[test]
fn a_command_finds_in_its_environment_what_it_finds_in_a_run() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    let script = "echo {} $PARALLEL_SEQ $PARALLEL_JOBSLOT $GANGER_TASK $GANGER_SLOT $GANGER_ATTEMPT";
    let run = sandbox.run(["-j1", "-k", script, ":::", "a", "b"]).done();
    assert_eq!(run.stdout, "a 1 1 1 1 1\nb 2 1 2 1 1\n");
    ask(&sandbox, "submit", &["--wait", script, ":::", "a", "b"]).done().printed("1\n");
    ask(&sandbox, "logs", &["1"]).done().printed(&run.stdout);
    let frail = "echo $GANGER_JOB.$GANGER_TASK at $GANGER_ATTEMPT; test $GANGER_ATTEMPT = 2";
    ask(&sandbox, "submit", &["--wait", "--attempts", "2", frail]).done().printed("2\n");
    ask(&sandbox, "logs", &["--attempt", "all", "2"]).done().printed("2.1 at 1\n2.1 at 2\n");
    service.stop();
}

#[test]
fn a_program_that_is_kept_stands_where_it_does() {
    let sandbox = Sandbox::new();
    sandbox.write("g.toml", "[queue.lines]\nslots = 1\nprogram = ['cat']\n");
    let service = Service::start(&sandbox, &["--config", "g.toml"]);
    let refused = "queue \"lines\" runs a program of its own";
    ask(&sandbox, "submit", &["--queue", "lines", "--wd", ".", "x"]).done().told(255, refused);
    ask(&sandbox, "submit", &["--queue", "lines", "--env", "A=1", "x"]).done().told(255, refused);
    ask(&sandbox, "submit", &["--queue", "lines", "--paused", "x"]).done().printed("1\n");
    assert_eq!(get(&mut service.client(), "/v1/queues/lines")["runs"], json!("lines"));
    ask(&sandbox, "cancel", &["1"]).done().printed("");
    service.stop();
}
