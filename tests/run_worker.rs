//! `ganger run --worker`: programs that are kept and fed.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use crate::sandbox::{Cmd, Done, Sandbox, eventually};

/// What a worker in shell needs. `next` reads a task, `answer` answers it, `once` is true the first time only.
const WORDS: &str = r#"
next() {
    IFS= read -r line || exit 0
    id=${line#*:} id=${id%%,*} input=${line#*input\":\"} input=${input%%\"*}
    attempt=${line#*attempt\":} attempt=${attempt%%,*}
}
say() { printf '%s\n' "$1"; }
answer() { say "{\"id\":$id,\"output\":\"$1\"}"; }
once() { mkdir "once-$1" 2> /dev/null; }
"#;

/// A worker that does this with each task.
fn worker(sandbox: &Sandbox, each: &str) {
    sandbox.write("w.sh", format!("{WORDS}\nwhile next; do\n{each}\ndone\n"));
}

fn run<'a>(sandbox: &'a Sandbox, flags: &[&str], inputs: &[&str]) -> Cmd<'a> {
    sandbox.run(flags.iter().chain(&["-k", "--worker", "sh", "w.sh", ":::"]).chain(inputs))
}

/// Runs a worker that does this with each of the inputs 1, 2 and 3.
fn done(each: &str, flags: &[&str]) -> Done {
    let sandbox = Sandbox::new();
    worker(&sandbox, each);
    run(&sandbox, flags, &["1", "2", "3"]).done()
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/workers").join(name)
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|done| done.status.success())
}

#[test]
fn the_example_in_python_answers() {
    if !has("python3") {
        let _ = writeln!(io::stderr(), "SKIPPED the_example_in_python_answers: there is no python3");
        return;
    }
    let sandbox = Sandbox::new();
    let squares = example("squares.py");
    let done = sandbox.run(["-k", "-j2", "--worker"]).arg(&squares).args([":::", "3", "x", "-5"]).done();
    done.told(1, "input 2 (\"x\") failed: invalid literal for int() with base 10: 'x'");
    assert_eq!(done.stdout, "9\n25\n");
}

#[test]
fn the_example_in_shell_answers() {
    let sandbox = Sandbox::new();
    let lengths = example("lengths.sh");
    let done = sandbox.run(["-k", "-j2", "--worker"]).arg(&lengths).args([":::", "one", "three"]).done();
    done.printed("one has 3 characters\nthree has 5 characters\n");
}

#[test]
fn one_process_has_many_tasks_and_knows_its_slot() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "count=$((count + 1)); answer \"$count $GANGER_SLOT $attempt $input\"");
    run(&sandbox, &["-j1"], &["a", "b", "c"]).done().printed("1 1 1 a\n2 1 1 b\n3 1 1 c\n");
    let script = format!("{WORDS} while next; do answer \"$((n += 1))\"; done");
    sandbox.run(["-j1", "--worker", &script, ":::", "a", "b"]).done().printed("1\n2\n");
}

#[test]
fn any_value_is_an_answer_and_any_input_a_task() {
    let each = r#"case $input in
        1) say "{\"id\":$id,\"output\":{\"b\": [1, null], \"a\": \"ä\"}}";;
        2) say "{\"id\":$id,\"output\":\"a\\nb\\n\"}";;
        3) say "{\"id\":$id,\"output_base64\":\"/wA=\"}";;
    esac"#;
    let sandbox = Sandbox::new();
    worker(&sandbox, each);
    let done = run(&sandbox, &["--tag"], &["1", "2"]).done();
    done.printed("1\t{\"b\": [1, null], \"a\": \"ä\"}\n2\ta\n2\tb\n");
    let script = "while read -r line; do printf '%s' \"$line\" >> seen; echo '{\"id\":1,\"output\":0}'; done";
    let strange = OsStr::from_bytes(b"\xff");
    sandbox.run(["--worker", script, ":::"]).arg(strange).done().printed("0\n");
    let seen = std::fs::read_to_string(sandbox.path("seen")).expect("a file");
    assert_eq!(seen, r#"{"id":1,"input_base64":"/w==","attempt":1,"slot":1}"#);
}

#[test]
fn several_inputs_of_a_task_come_as_a_list() {
    let sandbox = Sandbox::new();
    let script = "while read -r line; do printf '%s\\n' \"$line\" >> seen; echo '{\"id\":1,\"output\":0}'; done";
    sandbox.run(["--worker", script, ":::", "a", ":::", "b \"c\""]).done().printed("0\n");
    let seen = std::fs::read_to_string(sandbox.path("seen")).expect("a file");
    assert_eq!(seen, "{\"id\":1,\"args\":[\"a\",\"b \\\"c\\\"\"],\"attempt\":1,\"slot\":1}\n");
}

#[test]
fn what_it_complains_of_is_the_tasks() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "echo \"about $input\" >&2; answer $input");
    let done = run(&sandbox, &["--tag", "-j2"], &["1", "2"]).done();
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("1\t1\n2\t2\n", "1\tabout 1\n2\tabout 2\n"));
}

#[test]
fn logs_go_to_the_log_and_progress_to_nobody() {
    let sandbox = Sandbox::new();
    let each = r#"say '{"log":"be warned","level":"warning"}'; say "{\"id\":$id,\"progress\":0.5,\"message\":\"half\"}"; answer x"#;
    worker(&sandbox, each);
    let mut cmd = run(&sandbox, &[], &["1"]);
    cmd.command.env("RUST_LOG", "warn");
    let done = cmd.done();
    assert!(done.stdout == "x\n" && done.stderr.contains("be warned") && done.stderr.contains("sh w.sh"), "{done:#?}");
}

#[test]
fn an_error_is_a_failure_and_tried_again_if_asked() {
    let fail = "say \"{\\\"id\\\":$id,\\\"error\\\":{\\\"message\\\":\\\"not $input\\\",\\\"code\\\":7}}\"";
    let each = format!("if test $input = 2 && test $attempt -lt 3; then {fail}; else answer $input; fi");
    let once = done(&each, &[]);
    once.told(1, "input 2 (\"2\") failed: not 2\n");
    assert_eq!(once.stdout, "1\n3\n");
    done(&each, &["--retries", "3"]).printed("1\n2\n3\n");
}

/// Each row: what a worker does wrong, and what is told of it. It is at fault once, and then with input 2 always.
#[test]
fn a_program_at_fault_is_replaced_and_its_task_tried_again() {
    let table = [
        ("say garbage", "broke the protocol of workers: it wrote \"garbage\": it is no JSON object"),
        ("say '{\"id\":99,\"output\":1}'", "broke the protocol of workers: it spoke of task 99, and was given task 2"),
        ("say \"{\\\"id\\\":$id}\"", "it has neither \"output\" nor \"error\""),
        ("exec >&-; sleep 1000", "broke the protocol of workers: it closed its standard output"),
        ("exit 0", "`sh w.sh` ended with exit code 0 in the middle of its task"),
        (
            "echo oh no >&2; exit 3",
            "ended with exit code 3 in the middle of its task; the last on its standard error: \"oh no\"",
        ),
        ("kill -9 $$", "`sh w.sh` ended with signal 9 (SIGKILL) in the middle of its task"),
        ("say '{\"ready\":true,\"protocol\":9}'", "it speaks version 9 of the protocol, and this ganger 1"),
    ];
    for (fault, told) in table {
        println!("{fault}");
        let flaky = done(&format!("if once $input; then {fault}; else answer $input; fi"), &["-j2"]);
        assert_eq!((flaky.code(), flaky.stdout.as_str()), (0, "1\n2\n3\n"), "{flaky:#?}");
        let poisoned = done(&format!("if test $input = 2; then {fault}; else answer $input; fi"), &["-j2"]);
        poisoned.told(1, told);
        assert!(
            poisoned.stderr.contains("input 2 (\"2\") failed: `sh w.sh` ")
                && poisoned.stderr.contains("(after 3 attempts)")
        );
        assert_eq!(poisoned.stdout, "1\n3\n", "{poisoned:#?}");
    }
}

#[test]
fn a_second_answer_is_a_breach() {
    let twice = "if test $input = 2; then answers=$(answer 2; answer 2); say \"$answers\"; else answer $input; fi";
    let at_once = done(twice, &["-j1"]);
    at_once.told(1, "`sh w.sh` broke the protocol of workers: it spoke again of task 2, which it had answered");
    assert_eq!(at_once.stdout, "1\n3\n");
    // It comes too late for its own task: the next one meets it, and is tried again.
    let late = "answer $input; if once 1; then answer $input; read -r _; sleep 1000; fi";
    let sandbox = Sandbox::new();
    worker(&sandbox, late);
    let mut cmd = run(&sandbox, &["-j1"], &["1", "2", "3"]);
    cmd.command.env("RUST_LOG", "warn");
    let done = cmd.done();
    done.told(0, "it spoke again of task 1, which it had answered");
    assert_eq!(done.stdout, "1\n2\n3\n");
}

#[test]
fn a_line_without_end_is_cut_short() {
    let fault = "if test $input = 2; then yes | tr -d '\\n'; else answer $input; fi";
    let done = done(fault, &["-j1", "--retries", "1"]);
    done.told(1, "it wrote a line of more than 64 MiB, \"yyyy");
    assert_eq!(done.stdout, "1\n3\n");
    assert!(done.stderr.len() < 2000, "no more than a line of it is told");
}

#[test]
fn silence_is_ended_by_the_time_limit() {
    let done = done("if test $input = 2; then sleep 1000; else answer $input; fi", &["--timeout", "300ms", "-j1"]);
    done.told(1, "input 2 (\"2\") failed: stopped, since it ran for longer than 300ms");
    assert_eq!(done.stdout, "1\n3\n");
}

#[test]
fn a_program_that_cannot_run_is_told_before_anything_runs() {
    let sandbox = Sandbox::new();
    sandbox.write("no-program", "");
    let table = [
        ("./nowhere", "no such program: ./nowhere"),
        ("no-such-thing", "no-such-thing is in no directory of PATH"),
        ("./no-program", "./no-program is not an executable program"),
        ("/etc", "/etc is a directory"),
    ];
    for (program, told) in table {
        sandbox.run(["--worker", program, ":::", "1"]).done().told(255, told);
    }
    sandbox.run(["--worker"]).args([":::", "1"]).done().told(255, "no command");
    sandbox.run(["--worker", "cat", "{}", ":::", "1"]).done().told(255, "`{}` stands for none");
    sandbox.run(["--start-timeout", "1", "cat", ":::", "1"]).done().told(255, "--worker");
}

#[test]
fn a_program_that_dies_at_once_fails_the_run_in_its_words() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(["-j2", "--worker", "echo no such module >&2; exit 5", ":::", "1", "2", "3"]).done();
    done.told(
        255,
        "ended with exit code 5 before it read its task; the last on its standard error: \"no such module\"",
    );
}

#[test]
fn a_program_may_be_awaited() {
    let sandbox = Sandbox::new();
    let ready = "echo loading >&2; say '{\"log\":\"x\"}'; say '{\"ready\":true,\"protocol\":1}'";
    sandbox.write("w.sh", format!("{WORDS} {ready}; while next; do answer $input; done"));
    let done = run(&sandbox, &["--start-timeout", "20s", "-j1"], &["1", "2"]).done();
    assert_eq!((done.code(), done.stdout.as_str(), done.stderr.as_str()), (0, "1\n2\n", "loading\n"));

    sandbox.write("w.sh", "echo broken >&2; exit 4");
    let done = run(&sandbox, &["--start-timeout", "20s", "-j1"], &["1", "2"]).done();
    done.told(255, "`sh w.sh` ended with exit code 4 before it was ready; the last on its standard error: \"broken\"");

    worker(&sandbox, "answer $input");
    let done = run(&sandbox, &["--start-timeout", "100ms", "-j1"], &["1"]).done();
    done.told(255, "not ready after 100ms");
}

#[test]
fn the_tree_of_a_program_ends_with_it() {
    // The sandbox sees to it that nothing is left.
    let leave = "sleep 1000 & setsid sleep 1000 &";
    done(&format!("{leave} answer $input"), &["-j2"]).printed("1\n2\n3\n");
    let dying = format!("{leave} if test $input = 2; then exit 1; else answer $input; fi");
    done(&dying, &["-j2"]).told(1, "input 2");
    done(&format!("{leave} sleep 1000"), &["--timeout", "200ms", "-j3"]).told(3, "ran for longer");
    let stubborn = Sandbox::new();
    stubborn.write("w.sh", format!("{WORDS} trap '' TERM; next; answer x; cat; setsid sleep 1000"));
    let done = run(&stubborn, &[], &["1"]).done();
    assert_eq!((done.code(), done.stdout.as_str()), (0, "x\n"), "{done:#?}");
}

#[test]
fn nothing_outlives_a_ganger_that_is_killed() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "sleep 1000 & setsid sleep 1000 & touch began-$input; sleep 1000");
    let killed = run(&sandbox, &["-j2"], &["1", "2"]).start();
    sandbox.file("began-1");
    sandbox.file("began-2");
    killed.signal(Signal::SIGKILL);
    assert_eq!(killed.done().code(), 128 + 9);
    eventually("all is gone", || sandbox.is_clean());
}

#[test]
fn a_host_that_is_killed_is_replaced_with_its_program() {
    done("if once $input; then kill -9 $PPID; sleep 1000; else answer $input; fi", &["-j2"]).printed("1\n2\n3\n");
}

#[test]
fn signals_end_it_in_steps() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "touch began-$input; if test $input = 1; then sleep 1000; fi; answer $input");
    let once = run(&sandbox, &["-j1"], &["0", "1", "2"]).start();
    sandbox.file("began-1");
    once.signal(Signal::SIGTERM);
    once.done().told(130, "interrupted: 1 succeeded, 0 failed, 1 stopped");
    assert!(!sandbox.path("began-2").exists());
}

#[test]
fn a_halt_ends_what_runs() {
    let each = "case $input in 1) until test -e began; do :; done; say \"{\\\"id\\\":$id,\\\"error\\\":\\\"no\\\"}\";; \
                2) touch began; sleep 1000;; esac";
    let done = done(each, &["-j2", "--halt", "now,fail=1"]);
    done.told(1, "halted: 0 succeeded, 1 failed, 1 stopped");
}

#[test]
fn a_dry_run_shows_the_lines() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(["--dry-run", "--worker", "cat", ":::", "a", "b"]).done();
    done.printed(
        "{\"id\":1,\"input\":\"a\",\"attempt\":1,\"slot\":1}\n{\"id\":2,\"input\":\"b\",\"attempt\":1,\"slot\":1}\n",
    );
}
