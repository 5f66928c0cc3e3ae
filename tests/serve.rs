//! `ganger serve`: a durable queue of jobs.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use ganger_daemon::Client;
use nix::sys::signal::Signal;
use serde_json::json;

use crate::sandbox::{Sandbox, eventually};
use crate::service::{Service, get, over, submit, value};

#[track_caller]
fn text(client: &mut Client, path: &str) -> String {
    String::from_utf8(client.get(path).expect("an answer").body).expect("text")
}

#[test]
fn a_job_is_accepted_run_and_shown() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let script = "echo \"$WHO $1 from $PWD\"; echo oops >&2; exit $1";
    let job = submit(
        &mut client,
        &json!({
            "name": "greet", "command": ["sh", "-c", script, "-"], "tasks": [["0"], ["3"]], "environment": {"WHO": "a=b"},
            "directory": sandbox.path("tmp"), "priority": 7,
        }),
    );
    let shown = over(&mut client, job);
    assert_eq!((&shown["state"], &shown["name"], &shown["priority"]), (&json!("failed"), &json!("greet"), &json!(7)));
    let tally =
        json!({"total": 2, "waiting": 0, "delayed": 0, "running": 0, "succeeded": 1, "failed": 1, "stopped": 0});
    assert_eq!(shown["tasks"], tally);
    let tasks = get(&mut client, &format!("/v1/jobs/{job}/tasks?from=2"));
    assert_eq!(tasks, json!([{"number": 2, "words": ["3"], "state": "failed"}]));
    let story = get(&mut client, &format!("/v1/jobs/{job}/tasks/2"));
    let attempt = &story["attempts"][0];
    assert_eq!((&attempt["end"], &attempt["code"], &attempt["number"]), (&json!("exit"), &json!(3), &json!(1)));
    let place = sandbox.path("tmp");
    assert_eq!(
        text(&mut client, &format!("/v1/jobs/{job}/tasks/1/stdout")),
        format!("a=b 0 from {}\n", place.display())
    );
    assert_eq!(text(&mut client, &format!("/v1/jobs/{job}/tasks/2/stderr")), "oops\n");
    assert_eq!(get(&mut client, "/v1/jobs")[0]["id"], json!(job));
    service.stop().printed("");
}

#[test]
fn output_is_had_while_it_comes_and_in_ranges() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let script = "echo 0123456789; while [ ! -e go ]; do sleep 0.02; done; echo end";
    let job = submit(&mut client, &json!({"command": ["sh", "-c", script], "directory": sandbox.path(".")}));
    let path = format!("/v1/jobs/{job}/tasks/1/stdout");
    eventually("the beginning is there", || text(&mut client, &path) == "0123456789\n");
    assert_eq!(get(&mut client, &format!("/v1/jobs/{job}"))["state"], json!("running"));
    sandbox.write("go", "");
    over(&mut client, job);
    let part = client.request("GET", &path, &[("range", "bytes=4-6")], &[]).expect("an answer");
    assert_eq!((part.status, part.header("content-range"), &part.body[..]), (206, Some("bytes 4-6/15"), &b"456"[..]));
    let rest = client.request("GET", &path, &[("range", "bytes=-4")], &[]).expect("an answer");
    assert_eq!(rest.body, b"end\n");
    assert_eq!(client.request("GET", &path, &[("range", "bytes=15-")], &[]).expect("an answer").status, 416);
    service.stop();
}

#[test]
fn tasks_are_tried_again_time_out_and_come_by_priority() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "one=1", "--queue", "other=1"]);
    let mut client = service.client();
    let here = sandbox.path(".");
    let flaky = json!(["sh", "-c", "echo x >>tries; [ $(wc -l <tries) = 3 ]"]);
    let flaky = submit(&mut client, &json!({"queue": "other", "command": flaky, "attempts": 5, "directory": here}));
    assert_eq!(over(&mut client, flaky)["state"], json!("succeeded"));
    let story = get(&mut client, &format!("/v1/jobs/{flaky}/tasks/1"));
    assert_eq!(story["attempts"].as_array().expect("attempts").len(), 3);
    let slow = submit(&mut client, &json!({"queue": "other", "command": ["sleep", "600"], "timeout": 0.2}));
    assert_eq!(over(&mut client, slow)["state"], json!("failed"));
    assert_eq!(get(&mut client, &format!("/v1/jobs/{slow}/tasks/1"))["attempts"][0]["end"], json!("time limit"));

    let hold = submit(
        &mut client,
        &json!({"queue": "one", "command": ["sh", "-c", "until [ -e go ]; do sleep 0.02; done"], "directory": here}),
    );
    let note = |word: &str, priority: i32| json!({"queue": "one", "priority": priority, "command": ["sh", "-c", format!("echo {word} >>order")], "directory": here});
    let last = submit(&mut client, &note("low", -1));
    submit(&mut client, &note("usual", 0));
    submit(&mut client, &note("high", 1));
    sandbox.write("go", "");
    over(&mut client, hold);
    over(&mut client, last);
    assert_eq!(std::fs::read_to_string(sandbox.path("order")).expect("a file"), "high\nusual\nlow\n");
    service.stop();
}

#[test]
fn a_cancelled_job_ends_with_what_runs_of_it() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "one=1"]);
    let mut client = service.client();
    let tasks: Vec<_> = (0..5_000).map(|_| ["600"]).collect();
    let job = submit(&mut client, &json!({"queue": "one", "command": ["sleep"], "tasks": tasks, "attempts": 9}));
    eventually("one runs", || get(&mut client, &format!("/v1/jobs/{job}"))["tasks"]["running"] == json!(1));
    let answer = client.post(&format!("/v1/jobs/{job}/cancel"), b"").expect("an answer");
    assert_eq!(answer.status, 202);
    let shown = over(&mut client, job);
    assert_eq!((&shown["state"], &shown["tasks"]["stopped"]), (&json!("stopped"), &json!(5_000)));
    // The queue goes on, and a job that is over cannot be cancelled any more: that changes nothing.
    let next = submit(&mut client, &json!({"queue": "one", "command": ["true"]}));
    assert_eq!(over(&mut client, next)["state"], json!("succeeded"));
    client.post(&format!("/v1/jobs/{next}/cancel"), b"").expect("an answer");
    assert_eq!(over(&mut client, next)["state"], json!("succeeded"));
    service.stop();
}

#[test]
fn what_curl_does_is_what_the_examples_say() {
    let sandbox = Sandbox::new();
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        let told = "SKIPPED what_curl_does_is_what_the_examples_say: apt-get install curl";
        return writeln!(std::io::stderr(), "{told}").expect("stderr");
    }
    let service = Service::start(&sandbox, &[]);
    let script = r#"
        c="curl -s --unix-socket s.sock -H content-type:application/json"
        $c -d '{"command": ["echo", "hello"], "tasks": [["a"], ["b"]]}' http://ganger/v1/jobs; echo
        $c 'http://ganger/v1/jobs/1?wait=30' | grep -o '"state":"[a-z]*"'
        $c http://ganger/v1/jobs/1/tasks/2/stdout
        $c -X POST http://ganger/v1/jobs/1/cancel -o /dev/null -w '%{http_code}\n'
        $c http://ganger/v1/queues | grep -o '"name":"default"'
    "#;
    let wanted = "{\"id\":1,\"tasks\":2}\n\"state\":\"succeeded\"\nhello b\n202\n\"name\":\"default\"\n";
    sandbox.script(script).done().printed(wanted);
    service.stop();
}

/// What a client does wrong is told, and harms nobody.
#[test]
fn bad_requests_are_refused_with_the_remedy() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let many = json!({"command": ["true"], "tasks": vec![[""; 0]; 10_001]}).to_string();
    let bodies: [(&str, u16, &str); 13] = [
        ("", 400, "EOF"),
        ("{", 400, "line 1"),
        ("[]", 400, "the body is no job"),
        (r#"{"comand":["true"]}"#, 400, "`comand`"),
        (r#"{"command":["true"],"queue":"nope"}"#, 422, "there are default"),
        ("{}", 422, "no word"),
        (r#"{"command":["true"],"tasks":[]}"#, 422, "`tasks` is empty"),
        (r#"{"command":["a\u0000b"]}"#, 422, "NUL"),
        (r#"{"command":["true"],"timeout":-1}"#, 422, "`timeout`"),
        (r#"{"command":["true"],"directory":"../x"}"#, 422, "`directory`"),
        (r#"{"command":["true"],"tasks":[["a"],[]]}"#, 422, "two jobs"),
        (r#"{"command":["true"],"attempts":0}"#, 422, "from 1 to 100"),
        (&many, 413, "at most 10000"),
    ];
    for (body, status, remedy) in bodies {
        let answer = client.post("/v1/jobs", body.as_bytes()).expect("an answer");
        let told = (answer.status, answer.header("content-type"), value(&answer)["detail"].to_string());
        let right = told.0 == status && told.1 == Some("application/problem+json") && told.2.contains(remedy);
        assert!(right, "{}: {told:?}, wanted {status} {remedy:?}", &body[..body.len().min(80)]);
    }
    for (path, status) in [
        ("/v1/jobs/1", 404),
        ("/v1/jobs/x", 404),
        ("/v1/jobs/-1/tasks", 404),
        ("/v1/jobs/99999999999999999999", 404),
        ("/v1/jobs/..%2f..%2fetc%2fpasswd/tasks/1/stdout", 404),
        ("/v1/jobs?limit=-1", 400),
        ("/v1/jobs/1?wait=nan", 400),
        ("/v1/nothing", 404),
    ] {
        assert_eq!(client.get(path).expect("an answer").status, status, "{path}");
    }
    assert_eq!(client.request("DELETE", "/v1/jobs", &[], &[]).expect("an answer").status, 405);
    let form = client.request("POST", "/v1/jobs", &[("content-type", "text/plain")], b"{}").expect("an answer");
    assert_eq!(form.status, 415, "what a page of another origin can send is no job");
    assert_eq!(get(&mut client, "/v1/jobs"), json!([]));
    service.stop();
}

#[test]
fn hostile_clients_hold_nobody_up() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut large = service.raw();
    large.write_all(b"POST /v1/jobs HTTP/1.1\r\nhost: g\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n").expect("it reads");
    let mut told = [0; 12];
    large.read_exact(&mut told).expect("an answer before the body");
    assert_eq!(&told, b"HTTP/1.1 413");

    // Half a head, half a body, garbage, an endless head: each stays as long as it likes.
    let mut others: Vec<UnixStream> = (0..100).map(|_| service.raw()).collect();
    for (at, stream) in others.iter_mut().enumerate() {
        let words: &[u8] = match at % 4 {
            0 => b"GET /v1/jo",
            1 => b"POST /v1/jobs HTTP/1.1\r\nhost: g\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"comm",
            2 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            _ => b"",
        };
        // Who sends garbage may find the door closed.
        let _ = stream.write_all(words);
    }
    let mut endless = service.raw();
    let line = format!("x-{}: y\r\n", "a".repeat(1_000));
    let refused = endless
        .write_all(b"GET / HTTP/1.1\r\n")
        .and_then(|()| (0..1_000).try_for_each(|_| endless.write_all(line.as_bytes())));
    let mut answer = Vec::new();
    let ended = endless.read_to_end(&mut answer);
    assert!(refused.is_err() || ended.is_err() || answer.starts_with(b"HTTP/1.1 4"), "a head has an end");

    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["true"]}));
    assert_eq!(over(&mut client, job)["state"], json!("succeeded"));
    drop(others);
    service.stop();
}

/// The socket's own permissions keep strangers out; who is let through by them is looked at all the same.
#[test]
fn a_stranger_is_not_let_in() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mode = |path: &str| std::fs::metadata(sandbox.path(path)).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode("s.sock"), mode("s.db")), (0o600, 0o600));
    let script = "chmod 777 . s.sock; for id in 0 65534; do
        setpriv --reuid=$id --regid=$id --clear-groups curl -s --unix-socket s.sock -o /dev/null -w '%{http_code} ' http://ganger/v1/queues
    done; chmod 700 .";
    let tools = ["setpriv", "curl"].map(|tool| std::process::Command::new(tool).arg("--version").output().is_ok());
    if crate::sandbox::is_root() && tools == [true; 2] {
        let told = sandbox.script(script).done().stdout;
        assert_eq!(told, "200 000 ", "root is let in, and nobody else");
    } else {
        let told = "SKIPPED a_stranger_is_not_let_in: needs root, setpriv (util-linux) and curl";
        writeln!(std::io::stderr(), "{told}").expect("stderr");
    }
    service.stop();
}

#[test]
fn one_service_at_a_store_and_at_a_socket() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let other = |store: &str, socket: &str| {
        let args = ["serve", "--store", store, "--listen", &format!("unix:{socket}")];
        sandbox.cmd(crate::sandbox::GANGER).args(args).done()
    };
    other("s.db", "t.sock").told(255, "writes to it");
    other("t.db", "s.sock").told(255, "another process listens there");
    sandbox.write("file", "precious");
    other("t.db", "file").told(255, "file");
    assert_eq!(std::fs::read(sandbox.path("file")).expect("a file"), b"precious");
    // What a service that was killed leaves there is no obstacle.
    service.started.signal(Signal::SIGKILL);
    assert_eq!(service.started.done().code(), 128 + 9);
    Service::start(&sandbox, &[]).stop();
}
