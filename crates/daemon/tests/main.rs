//! A service in this process, with queues that the command cannot be told of yet.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::path::Path;
use std::thread;
use std::time::Duration;

use ganger_daemon::{Client, Config, QueueConfig, Runs, Service};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

ganger::test_worker!();

const PATIENCE: Duration = Duration::from_secs(60);

/// It answers `bad` with an error, dies of `die`, and gives anything else back.
const WORKER: &str = r#"
while IFS= read -r line; do
    id=${line#*:} id=${id%%,*} input=${line#*input\":\"} input=${input%%\"*}
    case $input in
        bad) printf '{"id":%s,"error":"no such thing"}\n' "$id" ;;
        die) exit 3 ;;
        *) printf '{"id":%s,"output":"%s from %s"}\n' "$id" "$input" "$$" ;;
    esac
done"#;

fn ask(client: &mut Client, path: &str) -> Value {
    serde_json::from_slice(&client.get(path).unwrap().body).unwrap()
}

fn answers(client: &mut Client) {
    let body =
        json!({"queue": "lines", "tasks": [["one"], ["two"], ["bad"], ["die"]], "crash_attempts": 2}).to_string();
    assert_eq!(client.post("/v1/jobs", body.as_bytes()).unwrap().status, 201);
    let job = ask(client, "/v1/jobs/1?wait=60");
    assert_eq!((&job["state"], &job["tasks"]["failed"]), (&json!("failed"), &json!(2)), "{job}");
    let answer = |client: &mut Client, task: u32| {
        String::from_utf8(client.get(&format!("/v1/jobs/1/tasks/{task}/stdout")).unwrap().body).unwrap()
    };
    let (one, two) = (answer(client, 1), answer(client, 2));
    assert_eq!(one.strip_prefix("one from "), two.strip_prefix("two from "), "the program is kept");
    let bad = ask(client, "/v1/jobs/1/tasks/3");
    assert_eq!(
        (&bad["attempts"][0]["end"], &bad["attempts"][0]["message"]),
        (&json!("error"), &json!("no such thing"))
    );
    let died = ask(client, "/v1/jobs/1/tasks/4");
    let attempts = died["attempts"].as_array().unwrap();
    assert!(attempts.len() == 2 && attempts.iter().all(|attempt| attempt["end"] == json!("crashed")), "{died}");
}

/// One test, as it ends by a signal that the whole process gets.
#[test]
fn a_queue_is_worked_off_by_programs_that_are_kept() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let runs = Runs::Worker(["sh", "-c", WORKER].map(str::to_owned).to_vec());
    let queues = vec![QueueConfig { name: "lines".to_owned(), slots: 1, runs, ..QueueConfig::default() }];
    let service = Service::start(Config { queues: queues.clone(), ..Config::new(at("s.db"), at("s.sock")) }).unwrap();
    let running = thread::spawn(move || service.run());
    let connect = |socket: &Path| Client::connect(socket, PATIENCE).unwrap();
    answers(&mut connect(&at("s.sock")));
    // It is served, so the signal has its handler.
    kill(Pid::this(), Signal::SIGTERM).unwrap();
    running.join().unwrap().unwrap();

    let twice = Config { queues: [queues.clone(), queues].concat(), ..Config::new(at("t.db"), at("t.sock")) };
    assert!(Service::start(twice).err().unwrap().to_string().contains("two queues \"lines\""));
    let none = Config { queues: Vec::new(), ..Config::new(at("t.db"), at("t.sock")) };
    assert!(Service::start(none).err().unwrap().to_string().contains("no queue"));
}
