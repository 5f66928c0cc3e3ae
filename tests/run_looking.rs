//! `ganger ls`, `show`, `logs`, `replay`: what was recorded is seen, and run again.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Instant;

use ganger_store::Reader;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::sandbox::{Cmd, Done, GANGER, Sandbox, eventually};

/// `ganger` with the words of a line, and the store of the sandbox.
pub(crate) fn ganger<'a>(sandbox: &'a Sandbox, line: &str) -> Cmd<'a> {
    let mut cmd = sandbox.cmd(GANGER);
    cmd.command.args(line.split(' ')).env("GANGER_STORE", "s.db");
    cmd
}

/// The JSON document that it prints, or the last of its lines.
#[track_caller]
pub(crate) fn json(sandbox: &Sandbox, line: &str) -> Value {
    let done = ganger(sandbox, &format!("{line} --json")).done();
    assert_eq!((done.code(), done.stderr.as_str()), (0, ""), "{done:?}");
    serde_json::from_str(done.stdout.lines().last().expect("a line")).expect("JSON")
}

#[track_caller]
fn record(sandbox: &Sandbox, args: &[&str]) -> Done {
    sandbox.run(["--store", "s.db"].iter().chain(args)).done()
}

#[test]
fn jobs_are_listed_with_what_became_of_them() {
    let sandbox = Sandbox::new();
    record(&sandbox, &["true", ":::", "a", "b"]);
    record(&sandbox, &["--name", "bad", "exit {}", ":::", "0", "7"]);
    record(&sandbox, &["-j1", "--halt", "now,fail=1", "--name", "halted", "exit {}", ":::", "1", "0"]);
    let listed = ganger(&sandbox, "ls").done();
    let words = |at: usize| -> Vec<&str> { listed.stdout.lines().nth(at).expect("a row").split_whitespace().collect() };
    assert_eq!(words(0), ["JOB", "NAME", "STATE", "BEGUN", "TOOK", "TASKS", "COMMAND"]);
    let names = [words(1), words(2), words(3)].map(|row| [row[0], row[1], row[2]].map(str::to_owned));
    assert_eq!(names, [["3", "halted", "halted"], ["2", "bad", "failed"], ["1", "true", "complete"]]);
    assert!(listed.stdout.lines().nth(2).expect("a row").ends_with("1 succeeded, 1 failed  exit {}"), "{listed:?}");
    assert_eq!(ganger(&sandbox, "ls -n 1").done().stdout.lines().count(), 2);

    let oldest = json(&sandbox, "ls");
    assert_eq!(
        (&oldest["id"], &oldest["state"], &oldest["tasks"]["succeeded"]),
        (&1.into(), &"complete".into(), &2.into())
    );
    let began = oldest["began"].as_str().expect("a moment");
    assert!(began.len() == "2026-01-01T00:00:00.000000Z".len() && began.ends_with('Z'), "{began}");
    assert!(oldest["seconds"].as_f64().expect("a number") > 0.0);
}

#[test]
fn a_job_that_runs_is_told_from_one_that_was_ended() {
    let sandbox = Sandbox::new();
    let script = "touch up-{}; while [ -e up-{} ]; do sleep 0.01; done";
    let inputs = ["a"].into_iter().map(str::to_owned).chain((0..500).map(|n| n.to_string()));
    let busy: Vec<String> =
        ["--store", "s.db", "-j1", script, ":::"].map(str::to_owned).into_iter().chain(inputs).collect();
    let state = |job| {
        let shown = ganger(&sandbox, &format!("show {job} --json")).done().stdout;
        let document: Value = serde_json::from_str(&shown).unwrap_or_default();
        document["state"].as_str().unwrap_or_default().to_owned()
    };
    let started = sandbox.run(&busy).start();
    sandbox.file("up-a");
    eventually("it is seen to run", || state(1) == "running");
    assert!(ganger(&sandbox, "show touch").done().stdout.contains("running"));
    started.signal(Signal::SIGINT);
    eventually("the signal is there", || {
        // It ends what runs only when that is over; others may begin before it is heard.
        let up = fs::read_dir(sandbox.path(".")).expect("a directory").flatten();
        for file in up.filter(|file| file.file_name().to_string_lossy().starts_with("up-")) {
            let _ = fs::remove_file(file.path());
        }
        state(1) == "interrupted"
    });
    assert_eq!(started.done().code(), 130);
    assert_eq!(json(&sandbox, "show touch")["run_list"][0]["end"], "interrupted");

    let killed = sandbox.run(&busy).start();
    sandbox.file("up-a");
    eventually("it is seen to run", || state(2) == "running");
    killed.signal(Signal::SIGKILL);
    killed.done();
    eventually("it is seen to be dead", || state(2) == "interrupted");
    let shown = ganger(&sandbox, "show 2").done().stdout;
    assert!(shown.contains("killed") && shown.contains("running when the run was killed"), "{shown}");
    let _ = fs::remove_file(sandbox.path("up-a"));
    sandbox.forget_temporary_files();
}

#[test]
fn a_job_is_what_its_last_run_was() {
    let sandbox = Sandbox::new();
    record(&sandbox, &["--name", "m", "test {} != b", ":::", "a", "b"]);
    assert_eq!(json(&sandbox, "ls")["state"], "failed");
    // The command is mended: what failed is another task, and is not asked for again.
    record(&sandbox, &["--name", "m", "--resume", "test {} != z", ":::", "a", "b"]);
    let mended = json(&sandbox, "ls");
    assert_eq!((&mended["state"], &mended["tasks"]["failed"]), (&"complete".into(), &1.into()));
}

#[test]
fn without_a_store_or_a_job_the_remedy_is_told() {
    let sandbox = Sandbox::new();
    let mut cmd = sandbox.cmd(GANGER);
    cmd.command.arg("ls").env_remove("GANGER_STORE");
    cmd.done().told(255, "--store FILE, or GANGER_STORE");
    ganger(&sandbox, "ls").done().told(255, "there is no such file");
    assert!(!sandbox.path("s.db").exists());
    record(&sandbox, &["true", ":::", "a"]);
    ganger(&sandbox, "show other").done().told(255, "ganger ls shows");
    ganger(&sandbox, "show true 2").done().told(255, "no task of input 2: ganger show true --all");
    ganger(&sandbox, "show true #9").done().told(255, "no task #9");
    ganger(&sandbox, "show true x").done().told(255, "a task is the number of its input");
    ganger(&sandbox, "show true 1").done();
    sandbox.write("s.db", "no store, but a text that is as long as the header of a database, which is a hundred bytes");
    ganger(&sandbox, "ls").done().told(255, "no SQLite database");
}

#[test]
fn a_job_shows_what_failed_and_a_task_everything() {
    let sandbox = Sandbox::new();
    let inputs: Vec<String> = (1..=30).map(|n| n.to_string()).collect();
    let script = "echo out {}; echo err >&2; exit $(({} % 2))";
    let args = ["--retries", "2", "--name", "half", script, ":::"];
    record(&sandbox, &args.into_iter().chain(inputs.iter().map(String::as_str)).collect::<Vec<_>>());

    let shown = ganger(&sandbox, "show half").done().stdout;
    assert!(shown.starts_with("job 1 (half): failed\n"), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.contains("exit code 1")).count(), 15, "{shown}");
    assert_eq!(ganger(&sandbox, "show half --state succeeded").done().stdout.matches("success").count(), 15);
    assert_eq!(json(&sandbox, "show half --all")["task_list"].as_array().expect("a list").len(), 30);

    let task = ganger(&sandbox, "show half 3").done().stdout;
    let wanted = [
        "failed",
        "input      3\n",
        "command    echo out 3; ",
        "attempt 2 ",
        "slot",
        "exit code 1",
        "out 3\n",
        "err\n",
    ];
    wanted.iter().for_each(|part| assert!(task.contains(part), "{part:?} in {task}"));
    let document = json(&sandbox, "show half 3");
    let attempts = document["attempts"].as_array().expect("a list");
    assert_eq!((attempts.len(), &attempts[1]["exit_code"], &attempts[1]["number"]), (2, &1.into(), &2.into()));
    assert_eq!(attempts[0]["output"][0]["stream"], "stdout");
    let id = document["id"].as_i64().expect("a number");
    assert_eq!(json(&sandbox, &format!("show half #{id}")), document);
}

#[test]
fn inputs_that_are_no_text_and_numbers_that_are_two_tasks() {
    let sandbox = Sandbox::new();
    let mut cmd = sandbox.run(["--store", "s.db", "echo", ":::"]);
    cmd.command.arg(std::ffi::OsStr::from_bytes(b"a\xff\x1b[31m"));
    cmd.done();
    let task = json(&sandbox, "show echo 1");
    assert_eq!((&task["input_base64"], &task["input"]), (&"Yf8bWzMxbQ==".into(), &Value::Null));
    let shown = ganger(&sandbox, "show echo --all").done().stdout;
    assert!(shown.contains("\u{fffd}\\u{1b}[31m"), "no escape reaches the terminal: {shown}");

    sandbox.run(["--store", "s.db", "--resume", "echo", ":::", "other"]).done();
    ganger(&sandbox, "show echo 1").done().told(255, "'#2' is other");
    assert_eq!(json(&sandbox, "show echo #2")["input"], "other");
}

#[test]
fn logs_are_what_was_printed() {
    let sandbox = Sandbox::new();
    let script = "echo out {} $GANGER_ATTEMPT; printf 'err {}' >&2; sleep 0.0$((9 - {})); [ {} != 2 ]";
    record(&sandbox, &["--retries", "2", "--name", "p", script, ":::", "1", "2", "3"]);
    let printed = |line: &str| {
        let done = ganger(&sandbox, line).done();
        (done.stdout, done.stderr)
    };
    assert_eq!(printed("logs p"), ("out 1 1\nout 2 2\nout 3 1\n".into(), "err 1err 2err 3".into()));
    assert_eq!(printed("logs p --failed"), ("out 2 2\n".into(), "err 2".into()));
    assert_eq!(printed("logs p 2 --attempt all").0, "out 2 1\nout 2 2\n");
    assert_eq!(printed("logs p 2 --attempt 1").0, "out 2 1\n");
    assert_eq!(
        printed("logs p --tag"),
        ("1\tout 1 1\n2\tout 2 2\n3\tout 3 1\n".into(), "1\terr 1\n2\terr 2\n3\terr 3\n".into())
    );
    let line = json(&sandbox, "logs p 3");
    assert_eq!((&line["number"], &line["stream"], &line["text"]), (&3.into(), &"stderr".into(), &"err 3".into()));

    record(&sandbox, &["--name", "much", "head -c 3000000 /dev/zero #", ":::", "x"]);
    let much = ganger(&sandbox, "logs much").done();
    assert_eq!(much.stdout.len(), 1 << 20);
    assert!(much.stderr.contains("input 1 (x) printed 1.9 MiB more, which were not kept"), "{}", much.stderr);
}

#[test]
fn who_reads_no_further_ends_it_quietly() {
    let sandbox = Sandbox::new();
    let inputs: String = (0..3_000).map(|n| format!("{n}\n")).collect();
    sandbox.run(["--store", "s.db", "-j2", "echo"]).stdin(inputs).done();
    for verb in ["show echo --all", "logs echo", "show echo --all --json", "logs echo --json"] {
        let script = format!("{{ GANGER_STORE=s.db $GANGER {verb}; echo status $? >&2; }} | head -c 1 >/dev/null");
        let done = sandbox.script(&script).done();
        assert_eq!(done.stderr, "status 141\n", "{verb}");
    }
    let shown = ganger(&sandbox, "show echo --all").done().stdout;
    assert_eq!(shown.lines().filter(|line| line.contains("succeeded")).count(), 3_001, "each, and the sum");
}

#[test]
fn logs_follow_a_job_to_its_end() {
    let sandbox = Sandbox::new();
    let script = "echo {}; while [ ! -e go-{} ]; do sleep 0.01; done; echo end >&2";
    let run = sandbox.run(["--store", "s.db", "--name", "f", "-j2", script, ":::", "a", "b", "c"]).start();
    eventually("it runs", || sandbox.path("s.db").exists() && ganger(&sandbox, "ls").done().stdout.contains("running"));
    let follower = sandbox.script("GANGER_STORE=s.db exec $GANGER logs -f f 2>followed-err >followed").start();
    let followed = || fs::read_to_string(sandbox.path("followed")).unwrap_or_default();
    sandbox.write("go-b", "");
    eventually("what is over is followed", || followed() == "b\n");
    sandbox.write("go-c", "");
    eventually("in the order of the ends", || followed() == "b\nc\n");
    sandbox.write("go-a", "");
    assert_eq!(run.done().code(), 0);
    assert_eq!(follower.done().code(), 0);
    assert_eq!(followed(), "b\nc\na\n");
    assert_eq!(fs::read_to_string(sandbox.path("followed-err")).expect("a file"), "end\nend\nend\n");
    let since = Instant::now();
    assert_eq!(ganger(&sandbox, "logs -f f").done().stdout, "b\nc\na\n");
    assert!(since.elapsed().as_secs() < 20, "it does not wait for what is over");
}

#[test]
fn a_task_is_replayed_as_it_was() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("there")).expect("a directory");
    let script = "pwd; echo \"$LEVEL $MY_TOKEN $GANGER_TASK $GANGER_SLOT $GANGER_ATTEMPT\"; cat; exit {}";
    let mut cmd = sandbox.run(["--store", "s.db", "--wd", "there", "-j1", "--name", "r", script, ":::", "0", "5"]);
    cmd.command.env("LEVEL", "nine").env("MY_TOKEN", "old");
    cmd.done();
    let mut replay = ganger(&sandbox, "replay r 2").stdin("typed\n");
    replay.command.env("MY_TOKEN", "new").env("LEVEL", "other");
    let done = replay.done();
    let there = sandbox.path("there").canonicalize().expect("a directory");
    assert_eq!(done.stdout, format!("{}\nnine new 2 1 1\ntyped\n", there.display()));
    assert_eq!((done.code(), done.stderr.as_str()), (5, ""));
    let reader = Reader::open(&sandbox.path("s.db")).expect("a store");
    let setting = reader.newest_job().and_then(|job| reader.last_run(job.id)).expect("a run").setting;
    assert!(!setting.environment.iter().any(|variable| variable.starts_with(b"MY_TOKEN")), "no secret is kept");

    let printed = ganger(&sandbox, "replay r 2 --print").done().stdout;
    assert!(printed.starts_with("cd ") && printed.contains(" && env ") && printed.contains("LEVEL=nine"), "{printed}");
    let by_hand = sandbox.script(&format!("MY_TOKEN=new; export MY_TOKEN; {printed}")).stdin("typed\n").done();
    assert_eq!((by_hand.code(), by_hand.stdout), (5, done.stdout));
    assert_eq!(json(&sandbox, "replay r 2")["argv"][0], "/bin/sh");

    fs::remove_dir(sandbox.path("there")).expect("it is empty");
    ganger(&sandbox, "replay r 2").done().told(255, "make that directory");
}

#[test]
fn what_is_gone_or_absent_is_told_instead_of_replayed() {
    let sandbox = Sandbox::new();
    sandbox.script("printf '#!/bin/sh\\necho here $1' > tool; chmod +x tool").done().printed("");
    record(&sandbox, &["--name", "t", "./tool", ":::", "a b"]);
    assert_eq!(ganger(&sandbox, "replay t 1").done().stdout, "here a b\n");
    let mut debug = ganger(&sandbox, "replay t 1 --debug");
    debug.command.env("PATH", "/nowhere");
    debug.done().told(255, "install it");
    fs::remove_file(sandbox.path("tool")).expect("it is there");
    ganger(&sandbox, "replay t 1").done().told(255, "no such program");
}

#[test]
fn a_task_is_debugged() {
    let sandbox = Sandbox::new();
    if sandbox.script("gdb --version >/dev/null 2>&1").done().code() != 0 {
        println!("SKIPPED: a_task_is_debugged: gdb is not installed (apt-get install gdb)");
        return;
    }
    record(&sandbox, &["--name", "d", "true", ":::", "a b"]);
    let done = ganger(&sandbox, "replay d 1 --debug").stdin("show args\nquit\n").done();
    assert!(done.stdout.contains("a\\ b"), "{done:?}");
}

/// Its tasks have no command of their own.
#[test]
fn a_worker_programs_job_makes_sense() {
    let sandbox = Sandbox::new();
    let program =
        "while read line; do id=${line#*:}; echo \"{\\\"id\\\":${id%%,*},\\\"output\\\":\\\"$PWD\\\"}\"; done";
    let ran = record(&sandbox, &["--name", "w", "--worker", program, ":::", "a b", "c"]);
    assert_eq!((ran.code(), ran.stderr.as_str()), (0, ""), "{ran:?}");
    let shown = ganger(&sandbox, "show w 1").done().stdout;
    assert!(shown.contains("given a b\n") && shown.contains("success"), "{shown}");
    let here = ran.stdout.lines().next().expect("a line");
    assert_eq!(ganger(&sandbox, "replay w 1").done().stdout, format!("{here}\n"));
    assert!(ganger(&sandbox, "replay w 1 --print").done().stdout.contains("run --worker "));
    ganger(&sandbox, "replay w 1 --debug").done().told(255, "start it yourself under gdb");
    assert_eq!(ganger(&sandbox, "ls").done().stdout.lines().count(), 2, "a replay is no job");
}
