//! Ends that must be bounded: of what does not listen, hides, storms, or is just being mended.

use std::thread;
use std::time::{Duration, Instant};

use ganger::{Backoff, Pool, Restart};
use nix::sys::signal::{SigSet, Signal};
use serde_json::json;

use crate::books::effects;
use crate::sandbox::{Sandbox, eventually};
use crate::service::{Service, over, submit};
use crate::terminal::Terminal;

const STUBBORN: &str = "trap '' TERM INT HUP; touch began-{}; while :; do sleep 0.01; done";

/// Forked twice, in a session of its own, with no link to anybody that a signal could follow.
const DAEMON: &str = "setsid sh -c '(sleep 1000 & echo $! >daemon-{}) &'; until [ -s daemon-{} ]; do sleep 0.01; done";

#[test]
fn f16_a_daemon_that_a_task_left_behind_ends_with_it() {
    let sandbox = Sandbox::new();
    let gone = "sleep 0.1; ! kill -0 $(cat daemon-a) 2>&-";
    sandbox.run(["-j1", "sh", "-c", "{}", ":::", &DAEMON.replace("{}", "a"), gone]).done().printed("");

    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    let mut client = service.client();
    for script in [&DAEMON.replace("{}", "b"), &gone.replace("-a", "-b")] {
        let job = json!({"command": ["sh", "-c", script], "directory": sandbox.path(".")});
        let job = submit(&mut client, &job);
        assert_eq!(over(&mut client, job)["state"], json!("succeeded"), "{script}");
    }
    service.stop();
}

#[test]
fn f09_who_ignores_every_request_is_killed_when_the_grace_is_over() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=2", "--drain", "0s", "--grace", "200ms"]);
    let script = "trap '' TERM INT HUP; touch began-$1; while :; do :; done";
    let busy = json!({"command": ["sh", "-c", script, "-"], "tasks": [["1"], ["2"]], "directory": sandbox.path(".")});
    submit(&mut service.client(), &busy);
    sandbox.file("began-1");
    sandbox.file("began-2");
    service.stop();

    let pool = Pool::builder().workers(2).stop_grace(Duration::from_millis(200)).build().expect("a pool");
    let marks: Vec<String> = ["a", "b"].map(|mark| sandbox.path(mark).to_str().expect("text").to_owned()).into();
    let deaf: Vec<_> = marks.into_iter().map(|mark| pool.submit(is_deaf, mark).expect("accepted")).collect();
    sandbox.file("a");
    sandbox.file("b");
    pool.terminate();
    pool.join(Some(Duration::from_secs(30))).expect("it ends");
    assert!(deaf.iter().all(|task| task.result().is_err()));

    let done = sandbox.run(["--timeout", "100ms", "--termseq", "TERM,100,KILL", STUBBORN, ":::", "c"]).done();
    done.told(1, "ran for longer than 100ms");
}

/// Hears no signal that can be ignored, and does not sleep.
#[ganger::task]
fn is_deaf(mark: String) {
    let mut mask = SigSet::empty();
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().for_each(|signal| mask.add(signal));
    mask.thread_block().expect("a mask");
    note(&mark, "began");
    loop {
        std::hint::spin_loop();
    }
}

#[test]
fn f15_no_grandchild_survives_its_task_or_the_end() {
    let sandbox = Sandbox::new();
    let leaves =
        "sleep 1000 & (sleep 1000; true) & setsid sleep 1000 & nohup sleep 1000 >/dev/null 2>&1 & touch left-{}";
    // At the end of a task that went well, of one that took too long, and of a worker that was killed.
    sandbox.run(["-j1", leaves, ":::", "a"]).done().printed("");
    eventually("nothing is left", || sandbox.is_clean());
    sandbox.run(["--timeout", "200ms", &format!("{leaves}; wait"), ":::", "b"]).done().told(1, "ran for longer");
    eventually("nothing is left", || sandbox.is_clean());
    let killed = format!("[ -e left-c ] || {{ {}; kill -9 $PPID; }} # {{}}", leaves.replace("{}", "c"));
    sandbox.run(["-j1", &killed, ":::", "c"]).done().printed("");
    eventually("nothing is left", || sandbox.is_clean());
}

#[ganger::task]
fn dies_at_once(marks: String) {
    note(&marks, "started");
    std::process::exit(3);
}

#[ganger::task]
fn answers() -> u32 {
    7
}

/// Appends a line, which is whole whoever dies.
fn note(file: &str, line: &str) {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).expect("a file");
    file.write_all(format!("{line}\n").as_bytes()).expect("a line");
}

#[test]
fn f20_a_pool_whose_workers_all_die_gives_up_and_says_why() {
    let sandbox = Sandbox::new();
    let marks = sandbox.path("marks").to_str().expect("text").to_owned();
    let restart = Restart { backoff: Backoff::NONE, ..Restart::default() };
    let pool = Pool::builder().workers(2).restart(restart).initializer(dies_at_once, marks).build();
    let told = pool.and_then(|pool| pool.apply(answers, ())).expect_err("no worker is ever ready").to_string();
    assert!(told.contains("exit") && told.contains('3'), "{told}");
    let starts = effects(&sandbox, "marks")["started"];
    assert!((2..=30).contains(&starts), "it does not go on for ever: {starts}");
}

#[test]
fn f20_a_run_whose_workers_all_die_gives_up_and_says_why() {
    let sandbox = Sandbox::new();
    let run = ["--worker", "-j2", "sh", "-c", "echo started >>marks; exit 3", ":::", "1", "2", "3", "4"];
    let done = sandbox.run(run).done();
    assert!((1..=255).contains(&done.code()) && !done.stderr.is_empty(), "{done:#?}");
    let starts = effects(&sandbox, "marks")["started"];
    assert!((2..=60).contains(&starts), "it does not go on for ever: {starts}");
}

#[test]
fn f21_once_lets_finish_twice_asks_and_the_third_kills() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["-j2", STUBBORN, ":::", "1", "2", "3"]);
    sandbox.file("began-1");
    sandbox.file("began-2");
    for told in ["ask them to end", "kill them", "killed the 2"] {
        terminal.ctrl_c_again();
        terminal.shows(told);
    }
    assert_eq!(terminal.status(), Some(130));
    assert!(!sandbox.path("began-3").exists(), "nothing began after the first");
}

#[test]
fn f21_a_soft_signal_takes_no_hard_one_back() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(["-j2", STUBBORN, ":::", "1", "2", "3"]);
    let run = run.start();
    sandbox.file("began-1");
    sandbox.file("began-2");
    run.signal(Signal::SIGTERM);
    run.signal(Signal::SIGHUP);
    run.signal(Signal::SIGINT);
    let done = run.done();
    assert_eq!(done.code(), 130, "{done:#?}");
    assert!(!sandbox.path("began-3").exists());
}

/// From the first instruction to the last: whenever it comes, it ends, and leaves nothing.
#[test]
fn f21_a_signal_at_any_time_of_a_start_is_an_end() {
    for (step, signal) in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().cycle().take(24).enumerate() {
        let sandbox = Sandbox::new();
        let run = sandbox.run(["--store", "s.db", "-j2", "sleep 0.05", ":::", "1", "2", "3", "4"]).start();
        let (begun, wait) = (Instant::now(), Duration::from_millis(4) * step as u32);
        eventually("the moment has come", || begun.elapsed() >= wait);
        run.signal(signal);
        let done = run.done();
        // Before it listens the kernel's own answer holds; after its end nothing does.
        let ended = [0, 130, 128 + signal as i32].contains(&done.code());
        assert!(ended, "{signal} after {wait:?}: {done:#?}");
        eventually("nothing is left", || sandbox.processes().is_empty());
        sandbox.forget_temporary_files();
    }
}

#[test]
fn f22_a_stop_while_the_dead_are_replaced_is_bounded() {
    let sandbox = Sandbox::new();
    // All workers die again and again, so that there is always one to be replaced.
    let deadly = "touch died-{}; kill -9 $PPID; sleep 1000";
    let run = sandbox.run(["-j4", deadly].into_iter().chain([":::"]).chain(["x"; 200])).start();
    sandbox.file("died-x");
    run.signal(Signal::SIGTERM);
    let done = run.done();
    assert!([130, 255].contains(&done.code()), "{done:#?}");
}

#[test]
fn f22_a_service_that_takes_over_and_is_stopped_at_once_loses_nothing() {
    let sandbox = Sandbox::new();
    let options = ["--queue", "default=4", "--grace", "200ms", "--drain", "0s"];
    let service = Service::start(&sandbox, &options);
    let mut client = service.client();
    let tasks: Vec<_> = (1..=40).map(|task| [task.to_string()]).collect();
    let script = "[ -e go ] || sleep 1000; echo $1";
    let job = json!({"command": ["sh", "-c", script, "-"], "tasks": tasks, "crash_attempts": 50, "directory": sandbox.path(".")});
    let job = submit(&mut client, &job);
    service.started.signal(Signal::SIGKILL);
    assert_eq!(service.started.done().code(), 128 + 9);
    eventually("nothing outlives it", || sandbox.processes().is_empty());
    for wait in [0, 5, 20, 60, 150] {
        sandbox.forget_temporary_files();
        let serve = ["serve", "--store", "s.db", "--listen", "unix:s.sock"];
        let next = sandbox.cmd(crate::sandbox::GANGER).args(serve).args(options).start();
        thread::park_timeout(Duration::from_millis(wait));
        next.signal(Signal::SIGTERM);
        let done = next.done();
        assert!([0, 128 + 15].contains(&done.code()), "{wait} ms: {done:#?}");
        eventually("nothing is left", || sandbox.processes().is_empty());
    }
    sandbox.forget_temporary_files();
    sandbox.write("go", "");
    let service = Service::start(&sandbox, &options);
    assert_eq!(over(&mut service.client(), job)["tasks"]["succeeded"], json!(40));
    service.stop();
}
