//! Job files and stores: a resume of the whole, and jobs that wait for those of other processes.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use ganger_store::{Filter, Reader, State};
use nix::sys::signal::Signal;

use crate::run_jobfile::run;
use crate::sandbox::{GANGER, Sandbox, eventually, sorted};

/// What the store has: of each job its tasks, by state.
fn recorded(sandbox: &Sandbox) -> BTreeMap<String, Vec<State>> {
    let reader = Reader::open(&sandbox.path("s.db")).expect("a store");
    let states = |job: &ganger_store::Job| {
        let tasks = reader.tasks(job.id, &Filter::default()).expect("tasks");
        tasks.into_iter().map(|task| task.state).collect()
    };
    reader.jobs().expect("jobs").iter().map(|job| (job.name.clone(), states(job))).collect()
}

#[test]
fn each_job_is_one_of_the_store_and_a_resume_is_of_all() {
    use State::{Failed, Succeeded};
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "make"
        command = "echo make {}; [ {} != 2 ] || [ -e good ]"
        array = "1-2"
        [[job]]
        name = "use"
        command = "echo use"
        after = ["make"]
        [[job]]
        name = "other"
        command = "echo other"
    "#;
    let done = run(&sandbox, file, &["--store", "s.db"]);
    assert_eq!(sorted(&done.stdout), ["make 1", "make 2", "other"]);
    let of = |jobs: &[(&str, &[State])]| jobs.iter().map(|(job, states)| (job.to_string(), states.to_vec())).collect();
    let first: BTreeMap<_, _> = of(&[("make", &[Succeeded, Failed]), ("other", &[Succeeded])]);
    let mut seen = recorded(&sandbox);
    seen.values_mut().for_each(|states| states.sort_by_key(|state| *state != Succeeded));
    assert_eq!(seen, first, "what has not begun is not there");

    sandbox.write("good", "");
    let again = run(&sandbox, file, &["--store", "s.db", "--resume"]);
    assert_eq!((again.code(), sorted(&again.stdout)), (0, vec!["make 2", "use"]));
    assert!(recorded(&sandbox).values().flatten().all(|state| *state == Succeeded));
    assert_eq!(recorded(&sandbox).len(), 3);

    let nothing = run(&sandbox, file, &["--store", "s.db", "--resume"]);
    assert_eq!((nothing.code(), nothing.stdout.as_str()), (0, ""));

    // What was made of something that changes is made anew.
    let more = run(&sandbox, &file.replace("1-2", "1-3"), &["--store", "s.db", "--resume"]);
    assert_eq!((more.code(), sorted(&more.stdout)), (0, vec!["make 3", "use"]));

    let named = run(&sandbox, file, &["--store", "s.db", "--name", "nightly"]);
    assert_eq!(named.code(), 0);
    assert!(recorded(&sandbox).contains_key("nightly/use"));
}

#[test]
fn after_sigkill_what_was_made_of_something_older_is_made_anew() {
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "make"
        command = "echo {} >> made; touch runs; while [ -e hold ]; do sleep 0.01; done"
        inputs_from = "list"
        [[job]]
        name = "use"
        command = "cp made used"
        after = ["make"]
    "#;
    sandbox.write("list", "a\n");
    assert_eq!(run(&sandbox, file, &["--store", "s.db"]).code(), 0);
    // More is to be made: while it is, everything dies. Nothing says afterwards that `use` has to run again but that.
    sandbox.write("list", "a\nb\n");
    sandbox.write("hold", "");
    fs::remove_file(sandbox.path("runs")).expect("it is there");
    let started = sandbox.run(["--file", "jobs.toml", "--store", "s.db", "--resume"]).start();
    sandbox.file("runs");
    eventually("it is recorded that b runs", || recorded(&sandbox)["make"].contains(&State::Running));
    started.signal(Signal::SIGKILL);
    started.done();
    assert_eq!(recorded(&sandbox)["use"], [State::Waiting]);
    sandbox.forget_temporary_files();
    fs::remove_file(sandbox.path("hold")).expect("it is there");
    assert_eq!(run(&sandbox, file, &["--store", "s.db", "--resume"]).code(), 0);
    let of = |name: &str| fs::read_to_string(sandbox.path(name)).expect("a file");
    assert_eq!(of("used"), of("made"));
}

#[test]
fn a_run_waits_for_a_job_that_another_process_runs() {
    let sandbox = Sandbox::new();
    let hold = "touch {}; while [ -e {} ]; do sleep 0.01; done; echo held >> log";
    let first = sandbox.run(["--store", "s.db", "--name", "first", hold, ":::", "hold"]).start();
    sandbox.file("hold");
    let after = ["--store", "s.db", "--after", "first"];
    // Two wait: one of them for the other as well, since one at a time writes to a store.
    let waiting: Vec<_> = ["b", "c"]
        .map(|name| {
            sandbox.run(after.iter().chain(&["--name", name, "echo {} >> log; sleep 0.1", ":::", name])).start()
        })
        .into();
    eventually("both wait", || sandbox.processes().len() >= 4);
    fs::remove_file(sandbox.path("hold")).expect("it is there");
    assert_eq!(first.done().code(), 0);
    for waiting in waiting {
        assert_eq!(waiting.done().code(), 0);
    }
    let log = fs::read_to_string(sandbox.path("log")).expect("a log");
    assert!(log.starts_with("held\n") && sorted(&log) == ["b", "c", "held"], "{log:?}");
}

#[test]
fn a_secret_of_a_job_file_is_in_no_store() {
    let sandbox = Sandbox::new();
    let file = "[[job]]\nname = \"a\"\ncommand = \"true\"\nenvironment = { API_TOKEN = \"hunter2\", LEVEL = \"well-known\" }\n";
    assert_eq!(run(&sandbox, file, &["--store", "s.db"]).code(), 0);
    let store = fs::read(sandbox.path("s.db")).expect("a store");
    let holds = |text: &str| store.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("LEVEL=well-known") && !holds("hunter2"));
}

#[test]
fn a_run_does_not_begin_after_a_job_that_failed() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(["--store", "s.db", "--name", "bad", "false", ":::", "x"]).done().code(), 1);
    let after = |job: &str| sandbox.run(["--store", "s.db", "--after", job, "touch", ":::", "ran"]).done();
    after("bad").told(255, "--after bad: something in its last run has failed");
    after("unknown").told(255, "unknown");
    assert!(!sandbox.path("ran").exists());
    sandbox.run(["--store", "s.db", "--name", "good", "true", ":::", "x"]).done().printed("");
    after("good").printed("");
    assert!(sandbox.path("ran").exists());
    sandbox.run(["--after", "good", "echo", ":::", "a"]).done().told(255, "--store");
}

/// How often everything is killed.
const KILLS: usize = 15;

#[test]
fn after_sigkill_at_any_moment_a_resume_makes_the_whole_right() {
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "make"
        command = "echo {} >> made"
        inputs_from = "list"
        [[job]]
        name = "count"
        command = "sort -u made | wc -l >> counted"
        after = ["make"]
        [[job]]
        name = "last"
        command = "tail -n 1 counted > last"
        after = ["count"]
    "#;
    let list = |up_to: usize| (1..=up_to).map(|number| format!("{number}\n")).collect::<String>();
    sandbox.write("jobs.toml", file);
    let args = ["--file", "jobs.toml", "--store", "s.db", "--resume", "-j", "2"];
    for life in 1..=KILLS {
        // Each life has more to do than those before it.
        sandbox.write("list", list(life * 20));
        let started = sandbox.run(args).start();
        let (since, patience) = (Instant::now(), Duration::from_millis(200).mul_f64(chance()));
        eventually("the moment has come", || since.elapsed() >= patience);
        started.signal(Signal::SIGKILL);
        started.done();
        eventually("nothing is left", || sandbox.processes().is_empty());
    }
    let last = sandbox.run(args).done();
    assert_eq!((last.code(), last.stdout.as_str()), (0, ""), "{last:?}");
    let of = |name: &str| fs::read_to_string(sandbox.path(name)).expect("a file");
    assert_eq!(of("last").trim(), (KILLS * 20).to_string());
    assert!(recorded(&sandbox).values().flatten().all(|state| *state == State::Succeeded));
    sandbox.forget_temporary_files();
}

/// A number from 0 to 1.
fn chance() -> f64 {
    (RandomState::new().hash_one(0) >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn a_job_of_a_file_is_taken_up_by_its_file() {
    let sandbox = Sandbox::new();
    let file = "[[job]]\nname = 'a'\ncommand = 'echo $GANGER_JOB $X'\nenvironment = { X = 'y' }\n";
    assert_eq!(run(&sandbox, file, &["--store", "s.db"]).stdout, "a y\n");
    sandbox.run(["--store", "s.db", "--name", "a", "--retry-failed"]).done().told(255, "--file FILE");
    // It runs as it did, alone.
    let mut replay = sandbox.cmd(GANGER);
    replay.command.args(["replay", "--store", "s.db", "a", "1"]);
    replay.done().printed("a y\n");
}
