//! `ganger run`: how far it is, on a terminal and elsewhere, and asked by signals.

use std::fs;

use nix::sys::signal::Signal;

use crate::sandbox::{Sandbox, eventually};
use crate::terminal::Terminal;

/// Prints, and waits for the file `go`, or one with its input behind that.
const UNTIL_GO: &str = "echo half of {}; touch began-{}; until test -e go-{} -o -e go; do sleep 0.01; done";

#[test]
fn a_bar_tells_failures_and_what_was_tried_again() {
    let sandbox = Sandbox::new();
    let script = "test {} = a && exit 3; until test -e go; do sleep 0.01; done";
    let terminal = Terminal::run(&sandbox, &["--bar", "--retries", "2", "-j3", script, ":::", "a", "b", "c"]);
    terminal.shows("1/3 done, 1 failed, 1 tried again");
    sandbox.write("go", "");
    terminal.shows("1 of 3 commands failed");
    assert_eq!(terminal.status(), Some(1));
}

#[test]
fn what_was_left_out_is_over_and_no_speed() {
    let sandbox = Sandbox::new();
    let args = ["--joblog", "log", "--resume", "--bar", "-j1", UNTIL_GO, ":::", "a", "b", "c"];
    sandbox.write("go-a", "");
    sandbox.run(&args[..8]).done();
    let terminal = Terminal::run(&sandbox, &args);
    terminal.shows("1/3 done, 0 failed, 1 left out");
    assert!(!terminal.text().contains("/s") && !terminal.text().contains(" left,"), "{}", terminal.text());
    sandbox.write("go", "");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn without_a_terminal_there_is_a_line_when_something_has_changed() {
    let sandbox = Sandbox::new();
    let script = "$GANGER run --progress -j1 \"$0\" ::: a b > out 2> err";
    let mut cmd = sandbox.script(script);
    cmd.command.arg(UNTIL_GO);
    let run = cmd.start();
    let told = || fs::read_to_string(sandbox.path("err")).unwrap_or_default();
    eventually("how it begins", || told() == "ganger: 0/2 done, 0 failed\n");
    sandbox.write("go-a", "");
    eventually("the first", || told().contains("\nganger: 1/2 done, 0 failed, "));
    sandbox.write("go", "");
    assert_eq!(run.done().code(), 0);
    assert!(told().lines().last().is_some_and(|line| line.starts_with("ganger: 2/2 done, 0 failed, ")), "{}", told());
    assert_eq!(told().lines().count(), 3, "{}", told());
}

#[test]
fn eta_knows_the_end_from_the_start() {
    let sandbox = Sandbox::new();
    for (flag, first) in [("--progress", "ganger: 0 done, 0 failed\n"), ("--eta", "ganger: 0/2 done, 0 failed\n")] {
        let feed = "echo a; echo b; test $1 = --eta || until test -e closed; do sleep 0.01; done";
        let script = format!("sh -c '{feed}' sh $1 | $GANGER run $1 -j1 \"$0\" > out 2> err");
        let mut cmd = sandbox.script(&script);
        cmd.command.args([UNTIL_GO, flag]);
        let run = cmd.start();
        eventually(flag, || fs::read_to_string(sandbox.path("err")).is_ok_and(|told| told == first));
        sandbox.write("closed", "");
        sandbox.write("go", "");
        assert_eq!(run.done().code(), 0);
        fs::remove_file(sandbox.path("go")).expect("it is there");
    }
}

#[test]
fn sigusr1_asks_what_runs_and_sigusr2_how_far_it_is() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::run(&sandbox, &["-j2", UNTIL_GO, ":::", "a", "b", "c"]);
    sandbox.file("began-a");
    sandbox.file("began-b");
    terminal.signal(Signal::SIGUSR2, false);
    terminal.shows("0/3 done, 0 failed");
    assert!(!terminal.text().contains("slot"));
    let wanted =
        ["2 of 2 slots run a command", "slot 1: input ", "slot 2: input ", "(\"a\"), attempt 1, for ", ", pid "];
    // What was printed is on its way for a moment.
    eventually("all of it is told", || {
        terminal.signal(Signal::SIGUSR1, false);
        wanted.iter().chain(&[": \"half of a\"", ": \"half of b\""]).all(|text| terminal.text().contains(text))
    });
    sandbox.write("go", "");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn a_question_to_the_whole_group_ends_nobody() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::run(&sandbox, &["--joblog", "log", "-j2", UNTIL_GO, ":::", "a", "b"]);
    sandbox.file("began-a");
    sandbox.file("began-b");
    for signal in [Signal::SIGUSR1, Signal::SIGUSR2] {
        terminal.signal(signal, true);
    }
    terminal.shows("2 of 2 slots run a command");
    sandbox.write("go", "");
    terminal.shows("half of b");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn a_question_before_there_is_anything_to_tell_does_no_harm() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["echo", "said"]);
    terminal.shows("reading the inputs from the terminal");
    terminal.signal(Signal::SIGUSR1, false);
    terminal.types(b"hello\n");
    terminal.shows("said hello");
    terminal.types(b"\x04");
    assert_eq!(terminal.status(), Some(0));
}
