//! What befalls a worker with a task in its hands.

use std::process::exit;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use ganger::{Backoff, Exit, Pool, PoolBuilder, Restart, TaskOptions};
use nix::sys::signal::{Signal, raise};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;

use crate::books::{assert_each_once, effects};
use crate::sandbox::{Sandbox, eventually};
use crate::service::{Service, get, over, submit};

/// The dead are replaced at once.
fn builder(workers: usize) -> PoolBuilder {
    Pool::builder().workers(workers).restart(Restart { backoff: Backoff::NONE, ..Restart::default() })
}

#[ganger::task]
fn square(n: u64) -> u64 {
    n * n
}

/// Ends its process by a signal; 0: by `exit(0)`.
#[ganger::task]
fn ends_by(signal: i32) -> u64 {
    let Ok(signal) = Signal::try_from(signal) else { exit(0) };
    loop {
        // The runtime's handler takes the first SIGSEGV for no overflow of its own, and gives the default back.
        raise(signal).expect("a signal that there is");
    }
}

/// The same at its first try alone, which a file tells.
#[ganger::task]
fn ends_once(mark: String, signal: i32) -> u64 {
    match std::fs::File::create_new(mark) {
        Ok(_) => ends_by(signal),
        Err(_) => 7,
    }
}

/// Fifty tasks beside it have their outcome, and the pool goes on.
#[track_caller]
fn alone(pool: &Pool, fault: impl FnOnce(&Pool)) {
    let others: Vec<_> = (0..50).map(|n| pool.submit(square, n).expect("accepted")).collect();
    fault(pool);
    assert!(others.iter().zip(0..).all(|(other, n)| other.result().expect("an outcome") == n * n));
    assert_eq!(pool.apply(square, 9).expect("an outcome"), 81);
}

#[test]
fn f01_a_task_whose_worker_is_killed_runs_again_and_no_other_suffers() {
    let sandbox = Sandbox::new();
    let mark = sandbox.path("mark").to_str().expect("text").to_owned();
    let pool = builder(2).build().expect("a pool");
    alone(&pool, |pool| assert_eq!(pool.apply(ends_once, (mark, Signal::SIGKILL as i32)).expect("a second try"), 7));

    let script = "echo {}; test -e again-{} || { touch again-{}; kill -9 $PPID; sleep 1000; }";
    sandbox.run(["-k", "-j2", script, ":::", "a", "b", "c"]).done().printed("a\nb\nc\n");

    let service = Service::start(&sandbox, &["--queue", "default=2"]);
    let script = "[ -e served-$1 ] || { touch served-$1; kill -9 $PPID; sleep 1000; }";
    let job =
        json!({"command": ["sh", "-c", script, "-"], "tasks": [["1"], ["2"], ["3"]], "directory": sandbox.path(".")});
    let job = submit(&mut service.client(), &job);
    assert_eq!(over(&mut service.client(), job)["tasks"]["succeeded"], json!(3));
    let story = get(&mut service.client(), &format!("/v1/jobs/{job}/tasks/1"));
    let ends: Vec<_> = story["attempts"].as_array().expect("attempts").iter().map(|attempt| &attempt["end"]).collect();
    assert_eq!(ends, [&json!("crashed"), &json!("exit")], "{story}");
    service.stop();
}

/// The supervisor stands still while the result is written, and its worker is dead before it goes on.
#[test]
fn f02_a_result_that_was_whole_when_its_worker_died_counts_once() {
    let sandbox = Sandbox::new();
    let script = "echo $PPID >worker; until [ -e go ]; do sleep 0.01; done; echo {} >>effects; echo {}";
    let run = sandbox.run(["--store", "s.db", "-j1", script, ":::", "1"]).start();
    let worker = || std::fs::read_to_string(sandbox.path("worker")).ok()?.trim().parse::<i32>().ok();
    eventually("it has begun", || worker().is_some());
    let worker = worker().expect("a process id");
    run.signal(Signal::SIGSTOP);
    sandbox.write("go", "");
    sandbox.file("effects");
    let mut before = String::new();
    eventually("the worker has told what it has to tell, and sleeps", || {
        let now = asleep(worker).unwrap_or_default();
        std::mem::replace(&mut before, now.clone()) == now && !now.is_empty()
    });
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(worker), Signal::SIGKILL).expect("it is there");
    run.signal(Signal::SIGCONT);
    run.done().printed("1\n");
    assert_eq!(effects(&sandbox, "effects")["1"], 1, "it did not run again");
    assert_each_once(&sandbox, "s.db", 1);
}

/// How often a process without children has gone to sleep, if it sleeps, looked at over a while.
fn asleep(pid: i32) -> Option<String> {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).ok();
    let look = || {
        let status = read("status").filter(|status| status.contains("State:\tS"))?;
        let children = read(&format!("task/{pid}/children"))?;
        let switches = status.lines().find(|line| line.starts_with("voluntary"))?.to_owned();
        children.trim().is_empty().then_some(switches)
    };
    let (first, since) = (look()?, std::time::Instant::now());
    while since.elapsed() < Duration::from_millis(50) {
        thread::yield_now();
    }
    look().filter(|last| *last == first)
}

#[test]
fn f03_each_deadly_signal_is_named() {
    let pool = builder(2).build().expect("a pool");
    for signal in [Signal::SIGSEGV, Signal::SIGABRT, Signal::SIGILL, Signal::SIGBUS, Signal::SIGFPE] {
        println!("{signal}");
        alone(&pool, |pool| {
            let error = pool.apply(ends_by, signal as i32).expect_err("it ends its worker each time");
            let told = error.to_string();
            let crashes = error.task().and_then(|task| task.crashes()).unwrap_or_else(|| panic!("{told}"));
            let named = |exit: &Exit| matches!(exit, Exit::Signal { number, .. } if *number == signal as i32);
            assert!(crashes.len() == 3 && crashes.iter().all(named) && told.contains(signal.as_str()), "{told}");
        });
    }
    let sandbox = Sandbox::new();
    sandbox.run(["kill -SEGV $$", ":::", "a"]).done().told(1, "SIGSEGV");
}

#[test]
fn f04_exit_0_in_the_middle_of_a_task_is_no_success() {
    let pool = builder(2).build().expect("a pool");
    alone(&pool, |pool| {
        let error = pool.apply(ends_by, 0).expect_err("nothing was returned");
        let crashes = error.task().and_then(|task| task.crashes()).expect("a crash");
        assert_eq!(crashes, [Exit::Code(0); 3]);
    });
    // A program that is kept, and goes without an answer.
    let sandbox = Sandbox::new();
    let done = sandbox.run(["--worker", "read -r line; exit 0", ":::", "a"]).done();
    done.told(1, "input 1 (\"a\") failed");
}

/// A value that cannot be told: 1 is an error, 2 a panic.
struct Untold(u64);

impl Serialize for Untold {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            1 => Err(serde::ser::Error::custom("it is a secret")),
            2 => panic!("nobody may know"),
            n => n.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Untold {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u64::deserialize(from).map(Self)
    }
}

#[ganger::task]
fn untold(n: u64) -> Untold {
    Untold(n)
}

#[test]
fn f05_a_result_that_cannot_be_told_fails_its_task_alone() {
    let pool = builder(1).build().expect("a pool");
    pool.apply(square, 1).expect("an outcome");
    let worker = pool.worker_pids();
    for (n, why) in [(1, "it is a secret"), (2, "nobody may know")] {
        alone(&pool, |pool| {
            let told = pool.apply(untold, n).err().expect("an error").to_string();
            assert!(told.contains(why), "{told}");
        });
    }
    assert_eq!(pool.apply(untold, 3).expect("a number").0, 3);
    assert_eq!(pool.worker_pids(), worker, "it is no reason to die");
}

#[test]
fn f06_a_task_that_takes_all_memory_is_named_alone() {
    let sandbox = Sandbox::new();
    let script = "[ {} != 2 ] || tail /dev/zero; echo {}";
    let done = sandbox.run(["-k", "-j2", "--memory-max", "64M", script, ":::", "1", "2", "3", "4"]).done();
    done.told(1, "input 2 (\"2\") failed: out of memory: it had ");
    assert_eq!(done.stdout, "1\n3\n4\n");

    sandbox.write("g.toml", "[queue.default]\nslots = 2\nmemory = '64M'\n");
    let service = Service::start(&sandbox, &["--config", "g.toml"]);
    let mut client = service.client();
    let hungry = submit(&mut client, &json!({"command": ["tail", "/dev/zero"]}));
    let modest = submit(&mut client, &json!({"command": ["true"], "tasks": vec![[""; 0]; 5]}));
    assert_eq!(over(&mut client, hungry)["state"], json!("failed"));
    let story = get(&mut client, &format!("/v1/jobs/{hungry}/tasks/1"));
    let ends = story["attempts"].as_array().expect("attempts");
    assert!(ends.iter().all(|attempt| attempt["end"] == json!("out of memory")), "{story}");
    assert_eq!(over(&mut client, modest)["tasks"]["succeeded"], json!(5));
    service.stop();
}

#[test]
fn f07_a_worker_that_is_stopped_is_found_by_its_task_s_limit() {
    let pool = builder(2).build().expect("a pool");
    let options = TaskOptions::new().timeout(Duration::from_millis(200));
    alone(&pool, |pool| {
        let stopped = pool.submit_with(&options, ends_by, Signal::SIGSTOP as i32).expect("accepted");
        assert!(stopped.result().expect_err("it cannot end").is_timed_out());
    });
    let sandbox = Sandbox::new();
    let script = "[ {} != 2 ] || { kill -STOP $PPID; sleep 1000; }; echo {}";
    let done = sandbox.run(["-k", "-j2", "--timeout", "500ms", script, ":::", "1", "2", "3", "4"]).done();
    done.told(1, "input 2 (\"2\") failed");
    assert_eq!(done.stdout, "1\n3\n4\n");
}

#[ganger::task]
fn never_ready(mark: String) {
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(mark)
        .and_then(|mut f| std::io::Write::write_all(&mut f, b"started\n"))
        .expect("a line");
    thread::sleep(Duration::from_secs(1000));
}

#[test]
fn f10_what_never_becomes_ready_is_given_up() {
    let sandbox = Sandbox::new();
    let mark = sandbox.path("marks").to_str().expect("text").to_owned();
    let limit = Duration::from_millis(100);
    let pool = builder(1).start_timeout(limit).initializer(never_ready, mark).build();
    let told = pool.and_then(|pool| pool.apply(square, 1)).expect_err("no worker is ready").to_string();
    assert!(told.contains("ready") || told.contains("start"), "{told}");
    assert!(effects(&sandbox, "marks")["started"] <= 30, "it does not go on for ever");

    sandbox.write("w.sh", "echo started >>kept; sleep 1000");
    let done = sandbox.run(["--start-timeout", "100ms", "--worker", "sh", "w.sh", ":::", "a"]).done();
    assert!((1..=255).contains(&done.code()) && !done.stderr.is_empty(), "{done:#?}");
    assert!(effects(&sandbox, "kept")["started"] <= 30, "it does not go on for ever");
    let missing = sandbox.run(["--worker", "./nothing", "x", ":::", "a"]).done();
    assert!((1..=255).contains(&missing.code()) && missing.stderr.contains("nothing"), "{missing:#?}");
}

#[ganger::task]
fn own_pid(n: u64) -> (u64, u32) {
    (n, std::process::id())
}

#[test]
fn f31_recycled_workers_starve_no_backlog() {
    for workers in [1, 2, 3] {
        for share in [1, 2, 7] {
            let pool = builder(workers).max_tasks_per_worker(share, 0).build().expect("a pool");
            let tasks: Vec<_> = (0..60).map(|n| pool.submit(own_pid, n).expect("accepted")).collect();
            let told: Vec<_> = tasks.iter().map(|task| task.result().expect("an outcome")).collect();
            assert!(told.iter().zip(0..).all(|((n, _), wanted)| *n == wanted));
            let pids: std::collections::BTreeSet<u32> = told.iter().map(|(_, pid)| *pid).collect();
            assert!(pids.len() >= 60 / share as usize, "{workers} workers, {share} tasks each: {pids:?}");
            assert_eq!(pool.apply(square, 3).expect("it goes on"), 9);
        }
    }
}

#[test]
fn f32_a_callback_that_panics_or_submits_harms_nobody() {
    let pool = std::sync::Arc::new(builder(1).build().expect("a pool"));
    let (tell, told) = channel();
    pool.submit(square, 2).expect("accepted").add_done_callback(|_| panic!("this callback is of no use"));
    let (again, deadly) =
        (std::sync::Arc::clone(&pool), pool.submit(ends_by, Signal::SIGKILL as i32).expect("accepted"));
    // As a task crashes, another is handed in.
    deadly.add_done_callback(move |outcome| {
        let next = again.submit(square, 5).map(|next| next.result());
        tell.send((outcome.is_err(), next.expect("accepted").expect("an outcome"))).expect("somebody listens");
    });
    assert_eq!(told.recv_timeout(Duration::from_secs(30)).expect("it was called"), (true, 25));
    alone(&pool, |pool| assert_eq!(pool.apply(square, 4).expect("an outcome"), 16));
    let pids = pool.worker_pids();
    pool.close();
    pool.join(Some(Duration::from_secs(30))).expect("it ends");
    eventually("its workers are gone", || {
        pids.iter().all(|pid| !std::path::Path::new(&format!("/proc/{pid}")).exists())
    });
}
