//! `ganger run --store`: what was done is known afterwards, whatever happened in between.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

use ganger_store::{Filter, Reader, State};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::sandbox::{Sandbox, eventually, sorted};

/// The tasks of the store's newest job, by input.
fn tasks(file: &Path) -> HashMap<String, State> {
    let reader = Reader::open(file).expect("a store");
    let job = reader.newest_job().expect("a job");
    let tasks = reader.tasks(job.id, &Filter::default()).expect("tasks");
    tasks.into_iter().map(|task| (String::from_utf8(task.input).expect("text"), task.state)).collect()
}

#[test]
fn what_has_succeeded_is_left_out_and_the_rest_runs() {
    let sandbox = Sandbox::new();
    let script = "echo {}; [ {} != b ] || [ -e good ]";
    let first = sandbox.run(["--store", "s.db", "-k", script, ":::", "a", "b", "c"]).done();
    assert_eq!((first.code(), first.stdout.as_str()), (1, "a\nb\nc\n"));

    sandbox.write("good", "");
    // In another order, and one of them is new.
    let again = sandbox.run(["--store", "s.db", "--resume", "-k", script, ":::", "d", "c", "b", "a"]).done();
    assert_eq!((again.code(), again.stdout.as_str()), (0, "d\nb\n"));
    assert!(again.stderr.contains("2 had succeeded before"), "{again:?}");
    assert!(tasks(&sandbox.path("s.db")).values().all(|state| *state == State::Succeeded));

    let nothing = sandbox.run(["--store", "s.db", "--resume", script, ":::", "a", "b", "c", "d"]).done();
    assert_eq!((nothing.code(), nothing.stdout.as_str()), (0, ""));
}

#[test]
fn a_task_is_what_makes_it_and_not_its_position() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("elsewhere")).expect("a directory");
    let base = ["--store", "s.db", "--env", "LEVEL", "echo", "{}", ":::", "a"];
    let run = |level: &str, args: &[&str]| {
        let mut cmd = sandbox.run(["--resume"].iter().chain(args));
        cmd.command.env("LEVEL", level);
        cmd.done().stdout
    };
    assert_eq!(run("1", &base), "a\n");
    assert_eq!(run("1", &base), "", "the same");
    assert_eq!(run("2", &base), "a\n", "another value of a named variable");
    assert_eq!(run("1", &["--wd", "elsewhere", "--store", "s.db", "--env", "LEVEL", "echo", "{}", ":::", "a"]), "a\n");
    assert_eq!(run("1", &["--store", "s.db", "--env", "LEVEL", "echo", "x", "{}", ":::", "a"]), "x a\n");
    assert_eq!(
        run("1", &["--store", "s.db", "--env", "LEVEL", "echo", "{}", ":::", "a", "a"]),
        "a\n",
        "a second equal one"
    );
    assert_eq!(run("1", &["--store", "s.db", "--env", "LEVEL", "echo", "{}", ":::", "a", "a"]), "", "both are done");
}

#[test]
fn without_resume_it_is_a_new_job() {
    let sandbox = Sandbox::new();
    for _ in 0..2 {
        sandbox.run(["--store", "s.db", "echo", ":::", "a"]).done().printed("a\n");
    }
    let jobs = Reader::open(&sandbox.path("s.db")).and_then(|reader| reader.jobs()).expect("jobs");
    assert_eq!(jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["echo", "echo"]);
}

#[test]
fn what_failed_is_run_again_without_being_named() {
    let sandbox = Sandbox::new();
    let first = sandbox.run(["--store", "s.db", "--joblog", "log", "echo {}; [ -e {} ]", ":::", "a", "b"]).done();
    assert_eq!(first.code(), 2);
    sandbox.write("a", "");
    for known in [["--store", "s.db"], ["--joblog", "log"]] {
        let again = sandbox.run(known.iter().chain(&["--retry-failed"])).done();
        assert_eq!((again.code(), sorted(&again.stdout)), (1, vec!["a", "b"]), "{known:?}");
        let last = sandbox.run(known.iter().chain(&["--retry-failed"])).done();
        assert_eq!((last.code(), last.stdout.as_str()), (1, "b\n"), "{known:?}");
    }
    sandbox.run(["--resume", "echo", ":::", "a"]).done().told(255, "--store FILE");
}

#[test]
fn every_attempt_is_recorded() {
    let sandbox = Sandbox::new();
    let script = "echo $GANGER_ATTEMPT; echo e >&2; [ $GANGER_ATTEMPT = 3 ] || exit 7";
    sandbox.run(["--store", "s.db", "--retries", "3", "--name", "tries", script, ":::", "x"]).done();
    let reader = Reader::open(&sandbox.path("s.db")).expect("a store");
    let job = reader.job("tries").expect("the job by its name");
    let task = &reader.tasks(job.id, &Filter::default()).expect("tasks")[0];
    let attempts = reader.attempts(task.id).expect("attempts");
    let ends: Vec<_> = attempts.iter().map(|attempt| (attempt.number, attempt.end.clone(), attempt.printed)).collect();
    let exit = ganger_store::End::Exit;
    assert_eq!(ends, [(1, exit(7), 4), (2, exit(7), 4), (3, exit(0), 4)]);
    assert!(
        attempts.iter().all(|attempt| attempt.used.max_rss > 0 && attempt.slot == 1 && attempt.ended >= attempt.began)
    );
    let printed = reader.output(attempts[1].id).expect("output");
    assert!(printed.contains(&(ganger_store::Stream::Stdout, b"2\n".to_vec())), "{printed:?}");
}

#[test]
fn the_job_log_is_gnu_parallels() {
    let sandbox = Sandbox::new();
    sandbox.run(["--joblog", "log", "exit {}", ":::", "0", "3"]).done();
    let log = fs::read_to_string(sandbox.path("log")).expect("a log");
    let rows: Vec<Vec<&str>> = log.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive", "Exitval", "Signal", "Command"]);
    let mut ends: Vec<_> = rows[1..].iter().map(|row| (row[0], row[1], row[6], row[7], row[8])).collect();
    ends.sort_unstable();
    assert_eq!(ends, [("1", ":", "0", "0", "exit 0"), ("2", ":", "3", "0", "exit 3")]);

    // What is cut off in the middle of a line is not known.
    fs::write(sandbox.path("log"), &log[..log.len() - 1]).expect("a log");
    let again = sandbox.run(["--joblog", "log", "--resume", "exit {}", ":::", "0", "3"]).done();
    assert!(again.stderr.contains("1 had succeeded before") || log.ends_with("exit 0\n"), "{again:?}");
}

#[test]
fn gnu_parallel_resumes_from_our_job_log() {
    let sandbox = Sandbox::new();
    if sandbox.script("parallel --version >/dev/null 2>&1").done().code() != 0 {
        println!(
            "SKIPPED: gnu_parallel_resumes_from_our_job_log: GNU parallel is not installed (apt-get install parallel)"
        );
        return;
    }
    sandbox.run(["--joblog", "log", "echo", ":::", "a", "b"]).done();
    let theirs = sandbox.script("HOME=$PWD parallel --will-cite --joblog log --resume echo ::: a b c").done();
    assert_eq!((theirs.code(), theirs.stdout.as_str()), (0, "c\n"), "{theirs:?}");
    let ours = sandbox.run(["--joblog", "log", "--resume", "echo", ":::", "c", "d", "b", "a"]).done();
    assert_eq!((ours.code(), ours.stdout.as_str()), (0, "d\n"), "{ours:?}");
}

#[test]
fn a_store_that_cannot_be_used_is_told_and_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "text",
        "this is a letter, and longer than the header of a database, which is a hundred bytes long; so there.",
    );
    sandbox.run(["--store", "text", "echo", ":::", "a"]).done().told(255, "no SQLite database");
    assert!(fs::read_to_string(sandbox.path("text")).expect("text").starts_with("this is a letter"));

    sandbox.run(["--store", "s.db", "echo", ":::", "a"]).done().printed("a\n");
    newer(&sandbox.path("s.db"));
    sandbox.run(["--store", "s.db", "echo", ":::", "a"]).done().told(255, "a newer ganger made it");
    sandbox.run(["--store", "no/where.db", "echo", ":::", "a"]).done().told(255, "no/where.db");
}

/// Makes a store that of a later version: `user_version` stands at byte 60 of every SQLite file.
fn newer(file: &Path) {
    let mut bytes = fs::read(file).expect("a store");
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(file, bytes).expect("a store");
}

#[test]
fn a_store_is_never_written_over() {
    let sandbox = Sandbox::new();
    sandbox.run(["--store", "s.db", "echo", ":::", "a"]).done().printed("a\n");
    std::os::unix::fs::symlink("s.db", sandbox.path("link")).expect("a link");
    fs::hard_link(sandbox.path("s.db"), sandbox.path("hard")).expect("a link");
    for file in ["s.db", "./s.db", "link", "hard"] {
        sandbox.run(["--store", "s.db", "--joblog", file, "echo", ":::", "a"]).done().told(255, "are one file");
        sandbox.script(&format!("$GANGER report --store s.db 1 --html {file}")).done().told(255, "the store itself");
    }
    sandbox.run(["--store", "new", "--joblog", "./new", "echo", ":::", "a"]).done().told(255, "are one file");
    assert_eq!(tasks(&sandbox.path("s.db")).len(), 1);
}

#[test]
fn a_job_log_that_was_cut_off_is_gone_on_with() {
    let sandbox = Sandbox::new();
    sandbox.run(["--joblog", "log", "echo", ":::", "a"]).done().printed("a\n");
    let log = fs::read(sandbox.path("log")).expect("a log");
    fs::write(sandbox.path("log"), [&log[..], b"2\t:\t17952"].concat()).expect("a log");
    for printed in ["b\n", ""] {
        let done = sandbox.run(["--joblog", "log", "--resume", "echo", ":::", "a", "b"]).done();
        assert_eq!((done.code(), done.stdout.as_str()), (0, printed));
    }
}

#[test]
fn two_cannot_write_to_one_store() {
    let sandbox = Sandbox::new();
    let first =
        sandbox.run(["--store", "s.db", "touch {}; while [ -e {} ]; do sleep 0.01; done", ":::", "busy"]).start();
    sandbox.file("busy");
    sandbox.run(["--store", "s.db", "echo", ":::", "a"]).done().told(255, "writes to it; one can at a time");
    fs::remove_file(sandbox.path("busy")).expect("it is there");
    assert_eq!(first.done().code(), 0);
    sandbox.run(["--store", "s.db", "echo", ":::", "a"]).done().printed("a\n");
}

const TASKS: usize = 2_000;

/// How often everything is killed. `GANGER_KILLS` makes it more.
fn kills() -> usize {
    std::env::var("GANGER_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(200)
}

/// Every process at once, as near as one can: until none is left.
fn kill_everything(sandbox: &Sandbox) {
    eventually("everything is dead", || {
        let left = sandbox.processes();
        for pid in &left {
            // It may have ended by itself since.
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        left.is_empty()
    });
}

/// A random time up to `most`.
fn moment(most: Duration) -> Duration {
    most.mul_f64((RandomState::new().hash_one(0) >> 11) as f64 / (1_u64 << 53) as f64)
}

/// Each command leaves `INPUT LIFE` in a file, in one write.
#[test]
fn after_sigkill_of_everything_nothing_recorded_runs_again_and_nothing_is_missing() {
    let sandbox = Sandbox::new();
    let inputs: String = (1..=TASKS).map(|n| format!("{n}\n")).collect();
    sandbox.write("inputs", &inputs);
    let store = sandbox.path("s.db");
    let mut recorded: Vec<HashSet<String>> = vec![HashSet::new()];
    for life in 1..=kills() {
        let args = ["--store", "s.db", "--resume", "-a", "inputs", "-j", "2", "echo {} $LIFE >> effects"];
        let mut cmd = sandbox.run(args);
        cmd.command.env("LIFE", life.to_string());
        let started = cmd.start();
        let (since, patience) = (Instant::now(), moment(Duration::from_millis(120)));
        eventually("the moment has come", || since.elapsed() >= patience);
        kill_everything(&sandbox);
        started.done();
        recorded.push(if store.exists() { succeeded(&store) } else { HashSet::new() });
    }
    let mut last = sandbox.run(["--store", "s.db", "--resume", "-a", "inputs", "echo {} $LIFE >> effects"]);
    last.command.env("LIFE", (kills() + 1).to_string());
    let last = last.done();
    assert_eq!(last.code(), 0, "{last:?}");
    check(&sandbox, &recorded);
    // Each start has a socket in TMPDIR for an instant, and some of these were killed in it.
    sandbox.forget_temporary_files();
}

fn succeeded(store: &Path) -> HashSet<String> {
    match Reader::open(store).and_then(|reader| reader.newest_job()) {
        Ok(_) => {
            tasks(store).into_iter().filter(|(_, state)| *state == State::Succeeded).map(|(input, _)| input).collect()
        }
        // It was killed before there was a job in it.
        Err(_) => HashSet::new(),
    }
}

fn check(sandbox: &Sandbox, recorded: &[HashSet<String>]) {
    assert!(recorded.windows(2).all(|pair| pair[0].is_subset(&pair[1])), "what is recorded stays");
    let effects = fs::read_to_string(sandbox.path("effects")).expect("effects");
    for (input, life) in effects.lines().filter_map(|line| line.split_once(' ')) {
        let before: usize = life.parse::<usize>().expect("a number") - 1;
        assert!(!recorded[before].contains(input), "{input} was recorded before life {life}, and ran again");
    }
    let ran: HashSet<&str> = effects.lines().filter_map(|line| line.split_once(' ')).map(|(input, _)| input).collect();
    assert_eq!(ran.len(), TASKS, "none is missing");
    let all = tasks(&sandbox.path("s.db"));
    assert_eq!((all.len(), all.values().filter(|state| **state == State::Succeeded).count()), (TASKS, TASKS));
    println!("{} kills, {} recorded before the last run", recorded.len() - 1, recorded[recorded.len() - 1].len());
}

#[test]
fn a_variable_that_tells_tasks_apart_is_a_name() {
    let sandbox = Sandbox::new();
    let run = |variable: &str| sandbox.run(["--store", "s.db", "--env", variable, "touch", ":::", "ran"]).done();
    run("LEVEL=1").told(255, "its value is taken from the environment");
    run("").told(255, "it is the name of an environment variable");
    assert!(!sandbox.path("ran").exists());
}
