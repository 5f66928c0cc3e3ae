//! `ganger serve`: what clients want to become of jobs, queues and schedules.

use ganger_client::Client;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, eventually};
use crate::service::{Service, get, over, submit, value};

#[track_caller]
fn ask(client: &mut Client, method: &str, path: &str, status: u16) -> Value {
    let answer = client.request(method, path, &[], &[]).expect("an answer");
    assert_eq!(answer.status, status, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
    if answer.body.is_empty() { Value::Null } else { value(&answer) }
}

#[track_caller]
fn hand_in(client: &mut Client, path: &str, what: &Value, status: u16) -> Value {
    let answer = client.post(path, what.to_string().as_bytes()).expect("an answer");
    assert_eq!(answer.status, status, "{path} {what}: {}", String::from_utf8_lossy(&answer.body));
    value(&answer)
}

#[track_caller]
fn state(client: &mut Client, job: u64) -> String {
    get(client, &format!("/v1/jobs/{job}"))["state"].as_str().expect("a state").to_owned()
}

#[test]
fn a_job_waits_for_its_time_its_pause_and_other_jobs() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let later = submit(&mut client, &json!({"command": ["true"], "delay": 1000}));
    let at = submit(&mut client, &json!({"command": ["true"], "start_at": 4_000_000_000_u32}));
    let held = submit(&mut client, &json!({"command": ["true"], "paused": true}));
    let after = submit(&mut client, &json!({"command": ["true"], "after": [held]}));
    let states = [later, at, held, after].map(|job| state(&mut client, job));
    assert_eq!(states, ["delayed", "delayed", "held", "blocked"]);
    assert_eq!(get(&mut client, &format!("/v1/jobs/{at}"))["due"], json!(4_000_000_000.0));
    assert_eq!(get(&mut client, &format!("/v1/jobs/{after}"))["after"], json!([held]));
    ask(&mut client, "POST", &format!("/v1/jobs/{held}/resume"), 200);
    assert_eq!(over(&mut client, after)["state"], json!("succeeded"));
    let found = get(&mut client, "/v1/jobs?state=delayed");
    let ids: Vec<_> = found.as_array().expect("jobs").iter().map(|job| job["id"].clone()).collect();
    assert_eq!(ids, [json!(at), json!(later)]);
    ask(&mut client, "POST", &format!("/v1/jobs/{later}/cancel"), 202);
    over(&mut client, later);
    service.stop();
}

#[test]
fn a_key_is_taken_once() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let job = json!({"command": ["true"], "key": "nightly", "paused": true});
    let first = hand_in(&mut client, "/v1/jobs", &job, 201);
    let second = hand_in(&mut client, "/v1/jobs", &job, 200);
    assert_eq!(second, json!({"id": first["id"], "tasks": 1, "existing": true}));
    assert_eq!(get(&mut client, "/v1/jobs").as_array().expect("jobs").len(), 1);
    service.stop();
}

#[test]
fn tasks_are_added_until_a_job_is_closed() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["echo"], "open": true}));
    let path = format!("/v1/jobs/{job}/tasks");
    let added = hand_in(&mut client, &path, &json!({"tasks": [["a"], ["b"]]}), 201);
    assert_eq!(added, json!({"id": job, "first": 1, "tasks": 2}));
    let added = hand_in(&mut client, &path, &json!({"tasks": [["c"]], "close": true}), 201);
    assert_eq!(added["first"], json!(3));
    assert_eq!(over(&mut client, job)["tasks"]["succeeded"], json!(3));
    let refused = hand_in(&mut client, &path, &json!({"tasks": [["d"]]}), 409);
    assert!(refused["detail"].as_str().expect("a reason").contains("closed"), "{refused}");
    for wrong in [json!({"tasks": []}), json!({"tasks": [["a"], []]}), json!({"tasks": [["a\u{0}"]]})] {
        assert!(hand_in(&mut client, &path, &wrong, 422)["detail"].as_str().expect("why").contains("`tasks`"));
    }
    service.stop();
}

#[test]
fn what_has_failed_is_a_dead_letter_until_it_is_retried() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let script = "[ -e good ] || exit $1";
    let here = sandbox.path(".");
    let job = submit(
        &mut client,
        &json!({"name": "flaky", "command": ["sh", "-c", script, "-"], "tasks": [["3"], ["4"], ["4"]], "directory": here}),
    );
    over(&mut client, job);
    let dead = get(&mut client, "/v1/dead");
    let numbers: Vec<_> = dead.as_array().expect("tasks").iter().map(|letter| letter["number"].clone()).collect();
    assert_eq!(numbers, [json!(3), json!(2), json!(1)]);
    assert_eq!(dead[0]["attempts"][0]["code"], json!(4));
    let before = dead[1]["id"].as_str().expect("an id");
    assert_eq!(get(&mut client, &format!("/v1/dead?before={before}"))[0]["number"], json!(1));
    assert_eq!(get(&mut client, &format!("/v1/dead?before={job}")), json!([]));
    let causes = get(&mut client, "/v1/failures");
    assert_eq!((&causes[0]["code"], &causes[0]["tasks"], &causes[1]["tasks"]), (&json!(4), &json!(2), &json!(1)));
    sandbox.write("good", "");
    ask(&mut client, "POST", &format!("/v1/jobs/{job}/tasks/1/retry"), 202);
    eventually("it has succeeded", || {
        get(&mut client, &format!("/v1/jobs/{job}/tasks?state=succeeded"))[0]["number"] == json!(1)
    });
    ask(&mut client, "POST", &format!("/v1/jobs/{job}/retry"), 202);
    eventually("all have", || state(&mut client, job) == "succeeded");
    assert_eq!(get(&mut client, "/v1/dead"), json!([]));
    let story = get(&mut client, &format!("/v1/jobs/{job}/tasks/1"));
    assert_eq!(story["attempts"].as_array().expect("attempts").len(), 2, "the old one stays: {story}");
    ask(&mut client, "DELETE", &format!("/v1/jobs/{job}"), 204);
    eventually("it is gone", || client.get(&format!("/v1/jobs/{job}")).expect("an answer").status == 404);
    service.stop();
}

#[test]
fn a_queue_is_paused_and_one_task_is_cancelled() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    assert_eq!(ask(&mut client, "POST", "/v1/queues/default/pause", 200)["paused"], json!(true));
    let job = submit(&mut client, &json!({"command": ["echo"], "tasks": [["a"], ["b"]]}));
    ask(&mut client, "POST", &format!("/v1/jobs/{job}/tasks/1/cancel"), 202);
    ask(&mut client, "POST", &format!("/v1/jobs/{job}/tasks/3/cancel"), 404);
    ask(&mut client, "DELETE", &format!("/v1/jobs/{job}"), 409);
    assert_eq!(state(&mut client, job), "waiting");
    ask(&mut client, "POST", "/v1/queues/default/resume", 200);
    let tasks = &over(&mut client, job)["tasks"];
    assert_eq!((&tasks["stopped"], &tasks["succeeded"]), (&json!(1), &json!(1)));
    ask(&mut client, "POST", "/v1/queues/none/pause", 404);
    service.stop();
}

#[test]
fn a_schedule_hands_its_job_in() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let schedule = json!({"name": "at night", "cron": "30 4 * * *", "zone": "UTC", "job": {"command": ["echo", "hi"]}});
    let made = hand_in(&mut client, "/v1/schedules", &schedule, 201);
    assert_eq!((&made["overlap"], &made["queue"], &made["paused"]), (&json!("skip"), &json!("default"), &json!(false)));
    assert!(made["next"].as_f64().is_some(), "{made}");
    assert_eq!(get(&mut client, "/v1/schedules"), json!([made]));
    let job = ask(&mut client, "POST", "/v1/schedules/at%20night/run", 201)["id"].as_u64().expect("a job");
    assert_eq!(over(&mut client, job)["schedule"], json!("at night"));
    assert_eq!(get(&mut client, "/v1/schedules/at%20night")["last_job"], json!(job));
    assert_eq!(ask(&mut client, "POST", "/v1/schedules/at%20night/pause", 200)["paused"], json!(true));
    assert_eq!(ask(&mut client, "POST", "/v1/schedules/at%20night/resume", 200)["paused"], json!(false));
    for (field, wrong) in [("cron", json!("61 * * * *")), ("zone", json!("Berlin")), ("name", json!("a/b"))] {
        let mut schedule = schedule.clone();
        schedule[field] = wrong;
        let refused = hand_in(&mut client, "/v1/schedules", &schedule, 422);
        assert!(refused["detail"].as_str().expect("why").contains(&format!("`{field}`")), "{refused}");
    }
    ask(&mut client, "DELETE", "/v1/schedules/at%20night", 204);
    ask(&mut client, "DELETE", "/v1/schedules/at%20night", 404);
    service.stop();
}

#[test]
fn the_service_tells_of_itself_and_ends_when_it_is_asked_to() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "a=2"]);
    let mut client = service.client();
    let told = get(&mut client, "/v1/service");
    assert_eq!((&told["stage"], &told["durability"]), (&json!("open"), &json!("process")));
    assert_eq!((&told["queues"][0]["name"], &told["queues"][0]["slots"]), (&json!("a"), &json!(2)));
    assert_eq!(told["version"], json!(env!("CARGO_PKG_VERSION")));
    assert_eq!(ask(&mut client, "POST", "/v1/drain", 202)["stage"], json!("draining"));
    assert_eq!(service.started.done().code(), 0);
}

#[test]
fn what_is_out_of_range_is_refused_by_its_name() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for (field, wrong) in [
        ("delay", "1e308"),
        ("delay", "-1"),
        ("start_at", "1e300"),
        ("keep", "-0.5"),
        ("timeout", "0"),
        ("backoff.first", "\"soon\""),
        ("after", "[999]"),
        ("after[0]", "[99999999999999999999]"),
        ("key", "\"\""),
        ("key", "\"a\\u0007b\""),
        ("name", "\"<b>\\u001b[31m\""),
        ("attempts", "4294967296"),
        ("unique", "\"never\""),
        ("queue", "\"../../etc\""),
        ("environment", "{\"a\": \"1\", \"a\": \"2\"}"),
        ("command", &deep),
    ] {
        let (name, value) = match field.split_once('.') {
            Some((name, part)) => (name, format!("{{\"{part}\": {wrong}}}")),
            None => (field.split('[').next().unwrap_or(field), wrong.to_owned()),
        };
        let command = if name == "command" { "" } else { r#""command": ["true"], "# };
        let answer =
            client.post("/v1/jobs", format!("{{{command}\"{name}\": {value}}}").as_bytes()).expect("an answer");
        let detail = value_of(&answer);
        assert!([400, 422].contains(&answer.status), "{field} {}: {detail}", answer.status);
        assert!(name == "command" || detail.contains(&format!("`{field}")), "{field}: {detail}");
    }
    assert_eq!(get(&mut client, "/v1/jobs"), json!([]), "nothing was accepted");
    service.stop();
}

fn value_of(answer: &ganger_client::Answer) -> String {
    value(answer)["detail"].as_str().expect("a reason").to_owned()
}

/// What a cancelled task has moved out of its group comes to the service, which tells it from the workers of every queue.
#[test]
fn what_a_cancelled_task_has_left_behind_ends_with_it_and_other_queues_go_on() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=2", "--queue", "other=4", "--grace", "100ms"]);
    let mut client = service.client();
    let patient = json!(["sh", "-c", "until [ -e go ]; do sleep 0.02; done"]);
    let patient =
        json!({"queue": "other", "tasks": vec![json!([]); 4], "command": patient, "directory": sandbox.path(".")});
    let patient = submit(&mut client, &patient);
    let script = "trap '' TERM INT; setsid sh -c 'touch left; sleep 4242' & touch begun; while :; do sleep 4242; done";
    let stubborn = json!({"command": ["sh", "-c", script], "directory": sandbox.path(".")});
    let stubborn = submit(&mut client, &stubborn);
    sandbox.file("begun");
    sandbox.file("left");
    ask(&mut client, "POST", &format!("/v1/jobs/{stubborn}/cancel"), 202);
    over(&mut client, stubborn);
    let sleeps = || {
        let line = |pid: &i32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        sandbox.processes().iter().filter(|pid| line(pid).windows(4).any(|word| word == b"4242")).count()
    };
    eventually("nothing is left of it", || sleeps() == 0);
    sandbox.write("go", "");
    assert_eq!(over(&mut client, patient)["state"], json!("succeeded"));
    let story = get(&mut client, &format!("/v1/jobs/{patient}/tasks/1"));
    assert_eq!(story["attempts"].as_array().expect("attempts").len(), 1, "nobody else was touched: {story}");
    service.stop();
}
