//! Futures over the wire: this program is the client, the worker program, and, in a process of its own, the service. A
//! test program of its own as well: in `main.rs` a service in the process itself is sent SIGTERM.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ganger::{Executor, Future, Process, ProcessPoolExecutor, StartMethod, TaskOptions, Wait, Waiting, as_completed};
use ganger_client::{Endpoint, ServiceExecutor, TaskRef};
use ganger_daemon::{Client, Config, QueueConfig, Runs, Service};
use serde_json::{Value, json};

ganger::test_worker!();

const PATIENCE: Duration = Duration::from_secs(60);

#[ganger::task]
fn square(n: u64) -> u64 {
    n * n
}

#[ganger::task]
fn add(a: u64, b: u64) -> u64 {
    a + b
}

#[ganger::task]
fn fails(n: u64) -> Result<u64, String> {
    if n == 3 { Err("no threes".to_owned()) } else { Ok(n) }
}

#[ganger::task]
fn panics(why: String) -> u64 {
    panic!("{why}")
}

#[ganger::task]
fn dies(code: i32) -> u64 {
    std::process::exit(code)
}

#[ganger::task]
fn blank(length: usize) -> String {
    " ".repeat(length)
}

/// Waits until the file is there.
#[ganger::task]
fn awaits(gate: PathBuf) -> u64 {
    eventually("the gate is open", || gate.exists());
    7
}

#[ganger::task]
fn serve(place: PathBuf, program: String) {
    let runs = Runs::Functions(vec![program]);
    let queue = QueueConfig { name: "functions".to_owned(), slots: 2, runs, ..QueueConfig::default() };
    let config = Config { queues: vec![queue], ..Config::new(place.join("s.db"), place.join("s.sock")) };
    Service::start(config).and_then(Service::run).expect("it serves");
}

/// A service in a process of its own, and its place.
struct Served {
    place: tempfile::TempDir,
    process: Process,
}

impl Served {
    fn start() -> Self {
        let place = tempfile::tempdir().unwrap();
        let process = service(place.path());
        Self { place, process }
    }

    fn socket(&self) -> PathBuf {
        self.place.path().join("s.sock")
    }

    fn executor(&self) -> ServiceExecutor {
        let endpoint = Endpoint::unix(self.socket());
        eventually("it listens", || ServiceExecutor::connect(&endpoint, "functions").is_ok());
        ServiceExecutor::with_patience(&endpoint, "functions", PATIENCE).unwrap()
    }

    fn kill_and_restart(&mut self) {
        self.process.kill().unwrap();
        self.process.join(None).unwrap();
        self.process = service(self.place.path());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

fn service(place: &Path) -> Process {
    let program = std::env::current_exe().unwrap().display().to_string();
    let process =
        Process::builder().start_method(StartMethod::Spawn).build(serve, (place.to_owned(), program)).unwrap();
    process.start().unwrap();
    process
}

fn ask(client: &mut Client, path: &str) -> Value {
    serde_json::from_slice(&client.get(path).unwrap().body).unwrap()
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// What a program does with an executor, whichever it is.
fn work(executor: &impl Executor) -> (u64, Vec<u64>, Result<u64, String>) {
    let sum = executor.submit(add, (2, 3)).unwrap().result().unwrap();
    let squares = executor.map(square, 0..100).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    (sum, squares, executor.submit(fails, 3).unwrap().result().unwrap())
}

#[test]
fn a_program_works_over_a_service_by_changing_one_word() {
    let served = Served::start();
    assert_eq!(work(&served.executor()), work(&ProcessPoolExecutor::new(2).unwrap()));
}

#[test]
fn how_a_task_ends_is_told_over_the_wire() {
    let served = Served::start();
    let executor = served.executor();
    let error = executor.submit(panics, "no luck".to_owned()).unwrap().result().unwrap_err();
    let panic = error.panic().unwrap();
    assert!(panic.message == "no luck" && panic.location.as_ref().is_some_and(|at| at.contains("wire.rs")), "{error}");
    let twice = TaskOptions::new().crash_attempts(2);
    let error = executor.pool().submit_with(&twice, dies, 7).unwrap().result().unwrap_err();
    assert_eq!(error.crashes().map(<[_]>::len), Some(2), "{error}");
    assert!(error.to_string().contains("exit code 7; exit code 7") && error.attempts() == 2, "{error}");
    let gate = served.place.path().join("never");
    let limited = TaskOptions::new().timeout(Duration::from_millis(50)).name("too slow");
    let error = executor.pool().submit_with(&limited, awaits, gate.clone()).unwrap().result().unwrap_err();
    assert!(error.is_timed_out() && error.to_string().starts_with("too slow "), "{error}");
    let large = executor.submit(blank, 2_000_000).unwrap().result().unwrap_err();
    assert!(large.failure().is_some_and(|failure| failure.message.contains("1048576")), "{large}");
    assert_eq!(executor.submit(blank, 50_000).unwrap().result().unwrap().len(), 50_000);
}

#[test]
fn results_come_as_tasks_are_over_and_not_in_their_order() {
    let served = Served::start();
    let (executor, gate) = (served.executor(), served.place.path().join("gate"));
    let held = executor.submit(awaits, gate.clone()).unwrap();
    let futures: Vec<_> = (0..50).map(|n| executor.submit(square, n).unwrap()).collect();
    let sum: u64 = as_completed(futures).map(|future| future.result().unwrap()).sum();
    assert_eq!(sum, (0..50).map(|n| n * n).sum::<u64>());
    assert!(!held.done());
    std::fs::write(gate, "").unwrap();
    assert_eq!(held.result().unwrap(), 7);
}

#[test]
fn a_service_that_is_killed_in_the_middle_is_waited_for() {
    let mut served = Served::start();
    let (executor, gate) = (served.executor(), served.place.path().join("gate"));
    let held: Vec<_> = (0..2).map(|_| executor.submit(awaits, gate.clone()).unwrap()).collect();
    let futures: Vec<_> = (0..200).map(|n| executor.submit(square, n).unwrap()).collect();
    let last = executor.id(&futures[199]).unwrap();
    served.kill_and_restart();
    // What comes while nobody is there waits for somebody.
    let late = executor.submit(add, (1, 2)).unwrap();
    std::fs::write(gate, "").unwrap();
    assert!(held.iter().all(|future| future.result().unwrap() == 7));
    assert_eq!(
        futures.iter().map(|f| f.result().unwrap()).collect::<Vec<_>>(),
        (0..200).map(|n| n * n).collect::<Vec<_>>()
    );
    assert_eq!(late.result().unwrap(), 3);
    assert_eq!(executor.future::<u64>(last).unwrap().result().unwrap(), 199 * 199);
}

/// Hands work in, writes down where it is, and is killed.
#[ganger::task]
fn begin(socket: PathBuf, gate: PathBuf, note: PathBuf) {
    let executor = ServiceExecutor::connect(&Endpoint::unix(socket), "functions").expect("it listens");
    let futures = [executor.submit(awaits, gate), executor.submit(awaits, PathBuf::from("/"))].map(Result::unwrap);
    let ids = futures.map(|future| executor.id(&future).expect("accepted").to_string());
    std::fs::write(note, ids.join(" ")).expect("a place");
    loop {
        thread::park();
    }
}

#[test]
fn what_a_program_has_begun_another_picks_up() {
    let served = Served::start();
    let at = |name: &str| served.place.path().join(name);
    let executor = served.executor();
    let program = Process::new(begin, (at("s.sock"), at("gate"), at("note"))).unwrap();
    program.start().unwrap();
    let read = || std::fs::read_to_string(at("note")).unwrap_or_default();
    eventually("it has written both down", || read().split(' ').count() == 2);
    program.kill().unwrap();
    program.join(None).unwrap();
    let futures: Vec<_> = read().split(' ').map(|id| executor.future::<u64>(id.parse().unwrap()).unwrap()).collect();
    assert_eq!(futures[1].result().unwrap(), 7);
    assert!(!futures[0].done());
    std::fs::write(at("gate"), "").unwrap();
    assert_eq!(futures[0].result().unwrap(), 7);
    let none = executor.future::<u64>(TaskRef { job: 999, number: 1 }).unwrap().result().unwrap_err();
    assert!(none.to_string().contains("job 999 of the service has no such task"), "{none}");
    let other = executor.future::<String>(read().split(' ').next().unwrap().parse().unwrap()).unwrap();
    assert!(other.result().unwrap_err().to_string().contains("cannot be read here"), "a future of another type");
}

#[test]
fn dropping_an_executor_leaves_its_tasks_in_the_queue() {
    let served = Served::start();
    let gate = served.place.path().join("gate");
    let executor = served.executor();
    let held = executor.submit(awaits, gate.clone()).unwrap();
    let id = executor.id(&held).unwrap();
    drop((executor, held));
    std::fs::write(gate, "").unwrap();
    assert_eq!(served.executor().future::<u64>(id).unwrap().result().unwrap(), 7);
}

#[test]
fn what_is_cancelled_is_ended_and_harms_no_other() {
    let served = Served::start();
    let (executor, gate) = (served.executor(), served.place.path().join("gate"));
    let held: Vec<_> = (0..4).map(|_| executor.submit(awaits, gate.clone()).unwrap()).collect();
    let other = executor.submit(square, 3).unwrap();
    eventually("two run", || tally(&served, "running") == 2);
    // Of those that run and of those that wait; the last perhaps before it is accepted.
    let late = executor.submit(awaits, gate).unwrap();
    assert!(held.iter().chain([&late]).all(Future::cancel));
    assert!(held.iter().chain([&late]).all(|future| future.result().unwrap_err().is_cancelled()));
    assert_eq!(other.result().unwrap(), 9);
    executor.shutdown(Wait::ForAll, Waiting::Run);
    assert!(executor.submit(square, 1).unwrap_err().error.is_closed());
}

fn tally(served: &Served, state: &str) -> u64 {
    let mut client = Client::connect(&served.socket(), PATIENCE).unwrap();
    let jobs = ask(&mut client, "/v1/jobs");
    jobs.as_array().unwrap().iter().map(|job| job["tasks"][state].as_u64().unwrap()).sum()
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let nobody = ServiceExecutor::connect(&Endpoint::unix("/no/such/socket"), "functions").unwrap_err();
    assert!(nobody.to_string().contains("/no/such/socket"), "{nobody}");
    let served = Served::start();
    let endpoint = Endpoint::unix(served.socket());
    drop(served.executor());
    let lost = ServiceExecutor::connect(&endpoint, "elsewhere").unwrap();
    let error = lost.submit(square, 2).unwrap().result().unwrap_err();
    assert!(error.to_string().contains("there is no queue \"elsewhere\": there are functions"), "{error}");
    let short = ServiceExecutor::with_patience(&endpoint, "functions", Duration::from_millis(50)).unwrap();
    served.process.kill().unwrap();
    let error = short.submit(square, 2).unwrap().result().unwrap_err();
    assert!(error.is_not_started() && error.to_string().contains("out of reach"), "{error}");
}

#[test]
fn another_program_is_told_to_be_the_wrong_one() {
    // This program registers the same functions, but is none of theirs.
    let served = Served::start();
    drop(served.executor());
    let client = &mut Client::connect(&served.socket(), PATIENCE).unwrap();
    let mut ask = |function: &str, signature: &str, args: &str| {
        let job = json!({"queue": "functions", "function": function, "signature": signature, "args": [args]});
        let answer = client.post("/v1/jobs", job.to_string().as_bytes()).unwrap();
        let told: Value = serde_json::from_slice(&answer.body).unwrap();
        if answer.status != 201 {
            return told["detail"].to_string();
        }
        let id = told["id"].as_i64().unwrap();
        client.get(&format!("/v1/jobs/{id}?wait=60")).unwrap();
        ask(client, &format!("/v1/jobs/{id}/tasks/1"))["attempts"][0]["message"].to_string()
    };
    let name = format!("{}::square", module_path!());
    assert!(ask("app::square", "", "").contains(&format!("registers no app::square: it has {name}")));
    assert!(ask(&name, "fn(u8) -> u8", "Ag==").contains("same sources"));
    assert!(ask(&name, "", "Ag==").contains("cannot decode u64"));
    assert!(ask(&name, "", "no base64").contains("`args[0]` is no base64"));
}

#[test]
fn many_at_once_cost_far_less_than_one_after_the_other() {
    const MANY: u32 = 10_000;
    let served = Served::start();
    let executor = served.executor();
    let accepted = |count: u32| {
        let start = Instant::now();
        let futures: Vec<_> = (0..u64::from(count)).map(|n| executor.submit(square, n).unwrap()).collect();
        assert!(executor.flush(PATIENCE), "they are accepted");
        (start.elapsed() / count, futures)
    };
    let one = (0..50).map(|_| accepted(1).0).sum::<Duration>() / 50;
    let (each, futures) = accepted(MANY);
    assert!(each * 10 < one, "alone {one:?}, of many {each:?}");
    let sum: u64 = futures.iter().map(|future| future.result().unwrap()).sum();
    assert_eq!(sum, (0..u64::from(MANY)).map(|n| n * n).sum::<u64>());
}
