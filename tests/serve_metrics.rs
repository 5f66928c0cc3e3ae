//! `ganger serve`: what those who watch it are told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use ganger_daemon::Client;
use nix::sys::signal::Signal;
use serde_json::json;

use crate::sandbox::{Sandbox, eventually};
use crate::service::{PATIENCE, Service, get, over, submit};

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

fn told(client: &mut Client, accept: &str) -> (String, String) {
    let answer = client.request("GET", "/metrics", &[("accept", accept)], &[]).expect("an answer");
    assert_eq!(answer.status, 200);
    (answer.header("content-type").expect("a type").to_owned(), String::from_utf8(answer.body).expect("text"))
}

/// The samples by name with labels.
fn samples(client: &mut Client) -> BTreeMap<String, f64> {
    let (_, text) = told(client, "*/*");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a value");
        (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    };
    lines.map(sample).collect()
}

#[track_caller]
fn has(samples: &BTreeMap<String, f64>, name: &str, value: f64) {
    assert_eq!(samples.get(name), Some(&value), "{name}: {samples:#?}");
}

#[test]
fn metrics_tell_what_has_happened() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=2", "--queue", "other=3"]);
    let mut client = service.client();
    let job =
        submit(&mut client, &json!({"command": ["sh", "-c", "printf four; exit $1", "-"], "tasks": [["0"], ["1"]]}));
    let retried = submit(&mut client, &json!({"command": ["false"], "attempts": 3}));
    over(&mut client, job);
    over(&mut client, retried);
    assert_eq!(client.get("/v1/jobs/999").expect("an answer").status, 404);
    assert_eq!(client.get("/nowhere/at/all").expect("an answer").status, 404);
    let seen = samples(&mut client);
    for (name, value) in [
        ("ganger_jobs_accepted_total{queue=\"default\"}", 2.0),
        ("ganger_jobs_accepted_total{queue=\"other\"}", 0.0),
        ("ganger_tasks_accepted_total{queue=\"default\"}", 3.0),
        ("ganger_tasks_total{queue=\"default\",state=\"succeeded\"}", 1.0),
        ("ganger_tasks_total{queue=\"default\",state=\"failed\"}", 2.0),
        ("ganger_attempts_total{queue=\"default\",end=\"exit\"}", 4.0),
        ("ganger_attempts_begun_total{queue=\"default\"}", 5.0),
        ("ganger_retries_total{queue=\"default\"}", 2.0),
        ("ganger_queue_wait_seconds_count{queue=\"default\"}", 3.0),
        ("ganger_queue_delayed_tasks{queue=\"default\"}", 0.0),
        ("ganger_queue_paused{queue=\"default\"}", 0.0),
        ("ganger_queue_oldest_seconds{queue=\"default\"}", 0.0),
        ("ganger_task_wall_seconds_count{queue=\"default\"}", 5.0),
        ("ganger_printed_bytes_total", 8.0),
        ("ganger_jobs_over_total", 2.0),
        ("ganger_queue_waiting_tasks{queue=\"default\"}", 0.0),
        ("ganger_queue_slots{queue=\"other\"}", 3.0),
        ("ganger_workers{queue=\"other\",state=\"idle\"}", 3.0),
        ("ganger_worker_starts_total{queue=\"other\"}", 3.0),
        ("ganger_accepting", 1.0),
        ("ganger_store_refuses", 0.0),
        ("ganger_http_requests_total{method=\"POST\",route=\"/v1/jobs\",status=\"201\"}", 2.0),
        ("ganger_http_requests_total{method=\"GET\",route=\"/v1/jobs/{id}\",status=\"404\"}", 1.0),
    ] {
        has(&seen, name, value);
    }
    for name in [
        "ganger_store_commit_seconds_count",
        "process_resident_memory_bytes",
        "process_open_fds",
        "ganger_http_connections",
        "ganger_refusals_total{problem=\"not-found\"}",
        "ganger_workers_resident_memory_bytes{queue=\"default\"}",
    ] {
        assert!(seen.get(name).is_some_and(|value| *value > 0.0), "{name}: {seen:#?}");
    }
    assert!(!seen.keys().any(|name| name.contains("nowhere") || name.contains("999")), "{seen:#?}");
    service.stop();
}

#[test]
fn the_oldest_job_that_waits_tells_its_age() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=1", "--drain", "0s"]);
    let mut client = service.client();
    submit(&mut client, &json!({"command": ["sleep", "600"]}));
    eventually("it runs", || samples(&mut client)["ganger_queue_running_tasks{queue=\"default\"}"] == 1.0);
    let age = |client: &mut Client| samples(client)["ganger_queue_oldest_seconds{queue=\"default\"}"];
    // What runs does not wait.
    assert_eq!(age(&mut client), 0.0);
    submit(&mut client, &json!({"command": ["true"]}));
    let before = age(&mut client);
    submit(&mut client, &json!({"command": ["true"], "priority": 9}));
    // The newer job comes first, and is not the oldest.
    eventually("it grows", || age(&mut client) > before + 0.2);
    service.stop();
}

#[test]
fn a_worker_that_is_replaced_is_counted() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    let mut client = service.client();
    // A command's worker is its parent.
    let job = submit(&mut client, &json!({"command": ["sh", "-c", "kill -9 $PPID"], "crash_attempts": 2}));
    over(&mut client, job);
    eventually("there are three workers", || {
        samples(&mut client).get("ganger_worker_starts_total{queue=\"default\"}") == Some(&3.0)
    });
    has(&samples(&mut client), "ganger_attempts_total{queue=\"default\",end=\"crashed\"}", 2.0);
    service.stop();
}

/// The rules of OpenMetrics that its writers break: each family is described once, and its samples stand together, each once.
#[test]
fn the_format_is_the_one_that_is_asked_for() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["true"]}));
    over(&mut client, job);
    let (kind, text) = told(&mut client, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
    assert_eq!(kind, OPENMETRICS);
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    let (mut families, mut family, mut seen) = (BTreeSet::new(), "", BTreeSet::new());
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(described) = line.strip_prefix("# TYPE ") {
            family = described.split(' ').next().expect("a name");
            assert!(families.insert(family), "{family} is there twice");
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().expect("a name");
            assert!(name.starts_with(family), "{name} stands with {family}");
            assert!(seen.insert(line.rsplit_once(' ').expect("a value").0), "twice: {line}");
        }
    }
    assert!(families.len() > 25, "{families:?}");
    promtool(&["metrics"], &told(&mut client, "*/*").1);
    service.stop();
}

#[test]
fn the_guide_s_alerts_are_rules() {
    let chapter = include_str!("../docs/serve/watching.md");
    let rules = chapter.split("```yaml\n").find(|block| block.starts_with("groups:")).expect("rules");
    let rules = rules.split("```").next().expect("an end");
    let metrics = rules.split(|char: char| !char.is_ascii_lowercase() && char != '_');
    let metrics: BTreeSet<_> = metrics.filter(|word| word.starts_with("ganger_")).collect();
    promtool(&["rules", "/dev/stdin"], rules);
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let (_, text) = told(&mut service.client(), "*/*");
    let is_told = |metric: &&&str| text.lines().any(|line| line.split(['{', ' ']).next() == Some(**metric));
    let known = metrics.iter().filter(is_told).count();
    assert!(known == metrics.len() && known > 3, "{known} of {metrics:?} are told: {text}");
    service.stop();
}

/// Prometheus' own opinion.
fn promtool(what: &[&str], text: &str) {
    let promtool = Command::new("promtool")
        .arg("check")
        .args(what)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        assert!(std::env::var_os("CI").is_none(), "there is no promtool: apt-get install prometheus");
        let told = format!("SKIPPED a check of {}: no promtool: apt-get install prometheus\n", what[0]);
        return std::io::stderr().write_all(told.as_bytes()).expect("stderr");
    };
    promtool.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    let checked = promtool.wait_with_output().expect("it ends");
    assert!(checked.status.success(), "{}\n{text}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn it_is_ready_until_it_drains() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--drain", "1d"]);
    let mut client = service.client();
    let mut status = |path: &str| {
        let answer = client.get(path).expect("an answer");
        (answer.status, String::from_utf8(answer.body).expect("text"))
    };
    assert_eq!(status("/readyz"), (200, "ready\n".to_owned()));
    assert!(!sandbox.path("s.db.probe").exists());
    let script = json!(["sh", "-c", "touch begun; until [ -e go ]; do sleep 0.02; done"]);
    submit(&mut service.client(), &json!({"command": script, "directory": sandbox.path(".")}));
    sandbox.file("begun");
    service.started.signal(Signal::SIGTERM);
    eventually("it is not ready any more", || {
        let (code, why) = status("/readyz");
        code == 503 && why.contains("about to end")
    });
    assert_eq!(status("/healthz"), (200, "ok\n".to_owned()));
    sandbox.write("go", "");
    assert_eq!(service.started.done().code(), 0);
}

#[test]
fn it_is_not_ready_on_a_full_disk_and_works_on_when_there_is_room() {
    let sandbox = Sandbox::new();
    if !crate::sandbox::is_root() {
        let told = "SKIPPED it_is_not_ready_on_a_full_disk: needs root to mount a file system\n";
        return std::io::stderr().write_all(told.as_bytes()).expect("stderr");
    }
    let script = "mkdir disk; exec unshare -m sh -c 'mount -t tmpfs -o size=2m none disk && \
        exec $GANGER serve --store disk/s.db --listen unix:s.sock --queue default=1 --queue other=1'";
    let started = sandbox.script(script).start();
    let socket = sandbox.path("s.sock");
    eventually("the service answers", || {
        Client::connect(&socket, PATIENCE).is_ok_and(|mut c| c.get("/healthz").is_ok())
    });
    let mut client = Client::connect(&socket, PATIENCE).expect("it listens");
    let fill =
        "cat /dev/zero >disk/ballast 2>/dev/null; touch full; until [ -e go ]; do sleep 0.02; done; rm disk/ballast";
    let job = submit(&mut client, &json!({"command": ["sh", "-c", fill], "directory": sandbox.path(".")}));
    sandbox.file("full");
    let refused = client.get("/readyz").expect("an answer");
    let why = String::from_utf8(refused.body).expect("text");
    assert!(refused.status == 503 && why.contains("make room"), "{why}");
    // A refusal leaves nothing to write, and the other queue must go on all the same when there is room.
    let big = json!({"queue": "other", "command": ["true"], "tasks": vec![["x".repeat(200)]; 9_000]}).to_string();
    assert_eq!(client.post("/v1/jobs", big.as_bytes()).expect("an answer").status, 507);
    sandbox.write("go", "");
    over(&mut client, job);
    eventually("it is ready", || client.get("/readyz").expect("an answer").status == 200);
    assert_eq!(get(&mut client, &format!("/v1/jobs/{job}"))["state"], json!("succeeded"));
    started.signal(Signal::SIGTERM);
    assert_eq!(started.done().code(), 0);
}
