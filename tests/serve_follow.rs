//! `ganger serve`: what goes on is followed, while it does.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, eventually};
use crate::service::{Service, get, over, submit, value};

/// Prints in two steps: the second one waits for a file.
const IN_STEPS: &str = "echo one; while [ ! -e go ]; do sleep 0.02; done; echo two";

/// Until so many bytes have come.
fn read(from: &mut impl Read, bytes: usize) -> String {
    let mut text = vec![0; bytes];
    from.read_exact(&mut text).expect("more comes");
    String::from_utf8(text).expect("text")
}

fn rest(from: &mut impl Read) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).expect("an end");
    text
}

#[test]
fn output_is_followed_until_the_task_is_over() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let (mut client, mut follower) = (service.client(), service.client());
    let job = submit(&mut client, &json!({"command": ["sh", "-c", IN_STEPS], "directory": sandbox.path(".")}));
    let path = format!("/v1/jobs/{job}/tasks/1/stdout?follow=true");
    let (answer, mut body) = follower.follow(&path).expect("an answer");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/octet-stream")));
    assert_eq!(read(&mut body, 4), "one\n");
    sandbox.write("go", "");
    assert_eq!(rest(&mut body), "two\n");
    drop(body);
    assert_eq!(get(&mut client, &format!("/v1/jobs/{job}"))["state"], json!("succeeded"));
    // Of what is over, all that there is.
    let (_, mut body) = follower.follow(&path).expect("an answer");
    assert_eq!(rest(&mut body), "one\ntwo\n");
    service.stop();
}

#[test]
fn a_follower_goes_on_with_the_next_attempt() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let (mut client, mut follower) = (service.client(), service.client());
    let script = "if [ -e tried ]; then echo again; else touch tried; while [ ! -e go ]; do sleep 0.02; done; echo first; exit 1; fi";
    let job =
        submit(&mut client, &json!({"command": ["sh", "-c", script], "directory": sandbox.path("."), "attempts": 2}));
    let path = format!("/v1/jobs/{job}/tasks/1/stdout");
    eventually("it runs", || sandbox.path("tried").exists());
    let followed = format!("{path}?follow=true");
    let (_, mut body) = follower.follow(&followed).expect("an answer");
    sandbox.write("go", "");
    assert_eq!(rest(&mut body), "first\nagain\n");
    drop(body);
    for (query, text) in [("attempt=1", "first\n"), ("attempt=2", "again\n"), ("attempt=1&follow=true", "first\n")] {
        let answer = client.get(&format!("{path}?{query}")).expect("an answer");
        assert_eq!((answer.status, String::from_utf8_lossy(&answer.body).as_ref()), (200, text), "{query}");
    }
    assert_eq!(client.get(&format!("{path}?attempt=3")).expect("an answer").status, 404);
    service.stop();
}

#[test]
fn a_large_output_comes_whole_and_in_ranges() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["seq", "100000"]}));
    over(&mut client, job);
    let path = format!("/v1/jobs/{job}/tasks/1/stdout");
    let whole = client.get(&path).expect("an answer");
    let told: String = (1..=100_000).map(|number| format!("{number}\n")).collect();
    assert!(whole.body == told.as_bytes(), "{} bytes of {}", whole.body.len(), told.len());
    for (from, to) in [(0, 0), (70_000, 400_000), (588_000, told.len() - 1)] {
        let range = format!("bytes={from}-{to}");
        let part = client.request("GET", &path, &[("range", &range)], &[]).expect("an answer");
        assert!(part.status == 206 && part.body == told.as_bytes()[from..=to], "{range}: {} bytes", part.body.len());
    }
    service.stop();
}

#[test]
fn there_are_so_many_followers_and_who_goes_makes_room() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let mut followers: Vec<_> = (0..64).map(|_| service.client()).collect();
    for follower in &mut followers {
        assert_eq!(follower.follow("/v1/events").expect("an answer").0.status, 200);
    }
    let refused = client.get("/v1/events").expect("an answer");
    assert!(refused.status == 503 && refused.header("retry-after").is_some(), "{refused:?}");
    drop(followers);
    eventually("there is room", || service.client().follow("/v1/events").expect("an answer").0.status == 200);
    service.stop();
}

/// The next event of a kind.
fn event(from: &mut impl BufRead, kind: &str) -> Value {
    let mut lines = from.lines().map(|line| line.expect("another event"));
    lines.find(|line| *line == format!("event: {kind}")).expect("such an event");
    let data = lines.next().expect("its data");
    serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("JSON")
}

#[test]
fn what_changes_of_a_job_is_told_until_it_is_over() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let (mut client, mut follower) = (service.client(), service.client());
    let job = submit(&mut client, &json!({"command": ["sh", "-c", IN_STEPS], "directory": sandbox.path(".")}));
    let path = format!("/v1/jobs/{job}/events");
    let (answer, body) = follower.follow(&path).expect("an answer");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")));
    let mut events = BufReader::new(body);
    assert_eq!(event(&mut events, "job")["id"], json!(job));
    sandbox.write("go", "");
    assert_eq!(event(&mut events, "task")["job"], json!(job));
    let end = rest(&mut events);
    assert!(end.contains(r#""state":"succeeded""#), "{end}");
    drop(events);
    // A browser that connects again learns that it is over.
    let again = client.request("GET", &path, &[("last-event-id", "3")], &[]).expect("an answer");
    assert_eq!(again.status, 204);
    assert_eq!(client.get("/v1/jobs/999/events").expect("an answer").status, 404);
    service.stop();
}

#[test]
fn what_changes_anywhere_is_told() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "one=1", "--queue", "other=2"]);
    let (mut client, mut follower) = (service.client(), service.client());
    let (_, body) = follower.follow("/v1/events").expect("an answer");
    let mut events = BufReader::new(body);
    let first = [event(&mut events, "queue"), event(&mut events, "queue")];
    assert_eq!(first.map(|queue| queue["name"].clone()), [json!("one"), json!("other")]);
    let job = submit(&mut client, &json!({"command": ["true"], "queue": "other"}));
    eventually("it is told", || {
        let told = event(&mut events, "job");
        (&told["id"], &told["state"]) == (&json!(job), &json!("succeeded"))
    });
    service.stop();
}

#[test]
fn a_queue_is_shown_by_its_name() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "a.b-c=3"]);
    let mut client = service.client();
    assert_eq!(get(&mut client, "/v1/queues/a.b-c")["slots"], json!(3));
    for name in ["none", "%2e%2e%2fetc", "a.b-c%00", "%ff"] {
        let answer = client.get(&format!("/v1/queues/{name}")).expect("an answer");
        assert_eq!((answer.status, &value(&answer)["type"]), (404, &json!("urn:ganger:problem:not-found")), "{name}");
    }
    service.stop();
}
