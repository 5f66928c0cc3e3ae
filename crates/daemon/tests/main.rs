//! A service in this process, with queues that the command cannot be told of yet.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::path::Path;
use std::thread;
use std::time::Duration;

use ganger_client::{CallError, Client, NewJob, Receipt, State};
use ganger_daemon::{Config, QueueConfig, Runs, Service};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

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

fn answers(client: &mut Client) {
    let tasks = ["one", "two", "bad", "die"].map(|input| vec![input.to_owned()]).to_vec();
    let job = NewJob { queue: Some("lines".to_owned()), tasks, key: Some("once".to_owned()), ..NewJob::default() };
    let receipt = client.submit(&job).unwrap();
    assert_eq!(receipt, Receipt { id: 1, tasks: 4, existing: false });
    let ended = client.wait(1, PATIENCE).unwrap();
    assert_eq!((ended.state, ended.tasks.succeeded, ended.tasks.failed), (State::Failed, 2, 2), "{ended:?}");
    let mut answer = |task: u64| String::from_utf8(client.stdout(1, task).unwrap()).unwrap();
    let (one, two) = (answer(1), answer(2));
    assert_eq!(one.strip_prefix("one from "), two.strip_prefix("two from "), "the program is kept");
    let bad = client.task(1, 3).unwrap();
    let told = bad.attempts.last().unwrap();
    assert_eq!((told.end.as_str(), told.message.as_deref()), ("error", Some("no such thing")));
    let died = client.task(1, 4).unwrap();
    assert!(died.attempts.len() == 3 && died.attempts.iter().all(|attempt| attempt.end == "crashed"), "{died:?}");
    again(client);
}

/// What has failed does so once more; what is not there is told.
fn again(client: &mut Client) {
    assert!(!client.retry(1).unwrap().state.is_over());
    assert_eq!(client.wait(1, PATIENCE).unwrap().state, State::Failed);
    assert!(client.task(1, 4).unwrap().attempts.len() > 3, "the story goes on");
    assert_eq!(client.cancel(1).unwrap().state, State::Failed, "what is over stays as it is");
    let refused = client.job(9).unwrap_err();
    assert!(matches!(&refused, CallError::Refused { status: 404, detail } if detail.contains('9')), "{refused}");
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
